"""Stories that mention an account: one row each, from sight to repost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from sqlite_utils import Database

from ground.changes import Subject
from ground.hold import Hold
from storage import events, records
from storage.errors import Unreadable
from storage.times import legible

IS_OPEN = "status IN ('DETECTED', 'DOWNLOADED', 'WAITING_APPROVAL', 'QUEUED')"

# The `source` of the account's own posts, which are shared like mentions.
OWN_FEED = "own_feed"
# How `story_pk` begins, before a message's id, where the story's own id is not known.
UNREAD = "expired:"


class RepostStatus(StrEnum):
    DETECTED = "DETECTED"
    DOWNLOADED = "DOWNLOADED"
    WAITING_APPROVAL = "WAITING_APPROVAL"
    QUEUED = "QUEUED"
    PUBLISHED = "PUBLISHED"
    SKIPPED = "SKIPPED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


class RepostLimit(StrEnum):
    """What keeps a mention from going out without a person's word, or is to be known before."""

    CLOSE_FRIENDS = "CLOSE_FRIENDS"
    FEW = "FEW"
    NO_RESHARE = "NO_RESHARE"
    PAID = "PAID"
    SENSITIVE = "SENSITIVE"
    PRIVATE_AUTHOR = "PRIVATE_AUTHOR"
    ECHO = "ECHO"
    UNSURE = "UNSURE"
    UNNAMED = "UNNAMED"


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
    # When a person skipped it, and nobody else.
    skipped_at: datetime | None = None
    post_id: str | None = None
    handed_over_under: str | None = None
    # What the story says, as far as Instagram tells it in words.
    caption: str | None = None
    media_url: str | None = None
    preview_path: str | None = None
    card_media_id: str | None = None
    card_sticker: Mapping[str, float] | None = None
    card_look: str | None = None
    # The card that a person has chosen for this one; None is the account's.
    template: str | None = None
    # Of `RepostLimit`, in its order.
    limits: tuple[str, ...] = ()
    # As `detected_at`, but by Instagram's clock where this machine's was wrong.
    created_at: datetime
    updated_at: datetime

    @property
    def is_own(self) -> bool:
        """Whether it is a post of the account itself, and no mention."""
        return self.source == OWN_FEED

    @property
    def is_unread(self) -> bool:
        """Whether its message did not say, in a known form, which story it is about."""
        return self.story_pk.startswith(UNREAD)


def known_stories(db: Database, repost: Repost) -> set[str]:
    """Return the ids of those of an author's stories that have a row and may be visible still."""
    rows = db.conn.execute(
        "SELECT story_pk FROM reposts WHERE account_id = ? AND author_pk = ? AND created_at >= ?",
        (
            repost.account_id,
            repost.author_pk,
            records.encode(repost.created_at - timedelta(days=3)),
        ),
    )
    return {row[0] for row in rows}


def add_new(db: Database, repost: Repost) -> bool:
    """Store a mention seen for the first time; False when its story is known already."""
    if not take_over(db, repost):
        return False
    _record_event(db, repost)
    return True


def take_over(db: Database, repost: Repost) -> bool:
    """Store one that came from elsewhere, as `add_new`; its events come by themselves."""
    return records.insert_new(db, repost, known_by="account_id, story_pk")


def is_known(db: Database, repost: Repost) -> bool:
    """Say whether a row that came from elsewhere is here, by its id or by its story."""
    row = db.conn.execute(
        "SELECT 1 FROM reposts WHERE id = ?1"
        " UNION ALL SELECT 1 FROM reposts WHERE account_id = ?2 AND story_pk = ?3",
        (repost.id, repost.account_id, repost.story_pk),
    ).fetchone()
    return row is not None


def has_other(db: Database, repost: Repost, story_pk: str) -> bool:
    """Say whether another row of the account is about that story."""
    row = db.conn.execute(
        "SELECT 1 FROM reposts WHERE account_id = ? AND story_pk = ? AND id != ?",
        (repost.account_id, story_pk, repost.id),
    ).fetchone()
    return row is not None


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


def of_post(db: Database, post_id: str) -> Repost | None:
    """Return the repost that a post was made for, or None."""
    return records.fetch_one(db, Repost, "WHERE post_id = ?", (post_id,))


def of_story(db: Database, account_id: str, story_pk: str) -> Repost | None:
    """Return an account's row of a story, or None."""
    return records.fetch_one(
        db, Repost, "WHERE account_id = ? AND story_pk = ?", (account_id, story_pk)
    )


