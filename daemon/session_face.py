"""The face below `/session`, put together; None where the settings switch it off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import orjson

from api.system import SystemInfo
from daemon.core import Core
from operations.by_address import AddressFetcher
from operations.house import House
from publish.preparation import Preparation
from serving.answer import Answer
from session_api.door import Ends
from session_api.face import SessionFace
from session_api.question import Around
from session_api.rails import Limits
from storage.errors import StorageError
from webhooks.targets import Reach, Targets

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def session_face(
    core: Core, house: House, system: SystemInfo, services: Callable[[], Mapping[str, str]]
) -> SessionFace | None:
    """Return the face, or None."""
    settings = core.settings
    if not settings.session_api:
        return None
    around = Around(
        house=house,
        gateway=core.gateway,
        sessions=house.sessions,
        limits=Limits(
            settings.session_reads_per_hour,
            settings.session_acts_per_day,
            settings.session_social,
            core.clock.paced(timedelta(minutes=settings.post_spacing_minutes)),
        ),
        ends=Ends(core.store.changes),
        fetcher=AddressFetcher(Targets(Reach.PUBLIC), settings.max_file_size_mb * 1024 * 1024),
        preparation=Preparation(core.store, house.folder, settings.story_fit),
        max_upload_bytes=settings.max_file_size_mb * 1024 * 1024,
        system=_system(house, system, services),
    )
    return SessionFace(around)


def _system(
    house: House, system: SystemInfo, services: Callable[[], Mapping[str, str]]
) -> Mapping[str, Callable[[], Any]]:
    told = system.build
    build = {
        "name": told["name"],
        "version": told["version"],
        "python_version": told["python"],
        "git_sha": None,
        "build_time": None,
    }
    missing = sorted(name for name, version in system.deps.items() if not version)

    async def ready() -> Answer:
        storage: dict[str, Any] = {"status": "ok"}
        try:
            await house.store.check()
            house.folder.check_room()
        except StorageError as unusable:
            storage = {"status": "error", "detail": str(unusable)}
        checks = {
            "storage": storage,
            "dependencies": {"status": "error" if missing else "ok", "missing": missing},
        }
        is_ready = all(check["status"] == "ok" for check in checks.values()) and all(
            state == "running" for state in services().values()
        )
        body = {"status": "ok" if is_ready else "error", "checks": checks}
        return Answer(orjson.dumps(body), 200 if is_ready else 503)

    async def metrics() -> Answer:
        return Answer(await system.metrics(), headers={"Content-Type": _PROMETHEUS})

    return {
        "health": lambda: {"status": "ok"},
        "ready": ready,
        "metrics": metrics,
        "build": lambda: build,
        "deps": lambda: dict(system.deps),
    }
