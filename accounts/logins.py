"""Logging an account in because a person asked: over REST or the command line alike."""

from __future__ import annotations

import hmac
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from accounts import identity
from accounts.client_options import crowding
from accounts.keeper import StoredLogins
from ground.changes import Subject
from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from instagram import errors
from instagram.private.options import ClientOptions
from instagram.private.outcome import LoggedIn, LoginSecrets, PendingLogin
from storage import (
    account_sessions,
    accounts,
    client_options,
    credentials,
    events,
    holds,
    repost_configs,
    secrets,
    troubles,
)
from storage.credentials import Credentials
from storage.secrets import AccountSecret
from storage.store import Database, Store
from storage.troubles import TroubleKind
from storage.vault import Vault

if TYPE_CHECKING:
    from instagram.private.gateway import PrivateGateway

logger = logging.getLogger(__name__)
# How many steps of logins by which Instagram lets nobody in are taken within an hour, whoever wants
# them: a password or a code that is guessed, or sent again and again, locks the account.
MOST_TRIES, _TRIES_WITHIN = 10, timedelta(hours=1)
_TRIES = "login not let in"
# And how many of those that let it in: a program that logs in with each run knows no end either.
MOST_LET_IN = 12
_LET_IN = "login let in"
_NO_ANSWER = (errors.Unreachable, errors.AccountOnHold, errors.NotAsked, errors.NotLoggedIn)
Result = Credentials | PendingLogin


class NoPendingLogin(Refusal):
    """There is no login that waits for a code, or it waited too long."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.NO_ACTIVE_SESSION, message)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A login that waits, with what it was made with."""

    pending: PendingLogin
    secrets: LoginSecrets

    def is_of(self, username: str, password: str) -> bool:
        return self.pending.username.casefold() == username.casefold() and hmac.compare_digest(
            self.secrets.password.encode(), password.encode()
        )


