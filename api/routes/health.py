"""`GET /health`: is the daemon there, and can it work (contract §4.1)."""

from __future__ import annotations

from api import schemas
from api.contract import Auth, Operations
from api.dispatch import Call
from storage.store import probe

operations = Operations("Health")


@operations.add(
    "GET", "/health", returns=schemas.Health, auth=Auth.NONE, errors=("SERVICE_UNAVAILABLE",)
)
async def get_health(call: Call) -> schemas.Health:
    """Probe the daemon and its database; `degraded` while a service is being restarted."""
    await call.context.store.read(probe)
    services = {"database": "connected", **call.context.services()}
    degraded = any(state in ("backoff", "failed") for state in services.values())
    return schemas.Health(
        status="degraded" if degraded else "healthy",
        timestamp=call.context.now(),
        services=services,
        uptime=call.context.uptime_s(),
    )
