"""Lists of mentions: what is chosen of them, in which order, and how many there are."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage import records
from storage.owners import Accounts, named, within
from storage.reposts import IS_OPEN, Repost, RepostLimit, RepostStatus, get
from storage.times import first_legible

_CHANGED_SINCE = (
    "EXISTS (SELECT 1 FROM events WHERE subject_id = reposts.id AND events.id > :as_of)"
)


def open_of(db: Database, account_id: str) -> list[Repost]:
    """Return an account's unfinished reposts, oldest mention first."""
    return records.fetch_readable(
        db,
        Repost,
        f"WHERE account_id = ? AND {IS_OPEN} ORDER BY mentioned_at, id",
        (account_id,),
    )


def detected_of(db: Database, account_id: str) -> list[Repost]:
    """Return an account's reposts whose story is not saved yet: the fewest tries, the oldest first.

    One with which each try ends in trouble must not keep the others from theirs.
    """
    return records.fetch_readable(
        db,
        Repost,
        f"WHERE account_id = ? AND {IS_OPEN} AND status = 'DETECTED'"
        " ORDER BY attempts, mentioned_at, id",
        (account_id,),
    )


def dated_oddly(db: Database, account_id: str) -> list[Repost]:
    """Return an account's unfinished reposts that were found by another clock than Instagram's."""
    return records.fetch_readable(
        db,
        Repost,
        f"WHERE account_id = ? AND {IS_OPEN} AND detected_at != created_at ORDER BY id",
        (account_id,),
    )


def movable(
    db: Database, account_id: str, *, stale_before: datetime, with_queued: bool
) -> list[Repost]:
    """Return the saved reposts of an account that may move with nobody deciding anything anew.

    What waits for a person is among them once it is no news any more, or where it may turn out
    to be a repost that was made here. Oldest mention first.
    """
    return records.fetch_readable(
        db,
        Repost,
        f"WHERE account_id = :account AND {IS_OPEN} AND status != 'DETECTED' AND post_id IS NULL"
        " AND (status = 'DOWNLOADED' OR (status = 'QUEUED' AND :queued)"
        f"  OR mentioned_at <= :stale OR limits LIKE '%{RepostLimit.ECHO}%')"
        " ORDER BY mentioned_at, id",
        {"account": account_id, "queued": with_queued, "stale": stale_before},
    )


def handed_over(db: Database, account_id: str) -> list[Repost]:
    """Return an account's reposts whose post waits or goes out, oldest mention first."""
    return records.fetch_readable(
        db,
        Repost,
        "WHERE account_id = ? AND status = 'QUEUED' AND post_id IS NOT NULL"
        " ORDER BY mentioned_at, id",
        (account_id,),
    )


def expired_after(db: Database, account_id: str, moment: datetime) -> list[Repost]:
    """Return an account's reposts that have expired after `moment`."""
    return records.fetch_readable(
        db,
        Repost,
        "WHERE account_id = ? AND status = 'EXPIRED' AND updated_at > ? ORDER BY mentioned_at, id",
        (account_id, moment),
    )


def unsent(db: Database) -> list[Repost]:
    """Return everybody's unfinished reposts that have no post yet."""
    return records.fetch_readable(
        db,
        Repost,
        f"WHERE post_id IS NULL AND {IS_OPEN} ORDER BY mentioned_at, id",
    )


def counts(db: Database, account_id: str) -> dict[RepostStatus, int]:
    """Return how many unfinished reposts of an account are in which state."""
    rows = db.conn.execute(
        f"SELECT status, count(*) FROM reposts WHERE account_id = ? AND {IS_OPEN} GROUP BY status",  # noqa: S608
        (account_id,),
    )
    return {RepostStatus(status): count for status, count in rows}


def next_move_at(db: Database, account_id: str, now: datetime) -> datetime | None:
    """Return when the next of an account's held reposts may go on, as far as that is known."""
    rows = db.conn.execute(
        f"SELECT held_until FROM reposts WHERE account_id = ? AND {IS_OPEN}"  # noqa: S608
        " AND held_until > ? ORDER BY held_until",
        (account_id, records.encode(now)),
    )
    return first_legible(rows)


def with_decided_post(
    db: Database, account_id: str
) -> list[tuple[str, str, str | None, str | None]]:
    """Return (repost id, post id, post status, error message) where the post says more.

    The status is None when the post was cleared.
    """
    rows = db.conn.execute(
        "SELECT reposts.id, reposts.post_id, posts.status, posts.error_message"
        " FROM reposts LEFT JOIN posts ON posts.id = reposts.post_id"
        " WHERE reposts.account_id = ? AND reposts.post_id IS NOT NULL AND ("
        "  reposts.status IN ('QUEUED', 'FAILED') AND ("
        "   (reposts.status = 'QUEUED' AND (coalesce(posts.status, 'FAILED')"
        "    IN ('PUBLISHED', 'FAILED', 'DRAFT', 'SCHEDULED')"
        "    OR posts.source_type = 'SCHEDULED'))"
        "   OR (reposts.status = 'FAILED' AND posts.status = 'PUBLISHED')))",
        (account_id,),
    )
    return rows.fetchall()


def waiting(
    db: Database,
    user_id: str,
    accounts: Accounts = None,
    *,
    limit: int | None = None,
    after: str | None = None,
    as_of: int | None = None,
) -> list[Repost]:
    """Return what waits for approval, of some accounts or of all, oldest mention first.

    At most `limit`, those behind the one with the id `after`; raises `NotFound` for that. With
    `as_of`, only what waited when that event was the newest, and has not changed since.
    """
    last = None if after is None else get(db, after)
    behind = "" if last is None else " AND (mentioned_at, id) > (:at, :after)"
    if as_of is not None:
        behind += f" AND NOT {_CHANGED_SINCE}"
    return records.fetch_readable(
        db,
        Repost,
        f"WHERE user_id = :user{within(accounts)}"
        f" AND status = 'WAITING_APPROVAL'{behind} ORDER BY mentioned_at, id LIMIT :limit",
        {
            "user": user_id,
            **named(accounts),
            "at": last and last.mentioned_at,
            "after": after,
            "as_of": as_of,
            "limit": -1 if limit is None else limit,
        },
    )


def came_to_wait(db: Database, user_id: str, accounts: Accounts, *, since: int) -> int:
    """Count what waits for approval and has changed since that event was the newest."""
    row = db.conn.execute(
        "SELECT count(*) FROM reposts INDEXED BY reposts_by_status"  # noqa: S608
        f" WHERE user_id = :user{within(accounts)}"
        f" AND status = 'WAITING_APPROVAL' AND {_CHANGED_SINCE}",
        {"user": user_id, **named(accounts), "as_of": since},
    ).fetchone()
    return int(row[0])
