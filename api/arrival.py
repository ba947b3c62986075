"""Whence a request comes: from this machine, another one, or a proxy that says for whom it asks.

A proxy on this machine has this machine's address. What it passes on is nobody's from here, and
what it says of others counts only where the settings trust it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from api.errors import ApiError
from api.plain import Asked
from api.system import Address, Network, as_address
from ground.refusal import ErrorCode

# Headers that say for whom a request is passed on; and, with them, all that proxies leave.
_SAYS_WHOM = ("forwarded", "x-forwarded")
_MARKS = (*_SAYS_WHOM, "via", "x-real-ip")
_SCHEMES = ("http", "https")
_HOP = re.compile(r"\[([^\]]*)\](?::\d{1,5})?|([^:]*)(?::\d{1,5})?")
_PAIR = re.compile(
    r"""[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"([^"\\]*)"|([^\s",;=]*))[ \t]*([,;]|\Z)""", re.ASCII
)
# Names that only a home network knows: to insist on TLS for them would outlast its certificate.
_AT_HOME = (".local", ".localhost", ".lan", ".home", ".home.arpa", ".internal", ".test")


class Arrival(NamedTuple):
    """Who asks (an address, "" when it is not known), in which scheme, and whether from here."""

    client: str
    scheme: str
    is_here: bool


@dataclass(slots=True)
class Door:
    """Under which names the API is called, and by which proxies. May change while it runs."""

    hosts: frozenset[str]
    proxies: tuple[Network, ...] = ()

    def trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.proxies)


def arrival_of(request: Asked, door: Door) -> Arrival:
    """Return whence a request comes; raises `ApiError` when a proxy that nobody trusts says it."""
    came_from = _peer(request.scope or {})
    marks = [name for name in map(str.lower, request.headers.keys()) if name.startswith(_MARKS)]
    if not marks:
        # By default nginx leaves no mark but HTTP/1.0, and HAProxy only the name that it was
        # called by.
        is_direct = request.http_version == "1.1" and is_loopback(hostname(request))
        return Arrival(came_from, request.scheme, is_direct and is_loopback(came_from))
    if not any(name.startswith(_SAYS_WHOM) for name in marks):
        return Arrival(came_from, request.scheme, False)
    if not door.trusts(as_address(came_from)):
        raise ApiError(
            ErrorCode.VALIDATION_ERROR,
            f"A proxy passed this on, and {came_from or 'its address'} is not among those that are"
            " trusted: name it in REPRISE_TRUSTED_PROXIES, or let it leave out Forwarded and"
            " X-Forwarded-*",
        )
    return _told_by_proxies(request, door, came_from)


def hostname(request: Asked) -> str:
    """Return the name or address that a request was sent to, "" when there is none."""
    return _hostname(request.headers.get("Host", ""))


def stays_encrypted(request: Asked, door: Door) -> bool:
    """Whether a browser may be told to use nothing but TLS for this name."""
    if request.scheme != "https" and not door.proxies:
        return False
    host = hostname(request)
    if host not in door.hosts or "." not in host or host.endswith(_AT_HOME) or as_address(host):
        return False
    try:
        return arrival_of(request, door).scheme == "https"
    except ApiError:
        return False


@lru_cache(maxsize=256)
def is_loopback(name: str) -> bool:
    """Whether an address or a name is this machine's own."""
    address = as_address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def _peer(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return _in_one_form(str(client[0])) if client else ""


@lru_cache(maxsize=64)
def _hostname(host: str) -> str:
    try:
        return _in_one_form((urlsplit(f"//{host}").hostname or "").lower())
    except ValueError:
        return ""


@lru_cache(maxsize=256)
def _in_one_form(name: str) -> str:
    return str(as_address(name) or name)


def _told_by_proxies(request: Asked, door: Door, came_from: str) -> Arrival:
    """Return the nearest hop that is no proxy of ours: what stands before it is its own word."""
    hops, schemes = _hops(request.headers)
    position, client = len(hops), came_from
    while position > 0:
        position -= 1
        address = _address(hops[position])
        client = str(address)
        if not door.trusts(address):
            break
    if not schemes:
        return Arrival(client, request.scheme, False)
    if len(schemes) not in (1, len(hops)):
        raise _malformed("name another number of schemes than of addresses")
    scheme = schemes[position if len(schemes) > 1 else 0].strip().lower()
    if scheme not in _SCHEMES:
        raise _malformed("name a scheme that is neither http nor https")
    return Arrival(client, scheme, False)


def _hops(headers: Any) -> tuple[list[str], list[str]]:
    """Return the addresses and the schemes that were told, the nearest last."""
    standard = headers.getlist("Forwarded")
    usual = headers.getlist("X-Forwarded-For")
    if standard and usual:
        # A proxy that writes one passes on the other, which is then the client's own.
        raise _malformed("contradict each other; let the proxy leave out one of the two")
    if standard:
        elements = list(_elements(", ".join(standard)))
        schemes = [each["proto"] for each in elements if "proto" in each]
        return [each.get("for", "") for each in elements], schemes
    schemes = _listed(headers.getlist("X-Forwarded-Proto"))
    return _listed(usual), schemes


def _listed(lines: list[str]) -> list[str]:
    return ",".join(lines).split(",") if lines else []


def _elements(text: str) -> Iterator[dict[str, str]]:
    """Yield the elements of `Forwarded` (RFC 7239, 4), each as its pairs."""
    element: dict[str, str] = {}
    at, end = 0, ","
    while end:
        if (pair := _PAIR.match(text, at)) is None or pair[1].lower() in element:
            raise _malformed("cannot be read")
        element[pair[1].lower()] = pair[2] if pair[2] is not None else pair[3]
        at, end = pair.end(), pair[4]
        if end != ";":
            yield element
            element = {}


def _address(hop: str) -> Address:
    text = hop.strip()
    if (bare := _HOP.fullmatch(text)) is not None:
        text = bare[1] if bare[1] is not None else bare[2]
    address = as_address(text)
    if address is None or "%" in text:  # a zone is any text, and would be logged
        raise _malformed("name something that is no address")
    return address


def _malformed(what: str) -> ApiError:
    return ApiError(ErrorCode.VALIDATION_ERROR, f"The headers Forwarded or X-Forwarded-* {what}")
