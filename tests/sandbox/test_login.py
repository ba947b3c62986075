from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import aiograpi
import pytest
from aiograpi import exceptions

from sandbox import LoginBehaviour, Sandbox
from sandbox.world.person import Person
from tests.sandbox.clients import AIOGRAPI, App

pytestmark = [pytest.mark.acceptance, AIOGRAPI]

OpenApp = Callable[..., App]

SEED = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"


async def test_right_password_logs_in(sandbox: Sandbox, app: App, studio: Person) -> None:
    assert await app.login(studio)

    account = await app("account_info")
    assert (account.pk, account.username) == (str(studio.pk), "studio")
    assert sandbox.ledger.logins("studio") == 1
    assert sandbox.ledger.devices("studio") == {app.client.android_device_id}
    assert sandbox.ledger.count("feed/reels_tray/", account="studio") == 1
    assert sandbox.ledger.count(host="b.i.instagram.com") == 5
    assert not sandbox.ledger.unknown


async def test_no_password_is_kept(sandbox: Sandbox, app: App, studio: Person) -> None:
    studio.login = LoginBehaviour.FALLBACK_LEGACY
    await app.login(studio)

    record = json.dumps([asdict(entry) for entry in sandbox.ledger.requests])
    assert "PWD_INSTAGRAM" not in record
    assert "a password" not in record


@pytest.mark.parametrize(("username", "password"), [("studio", "wrong"), ("nobody", "a password")])
async def test_wrong_credentials_get_a_dialog(
    sandbox: Sandbox, app: App, studio: Person, username: str, password: str
) -> None:
    with pytest.raises(exceptions.ClientError, match="did not return a session"):
        await app("login", username, password)

    assert sandbox.ledger.logins(username) == 1
    assert app.client.user_id is None


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (LoginBehaviour.BAD_PASSWORD_DIALOG, exceptions.ClientError),
        (LoginBehaviour.CHECKPOINT, exceptions.CheckpointRequired),
        (LoginBehaviour.CONSENT, exceptions.ConsentRequired),
        (LoginBehaviour.SUSPENDED, exceptions.AccountSuspended),
        (LoginBehaviour.UNKNOWN_USER, exceptions.ProxyAddressIsBlocked),
        (LoginBehaviour.RATE_LIMITED, exceptions.PleaseWaitFewMinutes),
        (LoginBehaviour.CHALLENGE, exceptions.ChallengeRequired),
        (LoginBehaviour.TWO_FACTOR, exceptions.TwoFactorRequired),
    ],
)
async def test_each_refusal_is_what_the_client_takes_it_for(
    sandbox: Sandbox,
    app: App,
    studio: Person,
    behaviour: LoginBehaviour,
    error: type[Exception],
) -> None:
    studio.login = behaviour
    with pytest.raises(error) as caught:
        await app.login(studio)

    assert type(caught.value) is error
    assert sandbox.ledger.logins("studio") == 1
    assert not sandbox.ledger.unknown

    studio.login = LoginBehaviour.OK
    assert await app.login(studio)


async def test_the_old_login(sandbox: Sandbox, app: App, studio: Person) -> None:
    studio.login = LoginBehaviour.FALLBACK_LEGACY
    assert await app.login(studio)

    assert sandbox.ledger.count("accounts/login/", account="studio") == 1
    assert sandbox.ledger.logins("studio") == 2


async def test_the_old_login_refuses_after_three_submissions(
    sandbox: Sandbox, app: App, studio: Person
) -> None:
    studio.login = LoginBehaviour.FALLBACK_BAD_PASSWORD
    with pytest.raises(exceptions.BadPassword):
        await app.login(studio)

    assert sandbox.ledger.logins("studio") == 3


async def test_a_saved_session_is_restored_with_one_request(
    sandbox: Sandbox, open_app: OpenApp, studio: Person
) -> None:
    first = open_app()
    await first.login(studio)
    mark = sandbox.ledger.mark()

    second = open_app(settings=first.settings())
    account = await second("account_info")

    assert account.username == "studio"
    assert sandbox.ledger.count(since=mark) == 1
    assert sandbox.ledger.logins("studio") == 1
    assert len(sandbox.ledger.devices("studio")) == 1


async def test_login_by_sessionid(sandbox: Sandbox, app: App, studio: Person) -> None:
    assert await app("login_by_sessionid", sandbox.world.sessions.open(studio).id)
    assert app.client.username == "studio"


async def test_an_expired_session_is_refused(sandbox: Sandbox, app: App, studio: Person) -> None:
    await app.login(studio)
    sandbox.world.expire_sessions(studio)

    with pytest.raises(exceptions.LoginRequired):
        await app("account_info")
    assert sandbox.ledger.requests[-1].account == "studio"
    assert sandbox.ledger.requests[-1].status == 403


async def test_logout_ends_the_session(sandbox: Sandbox, app: App, studio: Person) -> None:
    await app.login(studio)
    assert await app("logout")
    assert sandbox.world.sessions.of(studio) == []


