"""Answers of the API. Written by `make docs` out of the API's document; do not edit."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

from reprise_client._answer import Answer, listed, named

AuthorWish: TypeAlias = Literal["ask", "always", "never"] | str
DeliveryStatus: TypeAlias = Literal["PENDING", "DELIVERED", "FAILED"] | str
ErrorCode: TypeAlias = (
    Literal[
        "VALIDATION_ERROR",
        "INVALID_PARAM",
        "MISSING_PARAM",
        "MISSING_ACCOUNT_ID",
        "INVALID_CODE",
        "INVALID_STATUS",
        "INVALID_SCHEDULE",
        "INVALID_CAROUSEL",
        "INVALID_TAGS",
        "INVALID_MENTIONS",
        "INVALID_STICKERS",
        "INVALID_COLLABORATORS",
        "INVALID_CROSS_POST",
        "MEDIA_INVALID",
        "UPLOAD_ERROR",
        "NO_MEDIA_ID",
        "STORIES_CANNOT_DELETE",
        "PRIVATE_API_REQUIRED",
        "CREDENTIALS_NOT_CONFIGURED",
        "NO_ACTIVE_SESSION",
        "CLOUDFLARE_NOT_CONFIGURED",
        "AUTH_REQUIRED",
        "AUTH_INVALID_KEY",
        "TOKEN_INVALID",
        "TOKEN_EXPIRED",
        "LOGIN_FAILED",
        "TWO_FACTOR_REQUIRED",
        "COOKIE_AUTH_REQUIRED",
        "INSUFFICIENT_SCOPE",
        "FORBIDDEN_ORIGIN",
        "NOT_FOUND",
        "METHOD_NOT_ALLOWED",
        "IDEMPOTENCY_IN_FLIGHT",
        "STALE_EDIT",
        "UNSUPPORTED_MEDIA_TYPE",
        "IDEMPOTENCY_MISMATCH",
        "PROCESSING_FAILED",
        "VIDEO_PROCESSING_FAILED",
        "RATE_LIMITED",
        "LOGIN_RATE_LIMITED",
        "INTERNAL_ERROR",
        "WORKER_UNREACHABLE",
        "SERVICE_UNAVAILABLE",
        "PUBLIC_URL_REQUIRED",
        "SCHEDULE_MISSED",
        "DELIVERY_UNKNOWN",
    ]
    | str
)
MediaType: TypeAlias = Literal["IMAGE", "REELS", "STORIES", "CAROUSEL"] | str
PollStatus: TypeAlias = Literal["SUCCESS", "FAILED", "NO_MENTIONS"] | str
PostStatus: TypeAlias = (
    Literal["DRAFT", "SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING", "PUBLISHED", "FAILED"] | str
)
PublishRoute: TypeAlias = Literal["auto", "official", "private"] | str
RepostLimit: TypeAlias = (
    Literal[
        "CLOSE_FRIENDS",
        "FEW",
        "NO_RESHARE",
        "PAID",
        "SENSITIVE",
        "PRIVATE_AUTHOR",
        "ECHO",
        "UNSURE",
        "UNNAMED",
    ]
    | str
)
RepostStatus: TypeAlias = (
    Literal[
        "DETECTED",
        "DOWNLOADED",
        "WAITING_APPROVAL",
        "QUEUED",
        "PUBLISHED",
        "SKIPPED",
        "EXPIRED",
        "FAILED",
    ]
    | str
)
SourceType: TypeAlias = Literal["MANUAL", "SCHEDULED", "STORY_REPOST", "AUTO_REPOST"] | str
Template: TypeAlias = Literal["classic", "blur", "frame", "full-bleed"] | str


class Accepted(Answer):
    post_id: str = named("postId")
    status: Literal["QUEUED"] | str = named("status")
    warnings: list[str] = listed("warnings")


class AccountSession(Answer):
    """One account in use; `isOwn`: it was connected for that, and is logged out with it."""

    account_id: str = named("accountId")
    username: str = named("username")
    is_own: bool = named("isOwn")
    created_at: datetime = named("createdAt")
    used_at: datetime = named("usedAt")


class AccountSessions(Answer):
    sessions: list[AccountSession] = listed("sessions")


class ApiKey(Answer):
    """`scopes` is comma-separated, empty for everything; `accountIds` null for all accounts."""

    id: str = named("id")
    name: str = named("name")
    prefix: str = named("prefix")
    scopes: str = named("scopes")
    account_ids: list[str] | None = named("accountIds")
    created_at: datetime = named("createdAt")
    expires_at: datetime | None = named("expiresAt")
    last_used_at: datetime | None = named("lastUsedAt")
    revoked_at: datetime | None = named("revokedAt")


class ApiKeyList(Answer):
    keys: list[ApiKey] = listed("keys")


class AuthCheck(Answer):
    authenticated: bool = named("authenticated")
    username: str | None = named("username")


class AuthMe(Answer):
    user: Owner = named("user")
    accounts: list[InstagramAccount] = listed("accounts")


class AuthorRuled(Answer):
    """`before` is what held until now; `decided` are the open stories that it was applied to."""

    username: str = named("username")
    rule: AuthorWish = named("rule")
    before: AuthorWish = named("before")
    decided: list[RepostItem] = listed("decided")
    refused: list[RefusedDecision] = listed("refused")


class Breaker(Answer):
    """Story reposts were switched off by the engine itself; `remedy` says what closes it."""

    since: datetime = named("since")
    reason: str = named("reason")
    remedy: str = named("remedy")


class Calendar(Answer):
    """The earliest first; `isCut` says that there are more than were returned."""

    posts: list[CalendarPost] = listed("posts")
    is_cut: bool = named("isCut")


class CalendarPost(Answer):
    """One post of a calendar; `movable` says that it can be given another time."""

    id: str = named("id")
    media_type: MediaType = named("mediaType")
    source_type: SourceType = named("sourceType")
    status: PostStatus = named("status")
    at: datetime = named("at")
    caption: str | None = named("caption")
    error_message: str | None = named("errorMessage")
    thumbnail_url: str | None = named("thumbnailUrl")
    movable: bool = named("movable")
    is_close: bool = named("isClose")


class CardPreview(Answer):
    """A card that was not posted; `image` is a `data:` URL; of a video, one picture."""

    kind: Literal["photo", "video"] | str = named("kind")
    template: Template = named("template")
    image: str = named("image")
    width: int = named("width")
    height: int = named("height")
    sticker: StickerPlace | None = named("sticker")


class ChallengeResult(Answer):
    """`resolved: false` when Instagram wants one more code; the other fields say which."""

    success: bool = named("success")
    resolved: bool = named("resolved")
    message: str = named("message")
    contact_point: str | None = named("contactPoint")
    challenge_type: str | None = named("challengeType")


class Cleared(Answer):
    success: bool = named("success")
    cleared_post_id: str = named("clearedPostId")


class ClientOptions(Answer):
    """Of a proxy only host and port are ever shown."""

    proxy: str | None = named("proxy")
    locale: str | None = named("locale")
    timezone: str | None = named("timezone")
    has_totp_seed: bool = named("hasTotpSeed")
    warnings: list[str] = listed("warnings")


class CloudflareDiagnostics(Answer):
    version: str = named("version")
    has_encryption_key: bool = named("hasEncryptionKey")
    last_cron_run: datetime | None = named("lastCronRun")
    scheduled_count: int = named("scheduledCount")
    repost_config_count: int = named("repostConfigCount")
    pending_repost_count: int = named("pendingRepostCount")
    completed_count: int = named("completedCount")
    failed_count: int = named("failedCount")
    recent_jobs: list[Any] = listed("recentJobs")
    timestamp: datetime = named("timestamp")
    offline: bool = named("offline")
    offline_reason: str = named("offlineReason")


class CloudflareStatus(Answer):
    is_configured: bool = named("isConfigured")
    is_verified: bool = named("isVerified")
    last_verified_at: datetime | None = named("lastVerifiedAt")
    r2_configured: bool = named("r2Configured")
    worker_configured: bool = named("workerConfigured")
    r2_bucket_name: str | None = named("r2BucketName")
    r2_public_url: str | None = named("r2PublicUrl")
    worker_url: str | None = named("workerUrl")
    has_stored_api_token: bool = named("hasStoredApiToken")


class Completions(Answer):
    posts: list[Post] = listed("posts")


class Count(Answer):
    account_id: str = named("accountId")
    status: str = named("status")
    count: int = named("count")


class Counts(Answer):
    """How many posts and mentions each account has in each state; what has none is left out."""

    posts: list[Count] = listed("posts")
    reposts: list[Count] = listed("reposts")


class CredentialsProbe(Answer):
    configured: bool = named("configured")
    ig_username: str | None = named("igUsername")
    last_login_at: datetime | None = named("lastLoginAt")
    challenge_state: str | None = named("challengeState")
    has_session: bool = named("hasSession")


class CronStatus(Answer):
    configured: bool = named("configured")
    crons: list[CronTrigger] = listed("crons")
    has_cron: bool = named("hasCron")
    last_cron_run: datetime | None = named("lastCronRun")
    modified_on: datetime | None = named("modified_on")


class CronTrigger(Answer):
    cron: str = named("cron")


class DayCount(Answer):
    """What went out on a day, which is written 2026-11-28."""

    day: str = named("day")
    posts: int = named("posts")
    reposts: int = named("reposts")


class Decided(Answer):
    """`cameSince` (additive) says how many wait that came, or came back, after `asOf`."""

    decided: list[RepostItem] = listed("decided")
    refused: list[RefusedDecision] = listed("refused")
    came_since: int | None = named("cameSince")


class DeletedFromInstagram(Answer):
    success: bool = named("success")
    was_deleted_from_instagram: bool = named("wasDeletedFromInstagram")
    cleared_post_id: str = named("clearedPostId")
    delete_error: str | None = named("deleteError")
    permalink: str | None = named("permalink")


class EditedPost(Answer):
    """A post as it is after a change, with what its owner should know before it goes out."""

    id: str = named("id")
    user_id: str = named("userId")
    instagram_account_id: str = named("instagramAccountId")
    media_type: MediaType = named("mediaType")
    source_type: SourceType = named("sourceType")
    caption: str | None = named("caption")
    hashtags: str | None = named("hashtags")
    location_id: str | None = named("locationId")
    location_name: str | None = named("locationName")
    user_tags: str | None = named("userTags")
    collaborators: str | None = named("collaborators")
    story_mentions: str | None = named("storyMentions")
    story_stickers: str | None = named("storyStickers")
    alt_texts: str | None = named("altTexts")
    published_via_private_api: bool = named("publishedViaPrivateApi")
    cross_post_to_facebook: bool = named("crossPostToFacebook")
    facebook_post_id: str | None = named("facebookPostId")
    facebook_permalink: str | None = named("facebookPermalink")
    is_scheduled: bool = named("isScheduled")
    scheduled_for: datetime | None = named("scheduledFor")
    timezone: str = named("timezone")
    status: PostStatus = named("status")
    ig_container_id: str | None = named("igContainerId")
    ig_media_id: str | None = named("igMediaId")
    ig_permalink: str | None = named("igPermalink")
    cloudflare_job_id: str | None = named("cloudflareJobId")
    r2_media_key: str | None = named("r2MediaKey")
    error_message: str | None = named("errorMessage")
    error_code: str | None = named("errorCode")
    retry_count: int = named("retryCount")
    last_attempt_at: datetime | None = named("lastAttemptAt")
    published_at: datetime | None = named("publishedAt")
    created_at: datetime = named("createdAt")
    updated_at: datetime = named("updatedAt")
    thumbnail_url: str | None = named("thumbnailUrl")
    media_files: list[MediaFile] = listed("mediaFiles")
    version: str = named("version")
    warnings: list[str] = listed("warnings")


class ErrorResponse(Answer):
    """Every failure of every operation (contract §2)."""

    error: str = named("error")
    code: ErrorCode = named("code")
    status: int = named("status")
    details: Any = named("details")
    retry_after: int | None = named("retryAfter")


class Event(Answer):
    """One change of state; ids rise and are never used again."""

    id: int = named("id")
    type: str = named("type")
    at: datetime = named("at")
    account_id: str | None = named("accountId")
    subject: str = named("subject")
    subject_id: str = named("subjectId")
    state: str = named("state")
    reason: str | None = named("reason")
    via: str | None = named("via")


class EventPage(Answer):
    """Events, oldest first; `next` is the `since` to go on from."""

    events: list[Event] = listed("events")
    next: int = named("next")
    reset: bool = named("reset")


class FormatFit(Answer):
    """Whether a file fits a kind of post; `reason` says why not."""

    media_type: MediaType = named("mediaType")
    reason: str | None = named("reason")


class Health(Answer):
    status: Literal["healthy", "degraded", "unhealthy"] | str = named("status")
    timestamp: datetime = named("timestamp")
    services: dict[str, Any] = named("services")
    uptime: float = named("uptime")


class Holding(Answer):
    """What holds the engine back now; `until` is null when only a person can end it."""

    rail: str = named("rail")
    reason: str = named("reason")
    until: datetime | None = named("until")


class IgVersion(Answer):
    current_version: str = named("currentVersion")
    latest_version: str | None = named("latestVersion")
    is_outdated: bool = named("isOutdated")
    last_checked_at: datetime | None = named("lastCheckedAt")


class Insights(Answer):
    """`days` are those on which anything went out, the oldest first; `mentionsByHour` has seven
    weekdays from Monday on, of 24 hours each, over 90 days; `isCut` says that there was more than
    is counted."""

    timezone: str = named("timezone")
    since: str = named("since")
    days: list[DayCount] = listed("days")
    mentions_by_hour: list[list[int]] = listed("mentionsByHour")
    lateness: list[LatePost] = listed("lateness")
    warm_up: WarmUp | None = named("warmUp")
    is_cut: bool = named("isCut")


class InstagramAccount(Answer):
    id: str = named("id")
    ig_user_id: str = named("igUserId")
    username: str = named("username")
    name: str | None = named("name")
    profile_picture_url: str | None = named("profilePictureUrl")
    account_type: str | None = named("accountType")
    facebook_page_id: str | None = named("facebookPageId")
    facebook_page_name: str | None = named("facebookPageName")
    token_expires_at: datetime | None = named("tokenExpiresAt")
    login_method: Literal["instagram", "facebook"] | str = named("loginMethod")
    followers_count: int | None = named("followersCount")
    media_count: int | None = named("mediaCount")
    last_synced_at: datetime | None = named("lastSyncedAt")
    created_at: datetime = named("createdAt")


class KeptCopies(Answer):
    """The newest first. They lie beside the database, in `copies`."""

    copies: list[KeptCopy] = listed("copies")


class KeptCopy(Answer):
    name: str = named("name")
    made_at: datetime = named("madeAt")
    size: int = named("size")


class KvKey(Answer):
    name: str = named("name")


class KvList(Answer):
    configured: bool = named("configured")
    keys: list[KvKey] = listed("keys")
    key_count: int = named("keyCount")
    meta_values: dict[str, Any] = named("metaValues")


class LatePost(Answer):
    """A planned post, and how long after its time it was on Instagram."""

    post_id: str = named("postId")
    due_at: datetime = named("dueAt")
    late_ms: int = named("lateMs")


class Library(Answer):
    """A page of the library, newest first; `bytes` is what all of the chosen files take."""

    files: list[LibraryFile] = listed("files")
    total: int = named("total")
    bytes: int = named("bytes")
    has_more: bool = named("hasMore")


class LibraryFile(Answer):
    """A file with what it fits and the posts that show it, the newest five of `usedBy`."""

    id: str = named("id")
    original_filename: str = named("originalFilename")
    storage_path: str = named("storagePath")
    mime_type: str = named("mimeType")
    file_size: int = named("fileSize")
    width: int | None = named("width")
    height: int | None = named("height")
    duration_seconds: float | None = named("durationSeconds")
    aspect_ratio: str | None = named("aspectRatio")
    is_valid: bool = named("isValid")
    validation_errors: str | None = named("validationErrors")
    thumbnail_path: str | None = named("thumbnailPath")
    processed_path: str | None = named("processedPath")
    created_at: datetime = named("createdAt")
    preview_url: str | None = named("previewUrl")
    public_url: str | None = named("publicUrl")
    thumbnail_url: str | None = named("thumbnailUrl")
    thumbnail_preview_url: str | None = named("thumbnailPreviewUrl")
    fits: list[FormatFit] = listed("fits")
    shown_in: list[ShownIn] = listed("shownIn")
    used_by: int = named("usedBy")
    is_planned: bool = named("isPlanned")


class LoginCode(Answer):
    """What a login link ends with; whoever has it first is signed in."""

    code: str = named("code")


class LoginResult(Answer):
    success: bool = named("success")
    message: str = named("message")
    challenge_required: bool = named("challengeRequired")
    contact_point: str | None = named("contactPoint")
    challenge_type: str | None = named("challengeType")
    version_warning: str | None = named("versionWarning")


class Look(Answer):
    """A small picture of a card; `image` is a `data:` URL, `sample` what it was drawn on."""

    template: Template = named("template")
    sample: Literal["last", "tall", "wide", "dark", "bright", "video"] | str = named("sample")
    image: str = named("image")


class MachineFinding(Answer):
    """What a check of `reprise doctor` found; `mend` says what to do where something is."""

    check: str = named("check")
    state: Literal["OK", "warning", "problem"] | str = named("state")
    text: str = named("text")
    mend: str | None = named("mend")


class MachineFindings(Answer):
    ok: bool = named("ok")
    findings: list[MachineFinding] = listed("findings")


class MediaFile(Answer):
    id: str = named("id")
    original_filename: str = named("originalFilename")
    storage_path: str = named("storagePath")
    mime_type: str = named("mimeType")
    file_size: int = named("fileSize")
    width: int | None = named("width")
    height: int | None = named("height")
    duration_seconds: float | None = named("durationSeconds")
    aspect_ratio: str | None = named("aspectRatio")
    is_valid: bool = named("isValid")
    validation_errors: str | None = named("validationErrors")
    thumbnail_path: str | None = named("thumbnailPath")
    processed_path: str | None = named("processedPath")
    created_at: datetime = named("createdAt")
    preview_url: str | None = named("previewUrl")
    public_url: str | None = named("publicUrl")
    thumbnail_url: str | None = named("thumbnailUrl")
    thumbnail_preview_url: str | None = named("thumbnailPreviewUrl")


class MediaList(Answer):
    files: list[MediaFile] = listed("files")
    total: int = named("total")
    has_more: bool = named("hasMore")


class MediaPreview(Answer):
    """A file as it would be sent; of a video, its first picture. `image` is a `data:` URL."""

    image: str = named("image")
    width: int = named("width")
    height: int = named("height")
    change: str = named("change")


class NewApiKey(Answer):
    key: ApiKey = named("key")
    full_key: str = named("fullKey")


class NewWebhook(Answer):
    """`secret` is shown this once; messages are signed with it (Standard Webhooks)."""

    webhook: Webhook = named("webhook")
    secret: str = named("secret")


class Owner(Answer):
    id: str = named("id")


class PassedOver(Answer):
    """An account that was not scanned, and why."""

    account_id: str = named("accountId")
    reason: str = named("reason")


class PendingRepost(Answer):
    """What a person needs to decide about a mention; it is dropped at `decide_before`."""

    id: str = named("id")
    account_id: str = named("accountId")
    status: RepostStatus = named("status")
    reason: str | None = named("reason")
    held_until: datetime | None = named("heldUntil")
    original_username: str = named("originalUsername")
    kind: str | None = named("kind")
    story_pk: str = named("storyPk")
    source: str = named("source")
    mentioned_at: datetime = named("mentionedAt")
    expires_at: datetime = named("expiresAt")
    post_id: str | None = named("postId")
    permalink: str | None = named("permalink")
    created_at: datetime = named("createdAt")
    updated_at: datetime = named("updatedAt")
    caption: str | None = named("caption")
    preview_url: str | None = named("previewUrl")
    story_url: str | None = named("storyUrl")
    card_url: str | None = named("cardUrl")
    thumbnail_url: str | None = named("thumbnailUrl")
    limits: list[RepostLimit] = listed("limits")
    warning: str | None = named("warning")
    template: Template | None = named("template")
    username: str = named("username")
    decide_before: datetime = named("decideBefore")
    author_followers: int | None = named("authorFollowers")


class PendingReposts(Answer):
    """`next` is the `after` of the next page, null on the last one."""

    reposts: list[PendingRepost] = listed("reposts")
    next: str | None = named("next")
    as_of: int = named("asOf")


class Post(Answer):
    """The contract's `Post`; tags, collaborators, mentions and stickers are JSON texts, or null."""

    id: str = named("id")
    user_id: str = named("userId")
    instagram_account_id: str = named("instagramAccountId")
    media_type: MediaType = named("mediaType")
    source_type: SourceType = named("sourceType")
    caption: str | None = named("caption")
    hashtags: str | None = named("hashtags")
    location_id: str | None = named("locationId")
    location_name: str | None = named("locationName")
    user_tags: str | None = named("userTags")
    collaborators: str | None = named("collaborators")
    story_mentions: str | None = named("storyMentions")
    story_stickers: str | None = named("storyStickers")
    alt_texts: str | None = named("altTexts")
    published_via_private_api: bool = named("publishedViaPrivateApi")
    cross_post_to_facebook: bool = named("crossPostToFacebook")
    facebook_post_id: str | None = named("facebookPostId")
    facebook_permalink: str | None = named("facebookPermalink")
    is_scheduled: bool = named("isScheduled")
    scheduled_for: datetime | None = named("scheduledFor")
    timezone: str = named("timezone")
    status: PostStatus = named("status")
    ig_container_id: str | None = named("igContainerId")
    ig_media_id: str | None = named("igMediaId")
    ig_permalink: str | None = named("igPermalink")
    cloudflare_job_id: str | None = named("cloudflareJobId")
    r2_media_key: str | None = named("r2MediaKey")
    error_message: str | None = named("errorMessage")
    error_code: str | None = named("errorCode")
    retry_count: int = named("retryCount")
    last_attempt_at: datetime | None = named("lastAttemptAt")
    published_at: datetime | None = named("publishedAt")
    created_at: datetime = named("createdAt")
    updated_at: datetime = named("updatedAt")
    thumbnail_url: str | None = named("thumbnailUrl")
    media_files: list[MediaFile] = listed("mediaFiles")


