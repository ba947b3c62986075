"""Cloud scheduling (contract §4.6): what the Worker is and says, and bringing it there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.operation import Ask, act, read
from operations.scopes import Scope
from storage import cloud, repost_configs, repost_lists
from storage.store import Database

_RECENT = 10
_TOKEN_REFUSES = (ErrorCode.VALIDATION_ERROR, ErrorCode.SERVICE_UNAVAILABLE)


@read(models.CloudflareStatus, scope=Scope.SYSTEM_READ)
def get_cloudflare_status(db: Database, ask: Ask[None]) -> models.CloudflareStatus:
    """Say whether cloud scheduling is configured, and when the Worker answered last."""
    worker = cloud.find(db)
    if worker is None:
        return models.CloudflareStatus(
            is_configured=False,
            is_verified=False,
            last_verified_at=None,
            r2_configured=False,
            worker_configured=False,
            r2_bucket_name=None,
            r2_public_url=None,
            worker_url=None,
            has_stored_api_token=False,
        )
    return models.CloudflareStatus(
        is_configured=True,
        is_verified=worker.verified_at is not None,
        last_verified_at=worker.verified_at,
        r2_configured=worker.bucket is not None,
        worker_configured=True,
        r2_bucket_name=worker.bucket,
        r2_public_url=f"{worker.public_url}/m",
        worker_url=worker.url,
        has_stored_api_token=ask.house.cloud.has_token(db),
    )


@act(
    models.CloudflareDiagnostics,
    scope=Scope.SYSTEM_READ,
    refuses=[ErrorCode.CLOUDFLARE_NOT_CONFIGURED, ErrorCode.WORKER_UNREACHABLE],
)
async def get_cloudflare_diagnostics(ask: Ask[None]) -> models.CloudflareDiagnostics:
    """Ask the Worker how it is; where it does not answer, what it said last, and why."""
    said = await ask.house.cloud.ask()
    told = said.told
    configured, pending = await ask.house.store.read(_reposts, ask.user_id)
    return models.CloudflareDiagnostics(
        version=str(told.get("version", "")),
        has_encryption_key=bool(told.get("hasEncryptionKey")),
        last_cron_run=_moment(told.get("lastCronRun")),
        scheduled_count=_count(told, "scheduledCount"),
        repost_config_count=configured,
        pending_repost_count=pending,
        completed_count=_count(told, "completedCount"),
        failed_count=_count(told, "failedCount"),
        recent_jobs=_recent(told),
        timestamp=said.at,
        offline=said.offline is not None,
        offline_reason=said.offline or "",
    )


@act(models.CronStatus, scope=Scope.SYSTEM_READ, refuses=[ErrorCode.SERVICE_UNAVAILABLE])
async def get_cloudflare_cron_status(ask: Ask[None]) -> models.CronStatus:
    """Return the Worker's cron triggers, and when one came last: as it says now, or said last."""
    worker = await ask.house.store.glance(cloud.find)
    crons, modified_on = await ask.house.cloud.crons()
    told = await _told(ask) if worker is not None else {}
    return models.CronStatus(
        configured=worker is not None,
        crons=[models.CronTrigger(cron=cron) for cron in crons],
        has_cron=bool(crons),
        last_cron_run=_moment(told.get("lastCronRun")),
        modified_on=_moment(modified_on),
    )


@act(
    models.KvList,
    scope=Scope.SYSTEM_READ,
    takes=models.KvQuery,
    refuses=[ErrorCode.WORKER_UNREACHABLE],
)
async def list_cloudflare_kv(ask: Ask[models.KvQuery]) -> models.KvList:
    """List the keys that the Worker keeps in KV for people to look at."""
    if await ask.house.store.glance(cloud.find) is None:
        return models.KvList(configured=False, keys=[], key_count=0, meta_values={})
    names, last_cron_run = await ask.house.cloud.keys(ask.given.prefix or "")
    return models.KvList(
        configured=True,
        keys=[models.KvKey(name=name) for name in names],
        key_count=len(names),
        meta_values={"meta:last-cron-run": last_cron_run} if last_cron_run else {},
    )


