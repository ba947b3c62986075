"""The history of reposts: pages of it, and whose media are old enough to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from storage import records, reposts
from storage.owners import Accounts, named, within
from storage.reposts import IS_OPEN, Repost, RepostStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which part of a history; what is None does not matter. Times are those of detection."""

    accounts: Accounts = None
    statuses: Sequence[RepostStatus] = ()
    since: datetime | None = None
    until: datetime | None = None


def page(
    db: Database,
    user_id: str,
    chosen: HistoryFilter = HistoryFilter(),
    *,
    limit: int = 100,
    after: str | None = None,
) -> list[Repost]:
    """Return reposts newest first, those behind the one with the id `after` where that is given.

    Raises `NotFound` when there is none of that id.
    """
    last: Mapping[str, Any] | None = None
    if after is not None:
        last = records.get_stored(db, Repost, after)
    found = list[Repost]()
    while (wanted := limit - len(found)) > 0:
        rows = _rows(db, user_id, chosen, wanted, last)
        found += records.readable(Repost, rows)
        if len(rows) < wanted:
            break
        last = rows[-1]  # behind one that cannot be read it goes on
    return found


def _rows(
    db: Database,
    user_id: str,
    chosen: HistoryFilter,
    limit: int,
    last: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    clauses = (
        ("user_id = :user", True),
        ("status IN (SELECT value FROM json_each(:statuses))", chosen.statuses),
        ("created_at >= :since", chosen.since is not None),
        ("created_at < :until", chosen.until is not None),
        ("created_at <= :at AND (created_at < :at OR id > :after)", last is not None),
    )
    where = " AND ".join(clause for clause, matters in clauses if matters)
    where += within(chosen.accounts)
    return records.fetch_stored(
        db,
        Repost,
        f"WHERE {where} ORDER BY created_at DESC, id LIMIT :limit",
        {
            "user": user_id,
            **named(chosen.accounts),
            "statuses": [*chosen.statuses],
            "since": chosen.since,
            "until": chosen.until,
            "at": last and last["created_at"],
            "after": last and last["id"],
            "limit": limit,
        },
    )


def forget_media(db: Database, repost_id: str) -> str:
    """Let go of the story that a finished repost had saved; returns where it lies."""
    path = reposts.get(db, repost_id).media_path
    assert path is not None
    db.conn.execute("UPDATE reposts SET media_path = NULL WHERE id = ?", (repost_id,))
    return path


def with_old_media(db: Database, before: datetime, limit: int = 100) -> list[Repost]:
    """Return finished reposts that have not changed since `before` and still keep media."""
    return records.fetch_readable(
        db,
        Repost,
        f"WHERE media_path IS NOT NULL AND updated_at < ? AND NOT {IS_OPEN} AND NOT EXISTS"  # noqa: S608
        " (SELECT 1 FROM posts WHERE posts.id = reposts.post_id"
        " AND posts.status NOT IN ('PUBLISHED', 'FAILED')) ORDER BY updated_at LIMIT ?",
        (before, limit),
    )
