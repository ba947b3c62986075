"""Shapes of the contract's requests and responses (reference §5), in its camelCase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    TypeAdapter,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from accounts.client_options import CHECKS
from publish import rules, stickers
from repost import filters
from repost.layout import Template
from repost.overlay import OverlayInvalid, read_overlay
from storage.posts import MediaType, PostStatus, SourceType
from storage.repost_configs import PollStatus, PublishRoute
from storage.reposts import RepostStatus
from storage.times import to_text

_SPACED_OFFSET = re.compile(r" (?=\d\d:?\d\d$)")


def _is_uuid(value: str) -> str:
    return str(UUID(value))


def _is_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError("no IANA timezone, such as Europe/Berlin") from None
    return value


_TIME = WithJsonSchema({"type": "string", "format": "date-time"})
Moment = Annotated[datetime, PlainSerializer(to_text, return_type=str, when_used="json"), _TIME]
StoredMoment = Annotated[str, _TIME]  # as the database writes it, which is the contract's form
Uuid = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]


def _is_overlay(value: str) -> str:
    try:
        return read_overlay(value).model_dump_json(exclude_unset=True)
    except OverlayInvalid as error:
        raise ValueError(f"no usable overlay: {error}") from None


SignatureOverlay = Annotated[str, AfterValidator(_is_overlay)]

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def _instant(value: Any) -> datetime:
    # A number is no time, though pydantic would take it for seconds since 1970.
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError):
        pass
    except OverflowError:  # an hour before the first year, or after the last
        return _EARLIEST if moment.year == 1 else _LATEST
    raise ValueError("no ISO 8601 time with an offset, such as 2026-04-20T14:00:00Z")


def _plus(value: Any) -> Any:
    # `?since=…+02:00`: a plus that was not encoded arrives as a space.
    return _SPACED_OFFSET.sub("+", value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Shape:
    """Documents a field that is validated elsewhere: its JSON schema is that of `type`."""

    type: Any

    def __get_pydantic_json_schema__(
        self, _core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler.resolve_ref_schema(handler(TypeAdapter(self.type).core_schema))


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
TimezoneName = Annotated[str, Field(json_schema_extra={"format": "timezone"})]
Timezone = Annotated[TimezoneName, AfterValidator(_is_timezone)]
Id = Annotated[str, AfterValidator(_is_uuid), Field(json_schema_extra={"format": "uuid"})]


class Schema(BaseModel):
    """Base of every shape; unknown properties of requests are ignored (contract §2)."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        json_schema_serialization_defaults_required=True,  # answers have every field
    )


class Success(Schema):
    success: bool = True


class Health(Schema):
    status: Literal["healthy", "degraded", "unhealthy"]
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
    minimum_followers: int
    required_words: list[str]
    excluded_words: list[str]
    dry_run: bool
    publish_route: PublishRoute
    paused: bool
    paused_until: Moment | None
    last_auto_sync_error: str | None


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


class RepostItem(Schema):
    id: Uuid
    account_id: Uuid
    status: RepostStatus
    reason: str | None
    held_until: Moment | None
    original_username: str
    kind: str | None
    story_pk: str
    source: str
    mentioned_at: Moment
    expires_at: Moment
    post_id: Uuid | None
    permalink: str | None
    created_at: Moment
    updated_at: Moment
    caption: str | None
    # Files of the daemon, for a key or a session: a still of the story, the story, the card.
    preview_url: str | None
    story_url: str | None
    card_url: str | None


class PendingRepost(RepostItem):
    """What a person needs to decide about a mention; it is dropped at `decide_before`."""

    username: str
    decide_before: Moment
    author_followers: int | None


class PendingReposts(Schema):
    reposts: list[PendingRepost]


class Decision(Schema):
    """Either `ids`, or `all` with or without an `accountId`."""

    ids: list[Id] | None = Field(default=None, min_length=1, max_length=1000)
    all: bool | None = None
    account_id: Id | None = None

    @model_validator(mode="after")
    def _names_some(self) -> Decision:
        if bool(self.ids) == bool(self.all):
            raise ValueError("send either `ids` or `all`: true")
        if self.ids and self.account_id is not None:
            raise ValueError("`accountId` goes with `all`")
        return self


