"""The store side of the Private API: sessions, rationed automatic logins, recorded troubles."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from accounts.trouble import MEMORY, consequence_of
from ground.clock import Clock
from ground.hold import Hold
from instagram import errors
from instagram.private.options import ClientOptions
from storage import accounts, client_options, credentials, holds, repost_configs, troubles
from storage.credentials import SavedLogin
from storage.errors import NotFound, Unavailable, Unusable
from storage.store import Database, Store
from storage.troubles import Trouble, TroubleKind
from storage.vault import Vault

logger = logging.getLogger(__name__)


@contextmanager
def opened_for(account_id: str) -> Iterator[None]:
    """Let a sealed secret that does not open cost its own account only, as if it had no login."""
    try:
        yield
    except Unusable as moved:
        logger.error("secret not used account=%s reason=%s", account_id, moved)
        raise errors.NotLoggedIn(str(moved)) from None


class StoredLogins:
    """`instagram.private.keeper.LoginKeeper` on the store."""

    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock

    async def saved_login(self, account_id: str) -> SavedLogin | None:
        with opened_for(account_id):
            return await self._store.read(credentials.saved_login, self._vault, account_id)

    async def device(self, account_id: str) -> Mapping[str, Any] | None:
        try:
            return await self._store.read(credentials.device_of, self._vault, account_id)
        except Unusable as moved:
            logger.error("device not used account=%s reason=%s", account_id, moved)
            return None  # as for an account that never logged in

    async def options(self, account_id: str) -> ClientOptions:
        with opened_for(account_id):
            stored = await self._store.read(client_options.find, self._vault, account_id)
        return ClientOptions(proxy=stored.proxy, locale=stored.locale, timezone=stored.timezone)

    async def save_session(self, account_id: str, session: Mapping[str, Any]) -> None:
        await self._store.write(credentials.save_session, self._vault, account_id, session)

    async def renew_session(self, account_id: str, session: Mapping[str, Any]) -> None:
        await self._store.write(credentials.renew_session, self._vault, account_id, session)

    async def hold(self, account_id: str) -> Hold | None:
        return await hold_in(self._store, account_id, self._clock.now(), tuple(TroubleKind))

    async def claim_automatic_login(self, account_id: str) -> bool:
        return await self._store.write(
            credentials.claim_automatic_login, account_id, self._clock.now()
        )

    async def automatic_login_done(self, account_id: str, session: Mapping[str, Any]) -> None:
        await self._store.write(
            credentials.record_automatic_login, self._vault, account_id, session, self._clock.now()
        )

    async def report(self, account_id: str, error: errors.InstagramError) -> None:
        """Record what Instagram holds against an account, and pause or disable it."""
        try:
            trouble = await self._store.write(_record, account_id, error, self._clock.now())
        except NotFound:
            return  # it was disconnected meanwhile: there is nothing to pause
        error.hold = trouble.hold
        logger.warning(
            "account paused account=%s kind=%s until=%s reason=%s",
            account_id,
            trouble.kind,
            trouble.until.isoformat() if trouble.until else "a person acts",
            trouble.reason,
        )


async def hold_in(
    store: Store, account_id: str, now: datetime, kinds: Collection[TroubleKind]
) -> Hold | None:
    """Return why and until when nothing may be sent for an account, or None."""
    hold = await store.glance(holds.active, account_id, now, kinds)
    if hold is not None:
        with suppress(Unavailable):  # it is held without the note too
            await store.write(troubles.note_wrong_clock, account_id, now)
    return hold


def _record(db: Database, account_id: str, error: errors.InstagramError, now: datetime) -> Trouble:
    accounts.get(db, account_id)
    held = troubles.active(db, account_id, now, (TroubleKind.CHALLENGE,))
    if held is not None and isinstance(error, errors.ChallengeRequired):
        return held  # a person looked again: it is the same challenge, not one more
    earlier = troubles.since(db, account_id, now - MEMORY)
    consequence = consequence_of(error, earlier, now)
    trouble = Trouble(
        account_id=account_id,
        kind=consequence.kind,
        reason=consequence.reason,
        at=now,
        until=consequence.until,
    )
    troubles.add(db, trouble)
    refused = isinstance(error, errors.LoginFailed)
    if refused and not isinstance(error, errors.LoginStopped):
        credentials.reject_password(db, account_id, now)
    if consequence.disables and repost_configs.find(db, account_id) is not None:
        repost_configs.change(
            db,
            account_id,
            now=now,
            is_enabled=False,
            auto_disabled_at=now,
            auto_disable_reason=consequence.reason,
        )
    return trouble
