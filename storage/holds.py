"""What keeps an account from being asked anything at all, and what goes on once it is mended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlite_utils import Database

from ground.changes import Subject
from ground.hold import Hold
from storage import accounts, events, jobs, reposts, troubles
from storage.troubles import TroubleKind

DOUBLE = "double"


def active(
    db: Database,
    account_id: str,
    now: datetime,
    kinds: Collection[TroubleKind] = tuple(TroubleKind),
) -> Hold | None:
    """Return what holds an account back now, the gravest first: every door asks here.

    One Instagram account that is connected twice is held as the younger of the two, until a
    person disconnects one: each would have rails of its own.
    """
    older = accounts.older_double(db, account_id)
    if older is not None:
        other = accounts.called(older, accounts.get(db, account_id).user_id)
        reason = f"This is the same Instagram account as {other} here: disconnect one of them"
        return Hold(DOUBLE, reason, None)
    trouble = troubles.active(db, account_id, now, kinds)
    return None if trouble is None else trouble.hold


def release(db: Database, account_id: str, now: datetime) -> None:
    """Let an account's posts and mentions that were put back be tried again now.

    Whatever still holds them holds them again; nothing goes out before it was scheduled.
    """
    jobs.bring_forward(db, account_id, now)
    if reposts.let_go_on(db, account_id):
        events.record_of_account(db, Subject.REPOST, account_id, "MOVED", now=now)