class RefusedDecision(Schema):
    id: Uuid
    reason: str


class Decided(Schema):
    decided: list[RepostItem]
    refused: list[RefusedDecision]


class PauseRequest(Schema):
    """Without `accountId` every account; without `until`, until `resume`."""

    account_id: Id | None = None
    until: Instant | None = None


class ScanResult(Schema):
    detected: int
    pending: int
    items: list[RepostItem]
    requests: int


class RepostEvent(Schema):
    state: RepostStatus
    reason: str | None
    at: Moment


class RepostDetails(RepostItem):
    """A mention with every change of its state, oldest first."""

    events: list[RepostEvent]


class RepostQuery(Schema):
    """`since` (inclusive) and `until` are times of detection; `after` is the last id of a page."""

    account_id: Id | None = None
    status: RepostStatus | None = None
    since: Annotated[Instant, BeforeValidator(_plus)] | None = None
    until: Annotated[Instant, BeforeValidator(_plus)] | None = None
    limit: int = Field(default=100, ge=1, le=200)
    after: Id | None = None


class RepostHistory(Schema):
    """`next` is the `after` of the next page, null on the last one."""

    reposts: list[RepostItem]
    next: Uuid | None = None


class ClientOptionFields(Schema):
    """How the account's client reaches Instagram and what it says of itself; "" clears."""

    proxy: str | None = Field(default=None, max_length=512, repr=False)
    locale: str | None = Field(default=None, max_length=16)
    timezone: str | None = Field(default=None, max_length=64)
    totp_seed: str | None = Field(default=None, max_length=256, repr=False)

    @field_validator("proxy", "locale", "timezone", "totp_seed")
    @classmethod
    def _is_usable(cls, value: str | None, info: ValidationInfo) -> str | None:
        return CHECKS[info.field_name or ""](value) if value else value

    def given(self) -> dict[str, str]:
        """Return the options that were sent, by name."""
        fields = ClientOptionFields.model_fields
        found = {name: getattr(self, name) for name in fields if name in self.model_fields_set}
        return {name: value or "" for name, value in found.items()}


class LoginRequest(ClientOptionFields):
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
    """`resolved: false` when Instagram wants one more code; the other fields say which."""

    success: bool
    resolved: bool
    message: str
    contact_point: str | None = None
    challenge_type: str | None = None


class ContinueRequest(Schema):
    account_id: Id
    method: Literal["email", "sms"] | None = None


class ImportRequest(Schema):
    """One of both: a browser's cookie, or the object that aiograpi's `get_settings()` returns."""

    account_id: Id
    sessionid: str | None = Field(default=None, max_length=2048, repr=False)
    settings: dict[str, Any] | None = Field(default=None, repr=False)


class ClientOptions(Schema):
    """Of a proxy only host and port are ever shown."""

    proxy: str | None
    locale: str | None
    timezone: str | None
    has_totp_seed: bool
    warnings: list[str]


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
    """With a token the account publishes through the official API; again to replace it."""

    username: str = Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9._]+$")
    ig_user_id: str = Field(default="", pattern=r"^\d{0,32}$")
    login_method: Literal["instagram", "facebook"] = "instagram"
    access_token: str | None = Field(default=None, min_length=1, max_length=4096, repr=False)


class InstagramAccount(Schema):
    id: Uuid
    ig_user_id: str
    username: str
    name: str | None
    profile_picture_url: str | None
    account_type: str | None
    facebook_page_id: str | None
    facebook_page_name: str | None
    token_expires_at: Moment | None
    login_method: Literal["instagram", "facebook"]
    followers_count: int | None
    media_count: int | None
    last_synced_at: Moment | None
    created_at: Moment


def _author_name(value: str) -> str:
    name = value.strip().removeprefix("@").lower()
    if not re.fullmatch(r"[a-z0-9._]{1,30}", name):
        raise ValueError("no Instagram username")
    return name


