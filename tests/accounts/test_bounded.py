"""One account's trouble is its own, and costs a bounded number of requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from accounts.client_options import OptionsDesk
from instagram import errors
from publish.intake import publish_now
from publish.library import MediaLibrary
from publish.rules import Content
from repost import configuring, pause
from sandbox.graph.failures import graph_error
from sandbox.wire.faults import Fault, FaultHandle, Kind, Status
from sandbox.world.sample_media import make_video
from storage import accounts, client_options, jobs, repost_configs, troubles
from storage.accounts import Account
from storage.client_options import StoredOptions
from storage.posts import MediaType
from tests.support.graph import connect
from tests.support.served import Served
from tests.support.studio import Studio
from tests.support.thinned import sparing

CONFIGURE = "configure_to_story"
A_DAY = timedelta(days=1)


def only_studio(studio: Studio) -> Served:
    return Served(studio=studio, url="", key="", client=None)  # type: ignore[arg-type]


async def a_post_due(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()


async def attempts_in_a_day(studio: Studio, most: int = 200) -> int:
    """Deliver whatever is due for a day of the clock; returns how many attempts that took."""
    store, end = studio.core.store, studio.clock.now() + A_DAY
    attempts = 0
    while attempts < most:
        due = await store.write(jobs.claim_due, studio.clock.now())
        for job in due:
            await studio.deliverer.deliver(job)
        attempts += len(due)
        next_at = await store.read(jobs.next_claim_at, studio.clock.now())
        if next_at is None or next_at > end:
            break
        studio.clock.advance(
            max(timedelta(0), next_at - studio.clock.now()) + timedelta(milliseconds=2)
        )
    return attempts


def said(status: int, **body: Any) -> Kind:
    return Status(status, json={"status": "fail", **body})


# What becomes of a post by these is what becomes of it by one of the others.
ALIKE = (
    said(400, message="bad_password", error_type="bad_password"),
    said(400, message="gone", error_type="inactive_user"),
    said(400, message="checkpoint_required"),
    said(400, message="consent_required"),
    said(400, message="Please wait a few minutes before you try again."),
    Status(429, text="slow down"),
    said(400, message="two_factor_required", two_factor_required=True),
    said(400, message="geo", error_type="geoblock_required"),
    said(400, message="update", error_type="needs_upgrade"),
)


@pytest.mark.parametrize(
    "kind",
    [
        *sparing(
            [
                said(400, message="Your IP address is blocked", error_type="ip_block"),
                said(400, message="no such user", error_type="invalid_user"),
                said(400, message="feedback_required", spam=True),
                said(400, message="challenge_required"),
                said(403, message="login_required"),
                Status(429, text="slow down", headers=(("retry-after", "0"),)),
                Status(503),
                Status(408),
            ],
            every=2,
        ),
        *(pytest.param(each, marks=pytest.mark.soak) for each in ALIKE),
    ],
    ids=str,
)
async def test_whatever_a_post_is_answered_costs_few_requests_a_day(
    studio: Studio, kind: Kind
) -> None:
    await a_post_due(studio)
    fault = studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=kind, times=None))
    assert await attempts_in_a_day(studio) < 40
    assert fault.hits < 30


async def test_a_session_that_cannot_be_used_waits_for_a_person_and_says_what_to_do(
    studio: Studio,
) -> None:
    await a_post_due(studio)
    core, account_id = studio.core, studio.account.id
    await core.store.write(
        client_options.save, core.vault, account_id, StoredOptions(timezone="US/Pacific-New")
    )
    await core.gateway.forget(account_id)
    assert await attempts_in_a_day(studio) < 30
    assert studio.sandbox.ledger.count(CONFIGURE) == 0
    held = await core.store.read(troubles.active, account_id, studio.clock.now())
    assert held is not None
    assert "timezone" in held.reason
    await core.options.change(account_id, {"timezone": "America/Los_Angeles"})
    await studio.publish_due()
    assert len(studio.sandbox.world.published(studio.person)) == 1


async def test_a_block_of_the_address_does_not_cost_the_password(studio: Studio) -> None:
    blocked = said(400, message="Your IP address is blocked", error_type="ip_block")
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=blocked))
    with pytest.raises(errors.LoginStopped):
        await studio.api.inbox_page()
    with pytest.raises(errors.AccountOnHold):
        await studio.api.inbox_page()
    await studio.core.logins.go_on(studio.account.id)
    # The session ends, and the password that was never refused logs in by itself.
    studio.sandbox.world.expire_sessions(studio.person)
    await studio.api.inbox_page()


HUGE = 10**30
PROFILES: list[Any] = [
    {"followers_count": "1.2K"},
    {"followers_count": HUGE},
    {"followers_count": -1},
    {"followers_count": True},
    {"media_count": [3]},
    {"media_count": 3.5},
    {"name": {"first": "x"}},
    {"name": "\ud83d"},
    {"name": "x" * 1_000_000},
    {"username": 7},
    {"username": None},
    {"profile_picture_url": 5},
    {"account_type": ["BUSINESS"]},
    {"user_id": {}},
    {"user_id": "../x"},
    {"user_id": HUGE},
    {"user_id": "\ud83d"},
    {"id": False},
]


async def second_account(studio: Studio) -> Account:
    core = studio.core
    studio.sandbox.world.add_person("second")
    later = core.clock.now() + timedelta(seconds=1)
    second = await core.store.write(
        accounts.add, user_id=core.owner.id, username="second", now=later
    )
    await connect(only_studio(studio), account=second)
    return second


@pytest.mark.parametrize(
    "in_pairs",
    [pytest.param(False, id="each"), pytest.param(True, id="pairs", marks=pytest.mark.soak)],
)
async def test_no_answer_about_one_account_keeps_another_from_being_looked_after(
    studio: Studio, in_pairs: bool
) -> None:
    await connect(only_studio(studio))
    second, core = await second_account(studio), studio.core
    values: list[Any] = [None, 7, "", "ä", "a b", "x\r\ny", "x" * 10_000, "\ud83d", "IGgood"]
    ends: list[Any] = [None, 0, -1, "x", "5184000", 1e308, HUGE, True, []]
    # Each once beside what is good: a token that is none is refused whenever it ends.
    pairs = [(value, 5184000) for value in values] + [("IGgood", end) for end in ends]
    if in_pairs:
        pairs = [(value, end) for value in values for end in ends]
    tokens = [{"access_token": value, "expires_in": end} for value, end in pairs]
    for path, answers in (("/me", PROFILES), ("refresh_access_token", tokens)):
        for answer in answers:
            await connect(only_studio(studio))  # what came last may have been no token
            await core.store.write(
                accounts.change,
                studio.account.id,
                last_synced_at=None,
                token_expires_at=core.clock.now() + timedelta(days=3),
            )
            await core.store.write(accounts.change, second.id, last_synced_at=None)
            fault = studio.sandbox.faults.add(
                Fault(path=path, account="studio", kind=Status(200, json=answer))
            )
            await core.tokens.look_after_all()
            assert fault.hits == 1, answer
            synced = await core.store.read(accounts.get, second.id)
            assert synced.last_synced_at is not None, answer
            studio.clock.advance(timedelta(hours=25))


@pytest.mark.parametrize("status", sparing([400, 403, 404, 429, 500, 200], every=2))
async def test_a_token_that_fails_is_asked_about_a_few_times_a_day(
    studio: Studio, status: int
) -> None:
    await connect(only_studio(studio))
    fault = studio.sandbox.faults.add(
        Fault(path="/me", times=None, kind=Status(status, text="<html>"))
    )
    for _ in range(24 * 4):
        await studio.core.tokens.look_after_all()
        studio.clock.advance(timedelta(minutes=15))
    assert 0 < fault.hits < 8


# What ends in three ways, one of each kind of trouble, and the others of those kinds.
A_FEW: Mapping[str, Kind] = {name: graph_error(name) for name in ("rate_limited", "spam_block")} | {
    "nothing": Status(200, json={}),
}
OF_PUBLISHING: Mapping[str, Kind] = {
    name: graph_error(name) for name in ("not_ready", "server_error", "token_revoked")
} | {
    "a page with 403": Status(403, text="<html>"),
}
THE_OTHERS: Mapping[str, Kind] = {
    name: graph_error(name)
    for name in (
        "publishing_limit", "container_expired", "account_restricted", "permission_missing",
        "does_not_exist",
    )
} | {
    "503": Status(503, text="<html>"),
    "429": Status(429, text="slow down", headers=(("retry-after", "0"),)),
}  # fmt: skip


async def reels_due(studio: Studio, connected: Sequence[Account]) -> None:
    """Store a Reel for each account, which goes through the official API."""
    library = MediaLibrary(studio.core.store, studio.folder, studio.core.clock)
    file = studio.files / "reel.mp4"
    make_video(file, 180, 320, seconds=3, fps=10, seed=1)
    media = await library.take_in(file, file.name, studio.core.owner.id)
    content = Content(media_type=MediaType.REELS, media_ids=[media.id], caption="Look")
    for account in connected:
        await studio.core.store.write(
            publish_now, studio.core.owner.id, account.id, content, studio.clock.now()
        )


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(A_FEW, id="a few"),
        pytest.param(OF_PUBLISHING, id="one of each kind", marks=pytest.mark.acceptance),
        pytest.param(THE_OTHERS, id="the others", marks=pytest.mark.soak),
    ],
)
async def test_whatever_the_official_api_answers_costs_few_requests_a_day(
    studio: Studio, answers: Mapping[str, Kind]
) -> None:
    core, world = studio.core, studio.sandbox.world
    faults: dict[str, FaultHandle] = {}
    connected = []
    for number, (name, kind) in enumerate(answers.items()):
        person = world.add_person(f"bounded{number}")
        account = await core.store.write(
            accounts.add, user_id=core.owner.id, username=person.username, now=core.clock.now()
        )
        await connect(only_studio(studio), "facebook", account=account)
        account = await core.store.read(accounts.get, account.id)
        connected.append(account)
        publishing = Fault(
            path_end="/media_publish", account=account.username, kind=kind, times=None
        )
        faults[name] = studio.sandbox.faults.add(publishing)
    await reels_due(studio, connected)
    before = len(studio.sandbox.ledger.requests)
    await attempts_in_a_day(studio, most=len(faults) * 40)
    assert {name: fault.hits for name, fault in faults.items() if not 0 < fault.hits < 30} == {}
    per_account = Counter(entry.account for entry in studio.sandbox.ledger.requests[before:])
    assert max(per_account.values()) < 400, per_account


async def test_whoever_makes_sure_that_all_is_on_hastens_nothing(studio: Studio) -> None:
    """A program that switches on, resumes and sets options every minute; Instagram is away."""
    core, account_id = studio.core, studio.account.id
    await a_post_due(studio)
    options = OptionsDesk(core.store, core.vault, core.gateway, core.clock)
    await options.change(account_id, {"locale": "de_DE"})
    await core.store.write(
        repost_configs.change, account_id, now=core.clock.now(), consecutive_failures=3
    )
    studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=Status(503), times=None))
    attempts = 0
    for _ in range(60):
        for change in (configuring.enable, pause.resume):
            await core.store.write(change, account_id, studio.clock.now())
        await options.change(account_id, {"locale": "de_DE"})
        for job in await core.store.write(jobs.claim_due, studio.clock.now()):
            await studio.deliverer.deliver(job)
            attempts += 1
        studio.clock.advance(timedelta(minutes=1))
    assert 3 < attempts < 9, "30 s, 1, 2, 4, 8, 16 and 32 minutes"
    config = await core.store.read(repost_configs.get, account_id)
    assert config.consecutive_failures == 3