@act(
    models.CloudDeployed,
    scope=Scope.LOGINS_WRITE,
    takes=models.CloudDeployRequest,
    refuses=[*_TOKEN_REFUSES, ErrorCode.INVALID_STATUS],
    machine_only=True,
)
async def deploy_cloud(ask: Ask[models.CloudDeployRequest]) -> models.CloudDeployed:
    """Bring the Worker into a Cloudflare account, or bring the one that is there up to date."""
    # What speaks to Cloudflare is loaded by those who do: the other commands would wait for it.
    from cloud.deploying import Steps
    from cloud.desk import Wanted

    asked = ask.given
    wanted = Wanted(
        asked.api_token,
        account=asked.account,
        domain=asked.domain,
        keeps_token=asked.keep_token,
        replaces=asked.replace,
        changes_token=asked.new_token,
    )
    steps = Steps(ask.attempt.tell)
    deployed = await ask.house.cloud.deploy(wanted, steps)
    return models.CloudDeployed(
        url=deployed.url,
        version=deployed.version,
        is_new=deployed.is_new,
        media_in="r2" if deployed.bucket else "worker",
        domain=deployed.domain,
        steps=steps.done,
    )


@act(
    models.CloudProbe,
    scope=Scope.LOGINS_WRITE,
    refuses=[
        ErrorCode.CLOUDFLARE_NOT_CONFIGURED,
        ErrorCode.WORKER_UNREACHABLE,
        ErrorCode.SERVICE_UNAVAILABLE,
    ],
    machine_only=True,
)
async def probe_cloud(ask: Ask[None]) -> models.CloudProbe:
    """Have Meta fetch a picture from the Worker, for a container that is never published."""
    probed = await ask.house.probe.ask()
    worker = await ask.house.store.read(cloud.find)
    return models.CloudProbe(
        address=worker.public_url if worker is not None else "",
        fetched=probed.unfetched is None,
        reason=probed.unfetched,
        at=probed.at,
    )


@act(
    models.CloudRemoved,
    scope=Scope.LOGINS_WRITE,
    takes=models.CloudRemoveRequest,
    refuses=[
        *_TOKEN_REFUSES,
        ErrorCode.CLOUDFLARE_NOT_CONFIGURED,
        ErrorCode.WORKER_UNREACHABLE,
        ErrorCode.INVALID_STATUS,
    ],
    machine_only=True,
)
async def remove_cloud(ask: Ask[models.CloudRemoveRequest]) -> models.CloudRemoved:
    """Remove the Worker: what it owns is taken back first, and nothing is removed before.

    So is what a deploy that broke off has made. The bucket goes too, unless media lie in it and
    nobody said that they may.

    At once: whatever it is doing. What may have gone out of it then is in doubt, and Instagram is
    asked before it is sent again.
    """
    from cloud.deploying import Steps

    steps = Steps(ask.attempt.tell)
    exchange = ask.house.exchange
    remove = exchange.stop if ask.given.at_once else exchange.leave
    left = await remove(ask.given.api_token, steps, empties_bucket=ask.given.empty_bucket)
    return models.CloudRemoved(left=left)


def _reposts(db: Database, user_id: str) -> tuple[int, int]:
    """Return for how many accounts mentions are reposted, and how many reposts wait: here, since
    none goes out of the cloud."""
    on = [each for each in repost_configs.of_user(db, user_id) if each.is_enabled]
    return len(on), sum(sum(repost_lists.counts(db, each.account_id).values()) for each in on)


async def _told(ask: Ask[None]) -> Mapping[str, Any]:
    try:
        return (await ask.house.cloud.ask()).told
    except Refusal:  # it has never answered
        return {}


def _recent(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what changed last in the Worker, of all accounts, what ended last first."""
    every = [job for lane in told.get("lanes") or () for job in lane.get("recent") or ()]
    ended = sorted(every, key=lambda job: str(job["endedAt"] or job["scheduledFor"]), reverse=True)
    return ended[:_RECENT]


def _count(told: Any, name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) else 0


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
