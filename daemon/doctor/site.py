"""What every check may look at: settings, the time, the daemon, and the database untouched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
import trio

from api.proof import nobodys_secret
from daemon.data_dir import RunningDaemon
from daemon.outside import near_url_of
from daemon.settings import Settings
from ground.clock import Clock
from instagram.trust import Trust
from storage.errors import StorageError
from storage.inspection import open_untouched, schema_of
from storage.store import Database
from storage.vault import Vault, load_vault, present_key

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One installation as the checks see it. `trust` is None where the CA file is no good."""

    settings: Settings
    daemon: RunningDaemon | None
    trust: Trust | None
    clock: Clock
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def client(self, timeout_s: float) -> httpx.AsyncClient:
        """Return a client of the running daemon, as this machine reaches it.

        For questions without a secret: whatever certificate it shows will do.
        """
        assert self.daemon is not None
        return httpx.AsyncClient(
            base_url=near_url_of(self.settings, self.daemon.url),
            headers={"Host": "localhost"},
            verify=nobodys_secret(),
            trust_env=False,
            timeout=timeout_s,
        )

    def vault(self) -> Vault | None:
        """Return the vault, or None where there is no key that can be used; makes none."""
        if present_key(self.settings.data_dir) is None:
            return None
        try:
            return load_vault(self.settings.data_dir, may_create=False)
        except StorageError:
            return None

    def read(self, operation: Callable[[Database], T]) -> T | None:
        """Read from the database; None where it is missing, damaged or of another schema.

        The check of the database says so; the others have nothing to say then.
        """
        try:
            with self._current() as db:
                return None if db is None else operation(db)
        except StorageError:
            return None

    @contextmanager
    def _current(self) -> Iterator[Database | None]:
        with open_untouched(self.settings.database) as db:
            schema = schema_of(db)
            yield None if schema.pending or schema.unknown else db


async def in_thread(operation: Callable[..., T], *args: object) -> T:
    """Run what blocks without holding up the other checks; a time limit leaves it behind."""
    return await trio.to_thread.run_sync(partial(operation, *args), abandon_on_cancel=True)


def is_private(path: Path) -> bool:
    """Say whether only its owner can read a file or a folder."""
    return not path.stat().st_mode & 0o077
