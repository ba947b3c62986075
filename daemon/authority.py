"""A certificate authority for the home network, and the certificate that it issues (`tls init`).

Clients trust the authority once; its certificates may be made anew as often as names change. It
may vouch for names of a home and for those it was made for, so that whoever took its key from
this machine could still not pass for a bank.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.encryption import UnusablePair
from daemon import setting_values
from daemon.certificates import Certificate, facts_of

FOLDER = "tls"
_AUTHORITY_DAYS = 3650
_DAYS = 820  # Apple's devices refuse more than 825
_CLOCKS_DIFFER = timedelta(days=1)
_HOME_NAMES = ("localhost", "local", "lan", "home", "home.arpa", "internal")
_HOME_NETWORKS = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip
_LONGEST_NAME = 64


class NotAllowed(Exception):
    """The authority may not vouch for a name; the message says which."""


@dataclass(frozen=True, slots=True)
class Made:
    """The files, and what they say. `is_new` is true when clients have to trust it anew."""

    authority_file: Path
    certificate_file: Path
    key_file: Path
    authority: Certificate
    certificate: Certificate
    is_new: bool


def names_of_this_machine() -> tuple[str, ...]:
    """Return the names and addresses that this machine is likely to be called by."""
    host = socket.gethostname().lower()
    names = [host, f"{host.partition('.')[0]}.local", *_own_addresses()]
    return tuple(dict.fromkeys(name for name in names if _is_name(name)))


def init(data_dir: Path, names: Sequence[str], now: datetime, *, renew: bool = False) -> Made:
    """Issue a certificate for the names; `renew` makes another authority first.

    Raises `NotAllowed` and `UnusablePair`.
    """
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_file, ca_key_file = folder / "ca.pem", folder / "ca-key.pem"
    is_new = renew or not (ca_file.exists() and ca_key_file.exists())
    if is_new:
        authority, ca_key = _authority(names, now)
        _write(ca_key_file, _private(ca_key))
        _write(ca_file, _public(authority))
    else:
        authority, ca_key = _read(ca_file, ca_key_file)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _issue(authority, ca_key, key, names, now)
    _write(folder / "key.pem", _private(key))
    _write(folder / "certificate.pem", _public(certificate))
    return Made(
        ca_file,
        folder / "certificate.pem",
        folder / "key.pem",
        facts_of(authority),
        facts_of(certificate),
        is_new,
    )


def _authority(
    names: Sequence[str], now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"Reprise on {socket.gethostname()}, {now:%Y-%m-%d}")
    permitted = [_general(name) for name in names if not _is_home(name)]
    permitted += [x509.DNSName(name) for name in _HOME_NAMES]
    permitted += [x509.IPAddress(ipaddress.ip_network(each)) for each in _HOME_NETWORKS]
    built = (
        _builder(subject, subject, key, now, _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
    )
    return built.sign(key, hashes.SHA256()), key


def _issue(
    authority: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    now: datetime,
) -> x509.Certificate:
    if now + timedelta(days=_DAYS) > authority.not_valid_after_utc:
        raise NotAllowed("the authority ends too soon")
    _check_permitted(authority, names)
    alternatives = [_general(name, single=True) for name in names]
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    built = (
        _builder(_name(names[0]), authority.subject, key, now, _DAYS)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer_key, critical=False)
    )
    return built.sign(ca_key, hashes.SHA256())


def _check_permitted(authority: x509.Certificate, names: Sequence[str]) -> None:
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    domains = [each.value for each in limits.permitted_subtrees or [] if _is_domain(each)]
    networks = [each.value for each in limits.permitted_subtrees or [] if not _is_domain(each)]
    for name in names:
        address = _address(name)
        if address is not None:
            may = any(address in network for network in networks)
        else:
            may = any(name == each or name.endswith(f".{each}") for each in domains)
        if not may:
            raise NotAllowed(f"the authority was not made for {name}")


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:_LONGEST_NAME])])


def _general(name: str, *, single: bool = False) -> x509.GeneralName:
    address = _address(name)
    if address is None:
        return x509.DNSName(name)
    return x509.IPAddress(address if single else ipaddress.ip_network(address))


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with suppress(ValueError):
        return ipaddress.ip_address(name)
    return None


def _is_domain(name: x509.GeneralName) -> bool:
    return isinstance(name, x509.DNSName)


def _is_home(name: str) -> bool:
    address = _address(name)
    if address is not None:
        return any(address in ipaddress.ip_network(each) for each in _HOME_NETWORKS)
    return any(name == each or name.endswith(f".{each}") for each in _HOME_NAMES)


def _is_name(text: str) -> bool:
    try:
        setting_values.hosts(text)
    except ValueError:
        return False
    return True


def _own_addresses() -> list[str]:
    """Return the addresses by which this machine goes out; nothing is sent."""
    found = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((elsewhere, 9))
            found.append(str(sock.getsockname()[0]))
    return found


def _read(file: Path, key_file: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        authority = x509.load_pem_x509_certificate(file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    except OSError as error:
        raise UnusablePair(f"{error.filename}: {error.strerror}") from None
    except (ValueError, TypeError):
        raise UnusablePair(f"{file} and {key_file} are no authority") from None
    if (
        not isinstance(key, ec.EllipticCurvePrivateKey)
        or key.public_key() != authority.public_key()
    ):
        raise UnusablePair(f"{key_file} is not the key of {file}")
    return authority, key


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(file: Path, data: bytes) -> None:
    """Replace a private file as a whole; it belongs to whom the data directory belongs."""
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(descriptor)
    if os.geteuid() == 0:
        owner = file.parent.parent.stat()
        for path in (unfinished, file.parent):
            os.chown(path, owner.st_uid, owner.st_gid)
    unfinished.replace(file)
