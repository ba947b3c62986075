"""Shapes of the contract's requests and responses (reference §5), in its camelCase."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from storage.times import to_text


def _is_uuid(value: str) -> str:
    return str(UUID(value))


def _is_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError("no IANA timezone, such as Europe/Berlin") from None
    return value


Moment = Annotated[datetime, PlainSerializer(to_text, return_type=str, when_used="json")]
Timezone = Annotated[str, AfterValidator(_is_timezone)]
Id = Annotated[str, AfterValidator(_is_uuid), Field(json_schema_extra={"format": "uuid"})]


class Schema(BaseModel):
    """Base of every shape; unknown properties of requests are ignored (contract §2)."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, frozen=True
    )


class Success(Schema):
    success: bool = True


class Health(Schema):
    status: str
    timestamp: Moment
    services: dict[str, str]
    uptime: float


class AccountQuery(Schema):
    account_id: Id | None = None


class RequiredAccountQuery(Schema):
    account_id: Id


class AccountRef(Schema):
    account_id: Id


class OptionalAccountRef(Schema):
    account_id: Id | None = None


class StoryRepostConfig(Schema):
    """The contract's `StoryRepostConfig`; the last three fields are additive."""

    id: str
    user_id: str
    instagram_account_id: str | None
    is_enabled: bool
    ig_username: str
    poll_interval_hours: int
    jitter_minutes: int
    last_poll_at: Moment | None
    last_poll_status: str | None
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
    template: str


class Holding(Schema):
    """What holds the engine back now; `until` is null when only a person can end it."""

    rail: str
    reason: str
    until: Moment | None


class StoryRepostStatus(Schema):
    configured: bool
    is_enabled: bool
    config: StoryRepostConfig | None
    holding: Holding | None = None


class RepostItem(Schema):
    id: str
    account_id: str
    status: str
    reason: str | None
    held_until: Moment | None
    original_username: str
    kind: str | None
    story_pk: str
    source: str
    mentioned_at: Moment
    expires_at: Moment
    post_id: str | None
    permalink: str | None
    created_at: Moment
    updated_at: Moment


class ScanResult(Schema):
    detected: int
    pending: int
    items: list[RepostItem]
    requests: int


class RepostHistory(Schema):
    reposts: list[RepostItem]


class LoginRequest(Schema):
    account_id: Id
    ig_username: str = Field(min_length=1, max_length=64)
    ig_password: str = Field(min_length=1, max_length=512, repr=False)
    code: str = Field(default="", pattern=r"^(\d{6}|\d{8})?$", repr=False)


class LoginResult(Schema):
    success: bool
    message: str
    challenge_required: bool
    contact_point: str | None = None
    challenge_type: str | None = None
    version_warning: str | None = None


class ChallengeRequest(Schema):
    account_id: Id
    code: str = Field(pattern=r"^(\d{6}|\d{8})$", repr=False)


class ChallengeResult(Schema):
    success: bool
    resolved: bool
    message: str


class CredentialsProbe(Schema):
    configured: bool
    ig_username: str | None
    last_login_at: Moment | None
    challenge_state: str | None
    has_session: bool


class SessionPhase(Schema):
    has_credentials: bool
    has_session: bool
    cloud_configured: bool
    phase: int
    desktop_online: bool
    last_warmup_at: Moment | None
    last_warmup_error: str | None
    exists: bool


class ConnectRequest(Schema):
    username: str = Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9._]+$")


class InstagramAccount(Schema):
    id: str
    ig_user_id: str
    username: str
    name: str | None
    profile_picture_url: str | None
    account_type: str | None
    facebook_page_id: str | None
    facebook_page_name: str | None
    token_expires_at: Moment | None
    login_method: str
    followers_count: int | None
    media_count: int | None
    last_synced_at: Moment | None
    created_at: Moment


class StoryRepostSettings(Schema):
    """What `POST /story-repost/config` takes: absent fields stay as they are."""

    account_id: Id
    poll_interval_hours: int | None = Field(default=None, ge=6, le=48)
    auto_tag_original_poster: bool | None = None
    jitter_minutes: int | None = Field(default=None, ge=0, le=120)
    sleep_window_start: int | None = Field(default=None, ge=0, le=23)
    sleep_window_end: int | None = Field(default=None, ge=0, le=23)
    timezone: Timezone | None = None
    daily_repost_limit: int | None = Field(default=None, ge=1, le=48)
    approval_required: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return the settings that were sent."""
        sent = self.model_dump(exclude_none=True)
        sent.pop("account_id")
        return sent
