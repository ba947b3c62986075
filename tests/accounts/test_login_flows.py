"""Every way a login goes, over HTTP, with a restart between any two steps.

After each step three things are looked at: what the person was told, what the probe says, and
how often the password has left the house, which the simulated Instagram counts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from instagram.private.two_factor import totp_code
from sandbox import LoginBehaviour, Sandbox
from sandbox.wire.faults import Fault, Status
from sandbox.world.person import Person
from tests.support.clock import TestClock
from tests.support.served import serve_studio
from tests.support.studio import PASSWORD, USERNAME, open_studio

PATH = "/api/v1/settings/private-api-credentials"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
BACKUP_CODE = "87654321"
MAILED = "123456"


@dataclass(frozen=True)
class Step:
    """A request, what it is answered with, and how things stand afterwards."""

    call: str
    body: dict[str, Any]
    told: str
    state: str | None
    submitted: int
    before: Callable[[Person], object] | None = None
    later: timedelta = timedelta()


def login(told: str, state: str | None, submitted: int, **more: Any) -> Step:
    body = {"igUsername": USERNAME, "igPassword": PASSWORD, **more.pop("body", {})}
    return Step("", body, told, state, submitted, **more)


def code(value: str, told: str, state: str | None, submitted: int, **more: Any) -> Step:
    return Step("/challenge", {"code": value}, told, state, submitted, **more)


def go_on(told: str, state: str | None, submitted: int, **more: Any) -> Step:
    return Step("/continue", more.pop("body", {}), told, state, submitted, **more)


@dataclass(frozen=True)
class Flow:
    """A person's settings at Instagram, and the steps that follow from them."""

    name: str
    steps: list[Step]
    person: dict[str, Any] = field(default_factory=dict)
    challenge: dict[str, Any] = field(default_factory=dict)


def becomes(behaviour: LoginBehaviour) -> Callable[[Person], None]:
    def change(person: Person) -> None:
        person.login = behaviour

    return change


def other_challenge(person: Person) -> None:
    person.challenge.path = f"/challenge/{person.pk}/other/"


def met_in_the_app(person: Person) -> None:
    other_challenge(person)
    person.met_challenge()


