"""The sandbox's certificate authority, kept in its directory so that a restart keeps it."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import trustme


class Certificates:
    """Issues a certificate for any host under one authority, made at first use and then reused."""

    def __init__(self, directory: Path) -> None:
        self.ca_file = directory / "ca.pem"
        self._authority = _load_or_create(self.ca_file, directory / "ca.key")
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context_for(self, host: str) -> ssl.SSLContext:
        """The server side of TLS as `host`: TLS 1.2 or newer, HTTP/2 and HTTP/1.1 on offer."""
        context = self._contexts.get(host)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["h2", "http/1.1"])
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return context


def _load_or_create(certificate: Path, key: Path) -> trustme.CA:
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    authority = trustme.CA(organization_name="Instagram sandbox")
    write_private(key, authority.private_key_pem.bytes())
    certificate.write_bytes(authority.cert_pem.bytes())
    return authority


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