class PostChange(Answer):
    """One change of a post's state; `via` is how somebody asked for it, null where nobody did."""

    state: str = named("state")
    reason: str | None = named("reason")
    at: datetime = named("at")
    via: str | None = named("via")


class PostChanges(Answer):
    """Every change of a post's state that is kept, oldest first."""

    changes: list[PostChange] = listed("changes")


class PostList(Answer):
    posts: list[Post] = listed("posts")
    total: int = named("total")
    page: int = named("page")
    limit: int = named("limit")
    has_more: bool = named("hasMore")


class QueueCounts(Answer):
    waiting: int = named("waiting")
    active: int = named("active")
    delayed: int = named("delayed")
    total: int = named("total")


class QueueStatus(Answer):
    queue: Literal["local-sqlite"] | str = named("queue")
    counts: QueueCounts = named("counts")


class QuietHours(Answer):
    """From and until which time of day only what cannot wait is told; null where never."""

    begins: str | None = named("begins")
    ends: str | None = named("ends")
    timezone: str | None = named("timezone")


class Rail(Answer):
    """What one rail says now; `until` is null where it is open, or only a person ends it."""

    name: str = named("name")
    says: str = named("says")
    holds: bool = named("holds")
    until: datetime | None = named("until")


class Rails(Answer):
    """`warmUp` is empty once the login is 30 days old."""

    rails: list[Rail] = listed("rails")
    warm_up: list[WarmUpStep] = listed("warmUp")


