"""Limited keys and sessions over HTTP: what they get and what they are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from api.app import operations
from api.contract import Auth
from operations.scopes import PRESETS, text_of
from storage import api_keys, browser_sessions
from storage.times import to_text
from tests.support.posting import API, NOBODY, draft, photo_id, story
from tests.support.served import Answer, Served

KEYS = f"{API}/settings/api-keys"


async def limited(served: Served, **limits: Any) -> str:
    core = served.studio.core
    _, full = await core.store.write(
        api_keys.create,
        user_id=core.owner.id,
        name="limited",
        now=served.studio.clock.now(),
        **limits,
    )
    return full


async def sign_in(served: Served, **limits: Any) -> None:
    core = served.studio.core
    code = await core.store.write(
        browser_sessions.create_code,
        user_id=core.owner.id,
        now=served.studio.clock.now(),
        **limits,
    )
    assert (await served.client.get(f"/login?code={code}")).status_code == 200


def refused(answer: Answer, scope: str) -> bool:
    return (answer.status, answer.body["code"], answer.headers["www-authenticate"]) == (
        403,
        "INSUFFICIENT_SCOPE",
        f'Bearer error="insufficient_scope", scope="{scope}"',
    )


async def test_a_key_for_drafts_proposes_and_publishes_nothing(served: Served) -> None:
    key = await limited(served, scopes=text_of(PRESETS["drafts-only"]))
    media = await photo_id(served)
    body = story(served, media)
    made = await served.call("POST", f"{API}/posts/draft", body, key=key)
    assert made.status == 201
    for method, path, given, scope in [
        ("POST", "/posts/publish", body, "posts:publish"),
        ("POST", "/schedule", {}, "posts:publish"),  # not even its form is looked at
        ("POST", f"/posts/{made.body['id']}/reschedule", None, "posts:publish"),
        ("DELETE", f"/posts/{made.body['id']}", None, "posts:delete"),
        ("POST", "/story-repost/approve", {"all": True}, "reposts:decide"),
        ("DELETE", f"/auth/accounts/{served.studio.account.id}", None, "accounts:write"),
    ]:
        answer = await served.call(method, f"{API}{path}", given, key=key)
        assert refused(answer, scope), path
        assert "ratelimit-remaining" in answer.headers
    assert (await served.call("GET", f"{API}/posts", key=key)).body["total"] == 1
    upload = await served.client.post(
        f"{API}/media/upload",
        headers={"Authorization": f"Bearer {await limited(served, scopes='posts:read')}"},
        files={"file": ("a.jpg", b"x" * 100_000, "image/jpeg")},
    )
    assert upload.json()["code"] == "INSUFFICIENT_SCOPE"


async def test_an_approver_sees_and_decides_mentions_and_nothing_else(served: Served) -> None:
    studio = served.studio
    await studio.configure(approval_required=True)
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    mention = await studio.only()
    await sign_in(served, scopes=text_of(PRESETS["approver"]))
    allowed = set()
    for operation in operations():
        if operation.auth in (Auth.NONE, Auth.OPTIONAL):
            continue
        path = operation.path.replace("<id>", NOBODY).replace("<accountId>", NOBODY)
        answer = await served.call(operation.method, f"{API}{path}", key=None)
        if answer.status != 403:
            allowed.add(operation.name)
            continue
        assert operation.act is not None
        assert refused(answer, operation.act.scope), operation.name
    assert allowed == {
        "get_status", "get_history", "get_repost", "get_pending", "approve_several",
        "skip_several", "approve", "skip", "reconsider", "reconsider_several", "get_stopped",
        "preview_repost", "preview_look", "get_rails", "choose_card",
    }  # fmt: skip
    pending = await served.call("GET", f"{API}/story-repost/pending", key=None)
    assert [each["id"] for each in pending.body["reposts"]] == [mention.id]
    done = await served.call("POST", f"{API}/story-repost/{mention.id}/skip", key=None)
    assert (done.status, done.body["status"]) == (200, "SKIPPED")


async def test_a_session_makes_keys_no_stronger_than_itself(served: Served) -> None:
    await sign_in(served, scopes="keys:write,posts:read")
    for scopes in ("", "posts:publish", "posts:read,posts:publish"):
        answer = await served.call("POST", KEYS, {"name": "x", "scopes": scopes}, key=None)
        assert (answer.status, answer.body["code"]) == (403, "INSUFFICIENT_SCOPE"), scopes
    made = await served.call("POST", KEYS, {"name": "x", "scopes": "posts:read"}, key=None)
    assert (made.status, made.body["key"]["scopes"]) == (201, "posts:read")
    full = made.body["fullKey"]
    assert (await served.call("GET", f"{API}/posts", key=full)).status == 200
    assert refused(await served.call("GET", f"{API}/media", key=full), "media:read")


async def test_what_a_key_is_limited_to_is_said_and_checked(served: Served) -> None:
    await served.sign_in()
    mine, clock = served.studio.account.id, served.studio.clock
    until = to_text(clock.now() + timedelta(days=1))
    wanted = {"scopes": "posts:write, posts:read", "accountIds": [mine], "expiresAt": until}
    made = (await served.call("POST", KEYS, {"name": "x", **wanted}, key=None)).body
    shown = {name: made["key"][name] for name in wanted}
    assert shown == {"scopes": "posts:read,posts:write", "accountIds": [mine], "expiresAt": until}
    for wrong, code in (
        ({"scopes": "posts:reed"}, "VALIDATION_ERROR"),
        ({"scopes": ["posts:read"]}, "VALIDATION_ERROR"),
        ({"scopes": None}, "VALIDATION_ERROR"),
        ({"accountIds": []}, "VALIDATION_ERROR"),
        ({"accountIds": ["x"]}, "VALIDATION_ERROR"),
        ({"accountIds": [NOBODY]}, "NOT_FOUND"),
        ({"expiresAt": "tomorrow"}, "VALIDATION_ERROR"),
        ({"expiresAt": to_text(clock.now())}, "VALIDATION_ERROR"),
    ):
        answer = await served.call("POST", KEYS, {"name": "x", **wrong}, key=None)
        assert answer.body["code"] == code, wrong
    named = await served.call("POST", KEYS, {"name": "x", "scopes": "posts:reed"}, key=None)
    assert "'posts:reed'" in named.body["error"]
    assert "posts:publish" in named.body["error"]
    full = made["fullKey"]
    assert (await served.call("GET", f"{API}/posts", key=full)).status == 200
    clock.advance(timedelta(days=1))
    expired = await served.call("GET", f"{API}/posts", key=full)
    assert (expired.status, expired.body["code"]) == (401, "AUTH_INVALID_KEY")
    assert "expired" in expired.body["error"]


async def test_scopes_of_another_release_allow_nothing(served: Served) -> None:
    for stored in ("posts:shred", " ", ","):
        key = await limited(served, scopes=stored)
        assert refused(await served.call("GET", f"{API}/posts", key=key), "posts:read"), stored


async def test_a_key_for_one_account_reaches_no_other(served: Served) -> None:
    made = await draft(served)
    other = await served.call("POST", f"{API}/auth/accounts", {"username": "second.account"})
    key = await limited(served, account_ids=[other.body["id"]])
    me = await served.call("GET", f"{API}/auth/me", key=key)
    assert [one["username"] for one in me.body["accounts"]] == ["second.account"]
    checked = await served.call("GET", f"{API}/auth/check", key=key)
    assert checked.body == {"authenticated": True, "username": "second.account"}
    assert (await served.call("GET", f"{API}/posts", key=key)).body["total"] == 0
    assert (await served.call("GET", f"{API}/posts/{made['id']}", key=key)).status == 404
    publish = story(served, await photo_id(served))
    answer = await served.call("POST", f"{API}/posts/publish", publish, key=key)
    assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")
    # Its account goes, and it does not get the others instead.
    gone = await served.call("DELETE", f"{API}/auth/accounts/{other.body['id']}")
    assert gone.status == 200
    assert (await served.call("GET", f"{API}/auth/me", key=key)).body["accounts"] == []
    assert (await served.call("GET", f"{API}/posts", key=key)).body["total"] == 0
