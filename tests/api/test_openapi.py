"""The OpenAPI document and the pages made of it: valid, complete, and current."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from api.app import BASE_PATH, openapi_document, operations
from api.contract import Auth
from api.errors import CODES
from ground.refusal import ErrorCode
from operations.event_types import TYPES
from tests.support.served import Served
from tools import http_reference as reference

# The contract's endpoints (reference §4), and what Reprise adds.
CONTRACT = """
GET /health · GET /health/ig-version
GET /auth/check · GET /auth/me · POST /auth/logout · DELETE /auth/accounts/{id}
POST /media/upload · GET /media · GET /media/{id} · DELETE /media/{id}
POST /posts/draft · PUT /posts/draft/{id} · POST /posts/publish · GET /posts · GET /posts/{id}
POST /posts/{id}/retry · DELETE /posts/{id} · DELETE /posts/{id}/instagram
GET /posts/recent-completions
POST /schedule · GET /schedule · GET /schedule/{id} · PUT /schedule/{id} · DELETE /schedule/{id}
GET /schedule/queue/status
GET /cloudflare/status · GET /cloudflare/diagnostics · GET /cloudflare/cron-status
GET /cloudflare/kv
GET /story-repost/status · POST /story-repost/config · DELETE /story-repost/config
POST /story-repost/enable · POST /story-repost/disable · POST /story-repost/scan
GET /story-repost/history
GET /settings/private-api-credentials/{accountId}
DELETE /settings/private-api-credentials/{accountId} · POST /settings/private-api-credentials
POST /settings/private-api-credentials/challenge · GET /settings/session-phase/{accountId}
POST /settings/api-keys · GET /settings/api-keys · DELETE /settings/api-keys/{id}
"""
OPEN = {"GET /health", "GET /auth/check", "POST /auth/logout"}
COOKIE_ONLY = {
    "POST /settings/api-keys",
    "DELETE /settings/api-keys/{id}",
    "POST /settings/browsers/invite",
    "POST /settings/browsers/sign-out",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(openapi_document())
    return loaded


def described(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


async def test_it_is_served_to_everybody_as_it_is(served: Served) -> None:
    answer = await served.call("GET", f"{BASE_PATH}/openapi.json", key=None)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == json.loads(openapi_document())
    docs = await served.client.get("/api/docs")
    assert docs.status_code == 200
    assert f"{BASE_PATH}/openapi.json" in docs.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert (await served.client.get(f"/api/docs/{name}")).status_code == 200
    assert "https://" not in docs.text, "the page needs no network"
    other = await served.call("GET", "/api/docs/index.html", key=None)
    assert (other.status, other.body["code"]) == (404, "NOT_FOUND")


def test_it_is_valid_and_of_version_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    validate(document)


def test_it_has_every_endpoint_of_the_contract(document: dict[str, Any]) -> None:
    wanted = {entry.strip() for line in CONTRACT.splitlines() for entry in line.split("·")} - {""}
    assert len(wanted) == 44
    found = {name for name, _ in described(document)}
    assert wanted <= found
    assert len(found) == len(list(operations()))


def test_operation_ids_are_unique_and_fit_for_a_function(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in described(document)]
    ids += [told["post"]["operationId"] for told in document["webhooks"].values()]
    assert len(set(ids)) == len(ids)
    assert all(one.isidentifier() and one[0].islower() for one in ids)


def test_what_webhooks_are_told_is_described(document: dict[str, Any]) -> None:
    told = document["webhooks"]
    assert set(told) == set(TYPES)
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} == {
        each["name"] for each in told["post.failed"]["post"]["parameters"]
    }
    schema = document["components"]["schemas"]["WebhookData"]
    assert set(schema["properties"]) - set(schema["required"]) == {"post", "repost", "error"}


def test_every_operation_says_who_may_call_it(document: dict[str, Any]) -> None:
    for name, operation in described(document):
        schemes = [set(choice) for choice in operation["security"]]
        if name in OPEN:
            assert schemes == [] or set() in schemes, name
        elif name in COOKIE_ONLY:
            assert schemes == [{"session"}], name
        else:
            assert schemes == [{"bearer"}, {"session"}], name


def test_every_answer_is_described(document: dict[str, Any]) -> None:
    for operation in operations():
        path = operation.path.replace("<", "{").replace(">", "}")
        responses = document["paths"][path][operation.method.lower()]["responses"]
        for status, response in responses.items():
            schema = response["content"]["application/json"]["schema"]
            expected = "ErrorResponse" if int(status) >= 400 else operation.returns.__name__
            assert schema == {"$ref": f"#/components/schemas/{expected}"}
        assert str(operation.status) in responses
        for code in operation.errors:
            assert code in responses[str(CODES[ErrorCode(code)].status)]["description"]
        if operation.auth is not Auth.NONE:
            assert "Retry-After" in responses["429"]["headers"]
            assert "RateLimit-Policy" in responses[str(operation.status)]["headers"]


def test_what_is_required_is_documented_as_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    post = schemas["PublishablePost"]
    assert set(post["required"]) == {"accountId", "mediaType"}
    assert post["properties"]["caption"]["maxLength"] == 2200
    assert post["properties"]["userTags"]["maxItems"] == 20
    assert post["properties"]["collaborators"]["maxItems"] == 3
    assert post["properties"]["storyMentions"]["maxItems"] == 5
    assert "scheduledFor" in schemas["ScheduleRequest"]["required"]
    assert set(schemas["ErrorResponse"]["required"]) == {"error", "code", "status"}
    assert schemas["ErrorCode"]["enum"] == list(CODES)
    assert schemas["ErrorResponse"]["properties"]["code"]["$ref"].endswith("/ErrorCode")
    paths = document["paths"]
    assert paths["/story-repost/enable"]["post"]["requestBody"]["required"] is True
    assert paths["/story-repost/scan"]["post"]["requestBody"]["required"] is False
    since, *more = paths["/posts/recent-completions"]["get"]["parameters"]
    assert not any(each["required"] for each in more)
    assert since["required"] is True
    for field in ("id", "status", "mediaFiles", "errorCode"):
        assert field in schemas["Post"]["required"], field


@pytest.mark.parametrize("name", ["errors.md", "http-api.md"])
def test_the_pages_in_docs_are_current(name: str) -> None:
    written = (reference.DOCS / name).read_text(encoding="utf-8")
    assert written == reference.pages()[name], "run `make docs`"


def test_the_pages_name_every_code_and_endpoint(document: dict[str, Any]) -> None:
    pages = reference.pages()
    for code, entry in CODES.items():
        assert f"| `{code}` | {entry.meaning} | {entry.recovery} |" in pages["errors.md"]
    for name, _ in described(document):
        assert f"### {name}\n" in pages["http-api.md"]


SECTION_5 = {
    "InstagramAccount": "id igUserId username name profilePictureUrl accountType facebookPageId "
    "facebookPageName tokenExpiresAt loginMethod followersCount mediaCount lastSyncedAt createdAt",
    "MediaFile": "id originalFilename storagePath mimeType fileSize width height durationSeconds "
    "aspectRatio isValid validationErrors thumbnailPath processedPath createdAt previewUrl "
    "publicUrl thumbnailUrl thumbnailPreviewUrl",
    "Post": "id userId instagramAccountId mediaType sourceType caption hashtags locationId "
    "locationName userTags collaborators storyMentions publishedViaPrivateApi crossPostToFacebook "
    "facebookPostId facebookPermalink isScheduled scheduledFor timezone status igContainerId "
    "igMediaId igPermalink cloudflareJobId r2MediaKey errorMessage errorCode retryCount "
    "lastAttemptAt publishedAt createdAt updatedAt mediaFiles",
    "ScheduledJob": "id type status runAt repeatIntervalMs repeatKey attempts maxAttempts "
    "lastError createdAt updatedAt completedAt",
    "StoryRepostConfig": "id userId instagramAccountId isEnabled igUsername pollIntervalHours "
    "jitterMinutes lastPollAt lastPollStatus lastPollError consecutiveFailures autoDisabledAt "
    "autoDisableReason challengeCount30d lastChallengeAt challengePauseUntil configuredAt "
    "warmUpComplete sleepWindowStart sleepWindowEnd dailyRepostLimit repostsToday "
    "repostsTodayResetAt autoRepostEnabled lastAutoSyncAt autoTagOriginalPoster signatureOverlay "
    "createdAt updatedAt",
    "ApiKey": "id name prefix scopes createdAt lastUsedAt revokedAt",
    "UserTag": "username x y",
    "StoryMention": "username x y",
    "ErrorResponse": "error code status details retryAfter",
}


@pytest.mark.parametrize("name", SECTION_5)
def test_every_schema_of_the_contract_stands_in_the_document(name: str) -> None:
    shown = json.loads(openapi_document())["components"]["schemas"][name]["properties"]
    assert set(SECTION_5[name].split()) <= set(shown)
