"""Where sessions come from, what they are worth, and what holds them back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from repost import guard
from sandbox import Sandbox
from sandbox.wire.faults import Fault, feedback_required
from sandbox.world.ledger import CAA_LOGIN
from sandbox.world.person import LoginBehaviour, Person
from session_api.rails import Limits, held
from session_api.table import by_path, rows
from storage import accounts, credentials, repost_configs
from storage.store import Database
from tests.session_api.desk import Desk, code_now, open_desk
from tests.support.clock import TestClock
from tests.support.served import serve_studio
from tests.support.studio import PASSWORD, USERNAME, open_studio

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
async def desk(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Desk]:
    given: dict[str, Any] = {"session_reads_per_hour": 5, "session_social": False}
    async with open_desk(sandbox, clock, tmp_path, **given) as opened:
        yield opened


def submissions(desk: Desk, person: Person) -> int:
    return sum(
        entry.path == CAA_LOGIN and person.username in json.dumps(entry.form)
        for entry in desk.sandbox.ledger.requests
    )


async def test_every_way_in(desk: Desk) -> None:
    """One served daemon, because it takes a second to come up."""
    await _the_same_password_sends_nothing(desk)
    await _who_asks(desk)
    await _options(desk)
    await _unknown_name(desk)
    await _two_factors(desk)
    await _challenge(desk)
    await _settings_and_sessionid(desk)


async def _login(desk: Desk, person: Person, **more: str) -> Any:
    given = {"username": person.username, "password": person.password, **more}
    return await desk.ask("POST", "/auth/login", given, session=None)


async def _the_same_password_sends_nothing(desk: Desk) -> None:
    before = len(desk.sandbox.ledger.requests)
    again = await _login(desk, desk.studio)
    assert (again.status_code, again.json()) == (200, desk.session)
    assert len(desk.sandbox.ledger.requests) == before


async def _who_asks(desk: Desk) -> None:
    url = "/session/user?username=anna"
    client = desk.served.client
    bare = await client.get(url)
    assert (bare.status_code, bare.json()["exc_type"]) == (401, "AuthRequired")
    no_session = await desk.ask("GET", "/user", {}, session=None)
    assert no_session.status_code == 401  # before any 422
    forged = await desk.ask("GET", "/user", {"username": "anna"}, session="x" * 32 + ".abc")
    assert (forged.status_code, bool(forged.json()["hint"])) == (401, True)
    beyond = await desk.ask("GET", "/user", {"sessionid": "é.é"}, session=None)
    assert beyond.status_code == 401
    for way in ({"sessionid": desk.session}, {"sessionid": f'"{desk.session}"'}):
        seen = await desk.ask("GET", "/media/likers", way, session=None)
        assert seen.status_code == 422  # who it is was known, what it is about was not
    assert (await desk.ask("PUT", "/user")).headers["allow"] == "GET"
    assert (await desk.ask("GET", "/nothing")).status_code == 404


async def _options(desk: Desk) -> None:
    async def change(**given: str) -> Any:
        return await desk.ask("PATCH", "/auth/settings", given)

    assert (await change(locale="de_DE", timezone="7200")).json() == desk.session
    for wrong in ({"locale": "german"}, {"timezone": "soon"}, {"proxy": "ftp://x"}):
        refused = await change(**wrong)
        assert refused.status_code == 422
        assert refused.json()["detail"][0]["loc"] == ["body", next(iter(wrong))]
    assert (await change()).status_code == 422
    assert (await change(settings="no json")).status_code == 422
    assert (await change(proxy=desk.sandbox.proxy_url)).status_code == 200
    assert (await change(proxy="")).status_code == 200
    options = desk.served.studio.core.options
    shown = await options.shown(desk.served.studio.account.id)
    assert (shown.proxy, shown.locale, shown.timezone) == (None, "de_DE", "7200")


async def _unknown_name(desk: Desk) -> None:
    refused = await desk.ask(
        "POST", "/auth/login", {"username": "nobody", "password": "x"}, session=None
    )
    assert refused.status_code == 401
    assert "Check the username" in refused.json()["hint"], refused.text
    store = desk.served.studio.core.store
    kept = await store.read(accounts.by_username, "nobody")
    assert kept is not None  # its device: the next try is not a new one
    before = len(desk.sandbox.ledger.requests)
    by_mail = await desk.ask(
        "POST", "/auth/login", {"username": "w@example.com", "password": "x"}, session=None
    )
    assert by_mail.json()["detail"][0]["loc"] == ["body", "username"]
    assert await store.read(accounts.by_username, "w@example.com") is None
    assert len(desk.sandbox.ledger.requests) == before
    wilma = desk.world.add_person("wilma", password="wilma's own")
    for login in (LoginBehaviour.FALLBACK_LEGACY, LoginBehaviour.OK):
        wilma.login = login
        wrong = await desk.ask(
            "POST", "/auth/login", {"username": "wilma", "password": "wrong"}, session=None
        )
        assert wrong.status_code in (401, 429), wrong.text


async def _two_factors(desk: Desk) -> None:
    tina = desk.world.add_person("tina", password="tina's own", totp_seed=SEED)
    tina.login = LoginBehaviour.TWO_FACTOR
    wanted = await _login(desk, tina)
    assert (wanted.status_code, wanted.json()["exc_type"]) == (401, "TwoFactorRequired")
    code = code_now(SEED)
    done = await _login(desk, tina, verification_code=code)
    assert done.status_code == 200, done.text
    assert submissions(desk, tina) == 1
    seen = await desk.ask("GET", "/user", {"username": "anna"}, session=done.json())
    assert seen.status_code == 200


async def _challenge(desk: Desk) -> None:
    carla = desk.world.add_person("carla", password="carla's own")
    carla.login = LoginBehaviour.CHALLENGE
    met = await _login(desk, carla)
    assert (met.status_code, met.json()["exc_type"]) == (403, "ChallengeRequired")
    last = json.dumps(met.json()["last_json"])
    assert carla.codes_sent == ["email"]

    async def resolve(last_json: str, code: str) -> Any:
        given = {"last_json": last_json, "security_code": code}
        return await desk.ask("POST", "/auth/challenge/resolve", given, session=None)

    for odd in ("no", "{}", '{"challenge": {"api_path": "/users/1/"}}'):
        assert (await resolve(odd, "1")).status_code == 422
    assert (await resolve(last, "000000")).status_code == 401
    done = await resolve(last, carla.security_code)
    assert (done.status_code, done.json()) == (200, True), done.text
    before = len(desk.sandbox.ledger.requests)
    assert (await _login(desk, carla)).status_code == 200
    assert len(desk.sandbox.ledger.requests) == before


async def _settings_and_sessionid(desk: Desk) -> None:
    settings = (await desk.ask("GET", "/auth/settings")).text
    before = len(desk.sandbox.ledger.requests)
    taken = await desk.ask("PATCH", "/auth/settings", {"settings": settings}, session=None)
    assert (taken.status_code, taken.json()) == (200, desk.session), taken.text
    assert len(desk.sandbox.ledger.requests) == before + 1  # whose it is was asked
    nora = desk.world.add_person("nora", password="nora's own")
    opened = desk.world.sessions.open(nora)
    path = "/auth/login/by/sessionid"
    by_id = await desk.ask("POST", path, {"sessionid": opened.id}, session=None)
    assert by_id.status_code == 200, by_id.text
    assert by_id.json() not in (desk.session, opened.id)
    await _a_session_after_a_challenge(desk)
    await _a_proxy_from_the_first_request_on(desk)
    odd = await desk.ask("POST", path, {"sessionid": "abc"}, session=None)
    assert odd.status_code == 422
    await _dead_sessions(desk)


async def _by_sessionid(desk: Desk, sessionid: str, **more: str) -> Any:
    given = {"sessionid": sessionid, **more}
    return await desk.ask("POST", "/auth/login/by/sessionid", given, session=None)


async def _a_session_after_a_challenge(desk: Desk) -> None:
    """The guide's way out of one: the account that the login has made is the session's."""
    dora = desk.world.add_person("dora", password="dora's own")
    dora.login = LoginBehaviour.CHALLENGE
    assert (await _login(desk, dora)).status_code == 403
    taken = await _by_sessionid(desk, desk.world.sessions.open(dora).id)
    assert taken.status_code == 200, taken.text
    seen = await desk.ask("GET", "/user", {"username": "anna"}, session=taken.json())
    assert seen.status_code == 200, seen.text


async def _a_proxy_from_the_first_request_on(desk: Desk) -> None:
    """A session that comes with a proxy is never seen from anywhere else."""
    olga = desk.world.add_person("olga", password="olga's own")
    sessionid, before = desk.world.sessions.open(olga).id, len(desk.sandbox.ledger.requests)
    lost = await _by_sessionid(desk, sessionid, proxy="http://127.0.0.1:9")
    assert lost.status_code == 502, lost.text
    assert len(desk.sandbox.ledger.requests) == before
    given = {"proxy": desk.sandbox.proxy_url, "locale": "de_DE"}
    taken = await _by_sessionid(desk, sessionid, **given)
    assert taken.status_code == 200, taken.text
    kept = await desk.ask("GET", "/auth/settings", session=taken.json())
    assert kept.json()["locale"] == "de_DE"


async def _dead_sessions(desk: Desk) -> None:
    """Those of nobody here are tried ten times an hour, whosever and however many at once."""
    before = len(desk.sandbox.ledger.requests)
    answers: list[Any] = []

    async def bring(number: int) -> None:
        sessionid = f"{4_000_000 + number}%3Adeaddeaddeaddead%3A1"
        answers.append(await _by_sessionid(desk, sessionid))

    async with trio.open_nursery() as nursery:
        for number in range(12):
            nursery.start_soon(bring, number)
    assert sorted(each.status_code for each in answers) == [401] * 10 + [429] * 2
    late = next(each for each in answers if each.status_code == 429)
    assert int(late.headers["Retry-After"]) > 3500
    assert len(desk.sandbox.ledger.requests) == before + 10
    good = await _by_sessionid(desk, desk.world.sessions.open(desk.studio).id)
    assert good.status_code == 200, good.text  # of an account that is here


async def test_a_session_meets_its_challenge(desk: Desk) -> None:
    """Nothing but the resolving goes out for it, and then everything does again."""
    desk.studio.challenge.pending = True
    met = await desk.ask("GET", "/user", {"username": "anna"})
    assert met.status_code == 403, met.text
    last = json.dumps(met.json()["last_json"])
    assert (await desk.ask("GET", "/user", {"username": "anna"})).status_code == 403
    sent = await desk.ask("POST", "/auth/challenge/resolve", {"last_json": last})
    assert sent.status_code == 403, sent.text
    assert "Challenge code required" in sent.json()["detail"]
    given = {"last_json": last, "security_code": desk.studio.security_code}
    done = await desk.ask("POST", "/auth/challenge/resolve", given)
    assert (done.status_code, done.json()) == (200, True), done.text
    assert (await desk.ask("GET", "/user", {"username": "anna"})).status_code == 200


async def test_a_dry_run_sends_nothing(desk: Desk) -> None:
    before = len(desk.sandbox.ledger.requests)
    for row in rows():
        given = {each.name: "1" for each in row.takes}
        if not row.is_public:
            answer = await desk.ask(row.method, row.path, given, headers={"X-Dry-Run": "1"})
            assert answer.status_code in (200, 422), (row.name, answer.text)
    assert len(desk.sandbox.ledger.requests) == before


async def test_rails(desk: Desk, clock: TestClock) -> None:
    before = len(desk.sandbox.ledger.requests)
    liked = await desk.ask("POST", "/media/like", {"media_id": desk.post.media_id})
    assert (liked.status_code, liked.json()["rail"]) == (429, "session_social")
    tried = await desk.ask(
        "POST", "/user/follow", {"user_id": desk.anna.pk}, headers={"X-Dry-Run": "1"}
    )
    assert tried.json()["held"]["rail"] == "session_social"
    assert tried.json()["call"] == "user_follow(user_id)"
    for word, status in (("true", 200), ("please", 422)):
        meant = await desk.ask("GET", "/explore", headers={"X-Dry-Run": word})
        assert meant.status_code == status, meant.text
        assert meant.json().get("dry_run", status == 422)
    assert len(desk.sandbox.ledger.requests) == before
    answers = [await desk.ask("GET", "/user", {"username": "anna"}) for _ in range(8)]
    assert [each.status_code for each in answers] == [200] * 5 + [429] * 3
    assert answers[-1].json()["rail"] == "session_read"
    assert 3500 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert len(desk.sandbox.ledger.requests) == before + 5
    clock.advance(timedelta(seconds=3601))
    assert (await desk.ask("GET", "/user", {"username": "anna"})).status_code == 200
    await _acts_wait(desk)


async def _acts_wait(desk: Desk) -> None:
    """A young session and a sleeping account hold acts on others until the time that is told."""
    core, account_id = desk.served.studio.core, desk.served.studio.account.id
    like, limits = by_path()["/media/like"]["POST"], Limits(allows_social=True)
    login = await core.store.read(credentials.find, account_id)
    assert login is not None
    assert login.session_started_at is not None
    as_a_person = replace(core.clock, pace=1.0)
    young = await core.store.read(held, account_id, like, limits, as_a_person)
    assert young is not None
    assert (young.rail, young.until) == (
        "session_phase",
        login.session_started_at + guard.PHASE_2,
    )
    now = core.clock.now()

    def sleep(db: Database) -> None:
        repost_configs.save(
            db,
            user_id=accounts.get(db, account_id).user_id,
            account_id=account_id,
            now=now,
            is_enabled=True,
            sleep_window_start=(now - timedelta(hours=1)).hour,
            sleep_window_end=(now + timedelta(hours=5)).hour,
        )

    await core.store.write(sleep)
    asleep = await core.store.read(held, account_id, like, limits, core.clock)
    assert asleep is not None
    assert asleep.until is not None
    assert asleep.rail == "session_sleep"
    assert (
        timedelta(hours=3) < asleep.until - now <= timedelta(hours=6)
    )  # it wakes a little later each day


async def test_a_clock_that_was_wrong_ends_no_session_and_holds_nothing(
    desk: Desk, clock: TestClock
) -> None:
    """A day in a year that has not come: whoever is logged in still is, and has all calls."""
    wrong = timedelta(days=400)
    clock.set_on(wrong)
    answers = [await desk.ask("GET", "/user", {"username": "anna"}) for _ in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [429]
    clock.set_on(-wrong)
    assert (await desk.ask("GET", "/user", {"username": "anna"})).status_code == 200


async def test_a_session_that_nobody_uses_ends(desk: Desk, clock: TestClock) -> None:
    clock.advance(timedelta(days=31))
    answer = await desk.ask("GET", "/user", {"username": "anna"})
    assert answer.status_code == 401, answer.text


async def test_a_block_holds_everything(desk: Desk) -> None:
    fault = Fault(path="/api/v1/users/anna/usernameinfo/", kind=feedback_required())
    desk.sandbox.faults.add(fault)
    first = await desk.ask("GET", "/user", {"username": "anna"})
    assert (first.status_code, first.json()["rail"]) == (429, "block"), first.text
    assert int(first.headers["Retry-After"]) > 80_000
    before = len(desk.sandbox.ledger.requests)
    second = await desk.ask("GET", "/user", {"username": "anna"})
    assert (second.status_code, second.json()["rail"]) == (429, "block")
    assert int(second.headers["Retry-After"]) > 80_000
    assert len(desk.sandbox.ledger.requests) == before


async def test_off_means_off(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> None:
    async with (
        open_studio(sandbox, clock, tmp_path, session_api=False) as studio,
        serve_studio(studio) as served,
    ):
        given = {"username": USERNAME, "password": PASSWORD}
        sent = {"Authorization": f"Bearer {served.key}"}
        answer = await served.client.post("/session/auth/login", data=given, headers=sent)
        assert answer.status_code == 404
