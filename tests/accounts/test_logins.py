"""Logging in as people meet it, over the wire: once, as one device, surviving restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from accounts.logins import MOST_LET_IN, MOST_TRIES, NoPendingLogin
from ground.refusal import ErrorCode, Refusal
from instagram import errors
from instagram.private.door import AccountDoor
from instagram.private.outcome import LoginSecrets, PendingLogin
from sandbox import LoginBehaviour, Sandbox
from sandbox.wire.faults import Fault, Status, feedback_required, login_required
from storage import credentials, secrets, troubles
from storage.secrets import AccountSecret
from tests.support.clock import TestClock
from tests.support.studio import PASSWORD, USERNAME, Studio, open_studio
from tests.support.thinned import sparing

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


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


async def test_logins_that_come_to_nothing_are_no_loop(newcomer: Studio) -> None:
    """Whoever sends passwords, codes, or goes on, again and again: ten an hour, then one asks."""
    logins, account_id = newcomer.core.logins, newcomer.account.id
    for number in range(MOST_TRIES - 2):
        with pytest.raises(errors.LoginFailed):
            await logins.log_in(account_id, USERNAME, f"guess {number}")
    newcomer.person.login = LoginBehaviour.CHALLENGE
    assert isinstance(await logins.log_in(account_id, USERNAME, PASSWORD), PendingLogin)
    with pytest.raises(errors.WrongCode):
        await logins.submit_code(account_id, "000000")
    asked = len(newcomer.sandbox.ledger.find(account=USERNAME))
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: logins.log_in(account_id, USERNAME, PASSWORD),
        lambda: logins.submit_code(account_id, "000000"),
        lambda: logins.go_on(account_id),
    ]
    for step in steps:
        with pytest.raises(Refusal) as refused:
            await step()
        assert refused.value.code == ErrorCode.LOGIN_RATE_LIMITED
    assert len(newcomer.sandbox.ledger.find(account=USERNAME)) == asked
    newcomer.person.login = LoginBehaviour.OK
    newcomer.clock.advance(timedelta(hours=1, seconds=1))
    await newcomer.log_in()


async def test_logins_that_succeed_are_no_loop_either(newcomer: Studio) -> None:
    """A program that logs in with each run, or brings its session: twelve an hour, then none."""
    logins, account_id = newcomer.core.logins, newcomer.account.id
    await newcomer.log_in()
    kept = await newcomer.core.store.read(credentials.saved_login, newcomer.core.vault, account_id)
    assert kept is not None
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: logins.go_on(account_id),
        lambda: logins.import_session(account_id, kept.session),
        newcomer.log_in,
    ]
    for number in range(MOST_LET_IN - 1):
        await steps[number % 2]()
    asked = len(newcomer.sandbox.ledger.requests)
    for step in steps:
        with pytest.raises(Refusal, match="use its session") as refused:
            await step()
        assert refused.value.code == ErrorCode.LOGIN_RATE_LIMITED
    assert len(newcomer.sandbox.ledger.requests) == asked
    await newcomer.api.inbox_page()  # which goes on
    newcomer.clock.advance(timedelta(hours=1, seconds=1))
    await newcomer.log_in()


async def test_tries_that_a_clock_ahead_has_dated_keep_no_other_on_the_count(
    newcomer: Studio,
) -> None:
    """A login that lets in is taken off the count itself, and not one that seems newer."""
    ahead = timedelta(days=400)
    newcomer.clock.set_on(ahead)
    for _ in range(MOST_TRIES):
        with pytest.raises(errors.LoginFailed):
            await newcomer.core.logins.log_in(newcomer.account.id, USERNAME, "a guess")
    newcomer.clock.set_on(-ahead)
    for _ in range(MOST_TRIES + 1):
        await newcomer.log_in()


async def test_of_many_logins_at_once_and_of_those_that_are_left_no_more_are_sent(
    newcomer: Studio,
) -> None:
    logins, account_id = newcomer.core.logins, newcomer.account.id
    refused: list[Refusal] = []

    async def guess(number: int) -> None:
        try:
            await logins.log_in(account_id, USERNAME, f"guess {number}")
        except Refusal as refusal:
            refused.append(refusal)
        except errors.LoginFailed:
            pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(guess, 0)
        await newcomer.sandbox.ledger.wait_until(
            lambda: bool(newcomer.sandbox.ledger.find(account=USERNAME))
        )
        nursery.cancel_scope.cancel()  # its client has left: the password may have been looked at
    async with trio.open_nursery() as nursery:
        for number in range(1, MOST_TRIES + 5):
            nursery.start_soon(guess, number)
    assert len(refused) == 5
    assert newcomer.sandbox.ledger.logins(USERNAME) <= MOST_TRIES
    assert {refusal.code for refusal in refused} == {ErrorCode.LOGIN_RATE_LIMITED}


async def test_a_login_that_was_let_in_is_kept_whoever_has_left(
    newcomer: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    step_for_real = AccountDoor._login_step

    async def let_in_and_left(self: AccountDoor, *args: Any) -> Any:
        outcome = await step_for_real(self, *args)
        scope.cancel()
        return outcome

    monkeypatch.setattr(AccountDoor, "_login_step", let_in_and_left)
    with trio.CancelScope() as scope:
        await newcomer.log_in()
    assert await saved(newcomer)
    # Nor is the one of its day that an account has by itself lost.
    newcomer.sandbox.world.expire_sessions(newcomer.person)
    with trio.CancelScope() as scope:
        await newcomer.api.inbox_page()
    await newcomer.api.inbox_page()
    assert newcomer.sandbox.ledger.logins(USERNAME) == 2


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
    assert isinstance(pending, PendingLogin)
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


async def test_an_automatic_login_makes_its_two_factor_code_from_the_seed(studio: Studio) -> None:
    desk, ledger = studio.core.logins, studio.sandbox.ledger
    studio.person.login, studio.person.totp_seed = LoginBehaviour.TWO_FACTOR, SEED
    await studio.core.options.change(studio.account.id, {"totp_seed": SEED})
    studio.sandbox.world.expire_sessions(studio.person)
    await studio.api.inbox_page()
    assert ledger.logins(USERNAME) == 2

    await desk.log_in(studio.account.id, USERNAME, PASSWORD)  # and so does a person's
    assert ledger.logins(USERNAME) == 3


@pytest.mark.parametrize(
    ("settings", "error", "submissions"),
    sparing(
        [
            ({"login": LoginBehaviour.PROFILE_CODE}, errors.ChallengeRequired, 1),
            ({"login": LoginBehaviour.CHALLENGE}, errors.ChallengeRequired, 1),
            ({"login": LoginBehaviour.TWO_FACTOR, "sms_two_factor": True}, errors.LoginFailed, 1),
            ({"login": LoginBehaviour.TWO_FACTOR, "totp_seed": "B" * 32}, errors.WrongCode, 1),
            ({"login": LoginBehaviour.CHECKPOINT}, errors.ChallengeRequired, 1),
            ({"login": LoginBehaviour.RATE_LIMITED}, errors.ActionBlocked, 1),
            # Sent back to its older door, where the password is judged.
            ({"password": "changed", "old_door": True}, errors.LoginFailed, 2),
        ],
        every=3,
    ),
)
async def test_an_automatic_login_sends_no_codes_to_anybody_and_is_not_repeated(
    studio: Studio,
    settings: dict[str, Any],
    error: type[errors.InstagramError],
    submissions: int,
) -> None:
    await studio.core.options.change(studio.account.id, {"totp_seed": SEED})
    if "sms_two_factor" in settings:
        await studio.core.options.change(studio.account.id, {"totp_seed": ""})
    before = studio.sandbox.ledger.logins(USERNAME)
    for name, value in settings.items():
        setattr(studio.person, name, value)
    studio.sandbox.world.expire_sessions(studio.person)
    with pytest.raises(error):
        await studio.api.inbox_page()
    for _ in range(3):
        with pytest.raises(errors.AccountOnHold):
            await studio.api.inbox_page()
    assert studio.person.codes_sent == []
    assert studio.sandbox.ledger.logins(USERNAME) == before + submissions


async def test_a_challenge_in_a_running_session_is_met_without_the_password(
    studio: Studio, tmp_path: Path
) -> None:
    started = await studio.core.store.read(credentials.find, studio.account.id)
    assert started is not None
    studio.sandbox.world.challenge(studio.person)
    with pytest.raises(errors.ChallengeRequired):
        await studio.api.inbox_page()
    await studio.core.gateway.close()

    async with open_studio(studio.sandbox, studio.clock, tmp_path, logged_in=False) as again:
        asked = await again.core.logins.go_on(again.account.id)
        assert isinstance(asked, PendingLogin)
        assert asked.kind == "email"
        with pytest.raises(errors.AccountOnHold):  # nothing is sent meanwhile
            await again.api.inbox_page()
        await again.core.gateway.close()
    async with open_studio(studio.sandbox, studio.clock, tmp_path, logged_in=False) as again:
        kept = await again.core.logins.submit_code(again.account.id, studio.person.security_code)
        await again.api.inbox_page()
    assert studio.sandbox.ledger.logins(USERNAME) == 1
    # The same session goes on, and so do its phases.
    assert kept == started


async def test_a_challenge_met_in_the_app_lets_the_session_go_on(studio: Studio) -> None:
    studio.person.challenge.step = "selfie_captcha"
    studio.sandbox.world.challenge(studio.person)
    for _ in range(4):  # looking again is not one more challenge: it does not escalate
        with pytest.raises((errors.ChallengeRequired, errors.AccountOnHold)):
            await studio.api.inbox_page()
        with pytest.raises(errors.ChallengeRequired, match="Open the Instagram app"):
            await studio.core.logins.go_on(studio.account.id)
    now = studio.clock.now()
    held = await studio.core.store.read(troubles.active, studio.account.id, now)
    assert held is not None
    assert held.until is not None
    assert round((held.until - now) / timedelta(hours=1)) == 24

    studio.person.met_challenge()
    await studio.core.logins.go_on(studio.account.id)
    await studio.api.inbox_page()
    assert studio.sandbox.ledger.logins(USERNAME) == 1


async def test_going_on_with_a_dead_session_submits_no_password(studio: Studio) -> None:
    studio.sandbox.world.expire_sessions(studio.person)
    with pytest.raises(errors.SessionExpired):
        await studio.core.logins.go_on(studio.account.id)
    assert studio.sandbox.ledger.logins(USERNAME) == 1


async def test_going_on_does_not_end_a_block(studio: Studio) -> None:
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=feedback_required()))
    with pytest.raises(errors.ActionBlocked):
        await studio.api.inbox_page()
    await studio.core.logins.go_on(studio.account.id)
    with pytest.raises(errors.AccountOnHold):
        await studio.api.inbox_page()


async def test_a_login_by_an_address_is_known_by_its_name(newcomer: Studio) -> None:
    newcomer.sandbox.world.person(USERNAME).other_names.add("studio@example.com")
    kept = await newcomer.core.logins.log_in(newcomer.account.id, "studio@example.com", PASSWORD)
    assert isinstance(kept, credentials.Credentials)
    assert kept.ig_username == USERNAME


async def test_nobody_logs_in_by_itself_while_a_person_is_logging_in(studio: Studio) -> None:
    studio.person.login = LoginBehaviour.TWO_FACTOR
    with pytest.raises(errors.TwoFactorRequired):
        await studio.log_in()
    studio.sandbox.world.expire_sessions(studio.person)
    with pytest.raises(errors.SessionExpired):
        await studio.api.inbox_page()
    assert studio.sandbox.ledger.logins(USERNAME) == 2


async def test_a_try_that_fails_leaves_the_old_session_alive(studio: Studio) -> None:
    with pytest.raises(errors.LoginFailed):
        await studio.core.logins.log_in(studio.account.id, USERNAME, "wrong")
    await studio.api.inbox_page()
    assert studio.sandbox.ledger.logins(USERNAME) == 2
    registrations = studio.sandbox.ledger.count("/graphql_www")
    assert registrations == 1  # the device is registered once, whatever becomes of the logins


async def test_what_waits_shows_no_secret_in_its_repr(newcomer: Studio) -> None:
    newcomer.person.login = LoginBehaviour.CHALLENGE
    pending = await newcomer.core.logins.log_in(newcomer.account.id, USERNAME, PASSWORD)
    assert isinstance(pending, PendingLogin)
    assert "android-" not in repr(pending)
    assert "challenge/" not in repr(pending)
    assert PASSWORD not in repr(LoginSecrets(PASSWORD, SEED))
    assert SEED not in repr(LoginSecrets(PASSWORD, SEED))


@pytest.mark.parametrize(
    ("behaviour", "waits"),
    [
        (LoginBehaviour.CHALLENGE, timedelta(hours=1)),
        (LoginBehaviour.CHECKPOINT, timedelta(days=1)),
    ],
)
async def test_the_password_of_a_login_that_lapsed_is_deleted(
    newcomer: Studio, behaviour: LoginBehaviour, waits: timedelta
) -> None:
    newcomer.person.login = behaviour
    with suppress(errors.ChallengeRequired):
        await newcomer.log_in()
    account = newcomer.account.id

    async def is_kept() -> bool:
        store, now = newcomer.core.store, newcomer.clock.now()
        await store.write(credentials.forget_lapsed, now)
        waiting = await store.read(credentials.challenge_of, account, now)
        secret = await store.read(secrets.exists, account, AccountSecret.PENDING_LOGIN)
        assert secret is (waiting is not None)
        return secret

    newcomer.clock.advance(waits - timedelta(minutes=1))
    assert await is_kept()
    newcomer.clock.advance(timedelta(minutes=2))
    assert not await is_kept()
