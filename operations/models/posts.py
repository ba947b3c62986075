"""Posts as they are stored, and what was accepted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from operations.models.base import (
    AccountId,
    Instant,
    Moment,
    Schema,
    StoredMoment,
    Uuid,
    _plus,
)
from operations.models.media import (
    MediaFile,
)
from storage.jobs import JobStatus, JobType
from storage.posts import MediaType, PostStatus, SourceType


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
    alt_texts: str | None = None  # additive
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
    thumbnail_url: str | None = None  # additive; a small WebP of the first file, in lists
    # A factory, because pydantic copies a list deeply, which is a tenth of a list of posts.
    media_files: list[MediaFile] = Field(default_factory=list, json_schema_extra={"default": []})


class PostList(Schema):
    posts: list[Post]
    total: int
    page: int
    limit: int
    has_more: bool


class _PageOfPosts(Schema):
    """`from` (inclusive) and `until` are additive, as is `accountId`."""

    account_id: AccountId | None = None
    since: Annotated[Instant, BeforeValidator(_plus)] | None = Field(default=None, alias="from")
    until: Annotated[Instant, BeforeValidator(_plus)] | None = None
    page: int = Field(default=1, ge=1, le=2**48)
    limit: int = Field(default=20, ge=1, le=100)


class PostQuery(_PageOfPosts):
    """Times are those of creation. All but `status` is additive; `text` is looked for in captions,
    whatever the case of its letters from a to z."""

    status: PostStatus | None = None
    media_type: MediaType | None = None
    source: Literal["own", "reposts"] | None = None
    text: str | None = Field(default=None, min_length=1, max_length=200)


class ScheduleQuery(_PageOfPosts):
    """Times are those at which posts are due."""

    status: Literal["SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING"] | None = None


class CalendarQuery(Schema):
    """What went out or goes out from `from` (inclusive) until `until`, 100 days at most."""

    account_id: AccountId
    since: Annotated[Instant, BeforeValidator(_plus)] = Field(alias="from")
    until: Annotated[Instant, BeforeValidator(_plus)]
    status: PostStatus | None = None
    media_type: MediaType | None = None
    source: Literal["own", "reposts"] | None = None

    @model_validator(mode="after")
    def _is_short(self) -> CalendarQuery:
        if self.until - self.since > timedelta(days=100):
            raise ValueError("`until` is 100 days after `from` at most")
        return self


class UsualTimesQuery(Schema):
    """`day`, written 2026-11-28, is one of the account's own zone."""

    account_id: AccountId
    day: date | None = None


class UsualTime(Schema):
    """A free time; `often`: for how many posts such a one was chosen."""

    at: Moment
    often: int


class UsualTimes(Schema):
    """The next first; at most one a day. `timezone` is the account's."""

    timezone: str
    times: list[UsualTime]


class CalendarPost(Schema):
    """One post of a calendar; `movable` says that it can be given another time.

    `isClose` says that another one is planned nearer than two posts go out, so that one is later.
    """

    id: Uuid
    media_type: MediaType
    source_type: SourceType
    status: PostStatus
    at: Moment
    caption: str | None
    error_message: str | None
    thumbnail_url: str | None
    movable: bool
    is_close: bool = False


class Calendar(Schema):
    """The earliest first; `isCut` says that there are more than were returned."""

    posts: list[CalendarPost]
    is_cut: bool


class SinceQuery(Schema):
    """All but `since` is additive."""

    since: Annotated[Instant, BeforeValidator(_plus)]
    until: Annotated[Instant, BeforeValidator(_plus)] | None = None
    status: Literal["PUBLISHED", "FAILED"] | None = None
    account_id: AccountId | None = None
    limit: int = Field(default=100, ge=1, le=1000)


class Completions(Schema):
    posts: list[Post]


# Additive to the contract, and absent where there is nothing to say.
Warnings = Annotated[list[str], Field(exclude_if=lambda found: not found)]


class WholePost(Post):
    """A post by itself. Who changes it sends `version` back, and is refused with `STALE_EDIT`
    where somebody else has changed it meanwhile (additive)."""

    version: str


class EditedPost(WholePost):
    """A post as it is after a change, with what its owner should know before it goes out."""

    warnings: Warnings = []


class Swapped(Schema):
    """Two posts, each with the time that the other one had."""

    post: EditedPost
    other: EditedPost


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
    # Of those that the cloud sends only, as in the contract.
    cloudflare_job_id: str | None = Field(default=None, exclude_if=lambda found: found is None)
    warnings: Warnings = []


class ScheduledEntry(Schema):
    """What became of one of several: its post, or why there is none."""

    post_id: Uuid | None
    scheduled_for: Moment
    timezone: str
    warnings: list[str]
    code: str | None = None
    error: str | None = None


class ScheduledBatch(Schema):
    """One entry for each that was sent, in that order; a `postId` of a dry run is for nothing."""

    items: list[ScheduledEntry]
    scheduled: int
    refused: int
    dry_run: bool


class ScheduledJob(Schema):
    """A row of the local job queue; what is due is claimed when its `runAt` has come."""

    id: Uuid
    type: JobType
    status: JobStatus
    run_at: Moment
    repeat_interval_ms: int | None
    repeat_key: str | None
    attempts: int
    max_attempts: int
    last_error: str | None
    created_at: Moment
    updated_at: Moment
    completed_at: Moment | None


class Cleared(Schema):
    success: bool = True
    cleared_post_id: Uuid


class DeletedFromInstagram(Schema):
    success: bool
    was_deleted_from_instagram: bool
    cleared_post_id: Uuid
    delete_error: str | None
    permalink: str | None


class PostChange(Schema):
    """One change of a post's state; `via` is how somebody asked for it, null where nobody did."""

    state: str
    reason: str | None
    at: Moment
    via: str | None


class PostChanges(Schema):
    """Every change of a post's state that is kept, oldest first."""

    changes: list[PostChange]


class Count(Schema):
    account_id: Uuid
    status: str
    count: int


class Counts(Schema):
    """How many posts and mentions each account has in each state; what has none is left out."""

    posts: list[Count]
    reposts: list[Count]