B = LoginBehaviour
APP = {"login": B.TWO_FACTOR, "totp_seed": SEED, "backup_codes": {BACKUP_CODE}}
SMS = {"login": B.TWO_FACTOR, "sms_two_factor": True}
NOW = "<the app's code>"
FLOWS = [
    Flow("password", [login("in", None, 1)]),
    Flow("by the older door", [login("in", None, 2)], {"old_door": True}),
    Flow(
        "wrong password",
        [
            login("LOGIN_FAILED", None, 1, body={"igPassword": "wrong"}),
            code("123456", "NO_ACTIVE_SESSION", None, 1),
            go_on("CREDENTIALS_NOT_CONFIGURED", None, 1),
            login("in", None, 2),
        ],
    ),
    Flow(
        "wrong password at the older door",
        [login("LOGIN_FAILED", None, 2, body={"igPassword": "wrong"})],
        {"old_door": True},
    ),
    Flow("unknown user", [login("LOGIN_FAILED", None, 1)], {"login": B.UNKNOWN_USER}),
    Flow("suspended", [login("LOGIN_FAILED", None, 1)], {"login": B.SUSPENDED}),
    Flow("rate limited", [login("LOGIN_RATE_LIMITED", None, 1)], {"login": B.RATE_LIMITED}),
    Flow(
        "rate limited at the older door",
        [login("LOGIN_RATE_LIMITED", None, 2)],
        {"login": B.RATE_LIMITED, "old_door": True},
    ),
    Flow(
        "app code after it was asked for",
        [
            login("TWO_FACTOR_REQUIRED", "two_factor", 1),
            code("000000", "INVALID_CODE", "two_factor", 1),
            code(NOW, "in", None, 1),
        ],
        APP,
    ),
    Flow(
        "the same request again with the app code",
        [
            login("TWO_FACTOR_REQUIRED", "two_factor", 1),
            login("INVALID_CODE", "two_factor", 1, body={"code": "000000"}),
            login("in", None, 1, body={"code": NOW}),
        ],
        APP,
    ),
    Flow("app code in the first request", [login("in", None, 1, body={"code": NOW})], APP),
    Flow(
        "wrong app code in the first request",
        [
            login("INVALID_CODE", "two_factor", 1, body={"code": "000000"}),
            code(NOW, "in", None, 1),
        ],
        APP,
    ),
    Flow("TOTP seed", [login("in", None, 1, body={"totpSeed": "jbsw y3dp ehpk 3pxp" * 2})], APP),
    Flow(
        "wrong TOTP seed",
        [
            login("INVALID_CODE", "two_factor", 1, body={"totpSeed": "A" * 32}),
            code(NOW, "in", None, 1),
        ],
        APP,
    ),
    Flow("backup code at once", [login("in", None, 1, body={"code": BACKUP_CODE})], APP),
    Flow(
        "backup code later",
        [
            login("TWO_FACTOR_REQUIRED", "two_factor", 1),
            code(BACKUP_CODE, "in", None, 1),
        ],
        APP,
    ),
    Flow(
        "SMS code, and once more",
        [
            login("TWO_FACTOR_REQUIRED", "two_factor", 1),
            go_on("two_factor", "two_factor", 1),
            code("000000", "INVALID_CODE", "two_factor", 1),
            code(MAILED, "in", None, 1),
        ],
        SMS,
    ),
    Flow(
        "SMS in place of the app",
        [
            login("TWO_FACTOR_REQUIRED", "two_factor", 1),
            go_on("two_factor", "two_factor", 1, body={"method": "sms"}),
            code(MAILED, "in", None, 1),
        ],
        {**APP, "sms_two_factor": True},
    ),
    Flow(
        "app code at the older door",
        [
            login("TWO_FACTOR_REQUIRED", "two_factor", 2),
            code("000000", "INVALID_CODE", "two_factor", 2),
            code(NOW, "in", None, 2),
        ],
        {**APP, "old_door": True},
    ),
    Flow(
        "SMS code at the older door",
        [login("TWO_FACTOR_REQUIRED", "two_factor", 2), code(MAILED, "in", None, 2)],
        {**SMS, "old_door": True},
    ),
    Flow(
        "backup code at the older door",
        [login("TWO_FACTOR_REQUIRED", "two_factor", 2), code(BACKUP_CODE, "in", None, 2)],
        {**APP, "old_door": True},
    ),
    Flow(
        "mailed code",
        [
            login("email", "email", 1),
            go_on("email", "email", 1),
            code("000000", "INVALID_CODE", "email", 1),
            code(MAILED, "in", None, 1),
        ],
        {"login": B.PROFILE_CODE},
    ),
    Flow(
        "challenge that logs in",
        [
            login("email", "email", 1),
            code("000000", "INVALID_CODE", "email", 1),
            code(MAILED, "in", None, 1),
        ],
        {"login": B.CHALLENGE},
        {"logs_in": True},
    ),
    Flow(
        # The code is the person's request; Instagram judges the password only now.
        "challenge before the password is judged",
        [login("email", "email", 1), code(MAILED, "in", None, 2)],
        {"login": B.CHALLENGE},
    ),
    Flow(
        "challenge at the older door",
        [login("email", "email", 2), code(MAILED, "in", None, 2)],
        {"login": B.CHALLENGE, "old_door": True},
        {"logs_in": True},
    ),
    Flow(
        "challenge by SMS only",
        [login("sms", "sms", 1), code(MAILED, "in", None, 1)],
        {"login": B.CHALLENGE},
        {"logs_in": True, "ways": ("phone_number",)},
    ),
    Flow(
        "challenge by SMS in place of e-mail",
        [
            login("email", "email", 1),
            go_on("sms", "sms", 1, body={"method": "sms"}),
            code(MAILED, "in", None, 1),
        ],
        {"login": B.CHALLENGE},
        {"logs_in": True},
    ),
    Flow(
        "challenge that has sent its code already",
        [login("sms", "sms", 1), code(MAILED, "in", None, 1)],
        {"login": B.CHALLENGE},
        {"logs_in": True, "step": "verify_phone"},
    ),
    Flow(
        "a second challenge in between",
        [
            login("email", "email", 1),
            code(MAILED, "email", "email", 2),
            code(MAILED, "in", None, 2),
        ],
        {"login": B.CHALLENGE, "then": [B.PROFILE_CODE]},
    ),
    Flow(
        "two-factor after a challenge",
        [
            login("email", "email", 1),
            code(MAILED, "two_factor", "two_factor", 2),
            code(NOW, "in", None, 2),
        ],
        {**APP, "login": B.CHALLENGE, "then": [B.TWO_FACTOR]},
    ),
    Flow(
        "two-factor with the seed after a challenge",
        [login("email", "email", 1, body={"totpSeed": SEED}), code(MAILED, "in", None, 2)],
        {**APP, "login": B.CHALLENGE, "then": [B.TWO_FACTOR]},
    ),
    Flow(
        "a code that came too late",
        [
            login("email", "email", 1),
            code(MAILED, "NO_ACTIVE_SESSION", None, 1, later=timedelta(minutes=61)),
        ],
        {"login": B.CHALLENGE},
    ),
    Flow(
        "a challenge that Instagram has forgotten",
        [
            login("email", "email", 1),
            code(MAILED, "NO_ACTIVE_SESSION", None, 1, before=other_challenge),
        ],
        {"login": B.CHALLENGE},
    ),
    Flow(
        "a challenge met in the app",
        [
            login("email", "email", 1),
            go_on("in", None, 2, before=met_in_the_app),
        ],
        {"login": B.CHALLENGE},
    ),
    Flow(
        "a challenge that only the app can meet",
        [
            login("LOGIN_FAILED", "app", 1),
            code(MAILED, "NO_ACTIVE_SESSION", "app", 1),
            go_on("in", None, 2, before=becomes(B.OK)),
        ],
        {"login": B.CHALLENGE},
        {"step": "selfie_captcha"},
    ),
    Flow(
        "checkpoint",
        [
            login("LOGIN_FAILED", "app", 1),
            go_on("LOGIN_FAILED", "app", 2),
            go_on("in", None, 3, before=becomes(B.OK), later=timedelta(hours=5)),
        ],
        {"login": B.CHECKPOINT},
    ),
    Flow(
        "consent",
        [login("LOGIN_FAILED", "consent", 1), go_on("in", None, 2, before=becomes(B.OK))],
        {"login": B.CONSENT},
    ),
]


