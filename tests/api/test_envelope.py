"""One error envelope for every failure, whoever calls and however broken the request is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from api.app import BASE_PATH, operations
from api.contract import Auth, Operation
from api.errors import CODES
from ground.refusal import ErrorCode
from tests.support.served import Answer, Served, serve_studio
from tests.support.studio import Studio

NOBODY = "00000000-0000-4000-8000-000000000000"


def assert_envelope(answer: Answer, code: str, about: object = None) -> None:
    """`about` says which of several requests it was: they share one daemon, which costs more."""
    assert answer.headers["content-type"] == "application/json", about
    assert set(answer.body) == {"error", "code", "status"}, about
    assert answer.body["code"] == code, about
    assert answer.body["status"] == answer.status == CODES[ErrorCode(code)].status, about
    assert answer.body["error"], about


def path_of(operation: Operation) -> str:
    path = operation.path.replace("<accountId>", NOBODY).replace("<id>", NOBODY)
    return BASE_PATH + path


async def test_unknown_paths(served: Served) -> None:
    for path in ("/api", "/api/v1", "/api/v1/nothing", "/api/v2/health", "/login/x"):
        assert_envelope(await served.call("GET", path), "NOT_FOUND", path)


async def test_wrong_methods(served: Served) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        answer = await served.call(method, "/api/v1/health")
        assert_envelope(answer, "METHOD_NOT_ALLOWED", method)
        assert "GET" in answer.headers["allow"]


async def test_a_word_of_a_path_is_no_id(served: Served) -> None:
    for path in ("posts/draft", "media/upload"):
        answer = await served.call("DELETE", f"/api/v1/{path}")
        assert_envelope(answer, "METHOD_NOT_ALLOWED", path)
        assert answer.headers["allow"] == "POST"


async def test_malformed_json(served: Served) -> None:
    odd = (b"", b"{", b"[1,2", b"null", b"[]", b'"text"', b"1" * 99)
    for content in (*odd, b"\xff\xfe", b'{"accountId": "\xff"}'):
        answer = await served.call("POST", "/api/v1/story-repost/enable", content=content)
        assert_envelope(answer, "VALIDATION_ERROR", content)


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


async def test_every_operation_asks_who_calls(served: Served) -> None:
    asking = [each for each in operations() if each.auth not in (Auth.NONE, Auth.OPTIONAL)]
    assert len(asking) > 30
    for operation in asking:
        path, unknown = path_of(operation), "vg_live_" + "x" * 43
        answer = await served.call(operation.method, path, {}, key=None)
        assert_envelope(answer, "AUTH_REQUIRED", operation)
        answer = await served.call(operation.method, path, {}, key=unknown)
        assert_envelope(answer, "AUTH_INVALID_KEY", operation)


def names_an_account(operation: Operation) -> bool:
    fields = {**_fields(operation.body), **_fields(operation.query)}
    return "account_id" in fields or "<accountId>" in operation.path


def _fields(model: type[BaseModel] | None) -> dict[str, Any]:
    return dict(model.model_fields) if model else {}


async def test_every_operation_that_names_an_account_knows_when_there_is_none(
    served: Served,
) -> None:
    naming = [operation for operation in operations() if names_an_account(operation)]
    assert len(naming) > 10
    for operation in naming:
        body: dict[str, Any] = {"accountId": NOBODY, "igUsername": "x", "igPassword": "y"}
        if "challenge" in operation.path:
            body["code"] = "123456"
        if "media_file_id" in _fields(operation.body):
            body |= {"mediaType": "IMAGE", "mediaFileId": NOBODY}
            body |= {"scheduledFor": "2099-01-01T00:00:00Z", "timezone": "UTC"}
        if "all" in _fields(operation.body):
            body |= {"all": True}
        if "rule" in _fields(operation.body):
            body |= {"username": "anna", "rule": "never"}
        if "sessionid" in _fields(operation.body):
            body |= {"sessionid": "4100015855%3AkeJ3yQpZt8wXvBnMrTfLsD%3A26"}
        query = f"?accountId={NOBODY}" if operation.query else ""
        if "until" in (bounds := _fields(operation.query)):
            for name, day in {"since": "2026-01-01", "until": "2026-01-02"}.items():
                query += f"&{bounds[name].alias or name}={day}T00:00:00Z"
        answer = await served.call(
            operation.method, path_of(operation) + query, body if operation.body else None
        )
        assert_envelope(answer, "NOT_FOUND", operation)


async def test_malformed_keys(served: Served) -> None:
    ours = ("Bearer vg_live_short", "Bearer vg_live_" + "ü" * 43)
    for header in (*ours, "Bearer sk_" + "x" * 48, "Basic dXNlcjpwYXNz", "Bearer"):
        answer = await served.call(
            "GET",
            "/api/v1/story-repost/status",
            headers={"Authorization": header.encode("latin-1")},
        )
        assert_envelope(answer, "AUTH_INVALID_KEY", header)


async def test_a_page_that_rebinds_its_name_is_refused(served: Served) -> None:
    for host in ("evil.example", "evil.example:3001", "", "localhost.evil.com"):
        for path in ("/api/v1/health", "/login?code=x"):
            answer = await served.call("GET", path, headers={"Host": host})
            assert_envelope(answer, "FORBIDDEN_ORIGIN", host)
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
