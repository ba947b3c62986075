"""What every call to the Private API goes through: limits, holds, pauses, single sends."""

from __future__ import annotations

import gzip
import itertools
import logging
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import formatdate
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import zstandard
from sqlite_utils import Database

from daemon.logs import redact
from instagram import errors
from instagram.private import door, transport
from instagram.private.client import PrivateClient
from sandbox import Sandbox
from sandbox.wire.faults import (
    Body,
    Fault,
    Hang,
    Kind,
    Redirect,
    Reset,
    Status,
    consent_required,
    please_wait,
    throttled,
)
from sandbox.wire.message import JsonObject
from storage import credentials, secrets
from storage.errors import Unavailable
from storage.secrets import AccountSecret
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.studio import PASSWORD, USERNAME, Studio, open_studio
from tests.support.thinned import sparing

INBOX = "direct_v2/inbox"


@pytest.mark.parametrize(
    ("kind", "error", "word"),
    sparing(
        [
            (Reset(), errors.Unanswered, "No usable answer"),
            (Status(500), errors.Unreachable, "500"),
            (Status(502, text="<html>bad gateway</html>"), errors.Unreachable, "502"),
            (Body(b"<html>log in</html>", "text/html"), errors.Unreachable, "No usable answer"),
            (Body(b"[1, 2]", "application/json"), errors.Unreachable, "form that is not known"),
            (Status(404, json={"message": "gone", "status": "fail"}), errors.Gone, "gone"),
            (
                Status(400, json={"message": "bad thing", "status": "fail"}),
                errors.Unexplained,
                "bad thing",
            ),
            (
                Status(403, json={"message": "login_required"}),
                errors.SessionExpired,
                "log in again",
            ),
            (
                Status(401, json={"message": "login_required"}),
                errors.SessionExpired,
                "log in again",
            ),
            (
                Status(400, json={"message": "login_required"}),
                errors.SessionExpired,
                "log in again",
            ),
            (
                Redirect("https://www.instagram.com/accounts/login/?next=/"),
                errors.SessionExpired,
                "log in again",
            ),
            (please_wait(), errors.ActionBlocked, "wait a few minutes"),
            (throttled(120), errors.RateLimited, "429"),
            (consent_required(), errors.ChallengeRequired, "terms"),
            (Status(404, text="Not Found"), errors.ChallengeRequired, "it is you"),
        ],
        every=3,
    ),
)
async def test_each_failure_on_the_wire_has_its_error(
    studio: Studio, kind: Kind, error: type[errors.InstagramError], word: str
) -> None:
    # Twice, because an expired session is renewed and the request made again.
    studio.sandbox.faults.add(Fault(path=INBOX, kind=kind, times=2))
    with pytest.raises(error) as raised:
        await studio.api.inbox_page()
    assert type(raised.value) is error
    assert word in raised.value.reason
    assert "http" not in raised.value.reason


# What Instagram holds against an account, as it has come beside any status, and in no words too.
HELD: list[tuple[JsonObject, type[errors.InstagramError]]] = [
    ({"message": "challenge_required", "lock": True}, errors.ChallengeRequired),
    ({"message": "challenge_required", "status": "ok"}, errors.ChallengeRequired),
    ({"message": "checkpoint_required", "checkpoint_url": "/x/"}, errors.ChallengeRequired),
    ({"checkpoint_url": "/x/", "lock": True, "status": "fail"}, errors.ChallengeRequired),
    ({"challenge": {"api_path": "/challenge/1/2/"}}, errors.ChallengeRequired),
    ({"message": "consent_required"}, errors.ChallengeRequired),
    ({"message": "login_required"}, errors.SessionExpired),
    ({"message": "feedback_required", "spam": True}, errors.ActionBlocked),
    ({"message": "Please wait a few minutes, friend", "status": "fail"}, errors.ActionBlocked),
    ({"message": "Please wait a few minutes", "require_login": True}, errors.ActionBlocked),
    ({"message": 5, "error_type": "rate_limit_error", "status": "fail"}, errors.ActionBlocked),
    ({"error_type": "sentry_block", "status": "fail"}, errors.ActionBlocked),
    (
        {"message": "challenge_required", "challenge": {"url": "https://x/suspended/?a=b"}},
        errors.AccountSuspended,
    ),
]


@pytest.mark.parametrize("status", sparing([200, 400, 403, 500], every=3))
async def test_what_is_held_against_the_account_is_heard_beside_any_status(
    studio: Studio, status: int
) -> None:
    for said, error in HELD:
        fault = Fault(path=INBOX, kind=Status(status, said), times=2)
        handle = studio.sandbox.faults.add(fault)
        before = studio.sandbox.ledger.count(INBOX)
        with pytest.raises(error) as raised:
            await studio.api.inbox_page()
        assert type(raised.value) is error, said
        if error is not errors.SessionExpired:  # which may be renewed, and asked anew
            with pytest.raises(errors.AccountOnHold):
                await studio.api.activity()
            assert studio.sandbox.ledger.count(INBOX) == before + 1
        handle.remove()
        await studio.core.store.write(_forget_troubles)


