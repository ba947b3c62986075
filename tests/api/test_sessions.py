"""Who is signed in, and how a session ends; keys and cookies side by side (contract §3, §4.2)."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from sqlite_utils import Database

from api.session_cookie import COOKIE_NAME
from storage import accounts, browser_sessions, credentials, repost_configs, secrets
from storage.secrets import AccountSecret
from tests.support.posting import API, NOBODY, draft, photo_id, post, schedule, story, until
from tests.support.served import Served

CHECK, ME, LOGOUT = f"{API}/auth/check", f"{API}/auth/me", f"{API}/auth/logout"
UNKNOWN_KEY = "vg_live_" + "x" * 43
CORS = ("access-control-allow-origin", "access-control-allow-credentials")


async def test_the_probe_says_who_is_signed_in_and_never_refuses(served: Served) -> None:
    signed_in = {"authenticated": True, "username": "studio"}
    nobody = {"authenticated": False}
    assert (await served.call("GET", CHECK)).body == signed_in
    assert (await served.call("GET", CHECK, key=None)).body == nobody
    assert (await served.call("GET", CHECK, key=UNKNOWN_KEY)).body == nobody
    await served.sign_in()
    assert (await served.call("GET", CHECK, key=None)).body == signed_in
    # A key decides, also a bad one, whatever cookie comes with it.
    assert (await served.call("GET", CHECK, key=UNKNOWN_KEY)).body == nobody
    served.client.cookies.clear()
    served.client.cookies[COOKIE_NAME] = "forged"
    answer = await served.call("GET", CHECK, key=None)
    assert (answer.status, answer.body) == (200, nobody)


async def test_without_an_account_there_is_no_username(served: Served) -> None:
    account = served.studio.account.id
    assert (await served.call("DELETE", f"{API}/auth/accounts/{account}")).status == 200
    assert (await served.call("GET", CHECK)).body == {"authenticated": True}


async def test_a_key_decides_over_a_cookie(served: Served) -> None:
    await served.sign_in()
    assert (await served.call("GET", ME, key=None)).status == 200
    answer = await served.call("GET", ME, key=UNKNOWN_KEY)
    assert (answer.status, answer.body["code"]) == (401, "AUTH_INVALID_KEY")
    both = await served.call("GET", ME)
    assert both.status == 200
    assert "ratelimit-limit" in both.headers
    # The privilege of the cookie is not lent to the key.
    made = await served.call("POST", f"{API}/settings/api-keys", {"name": "x"})
    assert (made.status, made.body["code"]) == (403, "COOKIE_AUTH_REQUIRED")


async def test_me_never_shows_a_token(served: Served) -> None:
    def give_token(db: Database) -> None:
        core = served.studio.core
        secrets.put(
            db, core.vault, served.studio.account.id, AccountSecret.ACCESS_TOKEN, "IGAAsecret"
        )

    await served.studio.core.store.write(give_token)
    body = (await served.call("GET", ME)).body
    assert body["user"]["id"] == served.studio.core.owner.id
    (account,) = body["accounts"]
    assert (account["id"], account["username"]) == (served.studio.account.id, "studio")
    assert "IGAAsecret" not in str(body)
    assert not any("token" in name.lower() for name in account if name != "tokenExpiresAt")


async def test_logging_out_ends_the_session_on_the_server(served: Served) -> None:
    await served.sign_in()
    stolen = served.client.cookies[served.cookie_name]
    answer = await served.call("POST", LOGOUT, key=None)
    assert (answer.status, answer.body) == (200, {"success": True})
    cleared = SimpleCookie(answer.headers["set-cookie"])[served.cookie_name]
    assert (cleared.value, cleared["max-age"]) == ("", "0")
    served.client.cookies.clear()
    served.client.cookies[served.cookie_name] = stolen
    refused = await served.call("GET", ME, key=None)
    assert (refused.status, refused.body["code"]) == (401, "TOKEN_INVALID")
    # Again, forged, and with nothing at all: nothing to do is no failure.
    assert (await served.call("POST", LOGOUT, key=None)).body == {"success": True}
    served.client.cookies.clear()
    assert (await served.call("POST", LOGOUT, key=None)).body == {"success": True}


async def test_logging_out_does_nothing_for_a_key(served: Served) -> None:
    await served.sign_in()
    answer = await served.call("POST", LOGOUT)
    assert (answer.status, answer.body) == (200, {"success": True})
    assert "set-cookie" not in answer.headers
    assert (await served.call("GET", ME)).status == 200
    assert (await served.call("GET", ME, key=None)).status == 200, "the cookie's session ended"


async def test_another_site_cannot_log_anybody_out(served: Served) -> None:
    await served.sign_in()
    headers = {"Origin": "https://evil.example"}
    answer = await served.call("POST", LOGOUT, key=None, headers=headers)
    assert (answer.status, answer.body["code"]) == (403, "FORBIDDEN_ORIGIN")
    assert (await served.call("GET", ME, key=None)).status == 200


async def test_the_cookie_is_for_this_site_and_no_script(served: Served) -> None:
    core = served.studio.core
    code = await core.store.write(
        browser_sessions.create_code, user_id=core.owner.id, now=core.clock.now()
    )
    answer = await served.call("GET", f"/login?code={code}", key=None)
    cookie = SimpleCookie(answer.headers["set-cookie"])[served.cookie_name]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Strict", "/", "")
    assert int(cookie["max-age"]) == 30 * 24 * 3600
    assert cookie.value.count(".") == 2, "a JWT"
    assert answer.headers["cache-control"] == "no-store"
    served.studio.clock.advance(timedelta(days=30, seconds=1))
    expired = await served.call("GET", ME, key=None)
    assert (expired.status, expired.body["code"]) == (401, "TOKEN_INVALID")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9"])
async def test_no_other_site_is_ever_allowed_to_read(served: Served, origin: str) -> None:
    await served.sign_in()
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for method, path, key in [
        ("GET", ME, None), ("GET", ME, ""), ("GET", f"{API}/health", None), ("OPTIONS", ME, None),
        ("GET", f"{API}/openapi.json", None), ("GET", f"{API}/nothing", ""),
    ]:  # fmt: skip
        answer = await served.call(method, path, key=key, headers=preflight)
        assert not any(name in answer.headers for name in CORS)
        assert method != "OPTIONS" or answer.status == 405


async def test_connecting_and_disconnecting(served: Served) -> None:
    path = f"{API}/auth/accounts"
    made = await served.call("POST", path, {"username": "second.account"})
    assert made.status == 201
    assert len((await served.call("GET", ME)).body["accounts"]) == 2
    again = await served.call("POST", path, {"username": "SECOND.account"})
    assert (again.status, again.body["code"]) == (400, "INVALID_STATUS")
    for body in ({"username": ""}, {"username": "a b"}, {}, {"username": "x" * 31}):
        refused = await served.call("POST", path, body)
        assert (refused.status, refused.body["code"]) == (400, "VALIDATION_ERROR"), body
    gone = await served.call("DELETE", f"{path}/{made.body['id']}")
    assert (gone.status, gone.body) == (200, {"success": True})
    for unknown in (made.body["id"], NOBODY, "x"):
        answer = await served.call("DELETE", f"{path}/{unknown}")
        assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")


async def test_disconnecting_forgets_the_secrets_and_keeps_the_history(served: Served) -> None:
    studio = served.studio
    await studio.configure()
    body = story(served, await photo_id(served))
    waiting = (await schedule(served, body, timedelta(hours=1)))["postId"]
    kept = (await draft(served))["id"]
    answer = await served.call("DELETE", f"{API}/auth/accounts/{studio.account.id}")
    assert answer.body == {"success": True}

    def left(db: Database) -> list[Any]:
        return [
            accounts.of_user(db, studio.core.owner.id),
            credentials.find(db, studio.account.id),
            repost_configs.find(db, studio.account.id),
            secrets.exists(db, studio.account.id, AccountSecret.SESSION),
            secrets.exists(db, studio.account.id, AccountSecret.PASSWORD),
        ]

    assert await studio.core.store.read(left) == [[], None, None, False, False]
    failed = await until(served, waiting, "FAILED")
    assert failed["errorCode"] == "NOT_FOUND"
    assert "disconnected" in failed["errorMessage"]
    assert failed["instagramAccountId"] == studio.account.id
    assert (await post(served, kept))["status"] == "DRAFT"
    edited = await served.call("PUT", f"{API}/posts/draft/{kept}", {"caption": "x"})
    assert (edited.status, edited.body["code"]) == (400, "INVALID_STATUS")
