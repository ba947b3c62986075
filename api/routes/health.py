"""Is the daemon there, and can it work (contract §4.1)."""

from __future__ import annotations

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
    await call.context.store.check()
    troubles = call.context.troubles()
    services = {"database": "connected", **call.context.services(), **troubles}
    degraded = bool(troubles) or any(state in ("backoff", "failed") for state in services.values())
    if (trouble := _storage_trouble(call)) is not None:
        services["storage"] = trouble
        degraded = True
    return schemas.Health(
        status="degraded" if degraded else "healthy",
        timestamp=call.context.house.clock.now(),
        services=services,
        uptime=call.context.uptime_s(),
    )


def _storage_trouble(call: Call) -> str | None:
    try:
        call.context.folder.check_room()
    except Unavailable as error:
        return str(error)
    return call.context.store.trouble
