"""The first run in Chromium, by keys alone: from nothing to a repost, through every login."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from instagram.private.two_factor import totp_code
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Status
from sandbox.world.person import LoginBehaviour, Person
from storage import accounts, repost_configs
from tests.support.browsing import open_browser
from tests.support.clock import TestClock
from tests.support.graph import PUBLIC
from tests.support.served import serve_studio
from tests.support.studio import PASSWORD, USERNAME, open_studio
from tests.web.test_pages import Home

pytestmark = [pytest.mark.acceptance, pytest.mark.thirdparty]
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODE = "input[name=code]"
GO_ON = "form[action^='/welcome/continue'] button"
B = LoginBehaviour


@pytest.fixture
async def home(sandbox: Sandbox, clock: TestClock, tmp_path: Any) -> AsyncIterator[Home]:
    async with (
        open_studio(
            sandbox, clock, tmp_path, logged_in=False, public_url=PUBLIC, rails_pace=1.0
        ) as studio,
        serve_studio(studio) as served,
        open_browser("tests.web.composing") as browser,
    ):
        sandbox.world.map_public_url(PUBLIC, served.url)
        made = Home(served, browser)
        await served.call("DELETE", f"/api/v1/auth/accounts/{studio.account.id}")
        await browser.take("sign_in", await made.login_link(), "a", 390, 844)
        yield made


async def enter(home: Home, selector: str, text: str) -> None:
    """Go to a field by Tab, type into it, and send the form by Enter."""
    await home.take("tab_to", selector)
    await home.take("press", "Control+A")
    await home.take("types", text)
    await home.take("press", "Enter")


async def push(home: Home, selector: str) -> None:
    await home.take("tab_to", selector)
    await home.take("press", "Enter")


async def test_from_nothing_to_the_first_repost_by_keys_alone(home: Home) -> None:
    studio, take = home.served.studio, home.take
    # Noon where the browser is: awake, at whatever hour this runs.
    there = studio.clock.now().astimezone(ZoneInfo("America/Los_Angeles"))
    studio.clock.advance(timedelta(hours=(12 - there.hour) % 24))
    await take("arrives", "/welcome")
    await take("counts", ".doors section", 3)
    await push(home, ".doors a[href^='/welcome/account']")
    await enter(home, "input[name=username]", "no such <b>name</b>")
    await take("sees", ".notice.bad")
    await enter(home, "input[name=username]", f"@{USERNAME}")
    await take("arrives", "/welcome/login")
    await enter(home, "input[name=password]", PASSWORD)
    await take("arrives", "/welcome/rules")
    await take("has_value", "select[name=timezone]", "America/Los_Angeles")  # the browser's
    await enter(home, "input[name=limit]", "4")
    await take("arrives", "/welcome/next")
    await take("sees", ".way", "The first repost goes out")
    # Somebody mentions the account, and one may look at once.
    studio.sandbox.world.follow(studio.person, anna := studio.sandbox.world.add_person("anna"))
    studio.mention(anna)
    every = await studio.core.store.read(accounts.of_user, studio.core.owner.id)
    config = await studio.core.store.read(repost_configs.get, every[0].id)
    assert (config.timezone, config.daily_repost_limit) == ("America/Los_Angeles", 4)
    assert config.is_enabled
    assert config.approval_required
    await push(home, "button[hx-post^='/mentions/scan']")
    await take("sees", ".toast", "Looked:")
    await push(home, "main a[href^='/']:not([href*=compose])")
    await take("sees", "h1", "1 story waits for you")
    await take("press", "j", "a")
    await take("sees", ".toast", "Approved @anna")
    assert await take("complaints") == []
    await goes_live(home, every[0].id)
    # A second account by its token: a wrong one is said, the right one is never shown.
    other = studio.sandbox.world.add_person("second")
    graph = studio.sandbox.world.connect_graph(other)
    for token, end in (("IGAA-wrong", ".notice.bad"), (graph.token, ".way")):
        await home.go("/welcome/account")
        await push(home, "summary:has-text('official API')")
        await take("tab_to", "input[name=only]")
        await take("press", "Space")
        await take("tab_to", "input[name=username]")
        await take("press", "Control+A")
        await take("types", "second")
        await enter(home, "input[name=token]", token)
        await take("sees", end)
        assert token not in await take("inner", "main")
    await take("arrives", "/welcome/next")
    await take("sees", ".way", "Posts go out at the times you plan")


async def goes_live(home: Home, account_id: str) -> None:
    """See the repost that was approved go out, on the page."""
    studio, take = home.served.studio, home.take
    studio.clock.advance(timedelta(minutes=1))  # it rests before it goes, and can be taken back
    studio.engine.wake(account_id)
    await home.go("/mentions?state=out")
    await take("sees", "#list .stories", "@anna")
    (live,) = studio.sandbox.ledger.published
    assert [mention.username for mention in live.mentions] == ["anna"]
    await home.go("/")
    await take("sees", "main", "@anna")


@dataclass(frozen=True)
class Way:
    """How Instagram meets a login, what is done about it, and what the page says after each."""

    steps: list[tuple[str, str]]
    person: dict[str, Any] = field(default_factory=dict)
    challenge: dict[str, Any] = field(default_factory=dict)
    fault: Status | None = None


def refusal(kind: str) -> Status:
    said = {"error_type": kind, "message": f"<i>{kind}</i>", "status": "fail"}
    return Status(400, json=said)


IN = "By which rules?"
STEP, APP = "One more step", "Confirm it in the Instagram app"
BAD = "Log @"
WAYS: dict[str, Way] = {
    "wrong": Way([("wrong password", BAD), (PASSWORD, IN)]),
    "unknown": Way([(PASSWORD, BAD)], {"login": B.UNKNOWN_USER}),
    "many": Way([(PASSWORD, BAD)], {"login": B.RATE_LIMITED}),
    "gone": Way([(PASSWORD, BAD)], {"login": B.SUSPENDED}),
    "blocked": Way([(PASSWORD, BAD)], fault=refusal("sentry_block")),
    "feedback": Way([(PASSWORD, BAD)], fault=refusal("feedback_required")),
    "mailed": Way(
        [(PASSWORD, STEP), ("code 000000", STEP), ("push sms", STEP), ("code 123456", IN)],
        {"login": B.CHALLENGE}, {"logs_in": True},
    ),
    "profile": Way([(PASSWORD, STEP), ("code 123 456", IN)], {"login": B.PROFILE_CODE}),
    "texted": Way(
        [(PASSWORD, STEP), ("push sms", STEP), ("code 123456", IN)],
        {"login": B.TWO_FACTOR, "sms_two_factor": True},
    ),
    "twice": Way(
        [(PASSWORD, STEP), ("code 123456", STEP), ("code now", IN)],
        {"login": B.CHALLENGE, "then": [B.TWO_FACTOR], "totp_seed": SEED},
    ),
    "backup": Way(
        [(PASSWORD, STEP), ("code 8765 4321", IN)],
        {"login": B.TWO_FACTOR, "totp_seed": SEED, "backup_codes": {"87654321"}},
    ),
    "instead": Way([(PASSWORD, STEP), ("met", IN)], {"login": B.CHALLENGE}),
    "selfie": Way(
        [(PASSWORD, APP), ("push", APP), ("ok", IN)],
        {"login": B.CHALLENGE}, {"step": "selfie_captcha"},
    ),
    "checkpoint": Way([(PASSWORD, APP), ("push", APP), ("ok", IN)], {"login": B.CHECKPOINT}),
    "consent": Way([(PASSWORD, APP), ("ok", IN)], {"login": B.CONSENT}),
}  # fmt: skip


def met_in_the_app(person: Person) -> None:
    person.challenge.path = f"/challenge/{person.pk}/other/"
    person.met_challenge()


# What these show, the others show too, as far as the page goes.
VARIANTS = {
    "feedback", "unknown", "many", "gone", "blocked", "profile", "twice", "backup", "checkpoint",
    "consent",
}  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(sorted(set(WAYS) - VARIANTS), id="each"),
        pytest.param(sorted(VARIANTS), id="variants", marks=pytest.mark.soak),
    ],
)
async def test_every_login_is_walked_through_and_survives_a_reload(
    home: Home, names: list[str]
) -> None:
    wrong: list[str] = []
    for name in names:
        try:
            await walk(home, name, WAYS[name])
        except Exception as failed:  # noqa: BLE001 - each is told, not the first alone
            wrong.append(f"{name}: {str(failed)[-900:]}")
    assert "\n".join(wrong) == ""
    assert [each for each in await home.take("complaints") if "status of" not in each] == []


async def walk(home: Home, name: str, way: Way) -> None:
    """Log an account in as its person is met by Instagram; nothing is asked of it beyond that."""
    studio, take = home.served.studio, home.take
    person = studio.sandbox.world.add_person(f"x.{name}", password=PASSWORD)
    for each, value in way.person.items():
        setattr(person, each, value)
    for each, value in way.challenge.items():
        setattr(person.challenge, each, value)
    if way.fault is not None:
        studio.sandbox.faults.add(Fault(path="send_login_request", kind=way.fault))
    core = studio.core
    await core.store.write(
        accounts.add, user_id=core.owner.id, username=person.username, now=core.clock.now()
    )
    await home.go(f"/welcome/login?account={person.username}")
    for what, heading in way.steps:
        does, _, value = what.partition(" ")
        if does == "code":
            value = totp_code(SEED, time.time()) if value == "now" else value
            await enter(home, CODE, value)
        elif does == "push":
            await push(home, f"{GO_ON}[value=sms]" if value else GO_ON)
        elif does in ("ok", "met"):
            met_in_the_app(person) if does == "met" else setattr(person, "login", B.OK)
            await push(home, f"{GO_ON}[value='']" if does == "met" else GO_ON)
        else:
            await enter(home, "input[name=password]", what)
        await take("sees", "h1", heading)
        page = await take("inner", "main")
        assert PASSWORD not in page
        assert "<i>" not in page
        # What it waits for is still there when the page is loaded anew, and nothing was sent again.
        before = studio.sandbox.ledger.logins(person.username)
        await take("reload")
        await take("sees", "h1", heading)
        assert studio.sandbox.ledger.logins(person.username) == before
        if heading in (STEP, APP):
            await take("sees", f"{CODE}, {GO_ON}")
        assert f"account={person.username}" in await take("at")
