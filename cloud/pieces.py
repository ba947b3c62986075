"""What was made at Cloudflare: noted before it is made and until it is gone.

So a removal takes that and nothing else, however far a deploy or an earlier removal came.
"""

from __future__ import annotations

from collections.abc import Collection

from ground.clock import Clock
from storage import cloud
from storage.store import Store

SCRIPT, NAMESPACE, BUCKET = "script", "namespace", "bucket"
_DOMAIN = "domain:"


class Pieces:
    """The names of what we made, in memory."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self.names = set(names)

    async def making(self, name: str) -> None:
        """Note what is about to be made."""
        self.names.add(name)

    async def gone(self, name: str) -> None:
        """Note that something is not there any more."""
        self.names.discard(name)

    @property
    def hosts(self) -> list[str]:
        """The host names that were led to the Worker."""
        return sorted(name[len(_DOMAIN) :] for name in self.names if name.startswith(_DOMAIN))


class KeptPieces(Pieces):
    """The same, kept in the database at each step."""

    def __init__(self, store: Store, clock: Clock, account_id: str, names: Collection[str]) -> None:
        super().__init__(names)
        self._store, self._clock, self._account_id = store, clock, account_id

    async def making(self, name: str) -> None:
        await super().making(name)
        await self._keep()

    async def gone(self, name: str) -> None:
        await super().gone(name)
        await self._keep()

    async def _keep(self) -> None:
        names = sorted(self.names)
        await self._store.write(cloud.keep_pieces, self._account_id, names, self._clock.now())


def domain(host: str) -> str:
    """Return what a host name that is led to the Worker is noted as."""
    return _DOMAIN + host
