"""Text in a database that is none, as a disk leaves it: the trouble of its own row.

SQLite's module would fail the whole statement, and with it everybody whose rows are beside it.
"""

from __future__ import annotations

import sqlite3


class Garbled(str):
    """A text that is none, with a mark for each byte that belongs to no character."""

    __slots__ = ()


def bear_with(connection: sqlite3.Connection) -> None:
    """Have a connection give what is no text as `Garbled`."""
    connection.text_factory = _text


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return Garbled(content.decode(errors="replace"))
