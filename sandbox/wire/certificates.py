"""The sandbox's certificate authority, kept in its directory so that a restart keeps it."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path

import trustme


class Certificates:
    """Issues a certificate for any host under one authority, made at first use and then reused."""

    def __init__(self, directory: Path) -> None:
        self.ca_file = directory / "ca.pem"
        self._authority = _load_or_create(self.ca_file, directory / "ca.key")

    def context_for(self, host: str) -> ssl.SSLContext:
        """The server side of TLS as `host`: TLS 1.2 or newer, HTTP/2 and HTTP/1.1 on offer."""
        return self._authority.context_for(host)


class _Authority:
    """An authority, and what it has issued in this process."""

    def __init__(self, authority: trustme.CA) -> None:
        self._authority = authority
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context_for(self, host: str) -> ssl.SSLContext:
        context = self._contexts.get(host)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["h2", "http/1.1"])
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return context


def _load_or_create(certificate: Path, key: Path) -> _Authority:
    if not (certificate.exists() and key.exists()):
        authority = trustme.CA(organization_name="Instagram sandbox")
        write_private(key, authority.private_key_pem.bytes())
        certificate.write_bytes(authority.cert_pem.bytes())
    return _loaded(certificate.read_bytes(), key.read_bytes())


@lru_cache(maxsize=4)
def _loaded(certificate: bytes, key: bytes) -> _Authority:
    """One sandbox after the other is opened in one process, with the same keys."""
    return _Authority(trustme.CA.from_pem(certificate, key))


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
