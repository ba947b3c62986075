"""What a certificate says of itself, for `reprise tls status` and the doctor."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from api.encryption import UnusablePair as UnusablePair
from api.encryption import context_of
from api.proof import nobodys_secret

_ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """For which names it is, until when, and the fingerprint that people compare."""

    names: tuple[str, ...]
    not_after: datetime
    fingerprint: str

    def is_for(self, host: str) -> bool:
        """Whether a client that calls this name or address accepts it."""
        _, _, domain = host.partition(".")
        return host in self.names or (bool(domain) and f"*.{domain}" in self.names)


def read_pair(certificate: Path, key: Path) -> Certificate:
    """Return what a certificate says, if its key fits; raises `UnusablePair`."""
    context_of(certificate, key)
    return read(certificate)


def read(file: Path) -> Certificate:
    """Return what the first certificate in a file says; raises `UnusablePair`."""
    try:
        return facts_of(x509.load_pem_x509_certificates(file.read_bytes())[0])
    except OSError as error:
        raise UnusablePair(f"{file}: {error.strerror}") from None
    except ValueError:
        raise UnusablePair(f"{file}: there is no certificate in PEM form") from None


def facts_of(certificate: x509.Certificate) -> Certificate:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
        names += [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        names = []
    return Certificate(
        tuple(names),
        certificate.not_valid_after_utc,
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def shown_at(url: str) -> str | None:
    """Return the fingerprint of what a daemon on this machine shows; None when it shows none."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname is None:
        return None
    where = (parts.hostname, parts.port or 443)
    try:
        with (
            socket.create_connection(where, timeout=_ANSWER_S) as sock,
            nobodys_secret().wrap_socket(sock) as encrypted,
        ):
            shown = encrypted.getpeercert(binary_form=True)
    except (OSError, ssl.SSLError):
        return None
    return None if shown is None else facts_of(x509.load_der_x509_certificate(shown)).fingerprint
