"""Who owns a post that waits: this machine, or the Worker in the cloud; by epochs.

A post is LOCAL unless a row says otherwise. Each intent towards the cloud has an epoch of its own,
committed before a byte of it leaves, and what is unconfirmed is the cloud's. Triggers hold what
everything rests on: a post that the cloud may own has no open job here, and cannot be deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from sqlite_utils import Database

from storage import records, times
from storage.posts import Post


class Owner(StrEnum):
    """HANDING: the Worker was told to let it run. TAKING: it was told to give it back."""

    LOCAL = "LOCAL"
    HANDING = "HANDING"
    CLOUD = "CLOUD"
    TAKING = "TAKING"


UNCONFIRMED = (Owner.HANDING, Owner.TAKING)
# For longer than this nothing is ever put off: what the Worker is asked about, and what stays here.
_LONGEST, _LONGEST_HERE = timedelta(hours=1), timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What is between a post and the cloud. `lane` is the account's number at Instagram.

    `sent` is what the Worker got under this epoch, `wish` what is to become of the post when it is
    back. `next_at` is when it is asked again, of a LOCAL one when it is looked at again.
    """

    TABLE: ClassVar[str] = "cloud_posts"
    post_id: str
    account_id: str
    lane: str
    owner: Owner
    epoch: int
    sent: dict[str, Any] | None = None
    wish: dict[str, Any] | None = None
    tries: int = 0
    next_at: datetime | None = None
    reason: str | None = None
    since: datetime

    @property
    def is_away(self) -> bool:
        """Whether the cloud may own it."""
        return self.owner is not Owner.LOCAL


def find(db: Database, post_id: str) -> Handover | None:
    """Return what is between a post and the cloud, None where nothing ever was."""
    return records.fetch_one(db, Handover, "WHERE post_id = ?", (post_id,))


def find_away(db: Database, post_id: str) -> Handover | None:
    """Return the handover of a post that the cloud may own, else None."""
    found = find(db, post_id)
    return found if found is not None and found.is_away else None


def keep(db: Database, row: Handover, **changes: Any) -> Handover:
    """Store a handover as it is with these changes, in the place of what was."""
    kept = replace(row, **changes)
    values = records.stored(kept)
    named = ", ".join(values)
    updates = ", ".join(f"{name} = excluded.{name}" for name in values)
    db.conn.execute(
        f"INSERT INTO cloud_posts ({named}) VALUES ({', '.join('?' * len(values))})"  # noqa: S608 - ours
        f" ON CONFLICT (post_id) DO UPDATE SET {updates}",
        list(values.values()),
    )
    return kept


def mend(db: Database, now: datetime) -> list[str]:
    """Have what cannot be read of what the cloud may own be asked for as if it were new, and what
    a clock that was ahead has put off be asked for now.

    Whose it is and under which epoch is never damaged: those columns are checked. What was to
    become of a post may be lost: then it does not go out by itself. Returns their ids.
    """
    rows = db.conn.execute(
        "UPDATE cloud_posts SET since = :now, next_at = NULL, reason = NULL,"  # noqa: S608 - ours
        f" sent = CASE WHEN {_is_object('sent')} THEN sent END,"
        f" wish = CASE WHEN wish IS NULL OR {_is_object('wish')} THEN wish ELSE :cancel END"
        " WHERE owner != 'LOCAL' AND (julianday(since) IS NULL"
        " OR (next_at IS NOT NULL AND julianday(next_at) IS NULL)"
        f" OR (sent IS NOT NULL AND NOT {_is_object('sent')})"
        f" OR (wish IS NOT NULL AND NOT {_is_object('wish')})) RETURNING post_id",
        {"now": records.encode(now), "cancel": records.encode({"act": "cancel"})},
    )
    db.conn.execute(
        "UPDATE cloud_posts SET next_at = NULL"
        " WHERE next_at > ?1 AND (owner != 'LOCAL' OR next_at > ?2)",
        (records.encode(now + _LONGEST), records.encode(now + _LONGEST_HERE)),
    )
    return [row[0] for row in rows.fetchall()]


def _is_object(column: str) -> str:
    return f"(CASE WHEN json_valid({column}) THEN json_type({column}) END IS 'object')"


def away(db: Database, *, lane: str | None = None) -> list[Handover]:
    """Return what the cloud may own, of one lane or of all."""
    return records.fetch_readable(
        db, Handover, "WHERE owner != 'LOCAL' AND (?1 IS NULL OR lane = ?1)", (lane,)
    )