class Recipient(Answer):
    """Where somebody is told; `service` is all that is shown of its URL."""

    id: str = named("id")
    name: str | None = named("name")
    service: str = named("service")
    account_ids: list[str] | None = named("accountIds")
    created_at: datetime = named("createdAt")
    disabled_at: datetime | None = named("disabledAt")
    disabled_reason: str | None = named("disabledReason")
    last_failed_at: datetime | None = named("lastFailedAt")


class RecipientList(Answer):
    recipients: list[Recipient] = listed("recipients")


class Recovered(Answer):
    """How many messages are sent again."""

    count: int = named("count")


class RefusedDecision(Answer):
    id: str = named("id")
    reason: str = named("reason")


class RepostDetails(Answer):
    """A mention with every change of its state, oldest first."""

    id: str = named("id")
    account_id: str = named("accountId")
    status: RepostStatus = named("status")
    reason: str | None = named("reason")
    held_until: datetime | None = named("heldUntil")
    original_username: str = named("originalUsername")
    kind: str | None = named("kind")
    story_pk: str = named("storyPk")
    source: str = named("source")
    mentioned_at: datetime = named("mentionedAt")
    expires_at: datetime = named("expiresAt")
    post_id: str | None = named("postId")
    permalink: str | None = named("permalink")
    created_at: datetime = named("createdAt")
    updated_at: datetime = named("updatedAt")
    caption: str | None = named("caption")
    preview_url: str | None = named("previewUrl")
    story_url: str | None = named("storyUrl")
    card_url: str | None = named("cardUrl")
    thumbnail_url: str | None = named("thumbnailUrl")
    limits: list[RepostLimit] = listed("limits")
    warning: str | None = named("warning")
    template: Template | None = named("template")
    events: list[RepostEvent] = listed("events")
    look: str | None = named("look")


