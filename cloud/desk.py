"""The cloud as the daemon has it: the Worker that was deployed, its keys, and how to ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from cloud import deploying, keyring, removing
from cloud.asking import Line
from cloud.cloudflare_api import LIMIT_S, CloudflareApi, client_of
from cloud.deploying import Deployed, Keys, Steps
from cloud.gate import Contact, settle_in
from cloud.opening import opened
from cloud.pieces import BUCKET, NAMESPACE, SCRIPT, KeptPieces, Pieces
from cloud.pieces import domain as domain_piece
from cloud.results import SHOWN
from cloud.worker_client import (
    WorkerClient,
    WorkerRefused,
    WorkerUnreachable,
    medium_url,
)
from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from instagram.errors import FetchFailed
from instagram.fields import is_token
from instagram.hour import told_by
from storage import cloud, events, facts, handovers
from storage.cloud import CloudWorker
from storage.errors import Unusable
from storage.store import Database, Store
from storage.vault import Vault

NOT_CONFIGURED = "Cloud scheduling is not configured: `reprise cloud deploy`"
_MOST_PAGES = 100  # of a thousand keys, as a rule
_KEYS_CHANGED = (
    "The keys of the Worker were changed or moved in the database, and are not used: restore a"
    " backup that has them whole, or `reprise cloud stop` and then `reprise cloud deploy`"
)
_ANOTHERS = (
    "There is a Worker of another Reprise in this Cloudflare account, and posts may wait in it:"
    " `reprise cloud remove` where it was deployed, or `reprise cloud deploy --replace`, which"
    " removes it with all that it holds"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants deployed. `domain` None keeps the one that is there, "" lets it go;
    without an `api_token` the one that was kept is used."""

    api_token: str | None = field(repr=False)
    account: str | None = None
    domain: str | None = None
    keeps_token: bool = False
    replaces: bool = False
    changes_token: bool = False

    def domain_after(self, there: CloudWorker | None) -> str | None:
        """Return the user's own address as it is to be."""
        kept = there.domain if there is not None else None
        return kept if self.domain is None else self.domain or None


@dataclass(frozen=True, slots=True)
class WorkerSaid:
    """What the Worker says of itself: now, or, with `offline`, what it said last and why."""

    told: Mapping[str, Any]
    at: datetime
    offline: str | None = None
    # Whether it knows none of our tokens.
    is_anothers: bool = False