def of_item(db: Database, account_id: str, item_id: str) -> Repost | None:
    """Return a row to which the message with that id has led, first one that lacks its story."""
    return records.fetch_one(
        db,
        Repost,
        "WHERE account_id = ? AND item_id = ? ORDER BY story_pk LIKE ? DESC, created_at",
        (account_id, item_id, f"{UNREAD}%"),
    )


def last_kept(db: Database, account_id: str) -> Repost | None:
    """Return an account's newest mention whose story is kept, or None."""
    return records.fetch_one(
        db,
        Repost,
        "WHERE account_id = ? AND media_path IS NOT NULL ORDER BY created_at DESC, id",
        (account_id,),
    )


def hold(db: Database, account_id: str, status: RepostStatus, held: Hold, now: datetime) -> None:
    """Note what holds an account's reposts in that state back; those being published are not."""
    untold = db.conn.execute(
        f"SELECT id, user_id, reason IS NOT :reason FROM reposts WHERE account_id = :account"  # noqa: S608
        f" AND {IS_OPEN} AND status = :status AND post_id IS NULL"
        " AND (reason, held_until) IS NOT (:reason, :until)",
        records.encoded(
            {
                "account": account_id,
                "status": status,
                "reason": held.reason,
                "until": held.until,
            }
        ),
    ).fetchall()
    told = [records.encode(each) for each in (held.reason, held.until, now)]
    db.conn.executemany(
        "UPDATE reposts SET reason = ?, held_until = ?, updated_at = ? WHERE id = ?",
        [(*told, repost_id) for repost_id, _, _ in untold],
    )
    for repost_id, user_id, is_news in untold:
        if is_news:
            events.record(
                db,
                Subject.REPOST,
                repost_id,
                status,
                user_id=user_id,
                account_id=account_id,
                now=now,
                reason=held.reason,
            )


def let_go_on(db: Database, account_id: str) -> bool:
    """Let an account's reposts that wait be looked at again at once; says whether any does."""
    waiting = db.conn.execute(
        f"UPDATE reposts SET held_until = NULL WHERE account_id = ? AND {IS_OPEN}"  # noqa: S608
        " AND post_id IS NULL",
        (account_id,),
    )
    return waiting.rowcount > 0


def rename_author(db: Database, account_id: str, author_pk: str, username: str) -> None:
    """Give an author's unfinished reposts the name that the author has now."""
    db.conn.execute(
        "UPDATE reposts SET author_username = :name WHERE account_id = :account"  # noqa: S608
        f" AND author_pk = :author AND author_username != :name AND {IS_OPEN}",
        {"account": account_id, "author": author_pk, "name": username},
    )


def pks_of(db: Database, account_id: str, usernames: Collection[str]) -> dict[str, str]:
    """Return the ids of those authors whose stories an account has seen, by lower-case name."""
    rows = db.conn.execute(
        "SELECT value, (SELECT author_pk FROM reposts WHERE account_id = ?1"
        " AND lower(author_username) = value AND author_pk != '' ORDER BY detected_at DESC"
        " LIMIT 1) AS pk"
        " FROM json_each(?2) WHERE pk IS NOT NULL",
        (account_id, records.encode([name.lower() for name in usernames])),
    )
    return dict(rows.fetchall())


def take_over_waits(db: Database, account_id: str, now: datetime) -> None:
    """Let reposts whose post waits in the publish engine say why, and until when."""
    rows = db.conn.execute(
        "SELECT reposts.id, posts.error_message, jobs.run_at FROM reposts"
        " JOIN posts ON posts.id = reposts.post_id"
        " JOIN jobs ON jobs.post_id = posts.id AND jobs.status = 'PENDING'"
        " WHERE reposts.account_id = ? AND reposts.status = 'QUEUED'"
        " AND reposts.post_id IS NOT NULL"
        " AND posts.error_message IS NOT NULL"
        " AND (reposts.reason, reposts.held_until) IS NOT (posts.error_message, jobs.run_at)",
        (account_id,),
    ).fetchall()
    for repost_id, reason, run_at in rows:
        until = legible(run_at)
        if until is None:
            continue
        with suppress(Unreadable):  # it says nothing, and the others do
            change(db, repost_id, RepostStatus.QUEUED, now=now, reason=reason, held_until=until)


def _record_event(db: Database, repost: Repost) -> None:
    events.record(
        db,
        Subject.REPOST,
        repost.id,
        repost.status,
        user_id=repost.user_id,
        account_id=repost.account_id,
        now=repost.updated_at,
        reason=repost.reason,
    )