class RepostEvent(Answer):
    state: RepostStatus = named("state")
    reason: str | None = named("reason")
    at: datetime = named("at")
    via: str | None = named("via")


class RepostHistory(Answer):
    """`next` is the `after` of the next page, null on the last one."""

    reposts: list[RepostItem] = listed("reposts")
    next: str | None = named("next")


class RepostItem(Answer):
    id: str = named("id")
    account_id: str = named("accountId")
    status: RepostStatus = named("status")
    reason: str | None = named("reason")
    held_until: datetime | None = named("heldUntil")
    original_username: str = named("originalUsername")
    kind: str | None = named("kind")
    story_pk: str = named("storyPk")
    source: str = named("source")
    mentioned_at: datetime = named("mentionedAt")
    expires_at: datetime = named("expiresAt")
    post_id: str | None = named("postId")
    permalink: str | None = named("permalink")
    created_at: datetime = named("createdAt")
    updated_at: datetime = named("updatedAt")
    caption: str | None = named("caption")
    preview_url: str | None = named("previewUrl")
    story_url: str | None = named("storyUrl")
    card_url: str | None = named("cardUrl")
    thumbnail_url: str | None = named("thumbnailUrl")
    limits: list[RepostLimit] = listed("limits")
    warning: str | None = named("warning")
    template: Template | None = named("template")


