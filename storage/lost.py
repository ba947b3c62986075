"""Jobs, posts and mentions whose rows cannot be read: ended by what is left of them."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from ground.changes import Subject
from ground.refusal import ErrorCode
from storage import events, records

_NOT_OUT = "What is stored of this post cannot be read; nothing of it was sent"
_MAYBE_OUT = "What is stored of this post cannot be read, and it may be live: look at the account"


def give_up(db: Database, job_id: str, now: datetime, *, in_doubt: bool = False) -> None:
    """End a job and its post as FAILED, or as `DELIVERY_UNKNOWN` where it may be live.

    `in_doubt`: it may be, whatever is stored of it.
    """
    at = records.encode(now)
    row = db.conn.execute(
        "SELECT posts.id, posts.user_id, posts.account_id, deliveries.id, deliveries.step"
        " FROM jobs JOIN posts ON posts.id = jobs.post_id LEFT JOIN deliveries"
        " ON deliveries.post_id = posts.id AND deliveries.closed_at IS NULL WHERE jobs.id = ?",
        (job_id,),
    ).fetchone()
    if row is not None:
        post_id, user_id, account_id, delivery_id, step = row
        # A step that is none may be any.
        may_be_live = in_doubt or step not in (None, "CREATED", "UPLOADED")
        code = ErrorCode.DELIVERY_UNKNOWN if may_be_live else ErrorCode.INTERNAL_ERROR
        reason = _MAYBE_OUT if may_be_live else _NOT_OUT
        db.conn.execute(
            "UPDATE deliveries SET closed_at = ?1, updated_at = ?1, outcome = ?2 WHERE id = ?3",
            (at, "UNKNOWN" if may_be_live else "REFUSED", delivery_id),
        )
        db.conn.execute(
            "UPDATE posts SET status = 'FAILED', completed_at = ?1, updated_at = ?1,"
            " error_code = ?2, error_message = ?3 WHERE id = ?4",
            (at, code.value, reason, post_id),
        )
        events.record(
            db, Subject.POST, post_id, "FAILED",
            user_id=user_id, account_id=account_id, now=now, reason=reason,
        )  # fmt: skip
    db.conn.execute(
        "UPDATE jobs SET status = 'FAILED', completed_at = ?1, updated_at = ?1, last_error = ?2"
        " WHERE id = ?3",
        (at, "It cannot be read", job_id),
    )


def end_mention(
    db: Database, repost_id: str, status: str, reason: str | None, now: datetime
) -> None:
    """Note what became of a mention with its post, without reading its row."""
    at = records.encode(now)
    db.conn.execute(
        "UPDATE reposts SET status = ?, reason = ?, held_until = NULL, updated_at = ? WHERE id = ?",
        (status, reason, at, repost_id),
    )
    owner = db.conn.execute(
        "SELECT user_id, account_id FROM reposts WHERE id = ?", (repost_id,)
    ).fetchone()
    if owner is not None:
        events.record(
            db, Subject.REPOST, repost_id, status,
            user_id=owner[0], account_id=owner[1], now=now, reason=reason,
        )  # fmt: skip
