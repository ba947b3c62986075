"""The contract's schemas as literal tables (reference §5), and the comparison with an answer.

Written down here and not taken from the product: a field that is renamed, missing or of another
type there does not fit here any more. `?` marks what may be null; fields of ours may be added.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

INSTAGRAM_ACCOUNT = """
id uuid · igUserId string · username string · name string? · profilePictureUrl string?
accountType string? · facebookPageId string? · facebookPageName string? · tokenExpiresAt time?
loginMethod instagram|facebook · followersCount number? · mediaCount number?
lastSyncedAt time? · createdAt time
"""
MEDIA_FILE = """
id uuid · originalFilename string · storagePath string · mimeType string · fileSize integer
width integer? · height integer? · durationSeconds number? · aspectRatio string?
isValid boolean · validationErrors string? · thumbnailPath string? · processedPath string?
createdAt time · previewUrl string? · publicUrl string? · thumbnailUrl string?
thumbnailPreviewUrl string?
"""
POST = """
id uuid · userId uuid · instagramAccountId uuid · mediaType IMAGE|REELS|STORIES|CAROUSEL
sourceType MANUAL|SCHEDULED|STORY_REPOST|AUTO_REPOST · caption string? · hashtags string?
locationId string? · locationName string? · userTags string? · collaborators string?
storyMentions string? · publishedViaPrivateApi boolean · crossPostToFacebook boolean
facebookPostId string? · facebookPermalink string? · isScheduled boolean · scheduledFor time?
timezone string
status DRAFT|SCHEDULED|QUEUED|PROCESSING|PUBLISHING|PUBLISHED|FAILED
igContainerId string? · igMediaId string? · igPermalink string? · cloudflareJobId string?
r2MediaKey string? · errorMessage string? · errorCode string? · retryCount integer
lastAttemptAt time? · publishedAt time? · createdAt time · updatedAt time · mediaFiles list
"""
STORY_REPOST_CONFIG = """
id uuid · userId uuid · instagramAccountId uuid? · isEnabled boolean · igUsername string
pollIntervalHours integer · jitterMinutes integer · lastPollAt time?
lastPollStatus SUCCESS|FAILED|NO_MENTIONS? · lastPollError string? · consecutiveFailures integer
autoDisabledAt time? · autoDisableReason string? · challengeCount30d integer
lastChallengeAt time? · challengePauseUntil time? · configuredAt time?
warmUpComplete boolean · sleepWindowStart integer · sleepWindowEnd integer
dailyRepostLimit integer · repostsToday integer · repostsTodayResetAt time?
autoRepostEnabled boolean · lastAutoSyncAt time? · autoTagOriginalPoster boolean
signatureOverlay string? · createdAt time · updatedAt time
"""
API_KEY = """
id uuid · name string · prefix string · scopes string · createdAt time · lastUsedAt time?
revokedAt time?
"""
REPOST = """
id uuid · status string · originalUsername string · createdAt time · permalink string?
"""
SUCCESS = "success boolean"
ACCEPTED = "postId uuid · status QUEUED"
CLEARED = "success boolean · clearedPostId uuid"
DELETED = """
success boolean · wasDeletedFromInstagram boolean · clearedPostId uuid · deleteError string?
permalink string?
"""
SCHEDULED = """
postId uuid · jobId string · status SCHEDULED · scheduledFor time · timezone string
isCloudflare boolean
"""
POST_LIST = "posts list · total integer · page integer · limit integer · hasMore boolean"
MEDIA_LIST = "files list · total integer · hasMore boolean"
QUEUE_STATUS = "queue local-sqlite · counts object"
QUEUE_COUNTS = "waiting integer · active integer · delayed integer · total integer"
HEALTH = "status healthy|degraded|unhealthy · timestamp time · services object · uptime number"
IG_VERSION = """
currentVersion string · latestVersion string? · isOutdated boolean · lastCheckedAt time?
"""
CREDENTIALS = """
configured boolean · igUsername string? · lastLoginAt time? · challengeState string?
hasSession boolean
"""
SESSION_PHASE = """
hasCredentials boolean · hasSession boolean · cloudConfigured boolean · phase integer
desktopOnline boolean · lastWarmupAt time? · lastWarmupError string? · exists boolean
"""
CLOUDFLARE_STATUS = """
isConfigured boolean · isVerified boolean · lastVerifiedAt time? · r2Configured boolean
workerConfigured boolean · r2BucketName string? · r2PublicUrl string? · workerUrl string?
hasStoredApiToken boolean
"""
CRON_STATUS = """
configured boolean · crons list · hasCron boolean · lastCronRun time? · modified_on time?
"""
KV_LIST = "configured boolean · keys list · keyCount integer · metaValues object"

_JSON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "object": (dict,),
}


def fields(table: str) -> dict[str, tuple[str, bool]]:
    """Return each field's type and whether it may be null."""
    rows = [row.split() for row in re.split(r"[·\n]", table) if row.strip()]
    return {name: (kind.removesuffix("?"), kind.endswith("?")) for name, kind in rows}


def assert_fits(body: Any, table: str, *, exactly: bool = True) -> None:
    """Fail unless `body` has every field of the table, of its type, and null only where allowed.

    `exactly`: and nothing else; additive fields are to be named by the test.
    """
    expected = fields(table)
    missing = set(expected) - set(body)
    assert not missing, f"missing: {missing}"
    if exactly:
        assert set(body) == set(expected), f"not in the contract: {set(body) - set(expected)}"
    for name, (kind, nullable) in expected.items():
        value = body[name]
        if value is None:
            assert nullable, f"{name} is null"
        else:
            assert _is_of(value, kind), f"{name} = {value!r} is no {kind}"


def _is_of(value: Any, kind: str) -> bool:
    if kind == "uuid":
        return str(UUID(value)) == value and UUID(value).version == 4
    if kind == "time":
        return bool(_TIME.fullmatch(value)) and datetime.fromisoformat(value) is not None
    if kind in _JSON:
        return isinstance(value, _JSON[kind]) and isinstance(value, bool) is (kind == "boolean")
    return value in kind.split("|")
