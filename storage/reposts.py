"""Stories that mention an account: one row each, from sight to repost."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlite_utils import Database

from storage import records
from storage.events import Event, Subject


class RepostStatus(StrEnum):
    DETECTED = "DETECTED"
    DOWNLOADED = "DOWNLOADED"
    WAITING_APPROVAL = "WAITING_APPROVAL"
    QUEUED = "QUEUED"
    PUBLISHED = "PUBLISHED"
    SKIPPED = "SKIPPED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repost:
    TABLE: ClassVar[str] = "reposts"
    id: str
    user_id: str
    account_id: str
    story_pk: str
    item_id: str | None = None
    status: RepostStatus
    reason: str | None = None
    held_until: datetime | None = None
    source: str
    author_pk: str
    author_username: str
    kind: str | None = None
    mentioned_at: datetime
    expires_at: datetime
    detected_at: datetime
    media_path: str | None = None
    attempts: int = 0
    approved_at: datetime | None = None
    post_id: str | None = None
    created_at: datetime
    updated_at: datetime


def add_new(db: Database, repost: Repost) -> bool:
    """Store a mention seen for the first time; False when its story is known already."""
    try:
        records.insert(db, repost)
    except sqlite3.IntegrityError:
        return False
    _record_event(db, repost)
    return True


def get(db: Database, repost_id: str) -> Repost:
    """Return one repost; raises `NotFound`."""
    return records.get(db, Repost, repost_id)


def change(
    db: Database,
    /,
    repost_id: str,
    status: RepostStatus,
    *,
    now: datetime,
    reason: str | None = None,
    held_until: datetime | None = None,
    **changes: object,
) -> Repost:
    """Move a repost to `status`; a change of state or reason leaves an event."""
    before = get(db, repost_id)
    records.update(
        db,
        Repost,
        repost_id,
        status=status,
        reason=reason,
        held_until=held_until,
        updated_at=now,
        **changes,
    )
    after = get(db, repost_id)
    if (before.status, before.reason) != (after.status, after.reason):
        _record_event(db, after)
    return after


def is_known_item(db: Database, account_id: str, item_id: str) -> bool:
    """Say whether the message with that id has led to a row already."""
    row = db.conn.execute(
        "SELECT 1 FROM reposts WHERE account_id = ? AND item_id = ?", (account_id, item_id)
    ).fetchone()
    return row is not None


def open_of(db: Database, account_id: str) -> list[Repost]:
    """Return an account's unfinished reposts, oldest mention first."""
    return records.fetch(
        db,
        Repost,
        "WHERE account_id = ? AND status IN"
        " ('DETECTED', 'DOWNLOADED', 'WAITING_APPROVAL', 'QUEUED') ORDER BY mentioned_at, id",
        (account_id,),
    )


def unsent(db: Database) -> list[Repost]:
    """Return everybody's unfinished reposts that have no post yet."""
    return records.fetch(
        db,
        Repost,
        "WHERE post_id IS NULL AND status IN"
        " ('DETECTED', 'DOWNLOADED', 'WAITING_APPROVAL', 'QUEUED') ORDER BY mentioned_at, id",
    )


def history(
    db: Database, user_id: str, account_id: str | None = None, limit: int = 100
) -> list[Repost]:
    """Return reposts newest first, of one account or of all."""
    return records.fetch(
        db,
        Repost,
        "WHERE user_id = :user AND (:account IS NULL OR account_id = :account)"
        " ORDER BY created_at DESC, id LIMIT :limit",
        {"user": user_id, "account": account_id, "limit": limit},
    )


def with_decided_post(db: Database, account_id: str) -> list[tuple[str, str | None, str | None]]:
    """Return (repost id, post status, error message) where the post says more than the repost.

    The status is None when the post was cleared.
    """
    rows = db.conn.execute(
        "SELECT reposts.id, posts.status, posts.error_message"
        " FROM reposts LEFT JOIN posts ON posts.id = reposts.post_id"
        " WHERE reposts.account_id = ? AND reposts.post_id IS NOT NULL AND ("
        "  (reposts.status = 'QUEUED' AND coalesce(posts.status, 'FAILED')"
        "   IN ('PUBLISHED', 'FAILED'))"
        "  OR (reposts.status = 'FAILED' AND posts.status = 'PUBLISHED'))",
        (account_id,),
    )
    return rows.fetchall()


def sent_since(db: Database, account_id: str, start: datetime) -> list[datetime]:
    """Return when reposts of an account were handed to the publish engine after `start`.

    Failed ones do not count; newest first.
    """
    rows = db.conn.execute(
        "SELECT posts.created_at FROM reposts JOIN posts ON posts.id = reposts.post_id"
        " WHERE reposts.account_id = ? AND posts.status != 'FAILED' AND posts.created_at >= ?"
        " ORDER BY posts.created_at DESC",
        (account_id, records.encode(start)),
    )
    return [datetime.fromisoformat(row[0]) for row in rows]


def _record_event(db: Database, repost: Repost) -> None:
    records.insert(
        db,
        Event(
            user_id=repost.user_id,
            subject=Subject.REPOST,
            subject_id=repost.id,
            state=repost.status,
            reason=repost.reason,
            at=repost.updated_at,
        ),
    )
