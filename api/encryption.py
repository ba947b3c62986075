"""TLS of our listener: a certificate with its key, read again when their files change."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

logger = logging.getLogger(__name__)

_REASONS = {"KEY_VALUES_MISMATCH": "the key belongs to another certificate"}
_UNREADABLE = "one of them is not in PEM form, or the key is locked by a password"


class UnusablePair(Exception):
    """A certificate and a key that nobody can be served with; the message says why."""


def context_of(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what connections are encrypted with; raises `UnusablePair`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        # A key that is locked is refused; without this, OpenSSL would ask for it in a terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        reason = _REASONS.get(error.reason, error.reason or _UNREADABLE)
        raise UnusablePair(f"{certificate} with {key}: {reason}") from None
    except OSError as error:
        raise UnusablePair(f"{certificate} with {key}: {error.strerror}") from None
    return context


class Encryption:
    """The pair in force. One that cannot be used is not taken: the last good one goes on."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read both files; raises `UnusablePair`."""
        self._files = (certificate, key)
        self._seen = self._stamps()
        self._context = context_of(certificate, key)

    def context(self) -> ssl.SSLContext:
        """Return what a new connection is encrypted with.

        That is when it matters whether the files have changed: nothing wakes up to look.
        """
        if self._stamps() != self._seen:
            self.read_again()
        return self._context

    def read_again(self) -> None:
        """Take what the files hold now, if it can be used, and log which of the two it was."""
        self._seen = self._stamps()
        try:
            # A new one: what fails half-way would leave the old one without its key.
            self._context = context_of(*self._files)
        except UnusablePair as unusable:
            logger.warning("certificate kept as it was reason=%s", unusable)
        else:
            logger.info("certificate read again file=%s", self._files[0])

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(file) for file in self._files]


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
