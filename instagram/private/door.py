"""The one door to the Private API of an account: every call passes here.

Each call is made alone for its account, within a real time limit, as the account's one
device, and not at all while Instagram holds something against the account.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import trio
import trio_asyncio

from instagram import errors
from instagram.private import login
from instagram.private.client import PrivateClient, device_of
from instagram.private.keeper import LoginKeeper
from instagram.private.login import Outcome
from instagram.private.outcome import LoginSecrets, PendingLogin
from instagram.private.translation import RAISED, translate

logger = logging.getLogger(__name__)
T = TypeVar("T")
Action = Callable[[PrivateClient], Awaitable[T]]
Keep = Callable[[Outcome], Awaitable[T]]
BuildClient = Callable[[Mapping[str, Any] | None], Awaitable[PrivateClient]]

_NO_LOGIN = "This account has no Private API login"
CALL_LIMIT_S = 75.0
LOGIN_LIMIT_S = 240.0
IDLE_S = 30.0
# What an automatic login can be answered with that only a person can mend.
_HOLDING = (errors.LoginFailed, errors.WrongCode, errors.AccountTrouble, errors.RateLimited)


class AccountDoor:
    """Lock, limit, hold, session and automatic login of one account."""

    def __init__(
        self,
        account_id: str,
        *,
        keeper: LoginKeeper,
        build_client: BuildClient,
        nursery: trio.Nursery,
        requests: Counter[tuple[str, str]],
    ) -> None:
        self._account_id = account_id
        self._keeper = keeper
        self._build_client = build_client
        self._nursery = nursery
        self._requests = requests
        self._lock = trio.Lock()
        self._client: PrivateClient | None = None
        self._saved = b""
        self._last_use = 0.0
        self._closer_runs = False
        self._is_outdated = False

    async def call(
        self,
        what: str,
        action: Action[T],
        *,
        limit_s: float | None = None,
        writes: bool = False,
        insists: bool = False,
    ) -> T:
        """Run `action` with the account's client and return its result.

        `writes` marks an effect outside: any error that is raised then, unless the request never
        left, is `maybe_applied`, and nothing is sent a second time. An expired session is renewed
        once where that is allowed. `insists`: the question what became of a write that Instagram
        answered with a block is asked although the account is held since.
        """
        async with self._lock:
            limit_s = limit_s or CALL_LIMIT_S
            # The same trouble is not held against it twice.
            is_told = await self._check_hold(insists=insists)
            try:
                return await self._attempt(what, action, limit_s, writes=writes, is_told=is_told)
            except errors.SessionExpired as error:
                expired = error
            if is_told:
                raise expired
            # Outside of the `except`: the second attempt's errors are its own.
            try:
                await self._log_in_again(expired)
            except errors.InstagramError as failed:
                failed.maybe_applied = writes
                raise
            if writes:
                raise expired
            return await self._attempt(what, action, limit_s, writes=False)

    async def log_in(
        self,
        step: Action[Outcome],
        keep: Keep[T],
        *,
        session: Mapping[str, Any] | None = None,
        uses_saved: bool = False,
    ) -> T:
        """Run one step of a login that a person asked for, and return what `keep` makes of it.

        The step has a client of its own: of `session`, of the saved one, or of the bare device.
        `keep` runs before anybody else gets at the account.
        """
        async with self._lock:
            kept = await self._keeper.device(self._account_id) or {}
            if uses_saved and await self._keeper.saved_login(self._account_id) is None:
                raise errors.NotLoggedIn(_NO_LOGIN)
            start = dict(kept) if uses_saved else dict(session or {})
            if "uuids" not in start:
                start = device_of(kept) | start
            client = await self._build_client(start)
            if not kept:
                # Kept before the first request, so that a second try is the same device.
                await self._save_device(client.portable_session(), whole=False)
            try:
                outcome = await self._login_step(client, step)
            except (errors.AccountTrouble, errors.RateLimited) as trouble:
                await self._keeper.report(self._account_id, trouble)
                raise
            except (errors.Refused, errors.Gone) as refused:
                raise errors.LoginFailed(refused.reason) from refused
            finally:
                if session is None:
                    await self._save_device(client.portable_session(), whole=uses_saved)
            with trio.CancelScope(shield=True):  # whoever has left: it is a login
                done = await keep(outcome)
            return done  # noqa: RET504 - mypy takes a scope for one that may swallow

    async def user_agent(self) -> str:
        """Return how the account's device names itself; raises `AccountOnHold` under a hold."""
        async with self._lock:
            await self._check_hold()
            async with self._reporting():
                return str((await self._ready_client()).user_agent)

    def outdate(self) -> None:
        """Let the next call begin with what is saved then."""
        self._is_outdated = True

    async def close(self) -> None:
        """Close the account's connections; the session stays saved."""
        async with self._lock:
            await self._drop_client()

    async def _attempt(
        self,
        what: str,
        action: Action[T],
        limit_s: float,
        *,
        writes: bool,
        is_told: bool = False,
    ) -> T:
        async with self._reporting(is_told=is_told):
            client = await self._ready_client()
            try:
                return await self._within(limit_s, what, client, action, writes=writes)
            finally:
                self._close_later()
                with trio.CancelScope(shield=True):
                    await self._save(client)

    async def _check_hold(self, *, insists: bool = False) -> bool:
        """Raise `AccountOnHold` under a hold; with `insists`, say whether there is one."""
        hold = await self._keeper.hold(self._account_id)
        if hold is not None and not insists:
            raise errors.AccountOnHold(hold)
        return hold is not None

    @asynccontextmanager
    async def _reporting(self, *, is_told: bool = False) -> AsyncIterator[None]:
        """Let whatever concerns the account itself leave a hold: nobody comes back without one."""
        try:
            yield
        except (errors.AccountTrouble, errors.RateLimited, errors.LoginStopped) as trouble:
            if not is_told:
                await self._keeper.report(self._account_id, trouble)
            raise
        except errors.LoginFailed as failed:
            # No password was sent, so none was refused.
            stopped = errors.LoginStopped(failed.reason)
            stopped.maybe_applied = failed.maybe_applied
            if not is_told:
                await self._keeper.report(self._account_id, stopped)
            raise stopped from failed

    async def _within(
        self, limit_s: float, what: str, client: PrivateClient, action: Action[T], *, writes: bool
    ) -> T:
        try:
            with trio.fail_after(limit_s):
                result: T = await trio_asyncio.aio_as_trio(action)(client)
        except trio.TooSlowError:
            error: errors.InstagramError = errors.Unanswered(
                f"Instagram did not answer within {limit_s:.0f} s", maybe_applied=writes
            )
        except RAISED as raised:
            error = translate(raised, writes=writes)
            error.__cause__ = raised
        else:
            self._requests[what, "ok"] += 1
            return result
        self._requests[what, type(error).__name__] += 1
        logger.warning("instagram call=%s account=%s error=%s", what, self._account_id, error)
        raise error

    async def _login_step(self, client: PrivateClient, step: Action[T]) -> T:
        try:
            return await self._within(LOGIN_LIMIT_S, "login", client, step, writes=False)
        except errors.Unreachable as unavailable:
            if "did not return a session" in str(unavailable.__cause__):
                raise errors.LoginFailed(
                    "Instagram did not accept the login: the username or the password is wrong, "
                    "or it distrusts this device or address"
                ) from unavailable
            raise
        finally:
            await _close(client)
            await self._drop_client()

    async def _log_in_again(self, expired: errors.SessionExpired) -> None:
        saved = await self._keeper.saved_login(self._account_id)
        if saved is None:  # deleted meanwhile
            raise errors.NotLoggedIn(_NO_LOGIN) from expired
        if saved.password is None or not await self._keeper.claim_automatic_login(self._account_id):
            await self._keeper.report(self._account_id, expired)
            raise expired
        logger.info("automatic login account=%s", self._account_id)
        username, secrets = saved.username, LoginSecrets(saved.password, saved.totp_seed or "")
        client = await self._build_client(device_of(saved.session))
        client.attended = False
        try:
            done = await self._login_step(client, lambda c: login.log_in(c, username, secrets))
            if isinstance(done, PendingLogin):
                raise errors.WrongCode(done.reason)
            if saved.private_pk and done.private_pk != saved.private_pk:
                raise errors.LoginStopped(
                    f"The login of @{username} is another Instagram account's now"
                )
        except _HOLDING as refused:
            await self._keeper.report(self._account_id, refused)
            raise
        except (errors.Refused, errors.Gone) as refused:
            # Said of the login, and not of what was to be done: that waits for a person.
            stopped = errors.LoginStopped(refused.reason)
            await self._keeper.report(self._account_id, stopped)
            raise stopped from refused
        with trio.CancelScope(shield=True):  # the one of its day: what came of it is kept
            await self._keeper.automatic_login_done(self._account_id, done.session)

    async def _ready_client(self) -> PrivateClient:
        if self._is_outdated:
            await self._drop_client()
        if self._client is None:
            saved = await self._keeper.saved_login(self._account_id)
            if saved is None:
                raise errors.NotLoggedIn(_NO_LOGIN)
            self._client = await self._build_client(saved.session)
            self._client.username = saved.username
            self._saved = self._client.fingerprint()
        return self._client

    async def _save(self, client: PrivateClient) -> None:
        # Instagram may change the session with any answer, so it is kept after any call.
        now = client.fingerprint()
        if now != self._saved:
            await self._keeper.renew_session(self._account_id, client.portable_session())
            self._saved = now

    def _close_later(self) -> None:
        # A live curl connection wakes the loop ten times a second: not for an idle account.
        self._last_use = trio.current_time()
        if not self._closer_runs:
            self._closer_runs = True
            self._nursery.start_soon(self._close_when_idle, name="private-api-idle")

    async def _close_when_idle(self) -> None:
        # Not a poll: each turn sleeps until the account would be idle if nothing came since.
        while (idle_at := self._last_use + IDLE_S) > trio.current_time():  # noqa: ASYNC110
            await trio.sleep_until(idle_at)
        self._closer_runs = False
        await self.close()

    async def _save_device(self, session: Mapping[str, Any], *, whole: bool) -> None:
        # Also after a failure: what the device registered is not registered anew next time.
        with trio.CancelScope(shield=True):
            if whole:
                await self._keeper.renew_session(self._account_id, session)
                return
            kept = await self._keeper.device(self._account_id) or {}
            await self._keeper.save_session(self._account_id, {**kept, **device_of(session)})

    async def _drop_client(self) -> None:
        client, self._client = self._client, None
        self._is_outdated = False
        if client is not None:
            await _close(client)


async def _close(client: PrivateClient) -> None:
    """Close a client's connections; what fails at that is told, and is nobody's trouble."""
    with trio.move_on_after(5, shield=True):
        try:
            await trio_asyncio.aio_as_trio(client.close)()
        except Exception as error:  # noqa: BLE001 - it ended the daemon, or hid a login's outcome
            logger.warning("connections not closed reason=%r", error)
