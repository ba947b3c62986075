"""How old the app version is that Reprise poses as (contract §4.1)."""

from __future__ import annotations

from operations import models
from operations.operation import Ask, read
from operations.scopes import Scope
from storage import facts
from storage.store import Database


@read(models.IgVersion, scope=Scope.SYSTEM_READ)
def get_ig_version(db: Database, ask: Ask[None]) -> models.IgVersion:
    """Compare the app version of the Private API client with the newest one known.

    The newest one is looked up in the background, once a day; null until that has succeeded.
    """
    newest = facts.find(db, facts.NEWEST_APP_VERSION)
    current = ask.house.app_version
    return models.IgVersion(
        current_version=current,
        latest_version=newest.value if newest else None,
        is_outdated=newest is not None and _numbers(newest.value) > _numbers(current),
        last_checked_at=newest.at if newest else None,
    )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
