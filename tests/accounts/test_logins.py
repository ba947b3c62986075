"""Logging in as people meet it, over the wire: once, as one device, surviving restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.logins import NoPendingLogin
from instagram import errors
from instagram.login import PendingCode
from sandbox import LoginBehaviour, Sandbox
from sandbox.faults import Fault, Status, login_required
from storage import credentials, troubles
from tests.support.clock import TestClock
from tests.support.studio import PASSWORD, USERNAME, Studio, open_studio


@pytest.fixture
async def newcomer(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Studio]:
    """A connected account that has never logged in."""
    async with open_studio(sandbox, clock, tmp_path, logged_in=False) as studio:
        yield studio


async def saved(studio: Studio) -> bool:
    found = await studio.core.store.read(credentials.find, studio.account.id)
    return found is not None


async def test_a_login_is_kept_and_used_after_a_restart_without_logging_in(
    newcomer: Studio, tmp_path: Path
) -> None:
    await newcomer.log_in()
    await newcomer.api.inbox_page()
    await newcomer.core.gateway.close()
    async with open_studio(newcomer.sandbox, newcomer.clock, tmp_path, logged_in=False) as again:
        await again.api.inbox_page()
    assert newcomer.sandbox.ledger.logins(USERNAME) == 1
    assert len(newcomer.sandbox.ledger.devices(USERNAME)) == 1


async def test_a_wrong_password_is_sent_once_and_nothing_is_kept(newcomer: Studio) -> None:
    with pytest.raises(errors.LoginFailed, match="did not accept"):
        await newcomer.core.logins.log_in(newcomer.account.id, USERNAME, "wrong")
    assert newcomer.sandbox.ledger.logins(USERNAME) == 1
    assert not await saved(newcomer)
    with pytest.raises(errors.NotLoggedIn):
        await newcomer.api.inbox_page()
    assert newcomer.sandbox.ledger.logins(USERNAME) == 1

    await newcomer.log_in()  # a person tries again: still the same device
    assert len(newcomer.sandbox.ledger.devices(USERNAME)) == 1


@pytest.mark.parametrize(
    ("behaviour", "error", "submissions"),
    [
        (LoginBehaviour.BAD_PASSWORD_DIALOG, errors.LoginFailed, 1),
        (LoginBehaviour.UNKNOWN_USER, errors.LoginFailed, 1),
        (LoginBehaviour.CHECKPOINT, errors.ChallengeRequired, 1),
        (LoginBehaviour.CONSENT, errors.ChallengeRequired, 1),
        (LoginBehaviour.SUSPENDED, errors.AccountSuspended, 1),
        (LoginBehaviour.RATE_LIMITED, errors.ActionBlocked, 1),
        (LoginBehaviour.TWO_FACTOR, errors.TwoFactorRequired, 1),
        # Instagram itself sends the client to its older door; there the password is judged.
        (LoginBehaviour.FALLBACK_BAD_PASSWORD, errors.LoginFailed, 2),
    ],
)
async def test_every_refusal_has_its_error_and_is_not_repeated(
    newcomer: Studio,
    behaviour: LoginBehaviour,
    error: type[errors.InstagramError],
    submissions: int,
) -> None:
    newcomer.person.login = behaviour
    with pytest.raises(error) as raised:
        await newcomer.log_in()
    assert PASSWORD not in str(raised.value)
    assert newcomer.sandbox.ledger.logins(USERNAME) == submissions
    assert not await saved(newcomer)


async def test_the_older_door_works_too(newcomer: Studio) -> None:
    newcomer.person.login = LoginBehaviour.FALLBACK_LEGACY
    await newcomer.log_in()
    await newcomer.api.inbox_page()


async def test_two_factor_with_the_apps_code(newcomer: Studio) -> None:
    import aiograpi

    newcomer.person.login = LoginBehaviour.TWO_FACTOR
    newcomer.person.totp_seed = "JBSWY3DPEHPK3PXP"
    code = aiograpi.Client.totp_generate_code("JBSWY3DPEHPK3PXP")
    await newcomer.core.logins.log_in(newcomer.account.id, USERNAME, PASSWORD, code)
    await newcomer.api.inbox_page()
    assert newcomer.sandbox.ledger.logins(USERNAME) == 1


@pytest.mark.parametrize("behaviour", [LoginBehaviour.CHALLENGE, LoginBehaviour.PROFILE_CODE])
async def test_a_code_that_instagram_sent_finishes_the_login_after_a_restart(
    newcomer: Studio, behaviour: LoginBehaviour, tmp_path: Path
) -> None:
    newcomer.person.login = behaviour
    pending = await newcomer.core.logins.log_in(newcomer.account.id, USERNAME, PASSWORD)
    assert isinstance(pending, PendingCode)
    assert pending.kind == "email"
    assert not await saved(newcomer)
    await newcomer.core.gateway.close()

    async with open_studio(newcomer.sandbox, newcomer.clock, tmp_path, logged_in=False) as again:
        with pytest.raises(errors.WrongCode):
            await again.core.logins.submit_code(again.account.id, "000000")
        await again.core.logins.submit_code(again.account.id, newcomer.person.security_code)
        await again.api.inbox_page()
        with pytest.raises(NoPendingLogin):
            await again.core.logins.submit_code(again.account.id, newcomer.person.security_code)
    assert len(newcomer.sandbox.ledger.devices(USERNAME)) == 1


async def test_a_pending_login_does_not_wait_for_ever(newcomer: Studio) -> None:
    newcomer.person.login = LoginBehaviour.CHALLENGE
    await newcomer.core.logins.log_in(newcomer.account.id, USERNAME, PASSWORD)
    newcomer.clock.advance(timedelta(hours=2))
    with pytest.raises(NoPendingLogin):
        await newcomer.core.logins.submit_code(newcomer.account.id, newcomer.person.security_code)


async def test_an_expired_session_is_renewed_once_a_day_at_most(studio: Studio) -> None:
    ledger = studio.sandbox.ledger
    studio.sandbox.world.expire_sessions(studio.person)
    await studio.api.inbox_page()
    assert ledger.logins(USERNAME) == 2

    studio.clock.advance(timedelta(hours=12))
    studio.sandbox.world.expire_sessions(studio.person)
    with pytest.raises(errors.SessionExpired):
        await studio.api.inbox_page()
    assert ledger.logins(USERNAME) == 2
    with pytest.raises(errors.AccountOnHold, match="log in again"):
        await studio.api.inbox_page()

    await studio.log_in()  # a person acts, and everything goes on
    await studio.api.inbox_page()
    assert ledger.logins(USERNAME) == 3


async def test_a_stored_password_that_is_refused_is_never_sent_again(studio: Studio) -> None:
    studio.person.password = "changed on another device"
    studio.sandbox.world.expire_sessions(studio.person)
    with pytest.raises(errors.LoginFailed):
        await studio.api.inbox_page()
    for _ in range(3):
        studio.clock.advance(timedelta(days=2))
        with pytest.raises(errors.AccountOnHold):
            await studio.api.inbox_page()
    assert studio.sandbox.ledger.logins(USERNAME) == 2


async def test_a_session_that_instagram_changes_is_saved(studio: Studio, tmp_path: Path) -> None:
    studio.sandbox.world.rotate_session_on_next_call(studio.person)
    await studio.api.inbox_page()
    await studio.core.gateway.close()
    async with open_studio(studio.sandbox, studio.clock, tmp_path, logged_in=False) as again:
        await again.api.inbox_page()
    assert studio.sandbox.ledger.logins(USERNAME) == 1


async def test_challenges_pause_longer_each_time_and_the_third_disables(studio: Studio) -> None:
    await studio.configure()
    pauses = []
    for _ in range(3):
        challenge = Status(400, json={"message": "checkpoint_required", "status": "fail"})
        studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=challenge))
        with pytest.raises(errors.ChallengeRequired):
            await studio.api.inbox_page()
        now = studio.clock.now()
        held = await studio.core.store.read(troubles.active, studio.account.id, now)
        assert held is not None
        pauses.append(held.until and round((held.until - now) / timedelta(hours=1)))
        studio.clock.advance(timedelta(hours=73))
    assert pauses == [24, 72, None]
    assert not (await studio.config()).is_enabled


async def test_forgetting_credentials_deletes_every_secret(studio: Studio) -> None:
    await studio.configure()
    await studio.core.logins.forget(studio.account.id)
    rows = await studio.core.store.read(
        lambda db: db.conn.execute("SELECT count(*) FROM account_secrets").fetchone()
    )
    assert rows == (0,)
    assert not (await studio.config()).is_enabled
    with pytest.raises(errors.NotLoggedIn):
        await studio.api.inbox_page()


async def test_a_failure_after_the_login_keeps_the_session(newcomer: Studio) -> None:
    newcomer.sandbox.faults.add(Fault(path="feed/timeline", kind=Status(500), times=None))
    await newcomer.log_in()
    await newcomer.api.inbox_page()
    assert newcomer.sandbox.ledger.logins(USERNAME) == 1


async def test_login_required_while_logging_in_is_no_loop(newcomer: Studio) -> None:
    newcomer.sandbox.faults.add(Fault(path="send_login_request", kind=login_required(), times=None))
    with pytest.raises(errors.InstagramError):
        await newcomer.log_in()
    assert newcomer.sandbox.ledger.logins(USERNAME) <= 1
