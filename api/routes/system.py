"""The system endpoints beside `/api/v1`: for probes, Prometheus and people, not for clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from quart import Response, request
from quart_trio import QuartTrio

from api.arrival import arrival_of
from api.context import ApiContext
from api.errors import ApiError
from ground.refusal import ErrorCode
from storage.errors import StorageError

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def add_system_endpoints(app: QuartTrio, context: ApiContext) -> None:
    """Add them to the app; they answer this machine, and addresses that the settings allow."""

    @app.get("/health")
    async def system_health() -> Response:
        _check_address(context)
        return _json({"status": "ok"})

    @app.get("/ready")
    async def system_ready() -> Response:
        _check_address(context)
        return await _readiness(context)

    @app.get("/metrics")
    async def system_metrics() -> Response:
        _check_address(context)
        return Response(await context.system.metrics(), content_type=_PROMETHEUS)

    @app.get("/build")
    async def system_build() -> Response:
        _check_address(context)
        return _json(context.system.build)

    @app.get("/deps")
    async def system_deps() -> Response:
        _check_address(context)
        return _json(context.system.deps)


async def _readiness(context: ApiContext) -> Response:
    services = {**context.services(), **context.troubles()}
    try:
        await context.store.check()
        context.folder.check_room()
        storage = context.store.trouble or "ok"
    except StorageError as unusable:
        storage = str(unusable)
    ready = storage == "ok" and all(state == "running" for state in services.values())
    checks = {"storage": storage, **services}
    status = "ready" if ready else "not ready"
    return _json({"status": status, "checks": checks}, 200 if ready else 503)


def _check_address(context: ApiContext) -> None:
    arrival = arrival_of(request, context.door)
    if not arrival.is_here and not context.system.allows(arrival.client):
        raise ApiError(
            ErrorCode.FORBIDDEN_ORIGIN,
            "Only this machine may ask that, as localhost and by no proxy;"
            " REPRISE_SYSTEM_FROM allows others",
        )


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")