def _word(value: str) -> str:
    if not filters.words(value):
        raise ValueError("a word has at least one letter or digit")
    return value.strip()


# Lists replace what was there; an empty one clears it.
Authors = Annotated[
    list[Annotated[str, AfterValidator(_author_name), Field(max_length=64)]], Field(max_length=1000)
]
Words = Annotated[
    list[Annotated[str, AfterValidator(_word), Field(max_length=100)]], Field(max_length=100)
]


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
    template: Template | None = None
    signature_overlay: SignatureOverlay | None = None
    allowed_authors: Authors | None = None
    denied_authors: Authors | None = None
    minimum_followers: int | None = Field(default=None, ge=0, le=10**9)
    required_words: Words | None = None
    excluded_words: Words | None = None
    dry_run: bool | None = None
    publish_route: Literal["auto", "official", "private"] | None = None
    auto_repost_enabled: bool | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        # To JSON 12.0 is the same number as 12, and some languages write it so.
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def changes(self) -> dict[str, Any]:
        """Return the settings that were sent."""
        sent = self.model_dump(exclude_none=True)
        sent.pop("account_id")
        if "signature_overlay" in self.model_fields_set:  # null takes it away
            sent["signature_overlay"] = self.signature_overlay
        return sent


class CardPreviewRequest(Schema):
    """What `POST /story-repost/preview` takes; what is absent is as `accountId` is configured."""

    media_file_id: Id
    account_id: Id | None = None
    username: str | None = Field(default=None, min_length=1, max_length=30)
    template: Template | None = None
    signature_overlay: SignatureOverlay | None = None


class StickerPlace(Schema):
    """Where the mention sticker goes: its centre and its size in shares of the story."""

    x: float
    y: float
    width: float
    height: float


class CardPreview(Schema):
    """A card that was not posted; `image` is a `data:` URL; of a video, one picture."""

    kind: Literal["photo", "video"]
    template: Template
    image: str
    width: int
    height: int
    sticker: StickerPlace | None


class AuthCheck(Schema, json_schema_serialization_defaults_required=False):
    authenticated: bool
    username: str | None = Field(default=None, exclude_if=lambda name: name is None)


class Owner(Schema):
    id: Uuid


class AuthMe(Schema):
    user: Owner
    accounts: list[InstagramAccount]


class IgVersion(Schema):
    current_version: str
    latest_version: str | None
    is_outdated: bool
    last_checked_at: Moment | None


class MediaFile(Schema):
    id: Uuid
    original_filename: str
    storage_path: str
    mime_type: str
    file_size: int
    width: int | None
    height: int | None
    duration_seconds: float | None
    aspect_ratio: str | None
    is_valid: bool
    validation_errors: str | None
    thumbnail_path: str | None
    processed_path: str | None
    created_at: Moment
    preview_url: str | None
    public_url: str | None
    thumbnail_url: str | None
    thumbnail_preview_url: str | None


class MediaList(Schema):
    files: list[MediaFile]
    total: int
    has_more: bool


class MediaQuery(Schema):
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=2**62)
    type: Literal["image", "video"] | None = None


class Post(Schema):
    """The contract's `Post`; tags, collaborators, mentions and stickers are JSON texts, or null."""

    # It takes a post as it is stored: making objects of times and enums, and texts of them again,
    # would be half of the work of a list.
    model_config = ConfigDict(use_enum_values=True)

    id: Uuid
    user_id: Uuid
    instagram_account_id: Uuid
    media_type: MediaType
    source_type: SourceType
    caption: str | None
    hashtags: str | None = None
    location_id: str | None
    location_name: str | None
    user_tags: str | None
    collaborators: str | None
    story_mentions: str | None
    story_stickers: str | None
    published_via_private_api: bool
    cross_post_to_facebook: bool
    facebook_post_id: str | None
    facebook_permalink: str | None
    is_scheduled: bool
    scheduled_for: StoredMoment | None
    timezone: str
    status: PostStatus
    ig_container_id: str | None
    ig_media_id: str | None
    ig_permalink: str | None
    cloudflare_job_id: str | None = None
    r2_media_key: str | None = None
    error_message: str | None
    error_code: str | None
    retry_count: int
    last_attempt_at: StoredMoment | None
    published_at: StoredMoment | None
    created_at: StoredMoment
    updated_at: StoredMoment
    # A factory, because pydantic copies a list deeply, which is a tenth of a list of posts.
    media_files: list[MediaFile] = Field(default_factory=list, json_schema_extra={"default": []})


