"""The one-time login link and the session cookie it sets."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest

from api.session_cookie import COOKIE_NAME
from storage import api_keys, browser_sessions
from tests.support.in_turn import in_turn
from tests.support.served import Served

STATUS = "/api/v1/story-repost/status"


async def new_code(served: Served) -> str:
    core = served.studio.core
    return await core.store.write(
        browser_sessions.create_code, user_id=core.owner.id, now=core.clock.now()
    )


async def test_a_link_signs_in_once(served: Served) -> None:
    code = await new_code(served)
    first = await served.call("GET", f"/login?code={code}", key=None)
    assert first.status == 200
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert (await served.call("GET", STATUS, key=None)).status == 200
    served.client.cookies.clear()
    second = await served.call("GET", f"/login?code={code}", key=None)
    assert (second.status, second.body["code"]) == (401, "TOKEN_INVALID")
    assert "set-cookie" not in second.headers


@in_turn(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
        ("GET", {"X-Purpose": "preview"}),
        ("GET", {"X-Moz": "prefetch"}),
        ("GET", {"Sec-Fetch-Dest": "image"}),
        ("GET", {"Sec-Fetch-Dest": "empty"}),
        ("GET", {"Sec-Fetch-Dest": "iframe"}),
        ("GET", {"User-Agent": "WhatsApp/2.23.20.0 A"}),
        ("GET", {"User-Agent": "TelegramBot (like TwitterBot)"}),
        ("GET", {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}),
        ("GET", {"User-Agent": "Mozilla/5.0 (compatible; Discordbot/2.0)"}),
        ("GET", {"User-Agent": "Mozilla/5.0 (Windows NT 6.1) SkypeUriPreview Preview/0.5"}),
        ("GET", {"User-Agent": "Mozilla/5.0 (Macintosh) Safari/601 facebookexternalhit/1.1"}),
        ("GET", {"User-Agent": "Iframely/1.3.1 (+https://iframely.com/docs/about)"}),
        ("GET", {"User-Agent": "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)"}),
    ],
)
async def test_looking_at_a_link_does_not_use_it_up(
    served: Served, method: str, headers: dict[str, str]
) -> None:
    code = await new_code(served)
    looked = await served.call(method, f"/login?code={code}", key=None, headers=headers)
    assert looked.status == 200
    assert "set-cookie" not in looked.headers
    opened = await served.call(
        "GET", f"/login?code={code}", key=None, headers={"Sec-Fetch-Dest": "document"}
    )
    assert opened.status == 200
    assert "set-cookie" in opened.headers
    again = await served.call(method, f"/login?code={code}", key=None, headers=headers)
    assert again.status == 401


async def test_a_telephone_whose_name_is_like_a_previewers_signs_in(served: Served) -> None:
    code = await new_code(served)
    telephone = {"User-Agent": "Mozilla/5.0 (Linux; Android 9; CUBOT_NOTE_7) Chrome/119 Mobile"}
    opened = await served.call("GET", f"/login?code={code}", key=None, headers=telephone)
    assert "set-cookie" in opened.headers


async def test_a_link_is_too_old_after_five_minutes(served: Served) -> None:
    code = await new_code(served)
    served.studio.clock.advance(timedelta(minutes=5, seconds=1))
    assert (await served.call("GET", f"/login?code={code}", key=None)).status == 401


@pytest.mark.parametrize("forgery", ["garbage", "none", "other key"])
async def test_forged_cookies_are_refused(served: Served, forgery: str) -> None:
    await served.sign_in()
    real = served.client.cookies[served.cookie_name]
    claims = jwt.decode(real, options={"verify_signature": False})
    value = {
        "garbage": "abc",
        "none": jwt.encode(claims, "", algorithm="none"),
        "other key": jwt.encode(claims, "k" * 43, algorithm="HS256"),
    }[forgery]
    for name in (COOKIE_NAME, served.cookie_name):
        served.client.cookies.clear()
        served.client.cookies[name] = value
        answer = await served.call("GET", STATUS, key=None)
        assert (answer.status, answer.body["code"]) == (401, "TOKEN_INVALID"), name


async def test_the_contracts_cookie_is_heard_and_goes_with_the_next_sign_in(
    served: Served,
) -> None:
    await served.sign_in()
    value = served.client.cookies[served.cookie_name]
    served.client.cookies.clear()
    served.client.cookies[COOKIE_NAME] = value
    assert (await served.call("GET", STATUS, key=None)).status == 200
    again = await served.call("GET", f"/login?code={await new_code(served)}", key=None)
    set_now = again.headers.get_list("set-cookie")
    assert [each.partition("=")[0] for each in set_now] == [COOKIE_NAME, served.cookie_name]
    assert "Max-Age=0" in set_now[0]
    # Another daemon's is left alone, and not believed.
    served.client.cookies.clear()
    served.client.cookies[COOKIE_NAME] = jwt.encode({"sid": "x", "exp": 1}, "k" * 43)
    other = await served.call("GET", f"/login?code={await new_code(served)}", key=None)
    assert len(other.headers.get_list("set-cookie")) == 1
    assert (await served.call("GET", STATUS, key=None)).status == 200


async def test_a_session_ends_on_the_server(served: Served) -> None:
    await served.sign_in()
    core = served.studio.core
    claims = jwt.decode(
        served.client.cookies[served.cookie_name], options={"verify_signature": False}
    )
    await core.store.write(browser_sessions.end, claims["sid"], core.clock.now())
    assert (await served.call("GET", STATUS, key=None)).status == 401


async def test_writes_with_the_cookie_come_from_our_own_pages(served: Served) -> None:
    await served.sign_in()
    body = {"accountId": served.studio.account.id}
    path = "/api/v1/story-repost/disable"
    port = served.url.rpartition(":")[2]
    site = "Sec-Fetch-Site"
    for headers in (
        {}, {"Origin": served.url}, {"Origin": served.url, site: "same-origin"}, {site: "none"},
        {"Origin": f"http://localhost:{port}", "Host": f"LocalHost:{port}"},
        {"Origin": "http://localhost", "Host": "localhost:80"},
        {"Origin": "http://localhost:80", "Host": "localhost"},
        {"Origin": "http://[::1]:3001", "Host": "[::1]:3001"},
    ):  # fmt: skip
        ours = await served.call("POST", path, body, key=None, headers=headers)
        assert ours.status == 200, headers
    for headers in (
        *({"Origin": origin} for origin in (
            "https://evil.example", "null", "", "http://localhost.evil.example", "http://[",
            f"https://127.0.0.1:{port}", "http://127.0.0.1", f"http://127.0.0.1:{port}1",
            "http://127.0.0.1:8080", f"http://localhost:{port}", f"http://127.0.0.1:{port}/",
            f"http://evil@127.0.0.1:{port}", f"{served.url} http://evil.example", "127.0.0.1:80",
        )),
        {"Origin": served.url, site: "same-site"}, {site: "cross-site"}, {site: "same-site"},
        {"Origin": served.url, site: "cross-site"}, {site: "anything"},
        {"Origin": "http://localhost:80", "Host": "localhost:3001"},
    ):  # fmt: skip
        theirs = await served.call("POST", path, body, key=None, headers=headers)
        assert (theirs.status, theirs.body["code"]) == (403, "FORBIDDEN_ORIGIN"), headers
    reading = await served.call("GET", STATUS, key=None, headers={site: "same-site"})
    assert reading.status == 200
    # A key is not sent by itself, so nobody's page can use it unasked.
    by_key = await served.call("POST", path, body, headers={"Origin": "http://localhost:9"})
    assert by_key.status == 200


async def test_when_a_key_was_used_is_stored_without_a_write_per_request(served: Served) -> None:
    core = served.studio.core
    for _ in range(5):
        await served.call("GET", STATUS)
    (key,) = await core.store.read(api_keys.of_user, core.owner.id)
    assert key.last_used_at is None  # many at once, a little later


async def test_a_revoked_key_is_dead_at_once(served: Served) -> None:
    core = served.studio.core
    (key,) = await core.store.read(api_keys.of_user, core.owner.id)
    assert (await served.call("GET", STATUS)).status == 200
    await core.store.write(api_keys.revoke, key.id, core.clock.now())
    answer = await served.call("GET", STATUS)
    assert (answer.status, answer.body["code"]) == (401, "AUTH_INVALID_KEY")
