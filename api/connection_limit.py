"""How many connections are open at once, and who goes when one more comes.

Descriptors are the daemon's too: without a bound, strangers who hold connections open would keep
it from its database and from Instagram. The owner always gets in, because whoever keeps us
waiting longest has to leave.
"""

from __future__ import annotations

import ipaddress
import logging
import resource
from typing import Protocol

import trio

logger = logging.getLogger(__name__)

_MOST, _FEWEST = 256, 16
_SHARE_OF_DESCRIPTORS = 4
_SHARE_OF_A_PEER = 4
_SAID_AGAIN_S = 60.0


class Connection(Protocol):
    """A connection as the limit sees it."""

    peer: str
    # When a byte last came or went.
    moved_at: float

    @property
    def is_at_work(self) -> bool:
        """Whether we owe an answer to a request that has arrived whole."""

    def give_up(self) -> None: ...


def most_connections() -> int:
    """Return how many connections this process can afford."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST
    return max(_FEWEST, min(_MOST, soft // _SHARE_OF_DESCRIPTORS))


class ConnectionLimit:
    """The open connections: `most` in all, and a quarter of them from one other machine."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_of_a_peer = max(1, most // _SHARE_OF_A_PEER)
        self._open: set[Connection] = set()
        self._say_again_at = float("-inf")

    def admit(self, newcomer: Connection) -> bool:
        """Take a connection in, at the cost of another where there are too many.

        False when every other one has an answer to come.
        """
        same = [each for each in self._open if each.peer == newcomer.peer]
        # Of our own machine there is no share: a tunnel brings everybody from there.
        if len(same) >= self._most_of_a_peer and not _is_loopback(newcomer.peer):
            admitted = self._make_room(same)
        elif len(self._open) >= self._most:
            admitted = self._make_room(list(self._open))
        else:
            admitted = True
        if admitted:
            self._open.add(newcomer)
        return admitted

    def leave(self, connection: Connection) -> None:
        self._open.discard(connection)

    def relieve(self, trouble: str) -> None:
        """End one connection, because another could not be taken: `trouble` is why."""
        self._say(f"no connection could be taken error={trouble}")
        self._make_room(list(self._open))

    def _make_room(self, among: list[Connection]) -> bool:
        self._say(f"too many connections open={len(self._open)} most={self._most}")
        waiting = [each for each in among if not each.is_at_work]
        if not waiting:
            return False
        longest = min(waiting, key=lambda each: each.moved_at)
        self._open.discard(longest)
        longest.give_up()
        return True

    def _say(self, what: str) -> None:
        now = trio.current_time()
        if now >= self._say_again_at:
            self._say_again_at = now + _SAID_AGAIN_S
            logger.warning("%s", what)


def _is_loopback(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return bool((getattr(address, "ipv4_mapped", None) or address).is_loopback)
