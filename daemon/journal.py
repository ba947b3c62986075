"""Log lines to systemd's journal by its own protocol, with their fields to search by.

See https://systemd.io/JOURNAL_NATIVE_PROTOCOL.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import struct
import sys

from ground.plain_text import escaped

SOCKET = "/run/systemd/journal/socket"
PRIORITIES = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}


class JournalHandler(logging.Handler):
    """Sends records; one that the journal does not take goes to standard error."""

    def __init__(self, otherwise: logging.Handler) -> None:
        """Raises `OSError` where there is no journal."""
        super().__init__()
        self._otherwise = otherwise
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.setblocking(False)  # the journal must not hold the event loop up
            self._socket.connect(SOCKET)
        except OSError:
            self._socket.close()
            raise

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._socket.send(self._datagram(record))
        except OSError:
            self._otherwise.emit(record)

    def close(self) -> None:
        self._socket.close()
        super().close()

    def _datagram(self, record: logging.LogRecord) -> bytes:
        fields = {
            "MESSAGE": self.format(record),
            "PRIORITY": str(PRIORITIES.get(record.levelname, 6)),
            "SYSLOG_IDENTIFIER": "reprise",
            "REPRISE_LOGGER": record.name,
        }
        for name, value in getattr(record, "fields", {}).items():
            fields[f"REPRISE_{re.sub('[^A-Z0-9]', '_', name.upper())}"] = value
        return b"".join(
            _field(name, escaped(value, keep="\n\t").encode()) for name, value in fields.items()
        )


def is_standard_error() -> bool:
    """Whether standard error is the journal: what it was told to a parent is not enough."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _field(name: str, value: bytes) -> bytes:
    if b"\n" not in value:
        return name.encode() + b"=" + value + b"\n"
    return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