class PostList(Schema):
    posts: list[Post]
    total: int
    page: int
    limit: int
    has_more: bool


class PostQuery(Schema):
    status: PostStatus | None = None
    page: int = Field(default=1, ge=1, le=2**48)
    limit: int = Field(default=20, ge=1, le=100)


class ScheduleQuery(Schema):
    status: Literal["SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING"] | None = None
    page: int = Field(default=1, ge=1, le=2**48)
    limit: int = Field(default=20, ge=1, le=100)


class SinceQuery(Schema):
    since: Annotated[Instant, BeforeValidator(_plus)]


class Completions(Schema):
    posts: list[Post]


# What is wrong inside a post has codes of its own, which `publish.rules` knows: here only the
# documented shape is declared.
Username = Annotated[str, Field(min_length=1, max_length=rules.USERNAME_LENGTH)]
Share = Annotated[float, Field(ge=0, le=1)]


class UserTag(Schema):
    """Somebody tagged on a picture; x and y are 0 (left, top) to 1 (right, bottom)."""

    username: Username
    x: Share
    y: Share


class StoryMention(Schema):
    """An @mention sticker on a story; x and y are 0 to 1 and default to the middle."""

    username: Username
    x: Share = 0.5
    y: Share = 0.5


Extent = Annotated[float, Field(ge=stickers.SMALLEST, le=1)]


class Sticker(Schema):
    """Where a sticker is: its middle and its size as shares of the picture; rotation of a turn."""

    x: Share = 0.5
    y: Share = 0.5
    width: Extent = 0.5
    height: Extent = 0.1
    rotation: Share = 0.0


class LinkSticker(Sticker):
    """A link on a story; at most one."""

    type: Literal["link"]
    url: Annotated[str, Field(max_length=stickers.URL_LENGTH, json_schema_extra={"format": "uri"})]


class HashtagSticker(Sticker):
    """A hashtag on a story, with or without its `#`; at most ten."""

    type: Literal["hashtag"]
    name: Annotated[str, Field(min_length=1, max_length=stickers.HASHTAG_LENGTH)]


class LocationSticker(Sticker):
    """A place on a story, by its number at Instagram; at most one."""

    type: Literal["location"]
    id: Annotated[str, Field(pattern=f"^{stickers.LOCATION_ID.pattern}$")]
    name: Annotated[str | None, Field(max_length=stickers.NAME_LENGTH)] = None


StorySticker = Annotated[
    LinkSticker | HashtagSticker | LocationSticker, Field(discriminator="type")
]
Caption = Annotated[str, Shape(Annotated[str, Field(max_length=rules.CAPTION_LENGTH)])]
UserTags = Annotated[
    list[Any], Shape(Annotated[list[UserTag], Field(max_length=rules.MAX_USER_TAGS)])
]
StoryMentions = Annotated[
    list[Any], Shape(Annotated[list[StoryMention], Field(max_length=rules.MAX_STORY_MENTIONS)])
]
StoryStickers = Annotated[
    list[Any],
    Shape(Annotated[list[StorySticker], Field(max_length=sum(stickers.MOST.values()))]),
]
Collaborators = Annotated[
    list[Any], Shape(Annotated[list[Username], Field(max_length=rules.MAX_COLLABORATORS)])
]


class PostContent(Schema):
    """The fields that drafts, posts and schedules share (contract §4.4)."""

    media_file_id: Id | None = None
    media_file_ids: list[Id] | None = None
    caption: Caption | None = None
    user_tags: UserTags | None = None
    collaborators: Collaborators | None = None
    location_id: str | None = Field(default=None, max_length=64)
    location_name: str | None = Field(default=None, max_length=256)
    cross_post_to_facebook: bool | None = None
    story_mentions: StoryMentions | None = None
    story_stickers: StoryStickers | None = None


