"""Posts in every state of their life, and the changes that move them on.

Columns follow the contract's `Post` (reference §5). Whoever changes a status does it through
`change_status`, so that each change leaves an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlite_utils import Database

from storage import records
from storage.events import Event, Subject


class MediaType(StrEnum):
    IMAGE = "IMAGE"
    REELS = "REELS"
    STORIES = "STORIES"
    CAROUSEL = "CAROUSEL"


class SourceType(StrEnum):
    MANUAL = "MANUAL"
    SCHEDULED = "SCHEDULED"
    STORY_REPOST = "STORY_REPOST"
    AUTO_REPOST = "AUTO_REPOST"


class PostStatus(StrEnum):
    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    PUBLISHING = "PUBLISHING"
    PUBLISHED = "PUBLISHED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    TABLE: ClassVar[str] = "posts"
    id: str
    user_id: str
    account_id: str | None
    instagram_account_id: str
    media_type: MediaType
    source_type: SourceType
    caption: str | None = None
    location_id: str | None = None
    location_name: str | None = None
    user_tags: list[Mapping[str, Any]] | None = None
    collaborators: list[str] | None = None
    story_mentions: list[Mapping[str, Any]] | None = None
    published_via_private_api: bool = False
    cross_post_to_facebook: bool = False
    facebook_post_id: str | None = None
    facebook_permalink: str | None = None
    is_scheduled: bool = False
    scheduled_for: datetime | None = None
    timezone: str = "UTC"
    status: PostStatus
    ig_container_id: str | None = None
    ig_media_id: str | None = None
    ig_permalink: str | None = None
    error_message: str | None = None
    error_code: str | None = None
    retry_count: int = 0
    last_attempt_at: datetime | None = None
    published_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


def add(db: Database, post: Post, media_ids: Sequence[str]) -> None:
    """Store a post with its media in order."""
    records.insert(db, post)
    db.conn.executemany(
        "INSERT INTO post_media (post_id, position, media_file_id) VALUES (?, ?, ?)",
        [(post.id, position, media_id) for position, media_id in enumerate(media_ids)],
    )
    _record_event(db, post, post.status, None, post.created_at)


def get(db: Database, post_id: str) -> Post:
    """Return one post; raises `NotFound`."""
    return records.get(db, Post, post_id)


def change_status(
    db: Database,
    /,
    post_id: str,
    status: PostStatus,
    *,
    now: datetime,
    reason: str | None = None,
    **changes: object,
) -> Post:
    """Move a post to `status` with further column changes, and record the event."""
    records.update(db, Post, post_id, status=status, updated_at=now, **changes)
    post = get(db, post_id)
    _record_event(db, post, status, reason, now)
    return post


def permalink(db: Database, post_id: str) -> str | None:
    """Return where a post is live, or None."""
    row = db.conn.execute("SELECT ig_permalink FROM posts WHERE id = ?", (post_id,)).fetchone()
    return None if row is None else row[0]


def published_media_ids(db: Database, account_id: str, since: datetime) -> set[str]:
    """Return the Instagram media ids that our records already account for."""
    rows = db.conn.execute(
        "SELECT ig_media_id FROM posts WHERE instagram_account_id = ? AND ig_media_id IS NOT NULL"
        " AND published_at > ?",
        (account_id, records.encode(since)),
    )
    return {row[0] for row in rows}


def _record_event(
    db: Database, post: Post, status: PostStatus, reason: str | None, now: datetime
) -> None:
    records.insert(
        db,
        Event(
            user_id=post.user_id,
            subject=Subject.POST,
            subject_id=post.id,
            state=status,
            reason=reason,
            at=now,
        ),
    )
