"""Credentials, challenges and the session phase over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import LoginBehaviour
from sandbox.wire.faults import Fault, Status
from tests.support.served import Answer, Served
from tests.support.studio import PASSWORD, USERNAME

PATH = "/api/v1/settings/private-api-credentials"


async def log_in(served: Served, password: str = PASSWORD, **more: Any) -> Answer:
    body = {"accountId": served.studio.account.id, "igUsername": USERNAME, "igPassword": password}
    return await served.call("POST", PATH, body | more)


async def probe(served: Served) -> dict[str, Any]:
    answer = await served.call("GET", f"{PATH}/{served.studio.account.id}")
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body


async def test_a_login_that_succeeds(served: Served) -> None:
    answer = await log_in(served)
    assert answer.status == 200
    assert answer.body == {
        "success": True,
        "message": "Login succeeded",
        "challengeRequired": False,
        "contactPoint": None,
        "challengeType": None,
        "versionWarning": None,
    }
    found = await probe(served)
    assert found["configured"] is found["hasSession"] is True
    assert (found["igUsername"], found["challengeState"]) == (USERNAME, None)
    assert PASSWORD not in str(found)


async def test_a_wrong_password(served: Served) -> None:
    await served.call("DELETE", f"{PATH}/{served.studio.account.id}")
    before = served.studio.sandbox.ledger.logins(USERNAME)
    answer = await log_in(served, "wrong")
    assert (answer.status, answer.body["code"]) == (401, "LOGIN_FAILED")
    assert served.studio.sandbox.ledger.logins(USERNAME) == before + 1
    assert await probe(served) == {
        "configured": False,
        "igUsername": None,
        "lastLoginAt": None,
        "challengeState": None,
        "hasSession": False,
    }


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        (LoginBehaviour.TWO_FACTOR, 401, "TWO_FACTOR_REQUIRED"),
        (LoginBehaviour.UNKNOWN_USER, 401, "LOGIN_FAILED"),
        (LoginBehaviour.CHECKPOINT, 401, "LOGIN_FAILED"),
        (LoginBehaviour.RATE_LIMITED, 429, "LOGIN_RATE_LIMITED"),
    ],
)
async def test_refusals_have_the_contracts_codes(
    served: Served, behaviour: LoginBehaviour, status: int, code: str
) -> None:
    served.studio.person.login = behaviour
    answer = await log_in(served)
    assert (answer.status, answer.body["code"]) == (status, code)


async def test_two_factor_with_the_code_in_the_same_request(served: Served) -> None:
    import aiograpi

    served.studio.person.login = LoginBehaviour.TWO_FACTOR
    served.studio.person.totp_seed = "JBSWY3DPEHPK3PXP"
    code = aiograpi.Client.totp_generate_code("JBSWY3DPEHPK3PXP")
    assert (await log_in(served, code=code)).status == 200
    malformed = await log_in(served, code="12")
    assert (malformed.status, malformed.body["code"]) == (400, "INVALID_CODE")


async def test_a_challenge_in_two_steps(served: Served) -> None:
    account_id = served.studio.account.id
    await served.call("DELETE", f"{PATH}/{account_id}")
    served.studio.person.login = LoginBehaviour.CHALLENGE
    first = await log_in(served)
    assert first.status == 200
    assert first.body["challengeRequired"] is True
    assert first.body["challengeType"] == "email"
    assert "@" in first.body["contactPoint"]
    assert (await probe(served))["configured"] is False
    assert (await probe(served))["challengeState"] == "email"

    async def submit(**body: Any) -> Answer:
        return await served.call("POST", f"{PATH}/challenge", body)

    wrong = await submit(accountId=account_id, code="000000")
    assert (wrong.status, wrong.body["code"]) == (400, "INVALID_CODE")
    malformed = await submit(accountId=account_id, code="12x456")
    assert (malformed.status, malformed.body["code"]) == (400, "INVALID_CODE")
    unnamed = await submit(code="123456")
    assert (unnamed.status, unnamed.body["code"]) == (400, "MISSING_ACCOUNT_ID")
    right = await submit(accountId=account_id, code=served.studio.person.security_code)
    assert right.body["message"] == "Challenge cleared"
    assert right.body["success"] is right.body["resolved"] is True
    assert (await probe(served))["configured"] is True
    again = await submit(accountId=account_id, code="123456")
    assert (again.status, again.body["code"]) == (400, "NO_ACTIVE_SESSION")
    # What is no code is refused before it is asked whether anything waits for one.
    malformed = await submit(accountId=account_id, code="nope")
    assert malformed.body["code"] == "INVALID_CODE"


async def test_the_session_phase(served: Served) -> None:
    path = f"/api/v1/settings/session-phase/{served.studio.account.id}"
    body = (await served.call("GET", path)).body
    assert body["phase"] == 3  # a pace of 0, as in every sandbox
    assert body["hasCredentials"] is body["hasSession"] is body["exists"] is True
    assert body["cloudConfigured"] is False
    await served.call("DELETE", f"{PATH}/{served.studio.account.id}")
    body = (await served.call("GET", path)).body
    assert (body["phase"], body["exists"]) == (0, False)


async def test_instagram_being_down_is_no_failed_login(served: Served) -> None:
    served.studio.sandbox.faults.add(Fault(path="send_login_request", kind=Status(503)))
    answer = await log_in(served)
    assert (answer.status, answer.body["code"]) == (503, "SERVICE_UNAVAILABLE")
