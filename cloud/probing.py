"""Whether Meta can fetch from the Worker: it is asked to, for a container that nobody publishes.

Meta has refused host names that many share (`*.workers.dev` may be one), and tells only when it is
asked to fetch. One container of an account's four hundred a day says it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import as_file, files

import trio

from cloud.desk import CloudDesk
from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from instagram.errors import FetchFailed, InstagramError, MediaUnreachable
from instagram.graph.gateway import GraphGateway
from storage import accounts, cloud
from storage.cloud import CloudWorker
from storage.store import Database, Store

logger = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(days=7)
# What Meta could not fetch once may have been a passing thing.
_AGAIN_AFTER_A_REFUSAL = timedelta(days=1)
# The waits before each try of which all have to fail, before posts go by it.
_TRIES_S = (0.0, 5.0, 15.0)


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe came to: Meta fetched, or `unfetched` says why not."""

    unfetched: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks Meta by an account that has a token of the official API."""

    desk: CloudDesk
    graph: GraphGateway
    store: Store
    clock: Clock

    async def ask(self) -> Probed:
        """Have Meta fetch a picture; raises `Refusal` where it says nothing about that."""
        asking = await self.store.read(accounts.with_token)
        trouble = "no account has a token of the official API"
        url = await self._lent() if asking else ""
        for account in asking:
            try:
                return await self._note(await self._unfetched(account.id, url))
            except InstagramError as error:
                trouble = f"@{account.username}: {error}"
        raise Refusal(
            ErrorCode.SERVICE_UNAVAILABLE,
            f"Nobody could ask Meta to fetch from the Worker: {trouble}",
        )

    async def ask_if_due(self) -> None:
        """Ask when the last answer is old, or there is none."""
        if not await self.store.glance(self._is_due):
            return
        try:
            await self.ask()
        except Refusal as refused:
            logger.info("not probed reason=%s", refused.message)

    async def _unfetched(self, account_id: str, url: str) -> str | None:
        """Return why Meta cannot fetch it, which it has to say of a few tries in succession."""
        api = self.graph.account(account_id)
        reason = ""
        for wait_s in _TRIES_S:
            await trio.sleep(wait_s * self.clock.pace)
            try:
                await api.create_container({"image_url": url})
            except FetchFailed as error:
                reason = str(error)
            else:
                return None
        return reason

    async def _lent(self) -> str:
        picture = files("cloud") / "probe.jpg"
        try:
            with as_file(picture) as path:
                url = await self.desk.put("probe.0", path, "image/jpeg")
        except (FetchFailed, MediaUnreachable) as error:
            raise Refusal(ErrorCode.WORKER_UNREACHABLE, str(error)) from None
        return url

    async def _note(self, unfetched: str | None) -> Probed:
        now = self.clock.now()
        await self.store.write(cloud.probed, unfetched, now)
        if unfetched is not None:
            logger.warning("Meta cannot fetch from the Worker reason=%s", unfetched)
        return Probed(unfetched, now)

    def _is_due(self, db: Database) -> bool:
        worker = cloud.find(db)
        return worker is not None and is_due(worker, self.clock.now())


def is_due(worker: CloudWorker, now: datetime) -> bool:
    """Say whether Meta is to be asked again; a clock that was set back asks once more."""
    if worker.probed_at is None:
        return True
    rest = AGAIN_AFTER if worker.unfetched is None else _AGAIN_AFTER_A_REFUSAL
    return not timedelta() <= now - worker.probed_at < rest
