"""What a scan of the inboxes leaves behind in the store, when it ends and when it fails."""

from __future__ import annotations

import logging
from datetime import datetime

from instagram import errors
from repost import parking
from repost.detector import Scan
from storage import repost_configs, trusted_time
from storage.repost_configs import PollStatus
from storage.store import Database

logger = logging.getLogger(__name__)
FAILURES_TO_BREAK = 8


def record_done(db: Database, account_id: str, scan: Scan, now: datetime) -> None:
    """Record a scan that came to its end: from now on only what is newer is read.

    Where it had gaps, the next one reads from where the last whole one ended, and comes sooner.
    """
    config = repost_configs.find(db, account_id)
    if config is None:
        return  # deleted meanwhile
    if scan.clock is not None:
        parking.confirm(db, scan.clock, now)
        trusted_time.confirm(db, scan.clock, now)
    repost_configs.change(
        db,
        account_id,
        now=now,
        last_poll_at=now,
        last_poll_status=PollStatus.SUCCESS if scan.found else PollStatus.NO_MENTIONS,
        last_poll_error=_unread(scan),
        last_poll_requests=scan.requests,
        total_poll_requests=config.total_poll_requests + scan.requests,
        seen_until=scan.seen_until or config.seen_until,
        backlog_cursor=scan.backlog_cursor,
        backlog_until=scan.backlog_until,
        chat_backlog=scan.chat_backlog,
        partial_looks=config.partial_looks + 1 if scan.gaps else 0,
        consecutive_failures=0,
    )


def _unread(scan: Scan) -> str | None:
    """Return what a scan could not read, in words; None when it has read everything."""
    if not scan.gaps:
        return None
    parts = ", ".join(f"{count} x {what}" for what, count in sorted(scan.gaps.items()))
    return f"Not everything could be read, and it is tried again: {parts}"


def record_failed(
    db: Database, account_id: str, scan: Scan, error: errors.InstagramError, now: datetime
) -> None:
    """Record a scan that was broken off; the eighth in a row opens the circuit breaker.

    One that nobody answered says nothing about the account, and counts with those that had gaps:
    no outage of the network switches reposts off. What is unread stays unread: the next scan reads
    from where the last whole one ended.
    """
    config = repost_configs.find(db, account_id)
    if config is None:
        return
    is_answered = not isinstance(error, errors.Unanswered)
    failures = config.consecutive_failures + is_answered
    changes: dict[str, object] = {}
    if is_answered and failures >= FAILURES_TO_BREAK and config.is_enabled:
        changes = {
            "is_enabled": False,
            "auto_disabled_at": now,
            "auto_disable_reason": f"{failures} looks in a row failed. Last: {error.reason}",
        }
        logger.warning("story repost switched off account=%s failures=%d", account_id, failures)
    repost_configs.change(
        db,
        account_id,
        now=now,
        last_poll_at=now,
        last_poll_status=PollStatus.FAILED,
        last_poll_error=error.reason,
        last_poll_requests=scan.requests,
        total_poll_requests=config.total_poll_requests + scan.requests,
        partial_looks=0 if is_answered else config.unanswered_looks + 1,
        consecutive_failures=failures,
        **changes,
    )
