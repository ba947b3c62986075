"""Secrets from standard input, a line each, as every system's editors and pipes write them."""

from __future__ import annotations

import sys

import click

_MARK = "\ufeff"  # which Windows' editors begin a file with
_MAX = 64 * 1024


def read_line(what: str) -> str:
    """Return the next line without its end (LF, CRLF or none); spaces stay.

    Raises `UsageError` when there is nothing in it, or no text.
    """
    # As bytes, where there are any: the locale's encoding would make another password of them.
    stream = getattr(sys.stdin, "buffer", sys.stdin)
    line = stream.readline(_MAX)
    try:
        text = line.decode("utf-8") if isinstance(line, bytes) else line
    except UnicodeDecodeError:
        raise click.UsageError(f"The {what} on standard input is not UTF-8") from None
    value = text.removeprefix(_MARK).rstrip("\r\n")
    if not value:
        raise click.UsageError(f"The {what} is empty")
    return value
