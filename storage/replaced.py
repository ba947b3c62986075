"""What protects accounts in the data that a backup takes the place of: it came later, and holds on.

Pauses by Instagram, what went out, whom an account never reposts, and what was stopped, paused or
switched off. As far as it can be read: often it is replaced because it is damaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from storage import accounts, along, repost_configs, users
from storage.authors import Verdict
from storage.errors import Damaged
from storage.opening import look_into
from storage.repost_configs import RepostConfig
from storage.users import User


@dataclass(slots=True)
class Protection:
    """What was read of it; `is_whole` where that is all."""

    lists: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    stopped: list[User] = field(default_factory=list)
    held: list[RepostConfig] = field(default_factory=list)
    is_whole: bool = False


def protection_in(database: Path) -> Protection:
    """Return what protects the accounts of a database file; of none that is nothing, and whole."""
    found = Protection(is_whole=not database.exists())
    if not found.is_whole:
        with suppress(Damaged), look_into(database) as db:
            _read(db, found)
    return found


def _read(db: Database, found: Protection) -> None:
    for user in users.every(db):
        for name, rows in along.export(db, user.id).items():
            found.lists.setdefault(name, []).extend(row for row in rows if _protects(name, row))
        found.stopped += [user] if user.stopped_at is not None else []
    found.held = [
        config
        for config in repost_configs.every(db)
        if not config.is_enabled or config.paused_at is not None
    ]
    found.is_whole = True


def _protects(name: str, row: Mapping[str, Any]) -> bool:
    if name == "authorRules":
        return bool(row["verdict"] == Verdict.DENY)
    return name != "lanes"  # of minutes


def keep(db: Database, found: Protection, now: datetime) -> None:
    """Let all of it hold in the data that takes its place, for the accounts that are there."""
    here = {account.id for account in accounts.every(db)}
    for name, rows in found.lists.items():
        along.take_over(db, name, [row for row in rows if row["account_id"] in here])
    for user in found.stopped:
        if users.find(db, user.id) is not None and not users.is_stopped(db, user.id):
            users.set_stopped(db, user.id, user.stopped_at)
    for config in found.held:
        if config.account_id in here and repost_configs.find(db, config.account_id) is not None:
            repost_configs.change(db, config.account_id, now=now, **_holding(config))


def _holding(config: RepostConfig) -> dict[str, object]:
    names = ["paused_at", "paused_until"] if config.paused_at is not None else []
    if not config.is_enabled:
        names += ["is_enabled", "auto_disabled_at", "auto_disable_reason"]
    return {name: getattr(config, name) for name in names}
