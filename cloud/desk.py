"""The cloud as the daemon has it: the Worker that was deployed, its keys, and how to ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import trio

from cloud import deploying
from cloud.cloudflare_api import CloudflareApi, CloudflareRefused, CloudflareUnreachable
from cloud.deploying import Deployed, Keys
from cloud.worker_client import (
    LARGEST_MEDIUM,
    WorkerClient,
    WorkerRefused,
    WorkerUnreachable,
    medium_url,
)
from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from instagram.errors import MediaUnreachable
from storage import cloud, secrets
from storage.cloud import CloudWorker
from storage.store import Database, Store
from storage.vault import Vault

_KEYS = {"encryption": "cloud_encryption", "media": "cloud_media", "worker": "cloud_worker"}
_API_TOKEN = "cloudflare_api_token"  # noqa: S105 - a name
NOT_CONFIGURED = "Cloud scheduling is not configured: `reprise cloud deploy`"


@dataclass(frozen=True, slots=True)
class WorkerSaid:
    """What the Worker says of itself: now, or, with `offline`, what it said last and why."""

    told: Mapping[str, Any]
    at: datetime
    offline: str | None = None


@dataclass(frozen=True, slots=True)
class CloudDesk:
    """Deploys, asks and removes the Worker. `api_url` is where Cloudflare's API is."""

    store: Store
    vault: Vault
    clock: Clock
    api_url: str
    graph_version: str

    async def deploy(
        self, api_token: str, *, account: str | None, domain: str | None, keeps_token: bool
    ) -> Deployed:
        """Bring the Worker into the account that a token is for, or up to date there.

        Raises `Refusal`, also where the token is for several accounts and none of them is named.
        """
        keys = await self.store.write(self._keys_or_fresh)
        async with self._api(api_token, account) as (api, account_id):
            deployed = await deploying.deploy(
                api,
                account_id,
                keys,
                base=self.api_url,
                domain=domain,
                graph_version=self.graph_version,
            )
        await self.store.write(self._keep, deployed, api_token if keeps_token else None)
        return deployed

    async def remove(self, api_token: str | None) -> None:
        """Remove the Worker with all that it holds, and forget it here.

        Raises `Refusal` while something in it has not come to its end.
        """
        said = await self.ask()
        if said.offline is None and said.told.get("scheduledCount"):
            raise Refusal(
                ErrorCode.INVALID_STATUS,
                f"{said.told['scheduledCount']} posts are in the cloud: take them back first, or"
                " stop it at once with `reprise cloud stop`",
            )
        await self.stop(api_token)

    async def stop(self, api_token: str | None) -> None:
        """Remove the Worker at once, whatever it was doing, and forget it here."""
        worker = await self.store.read(cloud.find)
        if worker is None:
            raise Refusal(ErrorCode.CLOUDFLARE_NOT_CONFIGURED, NOT_CONFIGURED)
        token = api_token or await self.store.read(self._stored_token)
        if token is None:
            raise Refusal(
                ErrorCode.VALIDATION_ERROR, "The API token was not kept here: give it once more"
            )
        async with self._api(token, worker.account_id) as (api, _account):
            await deploying.remove(api)
        await self.store.write(self._forget)

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
        except (WorkerUnreachable, WorkerRefused) as error:
            if worker.told is None or worker.told_at is None:
                raise Refusal(ErrorCode.WORKER_UNREACHABLE, str(error)) from None
            return WorkerSaid(worker.told, worker.told_at, str(error))
        now = self.clock.now()
        await self.store.write(cloud.answered, told, now)
        return WorkerSaid(told, now)

    async def crons(self) -> tuple[list[str], str | None]:
        """Return the Worker's schedules and when they were set last, as Cloudflare has them.

        Without a kept API token, what every deploy sets.
        """
        worker = await self.store.read(cloud.find)
        token = await self.store.read(self._stored_token)
        if worker is None:
            return [], None
        if token is not None:
            try:
                async with self._api(token, worker.account_id) as (api, _account):
                    rows = await api.crons(deploying.NAME)
                changed = [str(row["modified_on"]) for row in rows if row.get("modified_on")]
                return [str(row["cron"]) for row in rows], max(changed, default=None)
            except Refusal:
                pass  # what deploy has set is the better answer than none
        return [deploying.CRON], worker.deployed_at.isoformat()

    async def keys(self, prefix: str) -> tuple[list[str], str | None]:
        """Return the names of the Worker's keys, and when its cron came last.

        Raises `Refusal` where it does not answer.
        """
        names: list[str] = []
        cursor: str | None = ""
        try:
            async with self.worker() as client:
                while cursor is not None:
                    page = await client.keys(prefix, cursor)
                    names += [str(key["name"]) for key in page["keys"]]
                    cursor = page["cursor"] or None
        except (WorkerUnreachable, WorkerRefused) as error:
            raise Refusal(ErrorCode.WORKER_UNREACHABLE, str(error)) from None
        return names, page["lastCronRun"]

    async def lend(self, name: str, path: Path, mime_type: str) -> str | None:
        """Put a file at the Worker for a day; see `publish.media_links.Lender`."""
        try:
            url, keys = await self.store.read(self._where)
        except Refusal:
            return None
        if (await trio.Path(path).stat()).st_size > LARGEST_MEDIUM:
            size = LARGEST_MEDIUM // 1_000_000
            raise MediaUnreachable(
                f"The Worker takes files of at most {size} MB: set REPRISE_PUBLIC_URL"
            )
        key = f"0.link-{name}{path.suffix}"
        try:
            async with self.worker() as client:
                await client.put_medium(key, path, mime_type)
        except (WorkerUnreachable, WorkerRefused) as error:
            raise MediaUnreachable(f"The Worker did not take the media: {error}") from None
        return medium_url(url, keys.media, key)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[WorkerClient]:
        """Yield a client of the Worker; raises `Refusal` where there is none."""
        url, keys = await self.store.read(self._where)
        async with WorkerClient.client(url, keys.worker) as client:
            yield WorkerClient(client)

    def has_token(self, db: Database) -> bool:
        """Say whether the API token is kept here."""
        return secrets.has_daemon_secret(db, _API_TOKEN)

    def _where(self, db: Database) -> tuple[str, Keys]:
        worker = cloud.find(db)
        keys = self._keys(db)
        if worker is None or keys is None:
            raise Refusal(ErrorCode.CLOUDFLARE_NOT_CONFIGURED, NOT_CONFIGURED)
        return worker.url, keys

    def _keys(self, db: Database) -> Keys | None:
        found = {
            name: secrets.find_daemon_secret(db, self.vault, kept) for name, kept in _KEYS.items()
        }
        if None in found.values():
            return None
        return Keys(**{name: str(secret) for name, secret in found.items()})

    def _keys_or_fresh(self, db: Database) -> Keys:
        """Return the keys, stored before anything is deployed: a deploy may break off anywhere."""
        keys = self._keys(db)
        if keys is None:
            keys = Keys.fresh()
            for name, kept in _KEYS.items():
                secrets.put_daemon_secret(db, self.vault, kept, getattr(keys, name))
        return keys

    def _keep(self, db: Database, deployed: Deployed, api_token: str | None) -> None:
        worker = CloudWorker(
            account_id=deployed.account_id,
            url=deployed.url,
            version=deployed.version,
            bucket=deployed.bucket,
            deployed_at=self.clock.now(),
        )
        cloud.keep(db, worker)
        if api_token is not None:
            secrets.put_daemon_secret(db, self.vault, _API_TOKEN, api_token)

    def _stored_token(self, db: Database) -> str | None:
        return secrets.find_daemon_secret(db, self.vault, _API_TOKEN)

    def _forget(self, db: Database) -> None:
        cloud.forget(db)
        secrets.forget_daemon_secrets(db, _API_TOKEN, *_KEYS.values())

    @asynccontextmanager
    async def _api(
        self, token: str, account: str | None
    ) -> AsyncIterator[tuple[CloudflareApi, str]]:
        """Yield the API of the account that is meant; Cloudflare's errors become refusals."""
        try:
            async with CloudflareApi.client(token, self.api_url) as client:
                account_id = _chosen(await CloudflareApi.accounts(client), account)
                yield CloudflareApi(client, account_id), account_id
        except CloudflareRefused as refused:
            raise Refusal(_code_of(refused), str(refused)) from None
        except CloudflareUnreachable as error:
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, str(error)) from None


def _chosen(accounts: list[tuple[str, str]], wanted: str | None) -> str:
    if wanted is not None:
        found = [number for number, name in accounts if wanted in (number, name)]
    else:
        found = [number for number, _name in accounts]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{name} ({number})" for number, name in accounts) or "none"
    raise Refusal(
        ErrorCode.VALIDATION_ERROR,
        f"Say which Cloudflare account is meant; it is for: {names}",
    )


def _code_of(refused: CloudflareRefused) -> ErrorCode:
    if refused.status == 429 or refused.status >= 500:
        return ErrorCode.SERVICE_UNAVAILABLE
    return ErrorCode.VALIDATION_ERROR
