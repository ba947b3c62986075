"""API keys: made and revoked by the browser session only, shown once, dead at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
import trio
from sqlite_utils import Database

from daemon import upkeep
from tests.support.limits import DEADLOCK_S
from tests.support.posting import API, NOBODY
from tests.support.served import Answer, Served, serve_studio
from tests.support.studio import Studio

KEYS = f"{API}/settings/api-keys"


async def create(served: Served, name: Any = "batch-scheduler") -> Answer:
    return await served.call("POST", KEYS, {"name": name}, key=None)


async def shown(served: Served, key_id: str) -> dict[str, Any]:
    keys = (await served.call("GET", KEYS, key=None)).body["keys"]
    (found,) = [key for key in keys if key["id"] == key_id]
    return dict(found)


async def test_a_key_is_shown_once_and_works(served: Served) -> None:
    await served.sign_in()
    made = await create(served)
    assert made.status == 201
    full, key = made.body["fullKey"], made.body["key"]
    assert re.fullmatch(r"vg_live_[A-Za-z0-9_-]{43}", full)
    assert key["prefix"] == full[:12]
    assert (key["name"], key["scopes"]) == ("batch-scheduler", "")
    assert (key["lastUsedAt"], key["revokedAt"]) == (None, None)
    assert (await served.call("GET", f"{API}/auth/me", key=full)).status == 200
    listed = await served.call("GET", KEYS, key=None)
    assert [one["name"] for one in listed.body["keys"]][:1] == ["batch-scheduler"]
    assert full not in str(listed.body)

    def everything(db: Database) -> str:
        return "\n".join(db.iterdump())

    assert full[12:] not in await served.studio.core.store.read(everything)


async def test_keys_may_see_keys_but_neither_make_nor_revoke_them(served: Served) -> None:
    await served.sign_in()
    key_id = (await create(served)).body["key"]["id"]
    seen = await served.call("GET", KEYS)
    assert (seen.status, len(seen.body["keys"])) == (200, 2)
    for method, path in (("POST", KEYS), ("DELETE", f"{KEYS}/{key_id}"),
                         ("DELETE", f"{KEYS}/{NOBODY}")):  # fmt: skip
        answer = await served.call(method, path, {"name": "spare"})
        assert (answer.status, answer.body["code"]) == (403, "COOKIE_AUTH_REQUIRED")
        assert "ratelimit-remaining" in answer.headers
    assert len((await served.call("GET", KEYS)).body["keys"]) == 2
    assert (await shown(served, key_id))["revokedAt"] is None


async def test_revoking_is_immediate_and_said_twice(served: Served) -> None:
    await served.sign_in()
    made = (await create(served)).body
    key_id, full = made["key"]["id"], made["fullKey"]
    assert (await served.call("GET", KEYS, key=full)).status == 200
    path = f"{KEYS}/{key_id}"
    gone = await served.call("DELETE", path, key=None)
    assert (gone.status, gone.body) == (200, {"success": True, "alreadyRevoked": False})
    dead = await served.call("GET", KEYS, key=full)
    assert (dead.status, dead.body["code"]) == (401, "AUTH_INVALID_KEY")
    assert "ratelimit-limit" not in dead.headers
    revoked_at = (await shown(served, key_id))["revokedAt"]
    assert revoked_at is not None
    again = await served.call("DELETE", path, key=None)
    assert again.body == {"success": True, "alreadyRevoked": True}
    assert (await shown(served, key_id))["revokedAt"] == revoked_at
    unknown = await served.call("DELETE", f"{KEYS}/{NOBODY}", key=None)
    assert (unknown.status, unknown.body["code"]) == (404, "NOT_FOUND")


async def test_names_have_1_to_64_characters(served: Served) -> None:
    await served.sign_in()
    for good in ("x", "x" * 64, "🔑" * 64):
        assert (await create(served, good)).status == 201
    for bad in ("", "x" * 65, None, 5):
        answer = await create(served, bad)
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR"), bad
    assert len((await served.call("GET", KEYS, key=None)).body["keys"]) == 4


async def test_when_a_key_was_used_last_is_kept(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "KEY_USES_EVERY_S", 0.05)
    await served.sign_in()
    made = (await create(served)).body
    await served.call("GET", f"{API}/auth/me", key=made["fullKey"])
    with trio.fail_after(DEADLOCK_S):
        while (used := (await shown(served, made["key"]["id"]))["lastUsedAt"]) is None:
            await trio.sleep(0.02)
    assert made["key"]["createdAt"] <= used


async def test_the_last_use_survives_a_stop_right_after_it(studio: Studio) -> None:
    async with serve_studio(studio) as first:
        await first.call("GET", f"{API}/auth/me")
        prefix = first.key[:12]
    async with serve_studio(studio) as second:
        keys = (await second.call("GET", KEYS)).body["keys"]
    (used,) = [key["lastUsedAt"] for key in keys if key["prefix"] == prefix]
    assert used is not None
