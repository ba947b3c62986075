"""Cloud scheduling (contract §4.6): nothing is configured, and these say so."""

from __future__ import annotations

from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.operation import Ask, read
from operations.scopes import Scope
from storage.store import Database


@read(models.CloudflareStatus, scope=Scope.SYSTEM_READ)
def get_cloudflare_status(_db: Database, _ask: Ask[None]) -> models.CloudflareStatus:
    """Say whether cloud scheduling is configured: it is not."""
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


@read(
    models.CloudflareDiagnostics,
    scope=Scope.SYSTEM_READ,
    refuses=[ErrorCode.CLOUDFLARE_NOT_CONFIGURED, ErrorCode.WORKER_UNREACHABLE],
)
def get_cloudflare_diagnostics(_db: Database, _ask: Ask[None]) -> models.CloudflareDiagnostics:
    """Ask the worker how it is; without one, `CLOUDFLARE_NOT_CONFIGURED`."""
    raise Refusal(ErrorCode.CLOUDFLARE_NOT_CONFIGURED, "Cloud scheduling is not configured")


@read(models.CronStatus, scope=Scope.SYSTEM_READ)
def get_cloudflare_cron_status(_db: Database, _ask: Ask[None]) -> models.CronStatus:
    """Return the worker's cron triggers: none."""
    return models.CronStatus(
        configured=False, crons=[], has_cron=False, last_cron_run=None, modified_on=None
    )


@read(models.KvList, scope=Scope.SYSTEM_READ, takes=models.KvQuery)
def list_cloudflare_kv(_db: Database, _ask: Ask[models.KvQuery]) -> models.KvList:
    """List the worker's keys: none."""
    return models.KvList(configured=False, keys=[], key_count=0, meta_values={})
