"""What one account's client is told besides its session: proxy, locale and timezone."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from ground.addresses import parts_of

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}")
_OFFSET = re.compile(r"[+-]?\d{1,5}")
_QUARTER = 15 * 60
_EARLIEST, _LATEST = -12 * 3600, 14 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """An account's own proxy (a secret), locale and timezone; None leaves the daemon's or the
    device's."""

    proxy: str | None = field(default=None, repr=False)
    locale: str | None = None
    timezone: str | None = None


def check_proxy(text: str) -> str:
    """Return a proxy's address as it is; raises `ValueError`, which does not repeat it."""
    try:
        is_usable = parts_of(text).scheme in PROXY_SCHEMES
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError("an address like http://host:port or socks5://host:port")
    return text


def check_locale(text: str) -> str:
    """Return a locale such as en_US; raises `ValueError`."""
    if not _LOCALE.fullmatch(text):
        raise ValueError("a locale like en_US or de_DE")
    return text


def check_timezone(text: str) -> str:
    """Return a timezone's name, or its offset from UTC in seconds; raises `ValueError`."""
    if _OFFSET.fullmatch(text):
        if not _EARLIEST <= int(text) <= _LATEST or int(text) % _QUARTER:
            raise ValueError("an offset in seconds from -43200 to 50400, in quarters of an hour")
    elif text not in available_timezones():
        raise ValueError("a timezone like Europe/Berlin, or its offset in seconds like 3600")
    return text


def offset_of(timezone: str, now: datetime) -> tuple[int, str]:
    """Return a timezone's offset from UTC in seconds now, and its name, empty for an offset."""
    if _OFFSET.fullmatch(timezone):
        return int(timezone), ""
    offset = now.astimezone(ZoneInfo(timezone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0, timezone


def proxy_host(proxy: str) -> str:
    """Return all of a proxy's address that may be shown: host and port."""
    parts = urlsplit(proxy)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{host}:{parts.port}" if parts.port else host


def is_loopback(proxy: str | None) -> bool:
    """Say whether a proxy is on this machine; no proxy is not."""
    host = urlsplit(proxy).hostname if proxy else None
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
