"""What every answer tells a browser, unless it says otherwise: what it is, not to keep it, and to
run nothing in it."""

from __future__ import annotations

from collections.abc import Iterable

GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
RAW = [(name.lower().encode(), value.encode()) for name, value in GUARDS.items()]
LINES = b"".join(b"%s: %s\r\n" % each for each in RAW)


def guarded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers with the guards that it does not have."""
    sent = list(headers)
    has = {name.lower() for name, _ in sent}
    return sent + [(name, value) for name, value in RAW if name not in has]