async def test_a_session_can_change_with_any_answer(
    sandbox: Sandbox, open_app: OpenApp, studio: Person
) -> None:
    app = open_app()
    await app.login(studio)
    outdated = app.settings()
    sandbox.world.rotate_session_on_next_call(studio)

    await app("direct_threads")

    with pytest.raises(exceptions.LoginRequired):
        await open_app(settings=outdated)("account_info")
    assert (await open_app(settings=app.settings())("account_info")).username == "studio"


async def test_two_factor_with_the_code_at_once(sandbox: Sandbox, app: App, studio: Person) -> None:
    studio.login, studio.totp_seed = LoginBehaviour.TWO_FACTOR, SEED
    code = aiograpi.Client.totp_generate_code(SEED.replace(" ", ""))

    assert await app.login(studio, verification_code=code)
    assert sandbox.ledger.logins("studio") == 1
    assert (await app("account_info")).username == "studio"
    assert not sandbox.ledger.unknown


async def test_two_factor_with_the_code_later(sandbox: Sandbox, app: App, studio: Person) -> None:
    studio.login, studio.totp_seed = LoginBehaviour.TWO_FACTOR, SEED
    with pytest.raises(exceptions.TwoFactorRequired) as caught:
        await app.login(studio)

    code = aiograpi.Client.totp_generate_code(SEED.replace(" ", ""))
    context = {"two_step_verification_context": caught.value.two_step_verification_context}
    assert await app("_login_with_bloks_two_factor", code, context, caught.value)
    assert sandbox.ledger.logins("studio") == 1
    assert (await app("account_info")).username == "studio"


async def test_two_factor_with_a_wrong_code(sandbox: Sandbox, app: App, studio: Person) -> None:
    studio.login, studio.totp_seed = LoginBehaviour.TWO_FACTOR, SEED
    with pytest.raises(exceptions.TwoFactorRequired):
        await app.login(studio, verification_code="00000x")
    assert sandbox.world.sessions.of(studio) == []


async def test_a_backup_code_works_once(open_app: OpenApp, studio: Person) -> None:
    studio.login, studio.backup_codes = LoginBehaviour.TWO_FACTOR, {"12345678"}

    assert await open_app().login(studio, verification_code="1234 5678")
    with pytest.raises(exceptions.TwoFactorRequired):
        await open_app().login(studio, verification_code="1234 5678")


async def test_profile_code(sandbox: Sandbox, app: App, studio: Person) -> None:
    studio.login, studio.security_code = LoginBehaviour.PROFILE_CODE, "246810"

    async def read_mail(username: str, choice: object = None, **more: object) -> str:
        return "246810"

    app.client.challenge_code_handler = read_mail
    assert await app.login(studio)
    assert sandbox.ledger.count("bloks/", host="b.i.instagram.com") == 6
    assert not sandbox.ledger.unknown


async def test_wrong_profile_code(sandbox: Sandbox, app: App, studio: Person) -> None:
    studio.login = LoginBehaviour.PROFILE_CODE
    with pytest.raises(exceptions.ClientError):
        await app.login(studio, verification_code="999999")
    assert sandbox.world.sessions.of(studio) == []


async def _no_code(username: str, choice: object = None, **more: object) -> None:
    return None


async def test_a_challenge_is_met_step_by_step(
    sandbox: Sandbox, open_app: OpenApp, studio: Person
) -> None:
    studio.login = LoginBehaviour.CHALLENGE
    first = open_app()
    with pytest.raises(exceptions.ChallengeRequired):
        await first.login(studio)
    asked = dict(first.client.last_json)

    first.client.challenge_code_handler = _no_code
    with pytest.raises(exceptions.ChallengeRequired, match="code required"):
        await first("challenge_resolve", asked)
    assert first.client.last_json["step_name"] == "verify_email"

    path = asked["challenge"]["api_path"].lstrip("/")
    second = open_app(settings=first.settings())
    with pytest.raises(exceptions.UnknownError, match="check the code"):
        await second("_send_private_request", path, {"security_code": "000000"})
    result = await second("_send_private_request", path, {"security_code": studio.security_code})
    assert result["action"] == "close"

    assert await second.login(studio)
    assert not sandbox.ledger.unknown


async def test_a_challenge_in_the_middle_of_a_session(
    sandbox: Sandbox, open_app: OpenApp, studio: Person
) -> None:
    app = open_app(with_challenge_flow=True)
    await app.login(studio)
    sandbox.world.challenge(studio)

    async def read_mail(username: str, choice: object = None, **more: object) -> str:
        return studio.security_code

    app.client.challenge_code_handler = read_mail
    assert (await app("account_info")).username == "studio"
    assert sandbox.ledger.count("accounts/current_user/") == 2
    assert not studio.challenge.pending


async def test_a_code_needs_a_choice_first(sandbox: Sandbox, app: App, studio: Person) -> None:
    path = studio.challenge.path.lstrip("/")
    with pytest.raises(exceptions.UnknownError, match="Choose where"):
        await app("_send_private_request", path, {"security_code": studio.security_code})
    with pytest.raises(exceptions.UnknownError, match="valid choice"):
        await app("_send_private_request", path, {"choice": "7"})
    with pytest.raises(exceptions.ClientNotFoundError):
        await app("_send_private_request", f"challenge/{studio.pk}/other/")
