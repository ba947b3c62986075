"""Addresses of servers as people write them into settings."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def parts_of(text: str) -> SplitResult:
    """Return the parts of an address that can be asked; raises `ValueError` for what cannot be."""
    import httpx

    parts = urlsplit(text)
    try:
        host = httpx.URL(text).host
    except httpx.InvalidURL:
        raise ValueError("no address") from None
    if not host or parts.port == 0 or any(letter.isspace() for letter in text):
        raise ValueError("no address")
    return parts
