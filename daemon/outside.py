"""How far in the API is reached from, and under which names, as the settings say it."""

from __future__ import annotations

from urllib.parse import urlsplit

from api.arrival import Door, is_loopback
from api.encryption import Encryption, UnusablePair
from daemon.settings import Settings
from storage.errors import Unusable

LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Where a listener on every address is found.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def is_for_this_machine(settings: Settings) -> bool:
    """Whether nobody else is meant to reach the API, directly or by a proxy."""
    return is_loopback(settings.host) and not settings.trusted_proxies


def what_is_missing(settings: Settings) -> str | None:
    """Return why the API may not listen where it should, naming the setting; None when it may."""
    if is_loopback(settings.host):
        return None
    beyond = f"REPRISE_HOST = {settings.host} lets other machines in"
    if settings.tls_certificate is None and settings.insecure is None:
        return (
            f"{beyond}, and nothing is encrypted: set REPRISE_TLS_CERTIFICATE and REPRISE_TLS_KEY"
            " (`reprise tls init` makes both), or leave it out and put a proxy with TLS in front"
            " (docs/outside.md); REPRISE_INSECURE=yes-without-tls does without"
        )
    if not settings.allowed_hosts:
        return (
            f"{beyond}: set REPRISE_ALLOWED_HOSTS to the names and addresses that they call it by"
        )
    return None


def encryption_of(settings: Settings) -> Encryption | None:
    """Return the TLS of the settings, or None; raises `Unusable`."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    try:
        return Encryption(settings.tls_certificate, settings.tls_key)
    except UnusablePair as unusable:
        raise Unusable(f"REPRISE_TLS_CERTIFICATE cannot be used: {unusable}") from None


def door_of(settings: Settings) -> Door:
    """Return the names that are ours, and the proxies that are trusted."""
    door = Door(frozenset())
    change(door, settings)
    return door


def change(door: Door, settings: Settings) -> None:
    """Let a door be as the settings say now."""
    door.hosts = frozenset({*LOOPBACK, settings.host.lower(), *settings.allowed_hosts})
    door.proxies = settings.trusted_proxies


def url_of(settings: Settings, port: int) -> str:
    """Return the address that people and programs call the API by."""
    is_outside = not is_loopback(settings.host) and settings.allowed_hosts
    host = settings.allowed_hosts[0] if is_outside else settings.host
    return _url("http" if settings.tls_certificate is None else "https", host, port)


def passed_on_url_of(settings: Settings) -> str | None:
    """Return the address that a proxy is called by, or None where there is none."""
    if not settings.trusted_proxies or not settings.allowed_hosts:
        return None
    host = settings.allowed_hosts[0]
    return f"https://[{host}]" if ":" in host else f"https://{host}"


def near_url_of(settings: Settings, url: str) -> str:
    """Return where a daemon that is called by `url` is found from this machine, without a name."""
    parts = urlsplit(url)
    return _url(parts.scheme, _EVERYWHERE.get(settings.host, settings.host), parts.port or 0)


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
