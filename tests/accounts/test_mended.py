"""What a person has mended goes on at once; what nobody has mended is asked nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import trio
from sqlite_utils import Database

from instagram import errors
from repost.configuring import enable
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Status, challenge_required
from storage import accounts, jobs, repost_configs
from storage.reposts import RepostStatus
from tests.support.clock import TestClock
from tests.support.graph import PUBLIC, connect, serve_publicly
from tests.support.limits import DEADLOCK_S
from tests.support.posting import (
    API,
    photo_id,
    publish,
    second_account,
    story,
    until,
    until_held,
)
from tests.support.served import Served
from tests.support.studio import PASSWORD, USERNAME, open_studio


async def test_a_post_that_a_challenge_held_goes_out_after_the_login(served: Served) -> None:
    studio = served.studio
    media = await photo_id(served, 360, 640)
    studio.sandbox.faults.add(Fault(path="rupload", kind=challenge_required(studio.person)))
    post_id = await publish(served, story(served, media))
    await until_held(served, post_id)
    studio.clock.advance(timedelta(minutes=5))
    credentials = {
        "accountId": studio.account.id,
        "igUsername": USERNAME,
        "igPassword": PASSWORD,
    }
    answer = await served.call("POST", f"{API}/settings/private-api-credentials", credentials)
    assert answer.status == 200
    with trio.fail_after(DEADLOCK_S):
        await until(served, post_id, "PUBLISHED")


async def test_a_scan_by_hand_stops_at_the_open_breaker(served: Served) -> None:
    studio = served.studio
    await studio.configure()
    await studio.core.store.write(
        repost_configs.change,
        studio.account.id,
        now=studio.clock.now(),
        is_enabled=False,
        auto_disabled_at=studio.clock.now(),
        auto_disable_reason="8 looks in a row failed",
    )
    mark = studio.sandbox.ledger.mark()
    scan = {"accountId": studio.account.id}
    answer = await served.call("POST", f"{API}/story-repost/scan", scan)
    assert answer.status == 429
    assert "8 looks in a row failed" in answer.body["error"]
    assert studio.sandbox.ledger.count("direct_v2/", since=mark) == 0


async def test_nothing_asks_under_a_challenge_pause(served: Served) -> None:
    studio = served.studio
    await connect(served)
    core = studio.core
    soon = core.clock.now() + timedelta(days=5)
    await core.store.write(accounts.change, studio.account.id, token_expires_at=soon)
    studio.clock.advance(timedelta(days=2))
    challenge = errors.ChallengeRequired("Instagram wants to know that it is you")
    await core.logins._keeper.report(studio.account.id, challenge)
    mark = studio.sandbox.ledger.mark()
    await core.tokens.look_after_all()
    assert [entry.path for entry in studio.sandbox.ledger.since(mark)] == []


async def test_a_blocked_address_leaves_a_hold(served: Served) -> None:
    studio = served.studio
    await studio.configure()
    kind = Status(400, json={"message": "blocked", "error_type": "ip_block", "status": "fail"})
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=kind, times=None))
    scan = {"accountId": studio.account.id}
    # The engine may have looked before, as soon as it was switched on.
    first = await served.call("POST", f"{API}/story-repost/scan", scan)
    assert first.body["code"] in ("LOGIN_FAILED", "LOGIN_RATE_LIMITED")
    mark = studio.sandbox.ledger.mark()
    again = await served.call("POST", f"{API}/story-repost/scan", scan)
    assert again.body["code"] == "LOGIN_RATE_LIMITED"
    assert studio.sandbox.ledger.count("direct_v2/", since=mark) == 0


async def test_a_scan_of_all_accounts_passes_over_those_in_trouble(served: Served) -> None:
    studio = served.studio
    core = studio.core
    await studio.configure()
    second, person = await second_account(served)

    def switch_on(db: Database) -> None:
        window = {"sleep_window_start": 0, "sleep_window_end": 0}
        now = core.clock.now()
        repost_configs.save(db, user_id=core.owner.id, account_id=second.id, now=now, **window)
        enable(db, second.id, now)

    await core.store.write(switch_on)
    world = studio.sandbox.world
    told = world.add_story(studio.friend("anna"), studio.photo(), mentions=[person])
    world.mention(told, person)
    challenge = errors.ChallengeRequired("Instagram wants to know that it is you")
    await core.logins._keeper.report(studio.account.id, challenge)
    scan = await served.call("POST", f"{API}/story-repost/scan", {})
    assert scan.status == 200, scan.body
    assert [each["accountId"] for each in scan.body["passedOver"]] == [studio.account.id]
    assert challenge.reason in scan.body["passedOver"][0]["reason"]
    # Where there is none but in trouble, that is the answer.
    await core.logins._keeper.report(second.id, challenge)
    mark = studio.sandbox.ledger.mark()
    scan = await served.call("POST", f"{API}/story-repost/scan", {})
    assert (scan.status, scan.body["code"]) == (429, "LOGIN_RATE_LIMITED")
    assert studio.sandbox.ledger.count("direct_v2/", since=mark) == 0


async def test_what_is_here_goes_out_by_the_official_api_while_the_login_is_in_trouble(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    async with open_studio(sandbox, clock, tmp_path, public_url=PUBLIC) as studio:
        await connect(Served(studio=studio, url="", key="", client=None))  # type: ignore[arg-type]
        await studio.configure()
        studio.mention(studio.friend("anna"))
        await studio.scan()
        await studio.journey._fetcher.fetch_all(studio.api, studio.account.id)
        studio.mention(studio.friend("ben"))
        await studio.scan()  # found, and not downloaded yet
        expired = errors.SessionExpired("Instagram ended the session; log in again")
        await studio.core.logins._keeper.report(studio.account.id, expired)
        await studio.engine.turn(studio.account.id)
        states = {each.author_username: each.status for each in await studio.history()}
        assert states == {"anna": RepostStatus.QUEUED, "ben": RepostStatus.DETECTED}
        waiting = await studio.core.store.read(jobs.next_claim_at, clock.now())
        assert waiting is not None
        # What was downloaded for nobody does not end by a wait of ours.
        await studio.log_in()
        await studio.engine.turn(studio.account.id)
        states = {each.author_username: each.status for each in await studio.history()}
        assert states["ben"] is not RepostStatus.DETECTED


async def test_what_waits_for_a_login_goes_on_when_a_token_is_pasted(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    async with serve_publicly(sandbox, clock, tmp_path) as served:
        studio = served.studio
        await studio.log_in()
        stopped = Status(400, {"message": "ip_block", "error_type": "ip_block", "status": "fail"})
        studio.sandbox.faults.add(Fault(path="rupload", kind=stopped))
        content = {"accountId": studio.account.id, "mediaType": "IMAGE"}
        post_id = await publish(served, {**content, "mediaFileId": await photo_id(served)})
        await until_held(served, post_id)
        half = sandbox.world.connect_graph(studio.person, expires_in=None)
        pasted = {"username": USERNAME, "accessToken": half.token}
        assert (await served.call("POST", f"{API}/auth/accounts", pasted)).status == 201
        with trio.fail_after(DEADLOCK_S):
            await until(served, post_id, "PUBLISHED")


async def test_what_a_double_held_goes_on_when_the_other_one_is_disconnected(
    served: Served,
) -> None:
    studio, core = served.studio, served.studio.core

    def elder(db: Database) -> str:
        before = core.clock.now() - timedelta(days=900)
        made = accounts.add(db, user_id=core.owner.id, username="elder", now=before)
        accounts.change(db, made.id, ig_user_id=str(studio.person.pk))
        return made.id

    elder_id = await core.store.write(elder)
    await studio.configure()
    post_id = await publish(served, story(served, await photo_id(served, 360, 640)))
    held = await until_held(served, post_id)
    assert "@elder" in held["errorMessage"]
    assert (await served.call("DELETE", f"{API}/auth/accounts/{elder_id}")).status == 200
    with trio.fail_after(DEADLOCK_S):
        await until(served, post_id, "PUBLISHED")
