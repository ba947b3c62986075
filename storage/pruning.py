"""What is deleted by its age, so that no table grows for ever; docs/operations.md has all tables.

Only what nothing decides by any more: what may be live, what is open, and what keeps a story from
being reposted twice stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from storage import records
from storage.times import shifted

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of a table go `keep` after the time in `since`, if `condition` is true of them."""

    table: str
    key: str
    since: str
    keep: timedelta
    condition: str = "TRUE"


_YEAR, _QUARTER, _MONTH = timedelta(days=400), timedelta(days=90), timedelta(days=30)

RULES = (
    Rule("events", "id", "at", _MONTH),
    Rule("deleted_posts", "id", "deleted_at", _YEAR),
    Rule(
        "jobs", "id", "completed_at", _QUARTER,
        "status IN ('COMPLETED', 'FAILED', 'CANCELLED')",
    ),
    # Those of a failed post tell a retry what may be live: they stay as long as it does.
    Rule(
        "deliveries", "id", "closed_at", _QUARTER,
        "closed_at IS NOT NULL AND EXISTS (SELECT 1 FROM posts"
        " WHERE posts.id = post_id AND posts.status = 'PUBLISHED')",
    ),
    Rule("repost_slots", "id", "at", _QUARTER),
    Rule("author_followers", "author_pk", "read_at", _QUARTER),
    # The last of a kind is shown as long as the account is there.
    Rule(
        "troubles", "id", "at", _YEAR,
        "(cleared_at IS NOT NULL OR until IS NOT NULL) AND EXISTS (SELECT 1 FROM troubles AS later"
        " WHERE later.account_id = troubles.account_id AND later.kind = troubles.kind"
        " AND later.at > troubles.at)",
    ),
    Rule("idempotency_keys", "rowid", "at", timedelta(days=7)),
    Rule("webhook_deliveries", "id", "created_at", _MONTH, "status <> 'PENDING'"),
    Rule("notices", "id", "ended_at", _MONTH, "ended_at IS NOT NULL"),
    Rule("session_calls", "rowid", "at", timedelta(days=2)),
    Rule("browser_sessions", "id", "expires_at", timedelta(0)),
    Rule("login_codes", "hash", "expires_at", timedelta(0)),
)  # fmt: skip


def prune(db: Database, rule: Rule, now: datetime, limit: int = AT_ONCE) -> int:
    """Delete up to `limit` rows that a rule lets go; returns how many."""
    cursor = db.conn.execute(
        f"DELETE FROM {rule.table} WHERE {rule.key} IN (SELECT {rule.key} FROM {rule.table}"  # noqa: S608
        f" WHERE {rule.since} < ? AND {rule.condition} ORDER BY {rule.since} LIMIT ?)",
        (records.encode(shifted(now, -rule.keep)), limit),
    )
    return cursor.rowcount
