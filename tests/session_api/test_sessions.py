"""What becomes of a session: found, listed, ended by hand, by command and by its time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from accounts import logins, sessions
from operations.account_sessions import end_account_session, list_account_sessions
from operations.actor import Actor
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Reset, feedback_required
from sandbox.world.items import plain_text
from sandbox.world.ledger import CAA_LOGIN
from sandbox.world.person import Person
from storage import accounts, api_keys, users
from storage.errors import NotFound
from tests.session_api.desk import Desk, code_now, open_desk
from tests.support.clock import TestClock
from tests.support.houses import house_of


@pytest.fixture
async def desk(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(sandbox, clock, tmp_path) as opened:
        yield opened


async def _login(desk: Desk, person: Person, password: str = "") -> Any:
    given = {"username": person.username, "password": password or person.password}
    return await desk.ask("POST", "/auth/login", given, session=None)


def _submissions(desk: Desk, person: Person) -> int:
    return sum(
        entry.path == CAA_LOGIN and person.username in json.dumps(entry.form)
        for entry in desk.sandbox.ledger.requests
    )


async def test_from_login_to_end(
    desk: Desk, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One served daemon, because it takes a second to come up."""
    await _pages(desk)
    await _addresses(desk)
    await _one_submission_a_day(desk, clock)
    await _factors(desk)
    await _strangers(desk)
    await _somebody_elses(desk)
    await _listed_and_ended(desk)
    await _nothing_is_swallowed(desk)
    monkeypatch.setattr(sessions, "_LOOK_AGAIN_S", 0.05)
    await _expiring(desk, clock)


async def _pages(desk: Desk) -> None:
    client = desk.served.client
    led = await client.get("/session")
    assert (led.status_code, led.headers["location"]) == (307, "/session/docs")
    page = await client.get("/session/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("https://reprise", "")  # nothing from elsewhere
    for path, status in (
        *(("", 307), ("/docs", 200), ("/openapi.json", 200)),
        *(("/health", 200), ("/user", 405), ("/docx", 404)),
    ):
        probed = await desk.ask("HEAD", path)
        assert (probed.status_code, probed.content) == (status, b""), path
        posted = await desk.ask("POST", path)
        assert posted.status_code == (404 if status == 404 else 405), path
    assert (await desk.ask("POST", "/docs")).headers["Allow"] == "GET, HEAD"


async def _addresses(desk: Desk) -> None:
    """They are read and never fetched, whatever they lead to."""
    before = len(desk.sandbox.ledger.requests)
    for url, status in (
        ("https://www.instagram.com/p/B1LbfVPlwIA/?igsh=x", 200),
        ("instagram.com/anna/reel/B1LbfVPlwIA", 200),
        ("http://127.0.0.1:9/share/p/B1LbfVPlwIA", 422),
        ("https://www.instagram.com/share/reel/B1LbfVPlwIA/", 422),
        ("https://www.instagram.com/anna/", 422),
        ("http://[", 422),
    ):
        told = await desk.ask("GET", "/media/pk/from/url", {"url": url})
        assert told.status_code == status, (url, told.text)
        assert status != 200 or told.json() == "2110901750722920960"
    refused = await desk.ask("GET", "/media", {"url": "http://127.0.0.1:9/share/p/B1LbfVPlwIA"})
    assert refused.status_code == 422
    assert len(desk.sandbox.ledger.requests) == before


async def _one_submission_a_day(desk: Desk, clock: TestClock) -> None:
    wilma = desk.world.add_person("wilma", password="wilma's own")
    wrong = await _login(desk, wilma, "wrong")
    assert wrong.status_code == 401
    again = await _login(desk, wilma)
    assert (again.status_code, _submissions(desk, wilma)) == (429, 1)
    assert int(again.headers["Retry-After"]) > 86_000
    assert "wilma's own" not in again.text
    clock.advance(timedelta(hours=24, seconds=1))
    there = await _login(desk, wilma)
    assert (there.status_code, _submissions(desk, wilma)) == (200, 2), there.text
    early = await desk.ask("PATCH", "/auth/relogin", session=there.json())
    assert (early.status_code, _submissions(desk, wilma)) == (429, 2)
    clock.advance(timedelta(hours=24, seconds=1))
    with pytest.MonkeyPatch.context() as patch:  # refused, and so the day's one is still to come
        patch.setattr(logins, "MOST_TRIES", 0)
        held = await desk.ask("PATCH", "/auth/relogin", session=there.json())
        assert (held.status_code, "lock it" in held.text) == (429, True), held.text
    renewed = await desk.ask("PATCH", "/auth/relogin", session=there.json())
    assert (renewed.status_code, renewed.json()) == (200, True), renewed.text
    assert _submissions(desk, wilma) == 3
    # What never left is not counted.
    yan = desk.world.add_person("yan", password="yan's own")
    handle = desk.sandbox.faults.add(Fault(kind=Reset(), host="i.instagram.com", times=None))
    assert (await _login(desk, yan)).status_code in (502, 504)
    handle.remove()
    assert (await _login(desk, yan)).status_code in (200, 429)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logins, "MOST_TRIES", 0)
        xena = desk.world.add_person("xena", password="xena's own")
        assert (await _login(desk, xena)).status_code == 429
    assert (await _login(desk, xena)).status_code == 200


