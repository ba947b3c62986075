"""Where messages may go: every address is judged when it is connected to, as it was looked up.

A name that leads elsewhere the second time it is looked up cannot matter: it is looked up once,
and connected to is what was judged.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Reach(StrEnum):
    """How far messages may go: the internet; that and the home network; those and this machine."""

    PUBLIC = "public"
    LAN = "lan"
    LOOPBACK = "loopback"


class TargetRefused(Exception):
    """A message may not go where its address leads."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Where messages may go: by `reach`, or to `networks` alone where there are any.

    `own_port` is the daemon's, which they never may.
    """

    reach: Reach = Reach.LOOPBACK
    networks: tuple[Network, ...] = ()
    own_port: int | None = None

    def refusal(self, address: Address, port: int) -> str | None:
        """Return why a message may not go there, or None."""
        address = _within(address)
        if (
            address.is_link_local
            or address.is_multicast
            or address.is_unspecified
            or (address.version == 4 and address.is_reserved)
        ):
            return "that address is for no webhook"
        if self.networks:
            allowed = any(address in network for network in self.networks)
        elif address.is_loopback:
            allowed = self.reach is Reach.LOOPBACK
        elif address.is_global:
            allowed = True
        else:
            allowed = address.is_private and self.reach is not Reach.PUBLIC
        if not allowed:
            return "REPRISE_WEBHOOK_TARGETS does not allow that address"
        if address.is_loopback and port == self.own_port:
            return "Reprise sends itself no messages"
        return None

    def judge(self, host: str, port: int, found: Collection[str]) -> list[str]:
        """Return the addresses to connect to; raises `TargetRefused` where one is not allowed."""
        for text in found:
            address = ipaddress.ip_address(text.partition("%")[0])
            if (reason := self.refusal(address, port)) is not None:
                raise TargetRefused(f"{host} leads to {text}: {reason}")
        if not found:
            raise TargetRefused(f"{host} leads nowhere")
        return list(found)


def _within(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one leads to: mapped, by 6to4, or by a NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
