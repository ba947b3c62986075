"""What a look into the inboxes leaves behind in the store, when it ends and when it fails."""

from __future__ import annotations

import logging
from datetime import datetime

from instagram import errors
from repost.detector import Scan
from storage import repost_configs
from storage.repost_configs import PollStatus
from storage.store import Database

logger = logging.getLogger(__name__)
FAILURES_TO_BREAK = 8


def record_done(db: Database, account_id: str, scan: Scan, now: datetime) -> None:
    """Record a look that read everything: from now on only what is newer is read."""
    config = repost_configs.find(db, account_id)
    if config is None:
        return  # deleted meanwhile
    repost_configs.change(
        db,
        account_id,
        now=now,
        last_poll_at=now,
        last_poll_status=PollStatus.SUCCESS if scan.found else PollStatus.NO_MENTIONS,
        last_poll_error=None,
        last_poll_requests=scan.requests,
        total_poll_requests=config.total_poll_requests + scan.requests,
        seen_until=scan.seen_until or config.seen_until,
        backlog_cursor=scan.backlog_cursor,
        backlog_until=scan.backlog_until,
        consecutive_failures=0,
    )


def record_failed(
    db: Database, account_id: str, scan: Scan, error: errors.InstagramError, now: datetime
) -> None:
    """Record a look that was broken off; the eighth in a row opens the circuit breaker.

    What is unread stays unread: the next look reads from where the last whole one ended.
    """
    config = repost_configs.find(db, account_id)
    if config is None:
        return
    failures = config.consecutive_failures + 1
    changes: dict[str, object] = {}
    if failures >= FAILURES_TO_BREAK and config.is_enabled:
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
        consecutive_failures=failures,
        **changes,
    )