class LoginDesk:
    """Logs accounts in and out. Credentials are kept only after Instagram accepted them.

    Every method raises `storage.errors.NotFound` for an unknown account, and `InstagramError`s.
    What waits for a person is kept sealed, so that a restart between two steps is no matter.
    """

    def __init__(self, store: Store, vault: Vault, gateway: PrivateGateway, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._gateway = gateway
        self._clock = clock
        self._keeper = StoredLogins(store, vault, clock)
        # When sessions of nobody here came to nothing; there is no account to count them for.
        self._strangers: deque[float] = deque(maxlen=MOST_TRIES)

    async def log_in(
        self, account_id: str, username: str, password: str, code: str = "", totp_seed: str = ""
    ) -> Result:
        """Submit the password at most once; returns the credentials, or what code was sent.

        With the `code` that a login of the same name and password waits for, that one goes on
        and nothing is submitted again. Raises `TwoFactorRequired` and, where only the app can
        help, `ChallengeRequired`; `submit_code` and `go_on` take it from there. Raises `Refusal`
        where Instagram has let in none of too many that came before.
        """
        waiting = await self._store.read(self._waiting, account_id)
        takes_code = waiting is not None and waiting.pending.waits_for_code
        if code and takes_code and waiting and waiting.is_of(username, password):
            try:
                return _told(await self.submit_code(account_id, code))
            except NoPendingLogin:
                logger.info("pending login lapsed account=%s", account_id)
        await self._store.read(identity.check_name, account_id, username)
        seed = totp_seed or await self._store.read(self._seed, account_id)
        given = LoginSecrets(password, seed)
        api = self._gateway.account(account_id)
        keep = self._keeping(account_id, given)
        return _told(
            await self._counted(account_id, lambda: api.log_in(username, given, code, keep))
        )

    async def submit_code(self, account_id: str, code: str) -> Result:
        """Give the code that a login waits for; returns what Instagram wants next, if more.

        Raises `NoPendingLogin`, and `WrongCode` after which another code may be tried.
        """
        waiting = await self._store.read(self._waiting, account_id)
        if waiting is None:
            raise NoPendingLogin("No login of this account waits for a code; log in first")
        if not waiting.pending.waits_for_code:
            raise NoPendingLogin(f"This login waits for no code. {waiting.pending.reason}")
        api = self._gateway.account(account_id)
        keep = self._keeping(account_id, waiting.secrets)
        result = await self._unless_lapsed(
            account_id, lambda: api.submit_code(waiting.pending, waiting.secrets, code, keep)
        )
        return _told(result, accepts_two_factor=True)

    async def go_on(self, account_id: str, way: str = "") -> Result:
        """Go on after something was confirmed in the app, or have a code sent again by `way`.

        With a saved session no password is submitted, only the session is tried. A login that
        was stopped before it had a session is made once more with the password it was given.
        Raises `NotLoggedIn` when there is neither.
        """
        waiting = await self._store.read(self._waiting, account_id)
        api = self._gateway.account(account_id)
        if waiting is None:
            keep = self._keeping(account_id, LoginSecrets())
            return _told(await self._counted(account_id, lambda: api.resume(way, keep)))
        keep = self._keeping(account_id, waiting.secrets)
        result = await self._unless_lapsed(
            account_id, lambda: api.go_on(waiting.pending, waiting.secrets, way, keep)
        )
        return _told(result, accepts_two_factor=True)

    async def import_session(self, account_id: str, session: Mapping[str, Any]) -> Credentials:
        """Take over a session made elsewhere, after Instagram has shown that it is this account's.

        `session` is what `instagram.private.session_file` makes. A password that is stored stays.
        """
        await self._store.read(accounts.get, account_id)
        api = self._gateway.account(account_id)
        keep = self._keeping(account_id, LoginSecrets())
        result = await self._counted(account_id, lambda: api.restore(session, keep))
        assert isinstance(result, Credentials)
        return result

    async def adopt(
        self, user_id: str, session: Mapping[str, Any], options: Mapping[str, str]
    ) -> tuple[Credentials, bool]:
        """Take over a session made elsewhere, once Instagram has shown whose it is.

        Its account is connected where it is not yet, and the second value says so. `options`
        (checked: proxy, locale, timezone) count from the first request on. Raises `LoginFailed`
        where it is somebody else's here, and where the session does not work; `Refusal` after too
        many of those.
        """
        new_id = str(uuid4())
        chosen = {name: value or None for name, value in options.items()}

        def connect(db: Database, outcome: LoggedIn) -> tuple[Credentials, bool]:
            known = accounts.by_username(db, outcome.username)
            if known is not None and known.user_id != user_id:
                raise errors.LoginFailed("This account is somebody else's here")
            account = known or accounts.add(
                db,
                user_id=user_id,
                username=outcome.username,
                now=self._clock.now(),
                account_id=new_id,
            )
            before = client_options.usable(db, self._vault, account.id)
            client_options.save(db, self._vault, account.id, replace(before, **chosen))
            kept = self._keep_session(db, account.id, outcome, LoginSecrets())
            return kept, known is None

        async def keep(outcome: LoggedIn | PendingLogin) -> tuple[Credentials, bool]:
            assert isinstance(outcome, LoggedIn)
            return await self._store.write(connect, outcome)

        api = self._gateway.newcomer(new_id, ClientOptions(**chosen))
        tried_at = self._claim_stranger()
        try:
            kept, is_new = await api.restore(session, keep)
        except Exception as error:
            if not isinstance(error, errors.InstagramError) or isinstance(error, _NO_ANSWER):
                self._strangers.remove(tried_at)
            raise
        self._strangers.remove(tried_at)
        await self._gateway.forget(kept.account_id)  # what it knew is of before
        return kept, is_new

    def _claim_stranger(self) -> float:
        """Count one more session of nobody here, as if it came to nothing; returns under what.

        Raises `Refusal` after too many of those.
        """
        passed = self._clock.passed()
        if len(self._strangers) == MOST_TRIES:
            left = _TRIES_WITHIN - timedelta(seconds=passed - self._strangers[0])
            if left > timedelta():
                raise _too_many(MOST_TRIES, "with a session", self._clock.now() + left)
        self._strangers.append(passed)
        return passed

    async def waiting(self, account_id: str) -> PendingLogin | None:
        """Return the login of an account that waits for a person, or None."""
        found = await self._store.read(self._waiting, account_id)
        return None if found is None else found.pending

    async def forget(self, account_id: str) -> None:
        """Delete an account's credentials and session, and stop its story reposts."""

        def forget(db: Database) -> None:
            credentials.forget(db, account_id)
            now = self._clock.now()
            events.record_of_account(db, Subject.LOGIN, account_id, "FORGOTTEN", now=now)
            if repost_configs.find(db, account_id) is not None:
                repost_configs.change(db, account_id, now=now, is_enabled=False)

        await self._store.write(forget)
        await self._gateway.forget(account_id)
        logger.info("credentials deleted account=%s", account_id)

    async def forget_in_memory(self, account_id: str) -> None:
        """Close the connections of an account that was disconnected."""
        await self._gateway.forget(account_id)

    async def _counted(self, account_id: str, step: Callable[[], Awaitable[Result]]) -> Result:
        """Take one step of a login, counted by whether Instagram lets anybody in by it.

        It counts before it is sent, as if nobody were: however many come at once, and whoever
        leaves amid it. Raises `Refusal` where there were too many of either.
        """
        await self._store.write(_claim_try, account_id, self._clock.now())
        try:
            result = await step()
        except Exception as error:
            if not isinstance(error, errors.InstagramError) or isinstance(error, _NO_ANSWER):
                await self._store.write(account_sessions.uncount, account_id, _TRIES)
            raise
        if not isinstance(result, PendingLogin):
            await self._store.write(_count_let_in, account_id, self._clock.now())
        return result

    async def _unless_lapsed(
        self, account_id: str, step: Callable[[], Awaitable[Result]]
    ) -> Result:
        try:
            return await self._counted(account_id, step)
        except errors.LoginLapsed as lapsed:
            await self._store.write(credentials.clear_challenge, account_id)
            raise NoPendingLogin(lapsed.reason) from lapsed

    def _keeping(
        self, account_id: str, given: LoginSecrets
    ) -> Callable[[LoggedIn | PendingLogin], Awaitable[Result]]:
        async def keep(outcome: LoggedIn | PendingLogin) -> Result:
            if isinstance(outcome, LoggedIn):
                kept = await self._store.write(self._keep_session, account_id, outcome, given)
                logger.info("logged in account=%s username=%s", account_id, outcome.username)
                return kept
            await self._store.write(self._keep_pending, account_id, outcome, given)
            logger.info("login waits account=%s kind=%s", account_id, outcome.kind)
            if not outcome.waits_for_code:
                await self._keeper.report(account_id, _challenge(outcome))
            return outcome

        return keep

    def _keep_session(
        self, db: Database, account_id: str, done: LoggedIn, given: LoginSecrets
    ) -> Credentials:
        identity.check_login(db, account_id, done)
        accounts.rename(db, account_id, done.username, self._clock.now())
        if not done.is_new:
            # The session goes on, and so do its phases; a block does not end by looking.
            troubles.clear(
                db, account_id, self._clock.now(), (TroubleKind.CHALLENGE, TroubleKind.LOGIN)
            )
            holds.release(db, account_id, self._clock.now())
            return credentials.keep_session(
                db, self._vault, account_id, done.session, done.username
            )
        troubles.clear(db, account_id, self._clock.now())
        holds.release(db, account_id, self._clock.now())
        kept = credentials.save_login(
            db,
            self._vault,
            account_id=account_id,
            username=done.username,
            private_pk=done.private_pk,
            session=done.session,
            now=self._clock.now(),
            their_time=self._gateway.their_time,
        )
        for name, secret in (
            (AccountSecret.PASSWORD, given.password),
            (AccountSecret.TOTP_SEED, given.totp_seed),
        ):
            if secret:
                secrets.put(db, self._vault, account_id, name, secret)
        own = client_options.find(db, self._vault, account_id).proxy
        for warning in crowding(db, self._vault, own, self._gateway.default_proxy):
            logger.warning("crowded address account=%s: %s", account_id, warning)
        return kept

    def _keep_pending(
        self, db: Database, account_id: str, pending: PendingLogin, given: LoginSecrets
    ) -> None:
        accounts.get(db, account_id)  # it may have been disconnected meanwhile
        text = json.dumps({"pending": asdict(pending), "secrets": asdict(given)})
        secrets.put(db, self._vault, account_id, AccountSecret.PENDING_LOGIN, text)
        credentials.record_challenge(
            db, account_id, pending.kind, pending.contact_point, self._clock.now()
        )

    def _waiting(self, db: Database, account_id: str) -> _Waiting | None:
        accounts.get(db, account_id)
        challenge = credentials.challenge_of(db, account_id, self._clock.now())
        text = secrets.usable(db, self._vault, account_id, AccountSecret.PENDING_LOGIN)
        if challenge is None or text is None:
            return None
        kept = json.loads(text)
        try:
            return _Waiting(PendingLogin(**kept["pending"]), LoginSecrets(**kept["secrets"]))
        except (KeyError, TypeError):
            return None  # kept by an older version

    def _seed(self, db: Database, account_id: str) -> str:
        return secrets.usable(db, self._vault, account_id, AccountSecret.TOTP_SEED) or ""


def check_tries(db: Database, account_id: str, now: datetime) -> None:
    """Raise `Refusal` where too many steps of logins were taken for one more to be sent."""
    tries, first = account_sessions.uses_within(db, account_id, _TRIES, _TRIES_WITHIN, now)
    if tries >= MOST_TRIES:
        raise _too_many(tries, "to log this account in", (first or now) + _TRIES_WITHIN)
    times, first = account_sessions.uses_within(db, account_id, _LET_IN, _TRIES_WITHIN, now)
    if times >= MOST_LET_IN:
        until = (first or now) + _TRIES_WITHIN
        raise Refusal(
            ErrorCode.LOGIN_RATE_LIMITED,
            f"This account was logged in {times} times within an hour, and is: use its session. "
            f"Nothing is sent before {until:%H:%M} UTC",
            until=until,
        )


def _claim_try(db: Database, account_id: str, now: datetime) -> None:
    check_tries(db, account_id, now)
    if accounts.find(db, account_id) is not None:  # it may have been disconnected meanwhile
        account_sessions.count(db, account_id, _TRIES, now)


def _count_let_in(db: Database, account_id: str, now: datetime) -> None:
    account_sessions.uncount(db, account_id, _TRIES)
    if accounts.find(db, account_id) is not None:
        account_sessions.count(db, account_id, _LET_IN, now)


def _too_many(tries: int, what: str, until: datetime) -> Refusal:
    return Refusal(
        ErrorCode.LOGIN_RATE_LIMITED,
        f"Instagram has let nobody in at {tries} tries {what}, and more would lock it: nothing is "
        f"sent before {until:%H:%M} UTC",
        until=until,
    )


def _told(result: Result, *, accepts_two_factor: bool = False) -> Result:
    """Return what is an answer, and raise what a caller must not take for one."""
    if isinstance(result, Credentials):
        return result
    if result.code_refused:
        raise errors.WrongCode(result.reason)
    if not result.waits_for_code:
        raise _challenge(result)
    if result.kind == "two_factor" and not accepts_two_factor:
        raise errors.TwoFactorRequired(result.reason)
    return result


def _challenge(pending: PendingLogin) -> errors.ChallengeRequired:
    return errors.ChallengeRequired(
        pending.reason, kind=pending.kind, contact_point=pending.contact_point
    )