class RevokedApiKey(Answer):
    success: bool = named("success")
    already_revoked: bool = named("alreadyRevoked")


class Room(Answer):
    """What takes room on the disk, in bytes."""

    files: int = named("files")
    media: int = named("media")
    database: int = named("database")
    copies: int = named("copies")
    free: int = named("free")


class SandboxLink(Answer):
    """It signs one browser in to the sandbox, once, within five minutes."""

    url: str = named("url")


class ScanResult(Answer):
    detected: int = named("detected")
    pending: int = named("pending")
    items: list[RepostItem] = listed("items")
    requests: int = named("requests")
    passed_over: list[PassedOver] = listed("passedOver")


class Scheduled(Answer):
    post_id: str = named("postId")
    job_id: str = named("jobId")
    status: Literal["SCHEDULED"] | str = named("status")
    scheduled_for: datetime = named("scheduledFor")
    timezone: str = named("timezone")
    is_cloudflare: bool = named("isCloudflare")
    cloudflare_job_id: str | None = named("cloudflareJobId")
    warnings: list[str] = listed("warnings")


class ScheduledBatch(Answer):
    """One entry for each that was sent, in that order; a `postId` of a dry run is for nothing."""

    items: list[ScheduledEntry] = listed("items")
    scheduled: int = named("scheduled")
    refused: int = named("refused")
    dry_run: bool = named("dryRun")


