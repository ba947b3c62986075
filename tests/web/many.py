"""Far more than a page holds: posts ahead and behind, and mentions that wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from storage import posts, repost_lists
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.store import Database

EVERY_OTHER = (
    (PostStatus.PUBLISHED, MediaType.IMAGE, SourceType.SCHEDULED),
    (PostStatus.PUBLISHED, MediaType.STORIES, SourceType.STORY_REPOST),
    (PostStatus.PUBLISHED, MediaType.REELS, SourceType.MANUAL),
    (PostStatus.PUBLISHED, MediaType.CAROUSEL, SourceType.SCHEDULED),
)


def fill_plan(db: Database, studio: Any, count: int) -> None:
    """Plan so many posts, twenty minutes apart."""
    now = studio.clock.now()
    for number in range(count):
        at = now + timedelta(minutes=20 * number)
        _add(db, studio, number, now, status=PostStatus.SCHEDULED, scheduled_for=at)


def fill_past(db: Database, studio: Any, count: int) -> None:
    """Let so many posts have gone out, an hour apart, and the newest two have failed."""
    now = studio.clock.now()
    for number in range(count):
        at = now - timedelta(hours=number + 1)
        status, kind, source = EVERY_OTHER[number % 4]
        told: dict[str, Any] = {"status": status, "published_at": at}
        if number < 2:
            told = {"status": PostStatus.FAILED, "error_message": f"It is too wide {number}"}
        _add(
            db, studio, 10**6 + number, at, media_type=kind, source_type=source, completed_at=at,
            caption=f"Number {number} of 100%", **told,
        )  # fmt: skip


def fill_waiting(db: Database, studio: Any, count: int) -> None:
    """Let so many mentions wait, each as the first one that does."""
    first = repost_lists.waiting(db, studio.core.owner.id)[0]
    columns = [row[1] for row in db.conn.execute("PRAGMA table_info(reposts)")]
    own = {"id": "printf('%08d-0000-4000-9000-000000000000', n)", "story_pk": "'m' || n"}
    own["item_id"] = "'m' || n"
    chosen = ", ".join(own.get(name, name) for name in columns)
    db.conn.execute(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
        f" INSERT INTO reposts ({', '.join(columns)}) SELECT {chosen}"
        " FROM reposts, numbers WHERE id = ?",
        (count, first.id),
    )


def _add(db: Database, studio: Any, number: int, made: datetime, **told: Any) -> None:
    said: dict[str, Any] = {
        "media_type": MediaType.IMAGE, "source_type": SourceType.SCHEDULED, "caption": "x",
        "is_scheduled": "scheduled_for" in told, **told,
    }  # fmt: skip
    post = Post(
        id=f"{number:08d}-0000-4000-8000-000000000000", user_id=studio.core.owner.id,
        account_id=studio.account.id, instagram_account_id=studio.account.id,
        created_at=made, updated_at=made, **said,
    )  # fmt: skip
    posts.take_over(db, post, [])
