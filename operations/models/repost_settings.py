"""What story reposts are set to, and what holds them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    field_validator,
)

from operations.models.base import (
    AccountId,
    Instant,
    Moment,
    Schema,
    Timezone,
    Uuid,
    whole,
)
from operations.models.post_content import Version
from repost import filters
from repost.layout import Template
from repost.overlay import OverlayInvalid, read_overlay
from storage.repost_configs import PollStatus, PublishRoute


def _is_overlay(value: str) -> str:
    try:
        return read_overlay(value).model_dump_json(exclude_unset=True)
    except OverlayInvalid as error:
        raise ValueError(f"no usable overlay: {error}") from None


SignatureOverlay = Annotated[str, AfterValidator(_is_overlay)]


class StoryRepostConfig(Schema):
    """The contract's `StoryRepostConfig`; the fields from `timezone` on are additive."""

    id: Uuid
    user_id: Uuid
    instagram_account_id: Uuid | None
    is_enabled: bool
    ig_username: str
    poll_interval_hours: int
    jitter_minutes: int
    last_poll_at: Moment | None
    last_poll_status: PollStatus | None
    last_poll_error: str | None
    consecutive_failures: int
    auto_disabled_at: Moment | None
    auto_disable_reason: str | None
    challenge_count_30d: int = Field(alias="challengeCount30d")
    last_challenge_at: Moment | None
    challenge_pause_until: Moment | None
    configured_at: Moment | None
    warm_up_complete: bool
    sleep_window_start: int
    sleep_window_end: int
    daily_repost_limit: int
    reposts_today: int
    reposts_today_reset_at: Moment | None
    auto_repost_enabled: bool
    last_auto_sync_at: Moment | None
    auto_tag_original_poster: bool
    signature_overlay: str | None
    created_at: Moment
    updated_at: Moment
    timezone: str
    approval_required: bool
    template: Template
    last_poll_requests: int | None
    total_poll_requests: int
    warnings: list[str]
    allowed_authors: list[str]
    denied_authors: list[str]
    always_authors: list[str]
    minimum_followers: int
    required_words: list[str]
    excluded_words: list[str]
    dry_run: bool
    publish_route: PublishRoute
    paused: bool
    paused_until: Moment | None
    last_auto_sync_error: str | None
    version: str


class StoryRepostConfigs(Schema):
    configs: list[StoryRepostConfig]


class Holding(Schema):
    """What holds the engine back now; `until` is null when only a person can end it."""

    rail: str
    reason: str
    until: Moment | None


class Breaker(Schema):
    """Story reposts were switched off by the engine itself; `remedy` says what closes it."""

    since: Moment
    reason: str
    remedy: str


class WaitingReposts(Schema):
    """Unfinished mentions by state."""

    detected: int = 0
    downloaded: int = 0
    waiting_approval: int = 0
    queued: int = 0


class StoryRepostStatus(Schema):
    """The contract's three fields, and (additive) what holds the account now and what is next.

    `holding` is what keeps a repost from going out now, `polling` what keeps the engine from
    looking for mentions; null where nothing does.
    """

    configured: bool
    is_enabled: bool
    config: StoryRepostConfig | None
    holding: Holding | None = None
    polling: Holding | None = None
    next_poll_at: Moment | None = None
    session_phase: int = 0
    session_phase_until: Moment | None = None
    reposts_today: int = 0
    daily_cap: int = 0
    waiting: WaitingReposts = WaitingReposts()
    breaker: Breaker | None = None
    has_graph_token: bool = False
    token_expires_at: Moment | None = None
    warnings: list[str] = []
    version: str


class Rail(Schema):
    """What one rail says now; `until` is null where it is open, or only a person ends it."""

    name: str
    says: str
    holds: bool
    until: Moment | None


class WarmUpStep(Schema):
    """From when on so many reposts a day may go out."""

    since: Moment
    daily_limit: int


class Rails(Schema):
    """`warmUp` is empty once the login is 30 days old."""

    rails: list[Rail]
    warm_up: list[WarmUpStep]


class Stopped(Schema):
    """Since when nothing of a person's goes out, because they stopped it; null where it does."""

    since: Moment | None


class PauseRequest(Schema):
    """Without `accountId` every account; without `until`, until `resume`."""

    account_id: AccountId | None = None
    until: Instant | None = None


def _author_name(value: str) -> str:
    name = value.strip().removeprefix("@").lower()
    if not re.fullmatch(r"[a-z0-9._]{1,30}", name):
        raise ValueError("no Instagram username")
    return name


def _word(value: str) -> str:
    if not filters.words(value):
        raise ValueError("a word has at least one letter or digit")
    return value.strip()


AuthorName = Annotated[str, AfterValidator(_author_name), Field(max_length=64)]
# Lists replace what was there; an empty one clears it.
Authors = Annotated[list[AuthorName], Field(max_length=1000)]
Words = Annotated[
    list[Annotated[str, AfterValidator(_word), Field(max_length=100)]], Field(max_length=100)
]


# What is sent beside the settings: for whom, and which of them were seen.
NO_SETTINGS = frozenset({"account_id", "version"})


class StoryRepostSettings(Schema):
    """What `POST /story-repost/config` takes: absent fields stay as they are.

    With the `version` that was read (additive), nothing is changed where somebody was faster.
    """

    account_id: AccountId
    poll_interval_hours: int | None = Field(default=None, ge=6, le=48)
    auto_tag_original_poster: bool | None = None
    jitter_minutes: int | None = Field(default=None, ge=0, le=120)
    sleep_window_start: int | None = Field(default=None, ge=0, le=23)
    sleep_window_end: int | None = Field(default=None, ge=0, le=23)
    timezone: Timezone | None = None
    daily_repost_limit: int | None = Field(default=None, ge=1, le=48)
    approval_required: bool | None = None
    template: Template | None = None
    signature_overlay: SignatureOverlay | None = None
    allowed_authors: Authors | None = None
    denied_authors: Authors | None = None
    always_authors: Authors | None = None
    minimum_followers: int | None = Field(default=None, ge=0, le=10**9)
    required_words: Words | None = None
    excluded_words: Words | None = None
    dry_run: bool | None = None
    publish_route: Literal["auto", "official", "private"] | None = None
    auto_repost_enabled: bool | None = None
    version: Version | None = None

    _whole = field_validator("*", mode="before")(whole)

    def changes(self) -> dict[str, Any]:
        """Return the settings that were sent."""
        sent = self.model_dump(exclude_none=True)
        for name in NO_SETTINGS & sent.keys():
            sent.pop(name)
        if "signature_overlay" in self.model_fields_set:  # null takes it away
            sent["signature_overlay"] = self.signature_overlay
        return sent
