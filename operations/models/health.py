"""How the daemon says that it is well."""

from __future__ import annotations

from typing import Literal

from operations.models.base import (
    Moment,
    Schema,
)


class Health(Schema):
    status: Literal["healthy", "degraded", "unhealthy"]
    timestamp: Moment
    services: dict[str, str]
    uptime: float


class IgVersion(Schema):
    current_version: str
    latest_version: str | None
    is_outdated: bool
    last_checked_at: Moment | None
