"""What an account's calendar holds: the few columns that it shows, of one stretch of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage import records
from storage.post_lists import PostFilter
from storage.posts import MediaType, PostStatus, SourceType
from storage.store import Database
from storage.times import legible

# As the index has it: when a post went out, or is to go out.
_AT = "coalesce(published_at, scheduled_for, created_at)"


@dataclass(frozen=True, slots=True)
class Planned:
    """A post as a calendar shows it; `thumbnail` is the stored path of its first file's."""

    id: str
    media_type: MediaType
    source_type: SourceType
    status: PostStatus
    at: datetime
    caption: str | None
    error_message: str | None
    thumbnail: str | None


def between(
    db: Database,
    account_id: str,
    since: datetime,
    until: datetime,
    limit: int,
    chosen: PostFilter,
) -> list[Planned]:
    """Return an account's posts that went or are to go out in that time, the earliest first.

    Of what is `chosen` the state, the kind and the source count.
    """
    rows = db.conn.execute(
        f"SELECT id, media_type, source_type, status, {_AT} AS at, caption, error_message,"  # noqa: S608 - our own words
        " (SELECT thumbnail_path FROM post_media JOIN media_files ON media_files.id ="
        " media_file_id WHERE post_id = posts.id AND position = 0)"
        f" FROM posts WHERE account_id = :account AND status != 'DRAFT'{chosen.clause(_AT)}"
        f" AND {_AT} >= :first AND {_AT} < :end ORDER BY {_AT}, id LIMIT :limit",
        records.encoded(
            chosen.parameters("")
            | {"account": account_id, "first": since, "end": until, "limit": limit}
        ),
    )
    return [planned for row in rows if (planned := _planned(*row)) is not None]


def _planned(
    post_id: str, kind: str, source: str, status: str, at: object, *shown: str | None
) -> Planned | None:
    try:
        words = MediaType(kind), SourceType(source), PostStatus(status)
    except ValueError:  # a damaged row hides no other
        return None
    moment = legible(at)
    return None if moment is None else Planned(post_id, *words, moment, *shown)


def last_planned(db: Database, account_id: str, since: datetime, most: int) -> list[datetime]:
    """Return the times that a person gave the account's own posts, the latest first."""
    rows = db.conn.execute(
        "SELECT scheduled_for FROM posts WHERE account_id = :account AND status != 'DRAFT'"  # noqa: S608 - our own words
        f" AND is_scheduled = 1 AND {_AT} >= :since AND scheduled_for IS NOT NULL"
        f" AND source_type IN ('MANUAL', 'SCHEDULED') ORDER BY {_AT} DESC LIMIT :most",
        records.encoded({"account": account_id, "since": since, "most": most}),
    )
    return [at for (text,) in rows if (at := legible(text)) is not None]