class ScheduledEntry(Answer):
    """What became of one of several: its post, or why there is none."""

    post_id: str | None = named("postId")
    scheduled_for: datetime = named("scheduledFor")
    timezone: str = named("timezone")
    warnings: list[str] = listed("warnings")
    code: str | None = named("code")
    error: str | None = named("error")


class SessionPhase(Answer):
    has_credentials: bool = named("hasCredentials")
    has_session: bool = named("hasSession")
    cloud_configured: bool = named("cloudConfigured")
    phase: int = named("phase")
    desktop_online: bool = named("desktopOnline")
    last_warmup_at: datetime | None = named("lastWarmupAt")
    last_warmup_error: str | None = named("lastWarmupError")
    exists: bool = named("exists")


class ShownIn(Answer):
    """A post that shows a file."""

    post_id: str = named("postId")
    status: PostStatus = named("status")


class SignedInBrowser(Answer):
    """A browser's session. `name` is no secret: nobody is signed in by it."""

    name: str = named("name")
    device: str | None = named("device")
    scopes: str = named("scopes")
    account_ids: list[str] | None = named("accountIds")
    created_at: datetime = named("createdAt")
    expires_at: datetime = named("expiresAt")
    is_this: bool = named("isThis")


class SignedInBrowsers(Answer):
    browsers: list[SignedInBrowser] = listed("browsers")


