"""Posts in every state of their life, and the changes that move them on.

Columns follow the contract's `Post` (reference §5). Whoever changes a status does it through
`change_status`, so that each change leaves an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from sqlite_utils import Database

from ground.changes import Subject
from storage import events, records
from storage.errors import NotFound
from storage.times import from_text, shifted
from storage.wrong_clock import SLACK


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


# What an event says of a post that has left the history; no post has that status.
DELETED = "DELETED"


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
    story_stickers: list[Mapping[str, Any]] | None = None
    # What each file shows, in words and in its order; None where nothing is said.
    alt_texts: list[str | None] | None = None
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
    completed_at: datetime | None = None
    # What the cloud calls it, while it is or was to go out from there.
    cloudflare_job_id: str | None = None
    r2_media_key: str | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def resting(self) -> PostStatus:
        """The state in which it waits for its time: a repost's is nobody's schedule."""
        return PostStatus.SCHEDULED if self.is_scheduled else PostStatus.QUEUED


def alt_text(post: Post, position: int) -> str | None:
    """Return what is said of the file at that place, or None."""
    texts = post.alt_texts or ()
    return texts[position] if position < len(texts) else None


def add(db: Database, post: Post, media_ids: Sequence[str | None]) -> None:
    """Store a post with its media in order."""
    take_over(db, post, media_ids)
    _record_event(db, post, post.status, None, post.created_at)


def take_over(db: Database, post: Post, media_ids: Sequence[str | None]) -> None:
    """Store a post that came from elsewhere; its events come by themselves."""
    records.insert(db, post)
    _link(db, post.id, media_ids)


def get(db: Database, post_id: str) -> Post:
    """Return one post; raises `NotFound`."""
    return records.get(db, Post, post_id)


def find(db: Database, post_id: str) -> Post | None:
    """Return one post, or None when it was cleared."""
    return records.fetch_one(db, Post, "WHERE id = ?", (post_id,))


def is_known(db: Database, post_id: str) -> bool:
    """Say whether a post is there, or was and has been deleted."""
    row = db.conn.execute(
        "SELECT 1 FROM posts WHERE id = ?1 UNION ALL SELECT 1 FROM deleted_posts WHERE id = ?1",
        (post_id,),
    ).fetchone()
    return row is not None


def not_scheduled(post_id: str) -> NotFound:
    """Return the error for a post that is in no schedule."""
    return NotFound("scheduled post", post_id)


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
    if status in (PostStatus.PUBLISHED, PostStatus.FAILED):
        changes["completed_at"] = now
    records.update(db, Post, post_id, status=status, updated_at=now, **changes)
    post = get(db, post_id)
    _record_event(db, post, status, reason, now)
    return post


def edit(
    db: Database,
    /,
    post_id: str,
    *,
    now: datetime,
    media_ids: Sequence[str] | None = None,
    **changes: object,
) -> Post:
    """Change what a post says and, where given, shows; raises `NotFound`."""
    records.update(db, Post, post_id, updated_at=now, **changes)
    if media_ids is not None:
        db.conn.execute("DELETE FROM post_media WHERE post_id = ?", (post_id,))
        _link(db, post_id, media_ids)
    return get(db, post_id)


def media_ids_of(db: Database, post_id: str) -> list[str | None]:
    """Return the ids of a post's media in order; None where a file was deleted since."""
    rows = db.conn.execute(
        "SELECT media_file_id FROM post_media WHERE post_id = ? ORDER BY position", (post_id,)
    )
    return [row[0] for row in rows]


def quota_frees_at(db: Database, account_id: str, now: datetime) -> datetime | None:
    """Return when the oldest post of the last 24 h by the official API will be a day old.

    What a clock that was wrong has dated in the future tells nothing.
    """
    day = timedelta(hours=24)
    oldest = records.fetch_one(
        db,
        Post,
        "WHERE account_id = ? AND published_at > ? AND published_at <= ?"
        " AND published_via_private_api = 0 ORDER BY published_at",
        (account_id, now - day, now + SLACK),
    )
    return None if oldest is None or oldest.published_at is None else oldest.published_at + day


def last_published_at(db: Database, account_id: str, now: datetime) -> datetime | None:
    """Return when the account's newest post went out, as far as that can be true."""
    newest = records.fetch_one(
        db,
        Post,
        "WHERE account_id = ? AND published_at <= ? ORDER BY published_at DESC",
        (account_id, now + SLACK),
    )
    return None if newest is None else newest.published_at