@dataclass(frozen=True, slots=True)
class CloudDesk:
    """Deploys, asks and removes the Worker. `api_url` is where Cloudflare's API is."""

    store: Store
    vault: Vault
    clock: Clock
    api_url: str
    graph_version: str
    # What tells this database from a copy of it; see `cloud.gate`.
    place: str = ""
    contact: Contact = field(default_factory=Contact)
    # For how long Cloudflare's API is waited for.
    limit_s: float = LIMIT_S

    async def deploy(self, wanted: Wanted, steps: Steps | None = None) -> Deployed:
        """Bring the Worker into the account that a token is for, or up to date there.

        Raises `Refusal`, also where the token is for several accounts and none of them is named.
        """
        steps = steps or Steps()
        there = await self.store.read(cloud.find)
        made_in, names = await self.store.read(self._made)
        token = await self._token(wanted.api_token)
        async with self._api(token, wanted.account or made_in, steps) as (api, account_id):
            if made_in not in (None, account_id):
                raise Refusal(
                    ErrorCode.INVALID_STATUS,
                    f"The Worker is in another Cloudflare account, {made_in}, and what"
                    " waits there would be forgotten: `reprise cloud remove` first",
                )
            pieces = KeptPieces(self.store, self.clock, account_id, names)
            keys = await self._keys_for(api, wanted, steps, pieces)
            domain = wanted.domain_after(there)
            deployed = await deploying.deploy(
                api,
                account_id,
                keys,
                base=self.api_url,
                domain=domain,
                graph_version=self.graph_version,
                steps=steps,
                pieces=pieces,
            )
            for host in pieces.hosts:  # the ones before
                if domain is None or host != deploying.host_of(domain):
                    await removing.unlead(api, host, pieces, steps)
        await self.store.write(self._keep, deployed, token if wanted.keeps_token else None)
        return deployed

    def _made(self, db: Database) -> tuple[str | None, frozenset[str]]:
        """Return what is ours at Cloudflare, and in which account, as far as that is known."""
        made = cloud.made(db)
        if made is not None:
            return made.account_id, made.names
        # From before it was noted, or all but gone.
        worker = cloud.find(db)
        names = {SCRIPT, NAMESPACE} if worker is not None or keyring.has_keys(db) else set()
        if worker is not None and worker.domain is not None:
            names.add(domain_piece(deploying.host_of(worker.domain)))
        return worker.account_id if worker is not None else None, frozenset(names)

    async def _keys_for(
        self, api: CloudflareApi, wanted: Wanted, steps: Steps, pieces: Pieces
    ) -> Keys:
        """Return the keys to deploy with; a Worker that is not of this installation is left."""
        try:
            known = await self.store.read(self._keys)
        except WorkerUnreachable as changed:
            raise Refusal(ErrorCode.INVALID_STATUS, str(changed)) from None
        if known is None:
            async with steps.step("Looking for another Worker", None) as did:
                is_there = await api.script_tag(deploying.NAME) is not None
                did.append("replaced" if is_there and wanted.replaces else "none")
                if is_there and not wanted.replaces:
                    raise Refusal(ErrorCode.INVALID_STATUS, _ANOTHERS)
                if is_there:  # with what it used, which is this one's from now on
                    for piece in (SCRIPT, NAMESPACE, BUCKET):
                        await pieces.making(piece)
                    await api.remove_script(deploying.NAME)
        elif wanted.changes_token:
            await self.store.write(keyring.change_token, self.vault)
        return await self.store.write(keyring.found_or_made, self.vault)

    async def remove(
        self, api_token: str | None, steps: Steps | None = None, *, empties_bucket: bool = False
    ) -> list[str]:
        """Remove what was made at Cloudflare, as far as a deploy came, and forget it here.

        Returns what is left. Raises `Refusal` while something in it has not come to its end, or
        where it is another installation's by now.
        """
        if await self.store.read(cloud.find) is not None:
            await self._check_it_is_done()
        return await self.stop(api_token, steps, empties_bucket=empties_bucket)

    async def _check_it_is_done(self) -> None:
        try:
            said = await self.ask()
        except Refusal:
            return  # it has never answered, so nothing was ever given to it
        if said.is_anothers:
            raise Refusal(
                ErrorCode.INVALID_STATUS,
                "The Worker does not know this installation: it is another one's by now. `reprise"
                " cloud stop` removes it nevertheless, with all that waits in it",
            )
        left = sum(
            count
            for lane in said.told.get("lanes") or ()
            for state, count in lane["counts"].items()
            if state in SHOWN
        )
        if said.offline is None and left:
            raise Refusal(
                ErrorCode.INVALID_STATUS,
                f"{left} posts are in the cloud that are not this machine's to take back: wait"
                " until they have gone out, or stop it at once with `reprise cloud stop`",
            )

    async def stop(
        self,
        api_token: str | None,
        steps: Steps | None = None,
        then: Callable[[Database, datetime], None] = lambda _db, _now: None,
        *,
        empties_bucket: bool = False,
    ) -> list[str]:
        """Remove the Worker at once, whatever it was doing, and forget it here; `then` with it.

        Returns what is left at Cloudflare. `then` hears what time it is, by our clock or by
        Cloudflare's, whichever is later.
        """
        steps = steps or Steps()
        worker = await self.store.read(cloud.find)
        account, names, token = await self.removable(api_token)
        async with self._api(token, account, steps) as (api, account_id):
            pieces = KeptPieces(self.store, self.clock, account_id, names)
            left = await removing.remove(api, pieces, steps, empties_bucket=empties_bucket)
        if worker is not None and worker.bucket is not None and BUCKET not in names:
            left.append(f"The bucket {worker.bucket}, which was there before Reprise, stays")
        ours, theirs = self.clock.now(), self.contact.told_at
        now = ours if theirs is None else max(ours, theirs)
        await self.store.write(self._forget, lambda db: then(db, now))
        return left

    async def removable(self, api_token: str | None) -> tuple[str | None, frozenset[str], str]:
        """Return in which account there is what to remove, and the API token.

        Raises `Refusal` where there is nothing, or no token.
        """
        account, names = await self.store.read(self._made)
        if await self.store.read(cloud.find) is None and not names:
            raise Refusal(ErrorCode.CLOUDFLARE_NOT_CONFIGURED, NOT_CONFIGURED)
        return account, names, await self._token(api_token)

    async def ask(self) -> WorkerSaid:
        """Ask the Worker how it is; what it said last where it does not answer.

        Raises `Refusal`: `CLOUDFLARE_NOT_CONFIGURED`, or `WORKER_UNREACHABLE` where it has never
        answered.
        """
        worker = await self.store.read(cloud.find)
        if worker is None:
            raise Refusal(ErrorCode.CLOUDFLARE_NOT_CONFIGURED, NOT_CONFIGURED)
        try:
            async with self.worker() as client:
                told = dict(await client.diagnostics())
                if client.knows_newest_token:
                    await self.store.write(keyring.forget_token_before)
        except (WorkerUnreachable, WorkerRefused) as error:
            if worker.told is None or worker.told_at is None:
                raise Refusal(ErrorCode.WORKER_UNREACHABLE, str(error)) from None
            is_anothers = isinstance(error, WorkerRefused) and error.status == 401
            return WorkerSaid(worker.told, worker.told_at, str(error), is_anothers)
        now = self.clock.now()
        await self.store.write(cloud.answered, told, now)
        return WorkerSaid(told, now)

    async def crons(self) -> tuple[list[str], str | None]:
        """Return the Worker's schedules and when they were set last, as Cloudflare has them.

        Without a kept API token, what every deploy sets.
        """
        worker = await self.store.read(cloud.find)
        token = await self.store.read(keyring.api_token, self.vault)
        if worker is None:
            return [], None
        if token is not None:
            try:
                async with self._api(token, worker.account_id, Steps()) as (api, _account):
                    rows = await api.crons(deploying.NAME)
                changed = [at for _cron, at in rows if at is not None]
                return [cron for cron, _at in rows], max(changed, default=None)
            except Refusal:
                pass  # what deploy has set is the better answer than none
        return [deploying.CRON], worker.deployed_at.isoformat()

    async def keys(self, prefix: str) -> tuple[list[str], str | None]:
        """Return the names of the Worker's keys, on a hundred pages at most, and when its cron came
        last.

        Raises `Refusal` where it does not answer.
        """
        names: list[str] = []
        cursor = ""
        try:
            async with self.worker() as client:
                for _page in range(_MOST_PAGES):
                    page = await client.keys(prefix, cursor)
                    names += [str(key["name"]) for key in page["keys"]]
                    before, cursor = cursor, page["cursor"] or ""
                    if cursor in ("", before):  # the same again would be the same page for ever
                        break
        except (WorkerUnreachable, WorkerRefused) as error:
            raise Refusal(ErrorCode.WORKER_UNREACHABLE, str(error)) from None
        return names, page["lastCronRun"]

    async def lend(self, name: str, path: Path, mime_type: str) -> str | None:
        """Put a file at the Worker for a day; see `publish.media_links.Lender`."""
        try:
            worker, _keys = await self.store.read(self._found)
        except (Refusal, WorkerUnreachable):
            return None
        if worker.unfetched is not None:
            return None
        return await self.put(name, path, mime_type)

    async def put(self, name: str, path: Path, mime_type: str) -> str:
        """Put a file at the Worker for a day and return where Meta fetches it.

        Raises `FetchFailed` where it does not take it, and `Refusal` where there is no Worker.
        """
        key = f"0.link-{name}{path.suffix}"
        try:
            async with self.worker() as client:
                await client.put_medium(key, path, mime_type)
                now = client.their_time
        except (WorkerUnreachable, WorkerRefused) as error:
            raise FetchFailed(f"The Worker did not take the media: {error}") from None
        worker, keys = await self.store.read(self._found)
        return medium_url(worker.public_url, keys.media, key, now)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[WorkerClient]:
        """Yield a client of the Worker; raises `Refusal` where there is none.

        Raises `WorkerUnreachable` where its keys were changed: whatever was asked of it before may
        have happened.
        """
        url, keys = await self.store.read(self.where)
        async with WorkerClient.client(url, keys.worker, keys.worker_before) as client:
            client.event_hooks["response"].append(self._hear_worker)
            yield WorkerClient(client)

    def has_token(self, db: Database) -> bool:
        """Say whether the API token is kept here."""
        return keyring.has_api_token(db)

    def where(self, db: Database) -> tuple[str, Keys]:
        """Return where the Worker is, and its keys; raises as `worker` does."""
        worker, keys = self._found(db)
        return worker.url, keys

    def _found(self, db: Database) -> tuple[CloudWorker, Keys]:
        worker = cloud.find(db)
        keys = self._keys(db)
        if worker is None or keys is None:
            raise Refusal(ErrorCode.CLOUDFLARE_NOT_CONFIGURED, NOT_CONFIGURED)
        return worker, keys

    def _keys(self, db: Database) -> Keys | None:
        try:
            return keyring.find(db, self.vault)
        except Unusable:
            raise WorkerUnreachable(_KEYS_CHANGED) from None

    def _keep(self, db: Database, deployed: Deployed, api_token: str | None) -> None:
        worker = CloudWorker(
            account_id=deployed.account_id,
            url=deployed.url,
            version=deployed.version,
            bucket=deployed.bucket,
            deployed_at=self.clock.now(),
            domain=deployed.domain,
        )
        before = cloud.find(db)
        if before is not None:  # what it said last it still said last
            worker = replace(
                worker, verified_at=before.verified_at, told=before.told, told_at=before.told_at
            )
            if before.public_url == worker.public_url:
                worker = replace(worker, probed_at=before.probed_at, unfetched=before.unfetched)
        cloud.keep(db, worker)
        events.record_of_daemon(db, cloud.DEPLOYED, self.clock.now())
        if before is None and deployed.is_new:
            settle_in(db, self.place, self.clock.now())
        handovers.look_again(db)
        if api_token is not None:
            keyring.keep_api_token(db, self.vault, api_token)

    async def _token(self, given: str | None) -> str:
        """Return the API token: the given one, or the one that was kept; raises `Refusal`."""
        token = given or await self.store.read(keyring.api_token, self.vault)
        if token is None:
            raise Refusal(
                ErrorCode.VALIDATION_ERROR, "The API token was not kept here: give it once more"
            )
        if not is_token(token):  # no header takes it
            raise Refusal(
                ErrorCode.VALIDATION_ERROR,
                "That cannot be an API token: it has letters, digits and signs alone, no space",
            )
        return token

    def _forget(self, db: Database, then: Callable[[Database], None] = lambda _db: None) -> None:
        then(db)
        cloud.forget(db)
        handovers.forget_lanes(db)
        facts.forget(db, facts.CLOUD_PLACE)
        keyring.forget_keys(db)
        if cloud.made(db) is None:
            keyring.forget_api_token(db)

    async def _hear(self, answer: httpx.Response) -> None:
        self.contact.told_at = told_by(answer.headers.get("date")) or self.contact.told_at

    async def _hear_worker(self, answer: httpx.Response) -> None:
        self.contact.worker_at = told_by(answer.headers.get("date")) or self.contact.worker_at

    def _api(
        self, token: str, account: str | None, steps: Steps
    ) -> AbstractAsyncContextManager[tuple[CloudflareApi, str]]:
        """Yield the API of the account that is meant; Cloudflare's errors become refusals."""
        client = client_of(token, self.api_url, self.limit_s)
        client.event_hooks["response"].append(self._hear)
        return opened(Line(client, self.clock, steps.tell), account, steps)
