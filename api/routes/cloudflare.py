"""Cloud scheduling (contract §4.6): nothing is configured, and these say so."""

from __future__ import annotations

from api.contract import Operations
from api.dispatch import Call
from api.errors import ApiError
from operations import models as schemas

operations = Operations("Cloudflare")


@operations.add("GET", "/cloudflare/status", returns=schemas.CloudflareStatus)
async def get_cloudflare_status(_call: Call) -> schemas.CloudflareStatus:
    """Say whether cloud scheduling is configured: it is not."""
    return schemas.CloudflareStatus(
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


@operations.add(
    "GET",
    "/cloudflare/diagnostics",
    returns=schemas.CloudflareDiagnostics,
    errors=("CLOUDFLARE_NOT_CONFIGURED", "WORKER_UNREACHABLE"),
)
async def get_cloudflare_diagnostics(_call: Call) -> schemas.CloudflareDiagnostics:
    """Ask the worker how it is; without one, `CLOUDFLARE_NOT_CONFIGURED`."""
    raise ApiError("CLOUDFLARE_NOT_CONFIGURED", "Cloud scheduling is not configured")


@operations.add("GET", "/cloudflare/cron-status", returns=schemas.CronStatus)
async def get_cloudflare_cron_status(_call: Call) -> schemas.CronStatus:
    """Return the worker's cron triggers: none."""
    return schemas.CronStatus(
        configured=False, crons=[], has_cron=False, last_cron_run=None, modified_on=None
    )


@operations.add("GET", "/cloudflare/kv", query=schemas.KvQuery, returns=schemas.KvList)
async def list_cloudflare_kv(_call: Call) -> schemas.KvList:
    """List the worker's keys: none."""
    return schemas.KvList(configured=False, keys=[], key_count=0, meta_values={})
