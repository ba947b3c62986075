"""What lies behind an account, counted for pictures: by an index each, and never whole tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from storage.reposts import OWN_FEED
from storage.times import legible, to_text


@dataclass(frozen=True, slots=True)
class WentOut:
    """When something went out, and whether it was a repost of somebody's story."""

    at: datetime
    is_repost: bool


def went_out(db: Database, account_id: str, since: datetime, limit: int) -> list[WentOut]:
    """Return what went out of an account since then, the newest first, at most so many."""
    rows = db.conn.execute(
        "SELECT published_at, source_type = 'STORY_REPOST' FROM posts"
        " WHERE account_id = ? AND published_at >= ? ORDER BY published_at DESC LIMIT ?",
        (account_id, to_text(since), limit),
    )
    return [
        WentOut(at, bool(is_repost))
        for text, is_repost in rows
        if (at := legible(text)) is not None
    ]


def mentioned(db: Database, account_id: str, since: datetime, limit: int) -> list[datetime]:
    """Return when people mentioned an account, of those found since then, at most so many."""
    rows = db.conn.execute(
        "SELECT mentioned_at FROM reposts WHERE account_id = ? AND created_at >= ?"
        " AND source != ? ORDER BY created_at DESC LIMIT ?",
        (account_id, to_text(since), OWN_FEED, limit),
    )
    return [at for (text,) in rows if (at := legible(text)) is not None]


def out_after_due(
    db: Database, account_id: str, since: datetime, limit: int
) -> list[tuple[str, datetime, datetime]]:
    """Return planned posts that went out since then: id, when due and when out, newest first."""
    rows = db.conn.execute(
        "SELECT id, scheduled_for, published_at FROM posts WHERE account_id = ?"
        " AND published_at >= ? AND is_scheduled = 1 AND scheduled_for IS NOT NULL"
        " ORDER BY published_at DESC LIMIT ?",
        (account_id, to_text(since), limit),
    )
    read = [(post_id, legible(due), legible(at)) for post_id, due, at in rows]
    return [(post_id, due, at) for post_id, due, at in read if due is not None and at is not None]