def _forget_troubles(db: Database) -> None:
    db.conn.execute("DELETE FROM troubles")


async def test_only_instagrams_own_404_says_that_something_is_gone(studio: Studio) -> None:
    for said in ({"error": "no route"}, {"message": "Not Found"}, {}):
        studio.sandbox.faults.add(Fault(path="/info/", kind=Status(404, said)))
        with pytest.raises(errors.Unreachable):
            await studio.api.story("123")
    own = {"message": "Media not found or unavailable", "status": "fail"}
    studio.sandbox.faults.add(Fault(path="/info/", kind=Status(404, own)))
    with pytest.raises(errors.Gone):
        await studio.api.story("123")


async def test_a_wait_that_is_stated_as_a_time_is_obeyed_too(studio: Studio) -> None:
    until = formatdate(studio.clock.seconds() + 7200, usegmt=True)
    slowly = Status(429, {"message": "slowly"}, headers=(("retry-after", until),))
    studio.sandbox.faults.add(Fault(path=INBOX, kind=slowly))
    with pytest.raises(errors.RateLimited) as raised:
        await studio.api.inbox_page()
    assert 7190 < (raised.value.retry_after_s or 0) < 7205


@pytest.mark.parametrize("packing", ["zstd", "gzip", "deflate"])
async def test_a_small_answer_that_unpacks_without_end_is_none(
    studio: Studio, packing: str
) -> None:
    packed: dict[str, Callable[[bytes], bytes]] = {
        "zstd": zstandard.compress,
        "gzip": gzip.compress,
        "deflate": zlib.compress,
    }
    pack = packed[packing]
    said = (("content-encoding", packing),)
    fine = b'{"inbox":{"threads":[]},"status":"ok"}'
    studio.sandbox.faults.add(Fault(path=INBOX, kind=Body(pack(fine), headers=said)))
    assert (await studio.api.inbox_page())["inbox"] == {"threads": []}
    endless = pack(fine + b" " * transport.MOST_BYTES)
    assert len(endless) < 100_000
    studio.sandbox.faults.add(Fault(path=INBOX, kind=Body(endless, headers=said)))
    with pytest.raises(errors.Unreachable):
        await studio.api.inbox_page()
    for odd in ("gzip, gzip", "br", "zstd"):
        body = Body(b"\x1f\x8b not packed", headers=(("content-encoding", odd),))
        studio.sandbox.faults.add(Fault(path=INBOX, kind=body))
        with pytest.raises(errors.Unreachable):
            await studio.api.inbox_page()
    assert (await studio.api.inbox_page())["status"] == "ok"


async def test_an_answer_larger_than_any_is_given_up(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 100_000)
    huge = Body(b'{"inbox":{"threads":[]},"status":"ok"}' + b" " * 100_000)
    studio.sandbox.faults.add(Fault(path=INBOX, kind=huge))
    with pytest.raises(errors.Unreachable):
        await studio.api.inbox_page()
    assert (await studio.api.inbox_page())["status"] == "ok"


