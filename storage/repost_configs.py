"""Settings and poll state of the story-repost engine, one row per account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from ground.changes import Subject
from storage import events, records
from storage.errors import NotFound

NOT_SET_UP = "This account reposts no stories yet: switch that on first (`reprise enable`)"


class PollStatus(StrEnum):
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    NO_MENTIONS = "NO_MENTIONS"


class PublishRoute(StrEnum):
    """How reposts go out. AUTO: by the official API where it can, else by the private one."""

    AUTO = "auto"
    OFFICIAL = "official"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepostConfig:
    """The contract's `StoryRepostConfig` (reference §5) without what can be derived.

    Hours of the sleep window are local to `timezone`; equal hours mean no window. Since
    `counted_since` the day lasts in which the timezone was changed last.
    The defaults are those of docs/account-safety.md.
    """

    TABLE: ClassVar[str] = "story_repost_configs"
    id: str
    user_id: str
    account_id: str
    is_enabled: bool = False
    poll_interval_hours: int = 12
    jitter_minutes: int = 15
    sleep_window_start: int = 23
    sleep_window_end: int = 7
    timezone: str = "UTC"
    daily_repost_limit: int = 10
    auto_repost_enabled: bool = False
    auto_tag_original_poster: bool = True
    approval_required: bool = False
    template: str = "classic"
    signature_overlay: str | None = None
    last_poll_at: datetime | None = None
    last_poll_status: PollStatus | None = None
    last_poll_error: str | None = None
    last_poll_requests: int | None = None
    total_poll_requests: int = 0
    seen_until: datetime | None = None
    backlog_cursor: str | None = None
    backlog_until: datetime | None = None
    partial_looks: int = 0
    chat_backlog: tuple[Mapping[str, str], ...] = ()
    consecutive_failures: int = 0
    auto_disabled_at: datetime | None = None
    auto_disable_reason: str | None = None
    last_auto_sync_at: datetime | None = None
    configured_at: datetime | None = None
    minimum_followers: int = 0
    required_words: tuple[str, ...] = ()
    excluded_words: tuple[str, ...] = ()
    dry_run: bool = False
    publish_route: PublishRoute = PublishRoute.AUTO
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    auto_repost_since: datetime | None = None
    auto_sync_failures: int = 0
    last_auto_sync_error: str | None = None
    counted_since: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def unanswered_looks(self) -> int:
        """How many looks in a row nobody answered: those that failed and are no failures."""
        return self.partial_looks if self.last_poll_status is PollStatus.FAILED else 0


# What the engine notes of its own looks: nobody's decision, and nobody has to hear of it.
_BOOKKEEPING = {
    "last_poll_at", "last_poll_status", "last_poll_error", "last_poll_requests",
    "total_poll_requests", "seen_until", "backlog_cursor", "backlog_until", "partial_looks",
    "chat_backlog", "consecutive_failures", "last_auto_sync_at", "auto_sync_failures",
    "last_auto_sync_error",
}  # fmt: skip


def find(db: Database, account_id: str) -> RepostConfig | None:
    """Return an account's configuration, or None when it has none."""
    return records.fetch_one(db, RepostConfig, "WHERE account_id = ?", (account_id,))


def get(db: Database, account_id: str) -> RepostConfig:
    """Return an account's configuration; raises `NotFound` when it has none."""
    found = find(db, account_id)
    if found is None:
        raise NotFound("story repost configuration", account_id, NOT_SET_UP)
    return found


def of_user(db: Database, user_id: str) -> list[RepostConfig]:
    """Return every configuration of a user, oldest first."""
    return records.fetch_readable(
        db, RepostConfig, "WHERE user_id = ? ORDER BY created_at, id", (user_id,)
    )


def every(db: Database) -> list[RepostConfig]:
    """Return all configurations, oldest first."""
    return records.fetch_readable(db, RepostConfig, "ORDER BY created_at, id")


def take_over(db: Database, config: RepostConfig) -> bool:
    """Store a configuration that came from elsewhere; False when the account has one."""
    if find(db, config.account_id) is not None:
        return False
    records.insert(db, config)
    return True


def save(
    db: Database, /, *, user_id: str, account_id: str, now: datetime, **settings: object
) -> RepostConfig:
    """Create an account's configuration or change the named settings of it."""
    found = find(db, account_id)
    if found is None:
        found = RepostConfig(
            id=str(uuid4()), user_id=user_id, account_id=account_id, created_at=now, updated_at=now
        )
        records.insert(db, found)
    return change(db, account_id, now=now, **settings)


def change(db: Database, /, account_id: str, *, now: datetime, **changes: object) -> RepostConfig:
    """Change columns of an account's configuration; raises `NotFound` when it has none."""
    found = get(db, account_id)
    records.update(db, RepostConfig, found.id, updated_at=now, **changes)
    changed = records.get(db, RepostConfig, found.id)
    if not changes.keys() <= _BOOKKEEPING:
        tell(db, account_id, now)
    return changed


def tell(db: Database, account_id: str, now: datetime) -> None:
    """Record that what an account reposts has changed; raises `NotFound` when it has none."""
    state = "ENABLED" if get(db, account_id).is_enabled else "DISABLED"
    events.record_of_account(db, Subject.CONFIG, account_id, state, now=now)


def remove(db: Database, account_id: str) -> None:
    """Delete an account's configuration with its lists of authors; none is no error."""
    db.conn.execute("DELETE FROM author_rules WHERE account_id = ?", (account_id,))
    db.conn.execute("DELETE FROM story_repost_configs WHERE account_id = ?", (account_id,))
