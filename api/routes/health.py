"""Is the daemon there, can it work, and how old is its app version (contract §4.1)."""

from __future__ import annotations

from api.contract import Auth, Operations
from api.dispatch import Call
from operations import models as schemas
from storage import facts
from storage.errors import Unavailable

operations = Operations("Health")


@operations.add(
    "GET", "/health", returns=schemas.Health, auth=Auth.NONE, errors=("SERVICE_UNAVAILABLE",)
)
async def get_health(call: Call) -> schemas.Health:
    """Probe the daemon and its database; `degraded` while a service is being restarted.

    Also while nothing can be stored: then `services.storage` says why.
    """
    await call.context.store.check()
    services = {"database": "connected", **call.context.services()}
    degraded = any(state in ("backoff", "failed") for state in services.values())
    if (trouble := _storage_trouble(call)) is not None:
        services["storage"] = trouble
        degraded = True
    return schemas.Health(
        status="degraded" if degraded else "healthy",
        timestamp=call.context.now(),
        services=services,
        uptime=call.context.uptime_s(),
    )


@operations.add("GET", "/health/ig-version", returns=schemas.IgVersion)
async def get_ig_version(call: Call) -> schemas.IgVersion:
    """Compare the app version of the Private API client with the newest one known.

    The newest one is looked up in the background, once a day; null until that has succeeded.
    """
    newest = await call.context.store.read(facts.find, facts.NEWEST_APP_VERSION)
    current = call.context.app_version
    return schemas.IgVersion(
        current_version=current,
        latest_version=newest.value if newest else None,
        is_outdated=newest is not None and _numbers(newest.value) > _numbers(current),
        last_checked_at=newest.at if newest else None,
    )


def _storage_trouble(call: Call) -> str | None:
    try:
        call.context.folder.check_room()
    except Unavailable as error:
        return str(error)
    return call.context.store.trouble


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
