"""A brake on guesses of keys and login links: ten a minute from one address, then a pause.

Nobody is kept out who asks from this machine itself.
"""

from __future__ import annotations

import ipaddress
import logging
import math
from dataclasses import dataclass

from api.arrival import Arrival
from api.errors import ApiError
from api.system import as_address
from ground.clock import Clock
from ground.refusal import ErrorCode

logger = logging.getLogger(__name__)

MOST = 10
_WITHIN_S = 60.0
_PAUSE_S, _LONGEST_PAUSE_S = 60.0, 3600.0
# Whoever was quiet for so long begins anew.
_FORGOTTEN_S = 3600.0
_KEPT = 10_000
# What one customer of a provider is given; single addresses in it are free to choose.
_OWN_IPV6 = 64


@dataclass(slots=True)
class _Guesser:
    began: float
    failed: int = 0
    pause_s: float = _PAUSE_S
    until: float = -math.inf


class Guesses:
    """Wrong keys and links by the network they came from, in memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Guesser] = {}

    def check(self, arrival: Arrival) -> None:
        """Raise `ApiError` while whoever asks has to pause; that is no further guess."""
        if arrival.is_here or (known := self._known.get(_network(arrival.client))) is None:
            return
        left = known.until - self._clock.monotonic()
        if left > 0:
            raise ApiError(
                ErrorCode.RATE_LIMITED,
                "Too many wrong keys or links came from this address",
                retry_after=math.ceil(left),
            )

    def wrong(self, arrival: Arrival, what: str) -> None:
        """Count a wrong `what`, and log it for whoever bans addresses."""
        if arrival.is_here:
            return
        now = self._clock.monotonic()
        known = self._of(_network(arrival.client), now)
        known.failed += 1
        logger.warning("wrong %s address=%s", what, arrival.client)
        if known.failed >= MOST:
            logger.warning("many wrong address=%s pause_s=%d", arrival.client, known.pause_s)
            known.until, known.failed = now + known.pause_s, 0
            known.pause_s = min(_LONGEST_PAUSE_S, 2 * known.pause_s)

    def _of(self, network: str, now: float) -> _Guesser:
        # Last seen last, so that the longest unseen can be dropped: the memory is bounded.
        known = self._known.pop(network, None)
        if known is None or now > max(known.until, known.began) + _FORGOTTEN_S:
            known = _Guesser(now)
        elif now > known.began + _WITHIN_S:
            known.began, known.failed = now, 0
        self._known[network] = known
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        return known


def _network(client: str) -> str:
    address = as_address(client)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), _OWN_IPV6), strict=False))
    return client