async def test_a_session_that_could_not_be_saved_is_saved_after_the_next_call(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = studio.core
    keeper = core.gateway.account(studio.account.id)._door._keeper
    real = keeper.renew_session
    failed: list[Mapping[str, Any]] = []

    async def renew(account_id: str, session: Mapping[str, Any]) -> None:
        if not failed:
            failed.append(session)
            raise Unavailable("the disk is full")
        await real(account_id, session)

    monkeypatch.setattr(keeper, "renew_session", renew)
    # Instagram gives out a new session with any answer, and once: nothing repeats it.
    changed = Status(
        200, {"inbox": {"threads": []}, "status": "ok"}, headers=(("ig-set-x-mid", "a-new-one"),)
    )
    studio.sandbox.faults.add(Fault(path=INBOX, kind=changed))
    with pytest.raises(Unavailable):
        await studio.api.inbox_page()
    await studio.api.inbox_page()
    assert len(failed) == 1
    saved = await core.store.read(credentials.saved_login, core.vault, studio.account.id)
    assert saved is not None
    assert saved.session["mid"] == "a-new-one"


async def test_a_hanging_answer_ends_at_the_limit_and_the_next_call_works(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "CALL_LIMIT_S", 0.5)
    studio.sandbox.faults.add(Fault(path=INBOX, kind=Hang()))
    with (
        trio.fail_after(DEADLOCK_S),
        pytest.raises(errors.Unreachable, match="did not answer within"),
    ):
        await studio.api.inbox_page()
    monkeypatch.setattr(door, "CALL_LIMIT_S", 30)
    assert "inbox" in await studio.api.inbox_page()


@pytest.mark.parametrize("refuse", [True, False])
async def test_a_proxy_that_is_down_is_named_and_recovered_from(
    studio: Studio, refuse: bool
) -> None:
    studio.sandbox.proxy_down(refuse=refuse)
    with pytest.raises(errors.Unreachable, match="proxy to it cannot be reached") as raised:
        await studio.api.inbox_page()
    assert not raised.value.maybe_applied
    studio.sandbox.proxy_up()
    assert "inbox" in await studio.api.inbox_page()


async def test_a_429_is_obeyed_for_as_long_as_it_says(studio: Studio) -> None:
    studio.sandbox.faults.add(Fault(path=INBOX, kind=throttled(120)))
    with pytest.raises(errors.RateLimited):
        await studio.api.inbox_page()
    studio.clock.advance(timedelta(seconds=100))
    with pytest.raises(errors.AccountOnHold):
        await studio.api.inbox_page()
    assert studio.sandbox.ledger.count(f"/api/v1/{INBOX}") == 1
    studio.clock.advance(timedelta(seconds=30))
    await studio.api.inbox_page()


async def test_calls_of_one_account_are_made_one_at_a_time(studio: Studio) -> None:
    started = time.monotonic()
    studio.sandbox.faults.add(Fault(path=INBOX, kind=Hang()))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(studio.api.inbox_page)
        await studio.sandbox.ledger.wait_for(f"/api/v1/{INBOX}")
        with trio.move_on_after(0.3) as second:
            await studio.api.activity()
        assert second.cancelled_caught
        assert studio.sandbox.ledger.count("/api/v1/news") == 0
        nursery.cancel_scope.cancel()
    assert time.monotonic() - started < DEADLOCK_S


async def test_a_write_goes_out_on_a_connection_of_its_own(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    entries = studio.sandbox.ledger.find(host="i.instagram.com")
    reads = {entry.connection for entry in entries if entry.method == "GET" and entry.http == "2"}
    writes = [entry.connection for entry in entries if entry.method == "POST"]
    assert len(writes) == len(set(writes)) > 1
    assert reads.isdisjoint(writes)
    assert len(reads) < sum(entry.method == "GET" for entry in entries)  # reads are warm


async def test_the_pace_puts_pauses_between_calls(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    async with open_studio(sandbox, clock, tmp_path):
        pass  # logs in without pauses
    async with open_studio(sandbox, clock, tmp_path, pace=0.02, logged_in=False) as slow:
        for _ in range(4):
            await slow.api.inbox_page()
    times = [entry.at for entry in sandbox.ledger.find(f"/api/v1/{INBOX}")]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    # 1 s, 1 to 3 s and 0.75 to 3.75 s, times the pace: never less than 2.75 s of it.
    assert min(gaps) > 0.02 * 2.75
    assert len({round(gap, 4) for gap in gaps}) > 1


async def test_a_connection_that_does_not_close_ends_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(_client: PrivateClient) -> None:
        raise OSError("Bad file descriptor")

    monkeypatch.setattr(door, "IDLE_S", 0.05)
    monkeypatch.setattr(PrivateClient, "close", breaks)
    await studio.api.inbox_page(None)
    with trio.fail_after(DEADLOCK_S):
        while "connections not closed" not in caplog.text:
            await trio.sleep(0.01)
    await studio.api.inbox_page(None)


async def test_idle_connections_are_closed(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "IDLE_S", 0.1)
    await studio.api.inbox_page()
    first = studio.sandbox.ledger.find(f"/api/v1/{INBOX}")[-1].connection
    await trio.sleep(0.5)
    await studio.api.inbox_page()
    assert studio.sandbox.ledger.find(f"/api/v1/{INBOX}")[-1].connection != first


async def test_nothing_that_is_logged_or_shown_holds_a_secret(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    read = partial(secrets.get, account_id=studio.account.id, name=AccountSecret.SESSION)
    session = await studio.core.store.read(lambda db: read(db, studio.core.vault))
    assert session is not None
    assert PASSWORD not in session
    sessionid = session.split('"sessionid":"')[1].split('"')[0]
    saved = await studio.core.store.read(
        credentials.saved_login, studio.core.vault, studio.account.id
    )
    assert sessionid not in repr(saved)
    with caplog.at_level(logging.DEBUG):
        studio.sandbox.world.rotate_session_on_next_call(studio.person)
        studio.sandbox.faults.add(Fault(path=INBOX, kind=Body(b"<html>", "text/html")))
        with pytest.raises(errors.Unreachable):
            await studio.api.inbox_page()
        await studio.log_in()
    shown = "\n".join(redact(record.getMessage()) for record in caplog.records)
    assert USERNAME in shown
    for secret in (PASSWORD, sessionid, "Bearer IGT:2:ey"):
        assert secret not in shown
