"""Stories that mention an account: one row each, from sight to repost."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlite_utils import Database

from storage import records
from storage.events import Event, Subject

# The `source` of the account's own posts, which are shared like mentions.
OWN_FEED = "own_feed"


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
    # What the story says, as far as Instagram tells it in words.
    caption: str | None = None
    media_url: str | None = None
    preview_path: str | None = None
    card_media_id: str | None = None
    card_sticker: Mapping[str, float] | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def is_own(self) -> bool:
        """Whether it is a post of the account itself, and no mention."""
        return self.source == OWN_FEED


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


def edit(db: Database, /, repost_id: str, **changes: object) -> Repost:
    """Change columns of a repost that say nothing about its state."""
    records.update(db, Repost, repost_id, **changes)
    return get(db, repost_id)


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


def waiting(db: Database, user_id: str, account_id: str | None = None) -> list[Repost]:
    """Return what waits for approval, of one account or of all, oldest mention first."""
    return records.fetch(
        db,
        Repost,
        "WHERE user_id = :user AND (:account IS NULL OR account_id = :account)"
        " AND status = 'WAITING_APPROVAL' ORDER BY mentioned_at, id",
        {"user": user_id, "account": account_id},
    )


def pks_of(db: Database, account_id: str, usernames: Collection[str]) -> dict[str, str]:
    """Return the ids of those authors whose stories an account has seen, by lower-case name."""
    rows = db.conn.execute(
        "SELECT lower(author_username), author_pk FROM reposts WHERE account_id = ?"
        " AND lower(author_username) IN (SELECT value FROM json_each(?)) ORDER BY detected_at",
        (account_id, records.encode([name.lower() for name in usernames])),
    )
    return dict(rows.fetchall())


def take_slot(db: Database, account_id: str, post_id: str | None, now: datetime) -> None:
    """Count a repost that goes out, or in a dry run would, for cap and spacing."""
    db.conn.execute(
        "INSERT INTO repost_slots (account_id, at, post_id) VALUES (?, ?, ?)",
        (account_id, records.encode(now), post_id),
    )


def free_slot(db: Database, post_id: str) -> None:
    """Count a post no more: it was taken back before it went out."""
    db.conn.execute("DELETE FROM repost_slots WHERE post_id = ?", (post_id,))


def sent_since(db: Database, account_id: str, start: datetime) -> list[datetime]:
    """Return when reposts of an account were handed to the publish engine after `start`.

    Its own posts that were shared count like mentions. Failed ones do not count, unless they
    may be live; newest first.
    """
    rows = db.conn.execute(
        "SELECT at FROM repost_slots LEFT JOIN posts ON posts.id = post_id"
        " WHERE repost_slots.account_id = ? AND at >= ? AND (coalesce(posts.status, '') != 'FAILED'"
        "  OR posts.error_code = 'DELIVERY_UNKNOWN') ORDER BY at DESC",
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
