"""Stop everything: nothing of a person's goes out, reposts and posts alike, until they say so.

Mentions are still looked for and saved, because their stories expire. A request that may have made
something live already is still asked about.
"""

from __future__ import annotations

from datetime import datetime

from ground.changes import Subject
from repost import taking_back
from storage import accounts, events, holds, users
from storage.store import Database


def stop(db: Database, user_id: str, now: datetime, *, since: datetime | None = None) -> None:
    """Let nothing out; what was handed over and has not begun is taken back. Again is no error.

    `since`: when they have said so, where that was before.
    """
    if users.is_stopped(db, user_id):
        return
    users.set_stopped(db, user_id, since or now)
    for account in accounts.of_user(db, user_id):
        taking_back.take_back(db, account.id, now)
        _tell(db, account.id, "STOPPED", now)


def go_on(db: Database, user_id: str, now: datetime) -> None:
    """Let everything go on; what came due meanwhile goes out now, at its distances."""
    if not users.is_stopped(db, user_id):
        return
    users.set_stopped(db, user_id, None)
    for account in accounts.of_user(db, user_id):
        holds.release(db, account.id, now)
        _tell(db, account.id, "RESUMED", now)


def _tell(db: Database, account_id: str, state: str, now: datetime) -> None:
    events.record_of_account(db, Subject.CONFIG, account_id, state, now=now)
