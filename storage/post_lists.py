"""Lists of posts: what is chosen of them, pages of it and how many there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from storage import records
from storage.owners import Accounts, named, within
from storage.posts import MediaType, Post, PostStatus

_REPOSTS = "'STORY_REPOST', 'AUTO_REPOST'"


def _literally(text: str) -> str:
    """Return a text as a pattern of it alone."""
    return re.sub("[!%_]", r"!\g<0>", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFilter:
    """Which part of a list of posts; what is None does not matter. `until` is not part of it.

    Times are those of creation, in a schedule those at which posts are due.
    """

    status: PostStatus | None = None
    accounts: Accounts = None
    since: datetime | None = None
    until: datetime | None = None
    media_type: MediaType | None = None
    is_repost: bool | None = None
    text: str | None = None

    def clause(self, moment: str) -> str:
        """Return the conditions of what was chosen, as ` AND …`."""
        chosen = (
            (self.status, "status = :status"),
            (self.since, f"{moment} >= :since"),
            (self.until, f"{moment} < :until"),
            (self.media_type, "media_type = :media_type"),
            (self.is_repost, f"(source_type IN ({_REPOSTS})) = :is_repost"),
            (self.text, "caption LIKE :text ESCAPE '!'"),
        )
        known = "".join(f" AND {clause}" for value, clause in chosen if value is not None)
        return within(self.accounts) + known

    def parameters(self, user_id: str) -> dict[str, object]:
        """Return what the conditions name, and the user."""
        return {
            "user": user_id,
            "status": self.status,
            "since": self.since,
            "until": self.until,
            "media_type": self.media_type,
            "is_repost": self.is_repost,
            "text": None if self.text is None else f"%{_literally(self.text)}%",
            **named(self.accounts),
        }


EVERYTHING = PostFilter()


_PAGE = (
    "JOIN (SELECT rowid AS place FROM posts WHERE user_id = :user{}"
    " ORDER BY created_at DESC, id LIMIT :limit OFFSET :offset) ON posts.rowid = place"
    " ORDER BY created_at DESC, id"
)


def page(
    db: Database, user_id: str, chosen: PostFilter, *, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Return posts newest first, as they are stored. The offset is walked on an index alone."""
    clause = _PAGE.format(chosen.clause("created_at"))
    parameters = chosen.parameters(user_id) | {"limit": limit, "offset": offset}
    return records.fetch_stored(db, Post, clause, parameters)


def total(db: Database, user_id: str, chosen: PostFilter) -> int:
    """Return how many posts that is; without account and times from counts that triggers keep."""
    if chosen == PostFilter(status=chosen.status):
        row = db.conn.execute(
            "SELECT coalesce(sum(count), 0) FROM row_counts"
            " WHERE user_id = ? AND kind = 'post' AND (?2 IS NULL OR label = ?2)",
            (user_id, records.encode(chosen.status)),
        ).fetchone()
    else:
        row = db.conn.execute(
            f"SELECT count(*) FROM posts WHERE user_id = :user{chosen.clause('created_at')}",  # noqa: S608 - our own words
            records.encoded(chosen.parameters(user_id)),
        ).fetchone()
    return int(row[0])


def thumbnails(db: Database, post_ids: Sequence[str]) -> dict[str, str]:
    """Return the stored path of the first medium's thumbnail, of those posts that have one."""
    rows = db.conn.execute(
        "SELECT post_id, thumbnail_path FROM json_each(?) JOIN post_media ON post_id = value"
        " JOIN media_files ON media_files.id = media_file_id"
        " WHERE position = 0 AND thumbnail_path IS NOT NULL",
        (records.encode(list(post_ids)),),
    )
    return dict(rows.fetchall())


_OPEN_SCHEDULE = (
    "user_id = :user AND is_scheduled = 1"
    " AND status IN ('SCHEDULED', 'QUEUED', 'PROCESSING', 'PUBLISHING')"
)


def scheduled_page(
    db: Database, user_id: str, chosen: PostFilter, *, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Return scheduled posts that have not gone out yet, the next one first, as they are stored."""
    return records.fetch_stored(
        db,
        Post,
        f"WHERE {_OPEN_SCHEDULE}{chosen.clause('scheduled_for')}"
        " ORDER BY scheduled_for, id LIMIT :limit OFFSET :offset",
        chosen.parameters(user_id) | {"limit": limit, "offset": offset},
    )


def scheduled_total(db: Database, user_id: str, chosen: PostFilter) -> int:
    """Return how many scheduled posts have not gone out yet."""
    row = db.conn.execute(
        f"SELECT count(*) FROM posts WHERE {_OPEN_SCHEDULE}{chosen.clause('scheduled_for')}",  # noqa: S608 - our own words
        records.encoded(chosen.parameters(user_id)),
    ).fetchone()
    return int(row[0])


def made_since(db: Database, user_id: str, account_id: str | None, since: datetime) -> list[Post]:
    """Return an account's posts that are no drafts and were made since, 100 at most."""
    return records.fetch_readable(
        db,
        Post,
        "WHERE user_id = ? AND created_at >= ? AND account_id = ?"
        " AND status != 'DRAFT' AND source_type IN ('MANUAL', 'SCHEDULED')"
        " ORDER BY created_at DESC LIMIT 100",
        (user_id, since, account_id),
    )


def completed_since(
    db: Database,
    user_id: str,
    since: datetime,
    limit: int = 100,
    *,
    accounts: Accounts = None,
    status: PostStatus | None = None,
    until: datetime | None = None,
) -> list[Post]:
    """Return posts that were published or failed after `since` and before `until`, newest first."""
    return records.fetch_readable(
        db,
        Post,
        "WHERE user_id = :user AND completed_at > :since AND status IN ('PUBLISHED', 'FAILED')"
        " AND (:status IS NULL OR status = :status) AND (:until IS NULL OR completed_at < :until)"
        f"{within(accounts)} ORDER BY completed_at DESC, id LIMIT :limit",
        {
            "user": user_id,
            "since": since,
            "until": until,
            "status": status,
            "limit": limit,
            **named(accounts),
        },
    )


def failed_since(db: Database, user_id: str, since: datetime) -> list[Post]:
    """Return a user's posts that failed after `since` and have not been tried again."""
    return records.fetch_readable(
        db,
        Post,
        "WHERE user_id = ? AND completed_at > ? AND status = 'FAILED' ORDER BY completed_at, id",
        (user_id, since),
    )
