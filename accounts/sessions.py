"""Accounts by session: an id of ours stands for a login, and every login is an account's here.

So a session has what accounts have: one device, one lock, a sealed login that is renewed with each
answer, a breaker, and the one door out for posts. Nobody can use an id without one of our keys.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import trio

from accounts.client_options import OptionsDesk
from accounts.logins import LoginDesk, check_tries
from ground.changes import Subject
from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from instagram import errors
from instagram.private.outcome import PendingLogin
from storage import account_sessions, accounts, credentials, events, secrets, trusted_time
from storage.account_sessions import AccountSession
from storage.accounts import Account
from storage.errors import Unusable
from storage.store import Database, Store
from storage.vault import Vault

if TYPE_CHECKING:
    from instagram.private.gateway import PrivateGateway

logger = logging.getLogger(__name__)
NO_SUCH_NAME = "no account of that username"  # as `instagram.private.translation` says it
_SUBMITS = "password"
# What no password has left with.
_NEVER_LEFT = (errors.Unreachable, errors.AccountOnHold, errors.NotAsked)
_SEAL = "session-ids"
_A_MOMENT_S, _LOOK_AGAIN_S = 1.0, 3600.0
_ONE_SUBMISSION = timedelta(days=1)


class NoSuchSession(Refusal):
    """Nothing here is known by that session id."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.NO_ACTIVE_SESSION, "This session id is unknown or its session has ended"
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A login that waits for a person, and the account it would be of."""

    account_id: str
    pending: PendingLogin


class SessionDesk:
    """Opens, finds and ends sessions. Every login goes through the accounts' own desk."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        gateway: PrivateGateway,
        logins: LoginDesk,
        options: OptionsDesk,
        clock: Clock,
        days: int,
    ) -> None:
        """Unused for so many `days`, sessions end."""
        self._store = store
        self._vault = vault
        self._gateway = gateway
        self._logins = logins
        self._options = options
        self._clock = clock
        self._seal = b""  # the daemon's key over session ids, once it was needed
        self._unused = timedelta(days=days)
        self._is_one = trio.Event()

    def id_of(self, session: AccountSession) -> str:
        """Return what a client is given for a session; the same one each time."""
        return f"{session.id}.{self._mark(session.id)}"

    async def find(self, user_id: str, sent: str) -> AccountSession:
        """Return a user's session by what a client sends for it; raises `NoSuchSession`."""
        await self._know_seal()
        own, _, mark = sent.partition(".")
        if not own.isascii() or not hmac.compare_digest(mark.encode(), self._mark(own).encode()):
            raise NoSuchSession
        session = await self._store.glance(account_sessions.find, own)
        if session is None or session.user_id != user_id:
            raise NoSuchSession
        now = self._clock.now()
        if now - session.used_at > self._unused and await self._may_be(now):
            await self.end(session)
            raise NoSuchSession
        return session

    async def log_in(
        self, user_id: str, username: str, password: str, code: str, options: Mapping[str, str]
    ) -> str | Waiting:
        """Return the session's id, or the login that waits; submits the password at most once.

        Where the account's own login works and was made with this password, nothing is sent.
        Raises as `LoginDesk.log_in` does, and `Refusal`.
        """
        account, is_own = await self._store.write(self._account_named, user_id, username)
        if options:
            await self._options.change(account.id, options)
        if not code and await self._store.read(self._is_logged_in, account.id, password):
            return await self._opened(user_id, account.id)
        waiting = await self._logins.waiting(account.id)
        if not (code and waiting is not None and waiting.waits_for_code):
            await self._store.write(self.claim_submission, account.id, bool(code))
        try:
            result = await self._logins.log_in(account.id, username, password, code)
        except errors.TwoFactorRequired:
            raise
        except errors.ChallengeRequired:
            waiting = await self._logins.waiting(account.id)
            if waiting is None:
                raise
            return Waiting(account.id, waiting)
        except errors.InstagramError as error:
            if isinstance(error, _NEVER_LEFT) and not error.maybe_applied:
                await self._store.write(account_sessions.uncount, account.id, _SUBMITS)
            if is_own and NO_SUCH_NAME in error.reason:
                await self._store.write(self._forget_unknown, account.id)
            raise
        if isinstance(result, PendingLogin):
            return Waiting(account.id, result)
        return await self._opened(user_id, account.id, is_own=is_own)

    async def adopt(
        self, user_id: str, session: Mapping[str, Any], options: Mapping[str, str]
    ) -> str:
        """Take over a session made elsewhere, once Instagram has shown whose it is."""
        number = str((session.get("authorization_data") or {}).get("ds_user_id") or "")
        known = await self._store.read(accounts.by_number, {number}) if number else None
        if known is not None and known.user_id != user_id:
            raise Refusal(ErrorCode.LOGIN_FAILED, "This account is somebody else's here")
        if known is not None:
            if options:
                await self._options.change(known.id, options)
            await self._logins.import_session(known.id, session)
            return await self._opened(user_id, known.id)
        checked = self._options.checked(options)
        kept, is_new = await self._logins.adopt(user_id, session, checked)
        return await self._opened(user_id, kept.account_id, is_own=is_new)

    async def waiting_at(self, user_id: str, path: str) -> Waiting | None:
        """Return a user's login that waits and is known by that path of a challenge."""
        for account in await self._store.read(accounts.of_user, user_id):
            pending = await self._logins.waiting(account.id)
            if pending is not None and path == path_of(account.id, pending):
                return Waiting(account.id, pending)
        return None

    async def end(self, session: AccountSession) -> None:
        """End a session; an account that was connected for it is logged out here and goes."""
        await self._store.write(account_sessions.end, session.id)
        login = await self._store.read(credentials.find, session.account_id)
        if session.is_own and login is not None:
            await self._logins.forget(session.account_id)
        elif session.is_own:
            await self._store.write(self._forget_unknown, session.account_id)
        logger.info("session ended account=%s", session.account_id)

    async def end_unused(self) -> None:
        """End the sessions that nobody has used for too long."""
        now = self._clock.now()
        if not await self._may_be(now):
            return
        before = now - self._unused
        while unused := await self._store.read(account_sessions.unused_since, before):
            for session in unused:
                await self.end(session)

    async def expire(self) -> None:
        """End what nobody uses any more, as its time comes. Runs until cancelled."""
        while True:
            self._is_one = trio.Event()
            await self.end_unused()
            wait_s = await self.seconds_left()
            if wait_s is None:
                await self._is_one.wait()
            elif await self._may_be(self._clock.now()):
                # A machine that was asleep, or whose clock was set, is nearer to it than it seems.
                await trio.sleep(min(wait_s, _LOOK_AGAIN_S))
            else:
                await trio.sleep(_LOOK_AGAIN_S)

    async def seconds_left(self) -> float | None:
        """Return until when the next session ends unused; None where there is no session."""
        used_at = await self._store.read(account_sessions.unused_longest)
        if used_at is None:
            return None
        left = used_at + self._unused - self._clock.now()
        return max(_A_MOMENT_S, left.total_seconds())

    async def _know_seal(self) -> None:
        if not self._seal:
            seal = await self._store.write(secrets.daemon_key, self._vault, _SEAL)
            self._seal = seal.encode()

    async def _opened(self, user_id: str, account_id: str, *, is_own: bool = False) -> str:
        def open_it(db: Database) -> AccountSession:
            now = self._clock.now()
            return account_sessions.open_for(db, user_id, account_id, now, is_own=is_own)

        await self._know_seal()
        opened = await self._store.write(open_it)
        self._is_one.set()
        return self.id_of(opened)

    async def _may_be(self, now: datetime) -> bool:
        """Say whether a clock may be right: a wrong one must not end logins for their age."""
        return await self._store.read(trusted_time.is_believed, now)

    def _mark(self, own: str) -> str:
        return hmac.new(self._seal, own.encode(), sha256).hexdigest()[:32]

    def _account_named(self, db: Database, user_id: str, username: str) -> tuple[Account, bool]:
        known = accounts.by_username(db, username)
        if known is None:
            now = self._clock.now()
            made = accounts.add(db, user_id=user_id, username=username, now=now)
            # Its device stays for the next try; what comes to nothing goes as a session does.
            account_sessions.open_for(db, user_id, made.id, now, is_own=True)
            return made, True
        if known.user_id != user_id:
            raise Refusal(ErrorCode.LOGIN_FAILED, f"@{username} is somebody else's here")
        # One that a login made and that was never logged in.
        is_own = credentials.find(db, known.id) is None and not known.ig_user_id
        return known, is_own

    def _is_logged_in(self, db: Database, account_id: str, password: str) -> bool:
        try:
            saved = credentials.saved_login(db, self._vault, account_id)
        except Unusable:  # changed or moved in the database: the login makes them anew
            return False
        login = credentials.find(db, account_id)
        if saved is None or login is None or saved.password is None:
            return False
        is_refused = login.password_rejected_at is not None
        return not is_refused and hmac.compare_digest(saved.password.encode(), password.encode())

    def claim_submission(self, db: Database, account_id: str, has_code: bool) -> None:
        """Take the one submission of a password a day that comes without a person's code.

        Raises `Refusal`, and takes none, also where the login would not be sent.
        """
        now = self._clock.now()
        check_tries(db, account_id, now)
        if not has_code:
            taken, first = account_sessions.uses_within(
                db, account_id, _SUBMITS, _ONE_SUBMISSION, now
            )
            if taken:
                raise Refusal(
                    ErrorCode.LOGIN_RATE_LIMITED,
                    "A password was submitted for this account within the last day: use its "
                    "session, send a person's code with it, or have a person log in with "
                    "`reprise account login` or on the page",
                    until=(first or now) + _ONE_SUBMISSION,
                )
        account_sessions.count(db, account_id, _SUBMITS, now)

    def _forget_unknown(self, db: Database, account_id: str) -> None:
        """Remove an account that was never logged in."""
        if credentials.find(db, account_id) is None:
            now = self._clock.now()
            events.record_of_account(db, Subject.ACCOUNT, account_id, "DISCONNECTED", now=now)
            accounts.remove(db, account_id)


def path_of(account_id: str, pending: PendingLogin) -> str:
    """Return the path by which a client names a login that waits."""
    path = str(pending.state.get("path") or "")
    return f"/{path.strip('/')}/" if path else f"/challenge/{account_id}/"