class PublishablePost(PostContent):
    account_id: Id
    media_type: MediaType


class DraftChanges(PostContent):
    """Only the fields that are sent are changed."""

    account_id: Id | None = None
    media_type: MediaType | None = None


class ScheduleRequest(PublishablePost):
    scheduled_for: Instant
    timezone: TimezoneName = "UTC"


class ScheduleChanges(Schema):
    """Only the fields that are sent are changed."""

    caption: Caption | None = None
    scheduled_for: Instant | None = None
    timezone: TimezoneName | None = None
    user_tags: UserTags | None = None
    location_id: str | None = Field(default=None, max_length=64)
    location_name: str | None = Field(default=None, max_length=256)
    collaborators: Collaborators | None = None
    cross_post_to_facebook: bool | None = None
    story_mentions: StoryMentions | None = None
    story_stickers: StoryStickers | None = None


# Additive to the contract, and absent where there is nothing to say.
Warnings = Annotated[list[str], Field(exclude_if=lambda found: not found)]


class Accepted(Schema):
    post_id: Uuid
    status: Literal["QUEUED"] = "QUEUED"
    warnings: Warnings = []


class Scheduled(Schema):
    post_id: Uuid
    job_id: Uuid
    status: Literal["SCHEDULED"] = "SCHEDULED"
    scheduled_for: Moment
    timezone: str
    is_cloudflare: bool = False
    warnings: Warnings = []


class RescheduleRequest(Schema):
    scheduled_for: Instant
    timezone: str | None = None


class Cleared(Schema):
    success: bool = True
    cleared_post_id: Uuid


class DeletedFromInstagram(Schema):
    success: bool
    was_deleted_from_instagram: bool
    cleared_post_id: Uuid
    delete_error: str | None
    permalink: str | None


class QueueCounts(Schema):
    waiting: int
    active: int
    delayed: int
    total: int


class QueueStatus(Schema):
    queue: Literal["local-sqlite"] = "local-sqlite"
    counts: QueueCounts


class ApiKey(Schema):
    id: Uuid
    name: str
    prefix: str
    scopes: str
    created_at: Moment
    last_used_at: Moment | None
    revoked_at: Moment | None


class ApiKeyRequest(Schema):
    name: str = Field(min_length=1, max_length=64)


class NewApiKey(Schema):
    key: ApiKey
    full_key: str


class ApiKeyList(Schema):
    keys: list[ApiKey]


class RevokedApiKey(Schema):
    success: bool = True
    already_revoked: bool


class CloudflareStatus(Schema):
    is_configured: bool
    is_verified: bool
    last_verified_at: Moment | None
    r2_configured: bool
    worker_configured: bool
    r2_bucket_name: str | None
    r2_public_url: str | None
    worker_url: str | None
    has_stored_api_token: bool


class CronTrigger(Schema):
    cron: str


class CronStatus(Schema):
    configured: bool
    crons: list[CronTrigger]
    has_cron: bool
    last_cron_run: Moment | None
    modified_on: Moment | None = Field(alias="modified_on")


class KvKey(Schema):
    name: str


class KvQuery(Schema):
    prefix: str | None = None


class KvList(Schema):
    configured: bool
    keys: list[KvKey]
    key_count: int
    meta_values: dict[str, str]


class CloudflareDiagnostics(Schema):
    version: str
    has_encryption_key: bool
    last_cron_run: Moment | None
    scheduled_count: int
    repost_config_count: int
    pending_repost_count: int
    completed_count: int
    failed_count: int
    recent_jobs: list[Any]
    timestamp: Moment
    offline: bool
    offline_reason: str


class ErrorResponse(Schema, json_schema_serialization_defaults_required=False):
    """Every failure of every operation (contract §2)."""

    error: str
    code: str
    status: int
    details: Any = None
    retry_after: int | None = None