def away_of(db: Database, account_ids: Collection[str]) -> list[Handover]:
    """Return what the cloud may own of these accounts."""
    return records.fetch_readable(
        db,
        Handover,
        "WHERE owner != 'LOCAL' AND account_id IN (SELECT value FROM json_each(?))",
        (records.encode(list(account_ids)),),
    )


def unconfirmed(db: Database, now: datetime, limit: int) -> list[Handover]:
    """Return what is to be asked again now, the oldest first."""
    return records.fetch_readable(
        db,
        Handover,
        "WHERE owner != 'LOCAL' AND owner != 'CLOUD' AND (next_at IS NULL OR next_at <= ?)"
        " ORDER BY since, post_id LIMIT ?",
        (now, limit),
    )


def away_reposts(db: Database) -> list[Handover]:
    """Return the reposts that the cloud may own: few, and each under rails of its own."""
    return records.fetch_readable(
        db,
        Handover,
        "JOIN (SELECT post_id AS found FROM cloud_posts JOIN posts ON posts.id = post_id"
        " WHERE owner != 'LOCAL' AND source_type IN ('STORY_REPOST', 'AUTO_REPOST'))"
        " ON post_id = found ORDER BY since, post_id",
    )


def away_of_reposts(db: Database, repost_ids: Collection[str]) -> list[Handover]:
    """Return what the cloud may own of the posts of these mentions."""
    return records.fetch_readable(
        db,
        Handover,
        "WHERE owner != 'LOCAL' AND post_id IN (SELECT reposts.post_id FROM reposts"
        " WHERE id IN (SELECT value FROM json_each(?)))",
        (records.encode(list(repost_ids)),),
    )


def is_asked_back(db: Database, account_id: str) -> bool:
    """Say whether a repost of the account is being taken back."""
    row = db.conn.execute(
        "SELECT 1 FROM cloud_posts JOIN posts ON posts.id = post_id"
        " WHERE owner != 'LOCAL' AND owner = 'TAKING' AND cloud_posts.account_id = ?"
        " AND source_type IN ('STORY_REPOST', 'AUTO_REPOST') LIMIT 1",
        (account_id,),
    ).fetchone()
    return row is not None


def want_back(
    db: Database, row: Handover, wish: Mapping[str, Any] | None, now: datetime
) -> Handover:
    """Note that a post which the cloud may own is to be given back, and what it becomes then.

    It is asked for under an epoch of its own, until the Worker answers. Without a `wish` what was
    wished before counts.
    """
    is_new = row.owner is not Owner.TAKING
    return keep(
        db,
        row,
        owner=Owner.TAKING,
        epoch=row.epoch + 1 if is_new else row.epoch,
        wish=row.wish if wish is None else dict(wish),
        tries=0,
        next_at=None,
        since=now if is_new else row.since,
    )


def candidates(db: Database, now: datetime, soonest: datetime, limit: int) -> list[Post]:
    """Return posts that wait here for their time and are due after `soonest`, the next one first.

    Without those that were looked at and are not to be looked at again yet.
    """
    return records.fetch_readable(
        db,
        Post,
        "JOIN (SELECT posts.id AS found FROM jobs JOIN posts ON posts.id = jobs.post_id"
        " LEFT JOIN cloud_posts ON cloud_posts.post_id = posts.id"
        " WHERE jobs.status = 'PENDING' AND jobs.run_at > ?1 AND jobs.attempts = 0"
        " AND (posts.status = 'SCHEDULED'"
        " OR posts.status = 'QUEUED' AND posts.is_scheduled = 0"
        " AND posts.scheduled_for = jobs.run_at)"
        " AND posts.account_id IS NOT NULL"
        " AND (cloud_posts.owner IS NULL OR cloud_posts.owner = 'LOCAL')"
        " AND (cloud_posts.next_at IS NULL OR cloud_posts.next_at <= ?2)"
        # What is there of an account is known before more of it goes there.
        " AND NOT EXISTS (SELECT 1 FROM cloud_lanes"
        " WHERE cloud_lanes.account_id = posts.account_id AND is_heard IS NOT 1)"
        " ORDER BY jobs.run_at LIMIT ?3) ON posts.id = found ORDER BY scheduled_for, id",
        (soonest, now, limit),
    )


def look_again(db: Database) -> None:
    """Have everything that stays here looked at again: what keeps it here may have changed."""
    db.conn.execute("UPDATE cloud_posts SET next_at = NULL WHERE next_at IS NOT NULL")


def look_again_at(db: Database, user_id: str) -> None:
    """Have a user's posts looked at again, as `look_again` has everybody's."""
    db.conn.execute(
        "UPDATE cloud_posts SET next_at = NULL WHERE next_at IS NOT NULL"
        " AND (SELECT user_id FROM posts WHERE id = post_id) = ?",
        (user_id,),
    )


