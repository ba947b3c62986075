"""One error envelope for every failure, whoever calls and however broken the request is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from api.app import BASE_PATH, operations
from api.contract import Auth, Operation
from api.errors import CODES
from tests.support.served import Answer, Served, serve_studio
from tests.support.studio import Studio

NOBODY = "00000000-0000-4000-8000-000000000000"


def assert_envelope(answer: Answer, code: str) -> None:
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.body) == {"error", "code", "status"}
    assert answer.body["code"] == code
    assert answer.body["status"] == answer.status == CODES[code].status
    assert answer.body["error"]


def path_of(operation: Operation) -> str:
    path = operation.path.replace("<accountId>", NOBODY).replace("<id>", NOBODY)
    return BASE_PATH + path


@pytest.mark.parametrize("path", ["/", "/api/v1", "/api/v1/nothing", "/api/v2/health", "/login/x"])
async def test_unknown_paths(served: Served, path: str) -> None:
    assert_envelope(await served.call("GET", path), "NOT_FOUND")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_wrong_methods(served: Served, method: str) -> None:
    answer = await served.call(method, "/api/v1/health")
    assert_envelope(answer, "METHOD_NOT_ALLOWED")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["posts/draft", "media/upload"])
async def test_a_word_of_a_path_is_no_id(served: Served, path: str) -> None:
    answer = await served.call("DELETE", f"/api/v1/{path}")
    assert_envelope(answer, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1,2",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"accountId": "\xff"}',
        b"1" * 99,
    ],
)
async def test_malformed_json(served: Served, content: bytes) -> None:
    answer = await served.call("POST", "/api/v1/story-repost/enable", content=content)
    assert_envelope(answer, "VALIDATION_ERROR")


async def test_a_body_that_is_not_json(served: Served) -> None:
    answer = await served.call(
        "POST",
        "/api/v1/story-repost/enable",
        content=b"accountId=1",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert_envelope(answer, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_body_that_is_too_large(served: Served) -> None:
    content = b'{"accountId": "' + b"x" * 2_000_000 + b'"}'
    answer = await served.call("POST", "/api/v1/story-repost/enable", content=content)
    assert (answer.status, answer.body["code"]) == (413, "UPLOAD_ERROR")


@pytest.mark.parametrize("operation", list(operations()), ids=lambda o: f"{o.method} {o.path}")
async def test_every_operation_asks_who_calls(served: Served, operation: Operation) -> None:
    if operation.auth in (Auth.NONE, Auth.OPTIONAL):
        return
    answer = await served.call(operation.method, path_of(operation), {}, key=None)
    assert_envelope(answer, "AUTH_REQUIRED")
    answer = await served.call(operation.method, path_of(operation), {}, key="vg_live_" + "x" * 43)
    assert_envelope(answer, "AUTH_INVALID_KEY")


def names_an_account(operation: Operation) -> bool:
    fields = {**_fields(operation.body), **_fields(operation.query)}
    return "account_id" in fields or "<accountId>" in operation.path


def _fields(model: type[BaseModel] | None) -> dict[str, Any]:
    return dict(model.model_fields) if model else {}


@pytest.mark.parametrize(
    "operation",
    [operation for operation in operations() if names_an_account(operation)],
    ids=lambda o: f"{o.method} {o.path}",
)
async def test_every_operation_that_names_an_account_knows_when_there_is_none(
    served: Served, operation: Operation
) -> None:
    body = {"accountId": NOBODY, "igUsername": "x", "igPassword": "y"}
    if "challenge" in operation.path:
        body["code"] = "123456"
    if "media_type" in _fields(operation.body):
        body |= {"mediaType": "IMAGE", "mediaFileId": NOBODY}
        body |= {"scheduledFor": "2099-01-01T00:00:00Z", "timezone": "UTC"}
    query = f"?accountId={NOBODY}" if operation.query else ""
    answer = await served.call(
        operation.method, path_of(operation) + query, body if operation.body else None
    )
    assert_envelope(answer, "NOT_FOUND")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer vg_live_short", "AUTH_INVALID_KEY"),
        ("Bearer sk_" + "x" * 48, "AUTH_INVALID_KEY"),
        ("Basic dXNlcjpwYXNz", "AUTH_INVALID_KEY"),
        ("Bearer", "AUTH_INVALID_KEY"),
        ("Bearer vg_live_" + "ü" * 43, "AUTH_INVALID_KEY"),
    ],
)
async def test_malformed_keys(served: Served, header: str, code: str) -> None:
    answer = await served.call(
        "GET",
        "/api/v1/story-repost/status",
        headers={"Authorization": header.encode("latin-1")},
    )
    assert_envelope(answer, code)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3001", "", "localhost.evil.com"])
async def test_a_page_that_rebinds_its_name_is_refused(served: Served, host: str) -> None:
    for path in ("/api/v1/health", "/login?code=x"):
        answer = await served.call("GET", path, headers={"Host": host})
        assert_envelope(answer, "FORBIDDEN_ORIGIN")
    for ours in ("localhost:3001", "127.0.0.1", "[::1]:3001", "LOCALHOST"):
        assert (await served.call("GET", "/api/v1/health", headers={"Host": ours})).status == 200


async def test_details_are_for_developers_only(studio: Studio) -> None:
    body = {"accountId": "x", "mediaType": "IMAGE", "caption": 5}
    for env, shown in (("production", False), ("development", True)):
        settings = replace(studio.core.settings, env=env)
        chosen = replace(studio, core=replace(studio.core, settings=settings))
        async with serve_studio(chosen) as served:
            answer = await served.call("POST", f"{BASE_PATH}/posts/draft", body)
            assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
            assert ("details" in answer.body) is shown
            if shown:
                wrong = {problem["loc"][0] for problem in answer.body["details"]}
                assert wrong == {"accountId", "caption"}
                assert "input" not in str(answer.body["details"])
            known = await served.call("GET", f"{BASE_PATH}/posts/{NOBODY}")
            assert_envelope(known, "NOT_FOUND")


@pytest.mark.logs_errors
async def test_a_bug_is_logged_and_not_shown(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("storage.store.probe", broken)
    answer = await served.call("GET", "/api/v1/health")
    assert_envelope(answer, "INTERNAL_ERROR")
    assert "hunter2" not in answer.body["error"]
    request_id = answer.body["error"].rpartition(" ")[2]
    assert request_id in caplog.text