class StairStep(Answer):
    """Up to and with this day of a login at most so many reposts go out a day."""

    until_day: int = named("untilDay")
    reposts: int = named("reposts")


class StickerPlace(Answer):
    """Where the mention sticker goes: its centre and its size in shares of the story."""

    x: float = named("x")
    y: float = named("y")
    width: float = named("width")
    height: float = named("height")


class Stopped(Answer):
    """Since when nothing of a person's goes out, because they stopped it; null where it does."""

    since: datetime | None = named("since")


class StoryRepostConfig(Answer):
    """The contract's `StoryRepostConfig`; the fields from `timezone` on are additive."""

    id: str = named("id")
    user_id: str = named("userId")
    instagram_account_id: str | None = named("instagramAccountId")
    is_enabled: bool = named("isEnabled")
    ig_username: str = named("igUsername")
    poll_interval_hours: int = named("pollIntervalHours")
    jitter_minutes: int = named("jitterMinutes")
    last_poll_at: datetime | None = named("lastPollAt")
    last_poll_status: PollStatus | None = named("lastPollStatus")
    last_poll_error: str | None = named("lastPollError")
    consecutive_failures: int = named("consecutiveFailures")
    auto_disabled_at: datetime | None = named("autoDisabledAt")
    auto_disable_reason: str | None = named("autoDisableReason")
    challenge_count30d: int = named("challengeCount30d")
    last_challenge_at: datetime | None = named("lastChallengeAt")
    challenge_pause_until: datetime | None = named("challengePauseUntil")
    configured_at: datetime | None = named("configuredAt")
    warm_up_complete: bool = named("warmUpComplete")
    sleep_window_start: int = named("sleepWindowStart")
    sleep_window_end: int = named("sleepWindowEnd")
    daily_repost_limit: int = named("dailyRepostLimit")
    reposts_today: int = named("repostsToday")
    reposts_today_reset_at: datetime | None = named("repostsTodayResetAt")
    auto_repost_enabled: bool = named("autoRepostEnabled")
    last_auto_sync_at: datetime | None = named("lastAutoSyncAt")
    auto_tag_original_poster: bool = named("autoTagOriginalPoster")
    signature_overlay: str | None = named("signatureOverlay")
    created_at: datetime = named("createdAt")
    updated_at: datetime = named("updatedAt")
    timezone: str = named("timezone")
    approval_required: bool = named("approvalRequired")
    template: Template = named("template")
    last_poll_requests: int | None = named("lastPollRequests")
    total_poll_requests: int = named("totalPollRequests")
    warnings: list[str] = listed("warnings")
    allowed_authors: list[str] = listed("allowedAuthors")
    denied_authors: list[str] = listed("deniedAuthors")
    always_authors: list[str] = listed("alwaysAuthors")
    minimum_followers: int = named("minimumFollowers")
    required_words: list[str] = listed("requiredWords")
    excluded_words: list[str] = listed("excludedWords")
    dry_run: bool = named("dryRun")
    publish_route: PublishRoute = named("publishRoute")
    paused: bool = named("paused")
    paused_until: datetime | None = named("pausedUntil")
    last_auto_sync_error: str | None = named("lastAutoSyncError")
    version: str = named("version")


class StoryRepostConfigs(Answer):
    configs: list[StoryRepostConfig] = listed("configs")


class StoryRepostStatus(Answer):
    """The contract's three fields, and (additive) what holds the account now and what is next."""

    configured: bool = named("configured")
    is_enabled: bool = named("isEnabled")
    config: StoryRepostConfig | None = named("config")
    holding: Holding | None = named("holding")
    polling: Holding | None = named("polling")
    next_poll_at: datetime | None = named("nextPollAt")
    session_phase: int = named("sessionPhase")
    session_phase_until: datetime | None = named("sessionPhaseUntil")
    reposts_today: int = named("repostsToday")
    daily_cap: int = named("dailyCap")
    waiting: WaitingReposts = named("waiting")
    breaker: Breaker | None = named("breaker")
    has_graph_token: bool = named("hasGraphToken")
    token_expires_at: datetime | None = named("tokenExpiresAt")
    warnings: list[str] = listed("warnings")
    version: str = named("version")


class Success(Answer):
    success: bool = named("success")


class Swapped(Answer):
    """Two posts, each with the time that the other one had."""

    post: EditedPost = named("post")
    other: EditedPost = named("other")