def next_due(db: Database, lane: str) -> datetime | None:
    """Return when the next post of a lane is due that the cloud may own, None without one."""
    rows = db.conn.execute(
        "SELECT scheduled_for FROM cloud_posts JOIN posts ON posts.id = post_id"
        " WHERE owner != 'LOCAL' AND lane = ? ORDER BY scheduled_for",
        (lane,),
    )
    return times.first_legible(rows)


def last_due(db: Database) -> list[Handover]:
    """Return of each account the post that is due last of those that are not asked back."""
    return records.fetch_readable(
        db,
        Handover,
        "JOIN (SELECT post_id AS found, max(scheduled_for) FROM cloud_posts"
        " JOIN posts ON posts.id = post_id"
        " WHERE owner != 'LOCAL' AND owner != 'TAKING' GROUP BY cloud_posts.account_id)"
        " ON post_id = found",
    )


def overdue(db: Database, since: datetime, now: datetime, limit: int) -> list[Handover]:
    """Return what was due in the cloud before `since`, has no end, and is to be asked for now."""
    return records.fetch_readable(
        db,
        Handover,
        "WHERE owner != 'LOCAL' AND owner = 'CLOUD' AND (next_at IS NULL OR next_at <= ?2)"
        " AND (SELECT scheduled_for FROM posts WHERE id = post_id) < ?1 ORDER BY since LIMIT ?3",
        (since, now, limit),
    )


def is_due_near(db: Database, account_id: str, since: datetime, until: datetime) -> bool:
    """Say whether the cloud may own a post of the account that is due in that time."""
    row = db.conn.execute(
        "SELECT 1 FROM cloud_posts JOIN posts ON posts.id = post_id"
        " WHERE owner != 'LOCAL' AND cloud_posts.account_id = ?"
        " AND scheduled_for BETWEEN ? AND ? LIMIT 1",
        (account_id, records.encode(since), records.encode(until)),
    ).fetchone()
    return row is not None


def pause(db: Database, post_id: str, until: datetime, reason: str) -> None:
    """Note that the Worker did not answer about a post, and when it is asked again."""
    db.conn.execute(
        "UPDATE cloud_posts SET tries = tries + 1, next_at = ?, reason = ? WHERE post_id = ?",
        (records.encode(until), reason, post_id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudLane:
    """An account's queue at the Worker: what it was told of the account, and heard from there.

    `is_heard` says whether everything that is there is known here. What is told has a `revision`,
    so that an older request cannot overtake it; `born` names the data there, which may be gone.
    """

    TABLE: ClassVar[str] = "cloud_lanes"
    account_id: str
    lane: str
    told: str | None = None
    seq: int = 0
    is_heard: bool = False
    revision: int = 0
    born: str | None = None


def lanes(db: Database) -> list[CloudLane]:
    """Return every account's queue at the Worker."""
    return records.fetch_readable(db, CloudLane, "ORDER BY account_id")


def account_of(db: Database, lane: str) -> str | None:
    """Return whose queue that is at the Worker, None where nobody's is known."""
    row = db.conn.execute("SELECT account_id FROM cloud_lanes WHERE lane = ?", (lane,)).fetchone()
    return None if row is None else str(row[0])


def are_all_heard(db: Database) -> bool:
    """Say whether everything that is in any queue at the Worker is known here."""
    row = db.conn.execute("SELECT 1 FROM cloud_lanes WHERE is_heard IS NOT 1 LIMIT 1").fetchone()
    return row is None


def find_lane(db: Database, account_id: str) -> CloudLane | None:
    """Return an account's queue at the Worker, None where it has none that is known."""
    return records.fetch_one(db, CloudLane, "WHERE account_id = ?", (account_id,))


def keep_lane(db: Database, row: CloudLane, **changes: Any) -> CloudLane:
    """Store a queue as it is with these changes, in the place of what was."""
    kept = replace(row, **changes)
    db.conn.execute("DELETE FROM cloud_lanes WHERE account_id = ?", (kept.account_id,))
    records.insert(db, kept)
    return kept


def hear_everything_again(db: Database) -> None:
    """Have every queue read from its beginning: this database may be of the past."""
    db.conn.execute("UPDATE cloud_lanes SET seq = 0, is_heard = 0")


def forget_lanes(db: Database) -> None:
    """Forget the queues: there is no Worker any more."""
    db.conn.execute("DELETE FROM cloud_lanes")
