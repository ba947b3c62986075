"""What an account's cap and spacing of reposts count: those that went out or are on their way."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlite_utils import Database

from storage import records
from storage.times import first_legible, legible


def take(db: Database, account_id: str, post_id: str | None, now: datetime) -> None:
    """Count a repost that goes out, or in a dry run would, for cap and spacing."""
    db.conn.execute(
        "INSERT INTO repost_slots (account_id, at, post_id) VALUES (?, ?, ?)",
        (account_id, records.encode(now), post_id),
    )


def free(db: Database, post_id: str) -> None:
    """Count a post no more: it was taken back before it went out."""
    db.conn.execute("DELETE FROM repost_slots WHERE post_id = ?", (post_id,))


# For how long a repost that has a time of its own may go out after that.
LONGEST_LATE = timedelta(hours=2)
_PLACE = "coalesce((SELECT min(at) FROM repost_slots WHERE post_id = {}), '')"


def sent_since(
    db: Database, account_id: str, start: datetime, *, but: str | None = None
) -> list[datetime]:
    """Return when an account's reposts went out after `start`, newest first; the post `but` not.

    Its own posts that were shared count like mentions. One that is on its way counts from when
    it was handed over, or at the time that it has; for the post `but` only those before it. Failed
    ones do not count, unless they may be live.
    """
    rows = db.conn.execute(
        "SELECT coalesce(posts.published_at, at) AS went_out"  # noqa: S608 - constants
        " FROM repost_slots LEFT JOIN posts ON posts.id = post_id"
        # Between hand-over and publication may lie days.
        " WHERE repost_slots.account_id = :account AND at >= :long_ago AND went_out >= :start"
        " AND (:but IS NULL OR post_id IS NOT :but"
        f" AND (coalesce(posts.status, '') != 'QUEUED' OR at <= {_PLACE.format(':but')}))"
        " AND (coalesce(posts.status, '') != 'FAILED' OR posts.error_code = 'DELIVERY_UNKNOWN')"
        " ORDER BY went_out DESC",
        {
            "account": account_id,
            "long_ago": records.encode(start - timedelta(days=7)),
            "start": records.encode(start),
            "but": but,
        },
    )
    return [at for row in rows if (at := legible(row[0])) is not None]


def is_on_its_way(db: Database, account_id: str, now: datetime, *, but: str | None = None) -> bool:
    """Say whether a repost of the account is being sent, or is due; the post `but` not.

    One that has a time of its own is not until then. Those that wait behind the post `but` do not
    count for it: else they would wait for each other.
    """
    row = db.conn.execute(
        "SELECT 1 FROM posts WHERE account_id = :account AND id IS NOT :but"  # noqa: S608
        " AND source_type IN ('STORY_REPOST', 'AUTO_REPOST')"
        " AND status NOT IN ('PUBLISHED', 'FAILED')"  # by the index of those
        " AND (scheduled_for IS NULL OR scheduled_for BETWEEN :long_ago AND :now)"
        " AND (status IN ('PROCESSING', 'PUBLISHING') OR status = 'QUEUED'"
        f" AND (:but IS NULL OR ({_PLACE.format('posts.id')}, posts.id)"
        f" < ({_PLACE.format(':but')}, :but))) LIMIT 1",
        {
            "account": account_id,
            "but": but,
            "now": records.encode(now),
            "long_ago": records.encode(now - LONGEST_LATE),
        },
    ).fetchone()
    return row is not None


def last_failed_at(db: Database, account_id: str) -> datetime | None:
    """Return when a repost of the account has last failed in the publish engine."""
    rows = db.conn.execute(
        "SELECT completed_at FROM posts WHERE account_id = ? AND status = 'FAILED'"
        " AND source_type IN ('STORY_REPOST', 'AUTO_REPOST') ORDER BY completed_at DESC",
        (account_id,),
    )
    return first_legible(rows)