def out_since(
    db: Database, account_id: str, since: datetime, now: datetime, *, stories: bool
) -> tuple[int, datetime | None]:
    """Return how many stories or other posts of an account went out since then or are about to.

    With them comes when the first of those that went out did. More than a day ahead of `now` is
    no time at which anything went out: a clock was wrong.
    """
    kind = "= 'STORIES'" if stories else "!= 'STORIES'"
    out = f"account_id = ?1 AND published_at > ?2 AND published_at <= ?3 AND media_type {kind}"
    row = db.conn.execute(
        f"SELECT (SELECT count(*) FROM posts WHERE {out})"  # noqa: S608 - constants
        " + (SELECT count(*) FROM posts WHERE account_id = ?1 AND published_at IS NULL"
        "  AND status IN ('QUEUED', 'PROCESSING', 'PUBLISHING')"
        f" AND media_type {kind}),"
        f" (SELECT min(published_at) FROM posts WHERE {out})",
        (account_id, records.encode(since), records.encode(now + timedelta(days=1))),
    ).fetchone()
    return int(row[0]), None if row[1] is None else from_text(row[1])


def goes_out_at(post: Post) -> datetime:
    """Return when a post went or is to go out."""
    return post.published_at or post.scheduled_for or post.created_at


def near(db: Database, post: Post, at: datetime, within: timedelta) -> list[Post]:
    """Return the account's other posts that went or are to go out around `at`, 250 at most."""
    return records.fetch_readable(
        db,
        Post,
        "WHERE account_id = ? AND id != ?"
        " AND status IN ('SCHEDULED', 'QUEUED', 'PROCESSING', 'PUBLISHING', 'PUBLISHED')"
        " AND coalesce(published_at, scheduled_for, created_at) BETWEEN ? AND ? LIMIT 250",
        (post.account_id, post.id, shifted(at, -within), shifted(at, within)),
    )


def unfinished_of(db: Database, account_id: str) -> list[Post]:
    """Return an account's posts that have neither gone out nor failed, and can be read."""
    return records.fetch_readable(
        db, Post, "WHERE account_id = ? AND status NOT IN ('PUBLISHED', 'FAILED')", (account_id,)
    )


def archive(db: Database, post_id: str, now: datetime) -> None:
    """Move a post from the history into `deleted_posts`; raises `NotFound`."""
    post = get(db, post_id)
    row = records.stored(post)
    row["media_ids"] = media_ids_of(db, post_id)
    db.conn.execute(
        "INSERT INTO deleted_posts (id, user_id, post, deleted_at) VALUES (?, ?, ?, ?)",
        (post.id, post.user_id, records.encode(row), records.encode(now)),
    )
    db.conn.execute("DELETE FROM posts WHERE id = ?", (post_id,))
    _record_event(db, post, DELETED, None, now)


def discard(db: Database, post_id: str) -> None:
    """Delete a post that never went out, with its jobs; nothing of it is kept."""
    db.conn.execute("DELETE FROM posts WHERE id = ?", (post_id,))


def permalink(db: Database, post_id: str) -> str | None:
    """Return where a post is live, or None."""
    row = db.conn.execute("SELECT ig_permalink FROM posts WHERE id = ?", (post_id,)).fetchone()
    return None if row is None else row[0]


def published_media_ids(db: Database, account_id: str) -> set[str]:
    """Return the Instagram media ids that our records account for, the newest few hundred.

    More than any page of an account shows, and whatever the clock said when they went out.
    """
    rows = db.conn.execute(
        # Whatever else is still to be done for them: a post that is live has its id.
        "SELECT ig_media_id FROM posts WHERE instagram_account_id = ? AND ig_media_id IS NOT NULL"
        " ORDER BY published_at DESC LIMIT 300",
        (account_id,),
    )
    return {row[0] for row in rows}


def page_post_ids(db: Database, account_id: str) -> set[str]:
    """Return the ids of copies on the account's Page that our records account for, the newest."""
    rows = db.conn.execute(
        "SELECT facebook_post_id FROM posts WHERE account_id = ? AND published_at IS NOT NULL"
        " AND facebook_post_id IS NOT NULL ORDER BY published_at DESC LIMIT 300",
        (account_id,),
    )
    return {row[0] for row in rows}


def _link(db: Database, post_id: str, media_ids: Sequence[str | None]) -> None:
    db.conn.executemany(
        "INSERT INTO post_media (post_id, position, media_file_id) VALUES (?, ?, ?)",
        [(post_id, position, media_id) for position, media_id in enumerate(media_ids)],
    )


def _record_event(db: Database, post: Post, status: str, reason: str | None, now: datetime) -> None:
    events.record(
        db,
        Subject.POST,
        post.id,
        status,
        user_id=post.user_id,
        account_id=post.account_id,
        now=now,
        reason=reason,
    )