class TokenApp(Answer):
    """An app of Instagram Login at Meta. `app` is its id, null where none was given yet."""

    app: str | None = named("app")


class TokenLogin(Answer):
    """Where to log in, and until when the answer is waited for."""

    url: str = named("url")
    until: datetime = named("until")


class TriedSandbox(Answer):
    """A sandbox beside this daemon. It ends by itself at `until`; `reason` says why it failed."""

    state: Literal["notOffered", "none", "opening", "open", "failed"] | str = named("state")
    since: datetime | None = named("since")
    until: datetime | None = named("until")
    reason: str | None = named("reason")


class UsualTime(Answer):
    """A free time; `often`: for how many posts such a one was chosen."""

    at: datetime = named("at")
    often: int = named("often")


class UsualTimes(Answer):
    """The next first; at most one a day. `timezone` is the account's."""

    timezone: str = named("timezone")
    times: list[UsualTime] = listed("times")


class WaitingReposts(Answer):
    """Unfinished mentions by state."""

    detected: int = named("detected")
    downloaded: int = named("downloaded")
    waiting_approval: int = named("waitingApproval")
    queued: int = named("queued")


class WarmUp(Answer):
    """The first thirty days of a login; `used` has a number for each day until today."""

    started_at: datetime = named("startedAt")
    day: int = named("day")
    steps: list[StairStep] = listed("steps")
    daily_limit: int = named("dailyLimit")
    used: list[int] = listed("used")
    complete: bool = named("complete")


class WarmUpStep(Answer):
    """From when on so many reposts a day may go out."""

    since: datetime = named("since")
    daily_limit: int = named("dailyLimit")


class Webhook(Answer):
    """`lastFailedAt` is null again once it has heard something."""

    id: str = named("id")
    url: str = named("url")
    types: str = named("types")
    account_ids: list[str] | None = named("accountIds")
    created_at: datetime = named("createdAt")
    disabled_at: datetime | None = named("disabledAt")
    disabled_reason: str | None = named("disabledReason")
    last_failed_at: datetime | None = named("lastFailedAt")
    old_secret_until: datetime | None = named("oldSecretUntil")


class WebhookDelivery(Answer):
    """One message; `answer` is the start of what its receiver answered, or why there was none."""

    id: str = named("id")
    webhook_id: str = named("webhookId")
    event_id: int = named("eventId")
    type: str = named("type")
    status: DeliveryStatus = named("status")
    tries: int = named("tries")
    due_at: datetime | None = named("dueAt")
    created_at: datetime = named("createdAt")
    tried_at: datetime | None = named("triedAt")
    http_status: int | None = named("httpStatus")
    took_ms: int | None = named("tookMs")
    answer: str | None = named("answer")


class WebhookDeliveryList(Answer):
    """`next` is the `before` of the next page."""

    deliveries: list[WebhookDelivery] = listed("deliveries")
    next: int | None = named("next")


class WebhookList(Answer):
    webhooks: list[Webhook] = listed("webhooks")


class WholePost(Answer):
    """A post by itself. Who changes it sends `version` back, and is refused with `STALE_EDIT`
    where somebody else has changed it meanwhile (additive)."""

    id: str = named("id")
    user_id: str = named("userId")
    instagram_account_id: str = named("instagramAccountId")
    media_type: MediaType = named("mediaType")
    source_type: SourceType = named("sourceType")
    caption: str | None = named("caption")
    hashtags: str | None = named("hashtags")
    location_id: str | None = named("locationId")
    location_name: str | None = named("locationName")
    user_tags: str | None = named("userTags")
    collaborators: str | None = named("collaborators")
    story_mentions: str | None = named("storyMentions")
    story_stickers: str | None = named("storyStickers")
    alt_texts: str | None = named("altTexts")
    published_via_private_api: bool = named("publishedViaPrivateApi")
    cross_post_to_facebook: bool = named("crossPostToFacebook")
    facebook_post_id: str | None = named("facebookPostId")
    facebook_permalink: str | None = named("facebookPermalink")
    is_scheduled: bool = named("isScheduled")
    scheduled_for: datetime | None = named("scheduledFor")
    timezone: str = named("timezone")
    status: PostStatus = named("status")
    ig_container_id: str | None = named("igContainerId")
    ig_media_id: str | None = named("igMediaId")
    ig_permalink: str | None = named("igPermalink")
    cloudflare_job_id: str | None = named("cloudflareJobId")
    r2_media_key: str | None = named("r2MediaKey")
    error_message: str | None = named("errorMessage")
    error_code: str | None = named("errorCode")
    retry_count: int = named("retryCount")
    last_attempt_at: datetime | None = named("lastAttemptAt")
    published_at: datetime | None = named("publishedAt")
    created_at: datetime = named("createdAt")
    updated_at: datetime = named("updatedAt")
    thumbnail_url: str | None = named("thumbnailUrl")
    media_files: list[MediaFile] = listed("mediaFiles")
    version: str = named("version")
