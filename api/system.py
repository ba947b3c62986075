"""What the system endpoints show, and to whom; put together by the daemon."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PATHS = ("/health", "/ready", "/metrics", "/build", "/deps")
# Method, route, status and seconds of an answer.
OnAnswered = Callable[[str, str, int, float], None]


@dataclass(slots=True)
class SystemInfo:
    """`build` and `deps` are known once and for all; `metrics` returns Prometheus' text.

    `allowed` may change while the daemon runs.
    """

    build: Mapping[str, str]
    deps: Mapping[str, str]
    metrics: Callable[[], Awaitable[bytes]]
    on_answered: OnAnswered
    allowed: tuple[Network, ...] = ()

    def allows(self, address: str) -> bool:
        """Whether the settings let another machine's address at the system endpoints."""
        known = as_address(address)
        return known is not None and any(known in network for network in self.allowed)


def as_address(text: str) -> Address | None:
    """Return an address, IPv4 in IPv6 as what it is; None when it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