async def _factors(desk: Desk) -> None:
    seed = (await desk.ask("GET", "/auth/totp/seed")).json()
    code = code_now(seed)
    odd = await desk.ask("POST", "/auth/totp", {"verification_code": "1"})
    assert odd.status_code == 422, odd.text
    on = await desk.ask("POST", "/auth/totp", {"verification_code": code})
    assert on.status_code == 200, on.text
    assert desk.studio.totp_seed == seed
    for confirm in ({}, {"confirm": "anna"}):
        held = await desk.ask("DELETE", "/auth/totp", confirm)
        assert (held.status_code, held.json()["rail"]) == (403, "session_confirmation")
    assert desk.studio.totp_seed == seed
    off = await desk.ask("DELETE", "/auth/totp", {"confirm": "studio"})
    assert (off.json(), desk.studio.totp_seed) == (True, None), off.text
    for path in ("/account", "/account/profile"):
        held = await desk.ask("PATCH", path, {"biography": "Mine now"})
        assert (held.status_code, held.json()["rail"]) == (403, "session_confirmation")


async def _strangers(desk: Desk) -> None:
    """Nobody who never wrote is written to, whichever way the chat is named."""
    ours = plain_text(desk.studio, "Buy bread", at=desk.world.now() - 60, own=True)
    cold = desk.world.add_thread(desk.studio, desk.carl, items=[ours])
    for given in ({"user_ids": desk.carl.pk}, {"thread_ids": cold.id}):
        held = await desk.ask("POST", "/direct/message", {"text": "Again", **given})
        assert (held.status_code, held.json().get("rail")) == (403, "session_stranger"), held.text
    assert len(cold.items) == 1
    hello = plain_text(desk.anna, "Hello", at=desk.world.now() - 60)
    warm = desk.world.add_thread(desk.studio, desk.anna, items=[hello])
    both = {"text": "Again", "thread_ids": [cold.id, warm.id]}
    assert (await desk.ask("POST", "/direct/message", both)).status_code == 403
    assert len(warm.items) == 1
    told = await desk.ask("POST", "/direct/message", {"text": "Hi", "thread_ids": warm.id})
    assert (told.status_code, len(warm.items)) == (200, 2), told.text


async def _somebody_elses(desk: Desk) -> None:
    """An id is worth nothing under another person's key, or one for other accounts."""
    core = desk.served.studio.core

    async def key_of(user_id: str, only: list[str] | None = None) -> dict[str, str]:
        _, key = await core.store.write(
            lambda db: api_keys.create(
                db, user_id=user_id, name="x", now=core.clock.now(), account_ids=only
            )
        )
        return {"Authorization": f"Bearer {key}"}

    other = await core.store.write(users.add, core.clock.now())
    theirs = await key_of(other.id)
    known = await core.store.read(accounts.by_username, "wilma")
    assert known is not None
    narrow = await key_of(core.owner.id, [known.id])
    for headers, status in ((theirs, 401), (narrow, 403)):
        for method, path in (
            ("GET", "/account"),
            ("GET", "/auth/settings"),
            ("DELETE", "/auth/session"),
        ):
            answer = await desk.ask(method, path, headers=headers)
            assert answer.status_code == status, (path, answer.text)
    assert (await desk.ask("GET", "/auth/sessions", headers=theirs)).json() == []
    stolen = {"username": "studio", "password": desk.studio.password}
    answer = await desk.ask("POST", "/auth/login", stolen, session=None, headers=theirs)
    assert answer.status_code == 401, answer.text


async def _listed_and_ended(desk: Desk) -> None:
    studio = desk.served.studio
    house = await house_of(studio)
    owner = Actor(user_id=studio.core.owner.id, via="test")
    listed = await house.perform(list_account_sessions, owner)
    mine = {each.username: each for each in listed.sessions}
    assert (mine["studio"].is_own, mine["wilma"].is_own) == (False, True)
    assert desk.session not in listed.model_dump_json()
    await house.perform(end_account_session, owner, target=mine["wilma"].account_id)
    assert (await desk.ask("GET", "/account")).status_code == 200
    with pytest.raises(NotFound):
        await house.perform(end_account_session, owner, target=mine["wilma"].account_id)


async def _nothing_is_swallowed(desk: Desk) -> None:
    """What aiograpi hides in another error opens the brake all the same."""
    desk.sandbox.faults.add(Fault(path="ads/graphql", kind=feedback_required()))
    met = await desk.ask("GET", "/insights/media", {"media_pk": desk.own.pk})
    assert (met.status_code, met.json()["exc_type"]) == (429, "FeedbackRequired"), met.text
    before = len(desk.sandbox.ledger.requests)
    held = await desk.ask("GET", "/user", {"username": "anna"})
    assert (held.status_code, held.json()["rail"]) == (429, "block"), held.text
    assert len(desk.sandbox.ledger.requests) == before


async def _expiring(desk: Desk, clock: TestClock) -> None:
    house = await house_of(desk.served.studio)
    desk_of_sessions = house.sessions
    left = await desk_of_sessions.seconds_left()
    assert left is not None
    assert left > 86_400
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk_of_sessions.expire)
        await trio.sleep(0.2)  # by now it sleeps
        clock.advance(timedelta(seconds=left, days=4))
        with trio.fail_after(60):
            while await desk_of_sessions.seconds_left() is not None:
                await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
    assert (await desk.ask("GET", "/account")).status_code == 401