# What each of these shows, one of the others shows too.
VARIANTS = {
    "wrong password at the older door",
    "rate limited at the older door",
    "backup code later",
    "SMS code at the older door",
    "backup code at the older door",
    "challenge at the older door",
    "challenge that has sent its code already",
    "two-factor with the seed after a challenge",
}


def _tier(number: int, flow: Flow) -> list[pytest.MarkDecorator]:
    if flow.name in VARIANTS:
        return [pytest.mark.soak]
    return [pytest.mark.acceptance] if number % 3 else []


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param(flow, id=flow.name, marks=_tier(number, flow))
        for number, flow in enumerate(FLOWS)
    ],
)
async def test_each_flow_step_by_step_with_restarts(
    flow: Flow,
    sandbox: Sandbox,
    clock: TestClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    person = sandbox.world.add_person(USERNAME, password=PASSWORD)
    for name, value in flow.person.items():
        setattr(person, name, value.copy() if isinstance(value, (set, list)) else value)
    for name, value in flow.challenge.items():
        setattr(person.challenge, name, value)
    said = [await run(step, person, sandbox, clock, tmp_path) for step in flow.steps]
    assert len(sandbox.ledger.devices(USERNAME)) == 1
    assert_no_secrets(said, caplog, sandbox)


async def run(
    step: Step, person: Person, sandbox: Sandbox, clock: TestClock, directory: Path
) -> str:
    """Take one step with a daemon that was just started; returns everything it said."""
    clock.advance(step.later)
    if step.before is not None:
        step.before(person)
    async with (
        open_studio(sandbox, clock, directory, logged_in=False) as studio,
        serve_studio(studio) as served,
    ):
        body = {"accountId": studio.account.id, **step.body}
        if body.get("code") == NOW:
            body["code"] = totp_code(SEED, time.time())
        answer = await served.call("POST", PATH + step.call, body)
        if answer.status == 200:
            waits = answer.body.get("challengeRequired", not answer.body.get("resolved", True))
            told = answer.body["challengeType"] if waits else "in"
        else:
            told = answer.body["code"]
        assert told == step.told, answer.body
        probe = await served.call("GET", f"{PATH}/{studio.account.id}")
        assert probe.body["challengeState"] == step.state
        assert probe.body["configured"] is probe.body["hasSession"] is (told == "in")
        if told == "in":
            await studio.api.inbox_page()
    assert sandbox.ledger.logins(USERNAME) == step.submitted
    return f"{answer.body} {probe.body}"


def assert_no_secrets(said: list[str], caplog: pytest.LogCaptureFixture, sandbox: Sandbox) -> None:
    ours = ("accounts", "api", "daemon", "instagram", "repost", "publish", "storage")
    said += [
        f"{record.getMessage()} {record.exc_text}"
        for record in caplog.records
        if record.name.startswith(ours)
    ]
    sessions = [session.id for session in sandbox.world.sessions._by_id.values()]
    for secret in (PASSWORD, SEED, MAILED, BACKUP_CODE, *sessions):
        assert not [text for text in said if secret in text]


async def test_other_refusals_of_a_login(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    sandbox.world.add_person(USERNAME, password=PASSWORD)
    async with (
        open_studio(sandbox, clock, tmp_path, logged_in=False) as studio,
        serve_studio(studio) as served,
    ):
        for kind, message, code in (
            ("invalid_user", "We can't find an account with that name", "LOGIN_FAILED"),
            ("ip_block", "Sorry, there was a problem", "LOGIN_FAILED"),
            ("inactive user", "Your account has been disabled", "LOGIN_FAILED"),
            ("needs_upgrade", "Please upgrade", "LOGIN_FAILED"),
            ("generic_request_error", "Something odd", "LOGIN_FAILED"),
            ("rate_limit_error", "Slow down", "LOGIN_RATE_LIMITED"),
            ("sentry_block", "Blocked", "LOGIN_RATE_LIMITED"),
        ):
            refusal = {"error_type": kind, "message": message, "status": "fail"}
            status = Status(400, json=refusal)
            sandbox.faults.add(Fault(path="send_login_request", kind=status))
            before = sandbox.ledger.logins(USERNAME)
            body = {"igUsername": USERNAME, "igPassword": PASSWORD}
            answer = await served.call("POST", PATH, {"accountId": studio.account.id, **body})
            assert answer.body["code"] == code, kind
            assert sandbox.ledger.logins(USERNAME) == before + 1
