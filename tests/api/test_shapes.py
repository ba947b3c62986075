"""Every answer has the contract's fields, of its types, null only where the contract says so."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from api.app import openapi_document
from storage import repost_configs
from tests.support import shapes
from tests.support.posting import (
    API,
    draft,
    photo_id,
    schedule,
    second_account,
    story,
    until,
    upload,
)
from tests.support.served import Served
from tests.support.shapes import assert_fits

POST = f"{shapes.POST} · storyStickers string? · altTexts string? · thumbnailUrl string?"
WHOLE_POST = f"{POST} · version string"

# What Reprise adds to the contract's `StoryRepostConfig`.
KEY_LIMITS = {"accountIds", "expiresAt"}
CONFIG_ADDITIONS = {
    "timezone", "approvalRequired", "template", "allowedAuthors", "deniedAuthors", "alwaysAuthors",
    "minimumFollowers", "requiredWords", "excludedWords", "dryRun", "publishRoute", "paused",
    "pausedUntil", "lastAutoSyncError", "lastPollRequests", "totalPollRequests", "warnings",
    "version",
}  # fmt: skip


async def get(served: Served, path: str) -> Any:
    answer = await served.call("GET", API + path)
    assert answer.status == 200, answer.body
    return answer.body


async def test_posts_and_media(served: Served) -> None:
    uploaded = await upload(served, served.studio.photo(400, 500))
    assert_fits(uploaded.body, shapes.MEDIA_FILE)
    media = uploaded.body["id"]
    assert_fits(await get(served, f"/media/{media}"), shapes.MEDIA_FILE)
    listed = await get(served, "/media")
    assert_fits(listed, shapes.MEDIA_LIST)
    assert_fits(listed["files"][0], shapes.MEDIA_FILE)

    made = await draft(served, caption="Hi", userTags=[{"username": "anna", "x": 0, "y": 1}])
    assert_fits(made, WHOLE_POST)
    assert (made["status"], made["sourceType"]) == ("DRAFT", "MANUAL")
    changed = await served.call("PUT", f"{API}/posts/draft/{made['id']}", {"mediaFileId": None})
    assert_fits(changed.body, WHOLE_POST)

    queued = await served.call("POST", f"{API}/posts/publish", story(served, media))
    assert_fits(queued.body, shapes.ACCEPTED)
    published = await until(served, queued.body["postId"], "PUBLISHED")
    assert_fits(published, WHOLE_POST)
    for name in ("igMediaId", "igPermalink", "publishedAt", "lastAttemptAt"):
        assert published[name], name
    assert_fits(published["mediaFiles"][0], shapes.MEDIA_FILE)

    page = await get(served, "/posts")
    assert_fits(page, shapes.POST_LIST)
    for one in page["posts"]:
        assert_fits(one, POST)
    since = published["createdAt"].replace("Z", "%2B00:00")
    completed = await get(served, f"/posts/recent-completions?since={since}")
    assert set(completed) == {"posts"}
    assert_fits(completed["posts"][0], POST)

    cleared = await served.call("DELETE", f"{API}/posts/{made['id']}")
    assert_fits(cleared.body, shapes.CLEARED)
    assert cleared.body["clearedPostId"] == made["id"]
    gone = await served.call("DELETE", f"{API}/media/{media}")
    assert gone.body == {"success": True}


async def test_schedule(served: Served) -> None:
    media = await photo_id(served)
    made = await schedule(served, story(served, media), timedelta(days=1))
    assert_fits(made, shapes.SCHEDULED)
    assert made["isCloudflare"] is False
    path = f"/schedule/{made['postId']}"
    one = await get(served, path)
    assert_fits(one, POST)
    assert (one["isScheduled"], one["sourceType"]) == (True, "SCHEDULED")
    assert_fits(one["mediaFiles"][0], shapes.MEDIA_FILE)
    page = await get(served, "/schedule")
    assert_fits(page, shapes.POST_LIST)
    assert_fits(page["posts"][0], POST)
    edited = await served.call("PUT", API + path, {"timezone": "Europe/Berlin"})
    assert_fits(edited.body, WHOLE_POST)
    status = await get(served, "/schedule/queue/status")
    assert_fits(status, shapes.QUEUE_STATUS)
    assert_fits(status["counts"], shapes.QUEUE_COUNTS)
    assert (await served.call("DELETE", API + path)).body == {"success": True}


def _without_limits(key: dict[str, Any]) -> dict[str, Any]:
    assert key.keys() >= KEY_LIMITS
    return {name: value for name, value in key.items() if name not in KEY_LIMITS}


async def test_accounts_settings_and_keys(served: Served) -> None:
    account_id = served.studio.account.id
    me = await get(served, "/auth/me")
    assert set(me) == {"user", "accounts"}
    assert_fits(me["user"], "id uuid")
    assert_fits(me["accounts"][0], shapes.INSTAGRAM_ACCOUNT)
    assert me["accounts"][0]["igUserId"] == str(served.studio.person.pk)
    probe = await get(served, f"/settings/private-api-credentials/{account_id}")
    assert_fits(probe, shapes.CREDENTIALS)
    assert_fits(await get(served, f"/settings/session-phase/{account_id}"), shapes.SESSION_PHASE)
    keys = await get(served, "/settings/api-keys")
    assert set(keys) == {"keys"}
    assert_fits(_without_limits(keys["keys"][0]), shapes.API_KEY)
    await served.sign_in()
    made = await served.call("POST", f"{API}/settings/api-keys", {"name": "x"}, key=None)
    assert set(made.body) == {"key", "fullKey"}
    assert_fits(_without_limits(made.body["key"]), shapes.API_KEY)
    gone = await served.call(
        "DELETE", f"{API}/settings/api-keys/{made.body['key']['id']}", key=None
    )
    assert_fits(gone.body, "success boolean · alreadyRevoked boolean")


async def test_health_and_cloudflare(served: Served) -> None:
    assert_fits(await get(served, "/health"), shapes.HEALTH)
    assert_fits(await get(served, "/health/ig-version"), shapes.IG_VERSION)
    status = await get(served, "/cloudflare/status")
    assert_fits(status, shapes.CLOUDFLARE_STATUS)
    assert not any(status.values()), "nothing is configured, and nothing may look as if it were"
    cron = await get(served, "/cloudflare/cron-status")
    assert_fits(cron, shapes.CRON_STATUS)
    assert cron == {
        "configured": False, "crons": [], "hasCron": False, "lastCronRun": None,
        "modified_on": None,
    }  # fmt: skip
    for path in ("/cloudflare/kv", "/cloudflare/kv?prefix=scheduled:"):
        kv = await get(served, path)
        assert_fits(kv, shapes.KV_LIST)
        assert kv == {"configured": False, "keys": [], "keyCount": 0, "metaValues": {}}
    diagnostics = await served.call("GET", f"{API}/cloudflare/diagnostics")
    assert (diagnostics.status, diagnostics.body["code"]) == (400, "CLOUDFLARE_NOT_CONFIGURED")


async def test_story_repost(served: Served) -> None:
    studio = served.studio
    await studio.configure()
    studio.mention(studio.friend("anna"))
    scan = (await served.call("POST", f"{API}/story-repost/scan")).body
    assert_fits(scan, "detected integer · pending integer · items list", exactly=False)
    status = await get(served, "/story-repost/status")
    assert_fits(status, "configured boolean · isEnabled boolean · config object", exactly=False)
    assert set(status["config"]) - CONFIG_ADDITIONS == set(
        shapes.fields(shapes.STORY_REPOST_CONFIG)
    )
    assert_fits(status["config"], shapes.STORY_REPOST_CONFIG, exactly=False)
    history = await get(served, f"/story-repost/history?accountId={studio.account.id}")
    assert set(history) == {"reposts", "next"}
    for item in history["reposts"]:
        assert_fits(item, shapes.REPOST, exactly=False)
    saved = await served.call(
        "POST", f"{API}/story-repost/config", {"accountId": studio.account.id}
    )
    assert_fits(saved.body, shapes.STORY_REPOST_CONFIG, exactly=False)


async def test_scan_without_a_body_is_for_every_enabled_account(served: Served) -> None:
    studio = served.studio
    account, _ = await second_account(served)
    await studio.configure(approval_required=True)
    await studio.core.store.write(
        repost_configs.save,
        user_id=studio.core.owner.id,
        account_id=account.id,
        now=studio.clock.now(),
    )
    mark = studio.sandbox.ledger.mark()
    for content in (None, b"", b"{}"):
        answer = await served.call("POST", f"{API}/story-repost/scan", content=content)
        assert answer.status == 200, answer.body
    inboxes = studio.sandbox.ledger.find("direct_v2/inbox", since=mark)
    assert {entry.account for entry in inboxes} == {studio.person.username}
    answer = await served.call(
        "POST", f"{API}/story-repost/scan", content=b"x", headers={"Content-Type": "text/plain"}
    )
    assert (answer.status, answer.body["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("schema", "table", "additive"),
    [
        ("InstagramAccount", shapes.INSTAGRAM_ACCOUNT, set[str]()),
        ("MediaFile", shapes.MEDIA_FILE, set[str]()),
        ("Post", shapes.POST, {"storyStickers", "altTexts", "thumbnailUrl"}),
        (
            "StoryRepostConfig",
            shapes.STORY_REPOST_CONFIG,
            CONFIG_ADDITIONS,
        ),
        ("ApiKey", shapes.API_KEY, KEY_LIMITS),
        ("Health", shapes.HEALTH, set[str]()),
        ("IgVersion", shapes.IG_VERSION, set[str]()),
        ("CloudflareStatus", shapes.CLOUDFLARE_STATUS, set[str]()),
        ("Scheduled", shapes.SCHEDULED, {"warnings", "cloudflareJobId"}),
        ("DeletedFromInstagram", shapes.DELETED, set[str]()),
    ],
)
def test_the_document_says_the_same(schema: str, table: str, additive: set[str]) -> None:
    document = json.loads(openapi_document())
    described = document["components"]["schemas"][schema]["properties"]
    expected = shapes.fields(table)
    assert set(described) == set(expected) | additive
    formats = {"uuid": "uuid", "time": "date-time"}
    for name, (kind, nullable) in expected.items():
        types = described[name].get("type", [])
        if "$ref" in described[name]:
            target = described[name]["$ref"].rpartition("/")[2]
            types = document["components"]["schemas"][target]["type"]
        if arms := described[name].get("anyOf"):
            types = [arm.get("type", "string") for arm in arms]
        assert ("null" in types) is nullable, name
        if kind in formats:
            assert described[name]["format"] == formats[kind], name
