"""Is the daemon there, and can it work (contract §4.1)."""

from __future__ import annotations

from functools import partial

from api.context import ApiContext
from api.contract import Auth, Call, Operations
from operations import models as schemas
from storage.errors import Unavailable

operations = Operations("Health")


@operations.add(
    "GET", "/health", returns=schemas.Health, auth=Auth.NONE, errors=("SERVICE_UNAVAILABLE",)
)
async def get_health(call: Call) -> schemas.Health:
    """Probe the daemon and its database; `degraded` while a service is being restarted.

    Also while one cannot do its work, or nothing can be stored: then `services` says why.
    """
    context = call.context
    degraded, services = await context.standing.get(partial(_standing, context))
    return schemas.Health(
        status="degraded" if degraded else "healthy",
        timestamp=context.house.clock.now(),
        services=services,
        uptime=context.uptime_s(),
    )


async def _standing(context: ApiContext) -> tuple[bool, dict[str, str]]:
    await context.store.check()
    troubles = context.troubles()
    services = {"database": "connected", **context.services(), **troubles}
    degraded = bool(troubles) or any(state in ("backoff", "failed") for state in services.values())
    if (trouble := _storage_trouble(context)) is not None:
        services["storage"] = trouble
        degraded = True
    return degraded, services


def _storage_trouble(context: ApiContext) -> str | None:
    try:
        context.folder.check_room()
    except Unavailable as error:
        return str(error)
    return context.store.trouble
