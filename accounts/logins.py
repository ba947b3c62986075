"""Logging an account in because a person asked: over REST or the command line alike."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta

from instagram.gateway import PrivateGateway
from instagram.login import LoggedIn, PendingCode
from storage import accounts, credentials, repost_configs, secrets, troubles
from storage.credentials import Credentials
from storage.secrets import AccountSecret
from storage.store import Database, Store
from storage.vault import Vault

logger = logging.getLogger(__name__)
PENDING_FOR = timedelta(hours=1)


class NoPendingLogin(Exception):
    """There is no login that waits for a code, or it waited too long."""


class LoginDesk:
    """Logs accounts in and out. Credentials are kept only after Instagram accepted them."""

    def __init__(
        self, store: Store, vault: Vault, gateway: PrivateGateway, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._vault = vault
        self._gateway = gateway
        self._now = now

    async def log_in(
        self, account_id: str, username: str, password: str, code: str = ""
    ) -> Credentials | PendingCode:
        """Submit the password once; returns the kept credentials, or what must come first.

        Raises `storage.errors.NotFound` for an unknown account and `InstagramError`s.
        """
        await self._store.read(accounts.get, account_id)
        result = await self._gateway.account(account_id).log_in(username, password, code)
        if isinstance(result, PendingCode):
            await self._store.write(self._keep_pending, account_id, result, password)
            logger.info("login waits for a code account=%s kind=%s", account_id, result.kind)
            return result
        return await self._finish(account_id, result, password)

    async def submit_code(self, account_id: str, code: str) -> Credentials:
        """Finish a login that waits for a code, also after a restart.

        Raises `NoPendingLogin`, and `WrongCode` after which another code may be tried.
        """
        await self._store.read(accounts.get, account_id)
        kept = await self._store.read(self._pending_of, account_id)
        if kept is None:
            raise NoPendingLogin("No login of this account waits for a code; log in first")
        pending, password = kept
        result = await self._gateway.account(account_id).submit_code(pending, password, code)
        return await self._finish(account_id, result, password)

    async def forget(self, account_id: str) -> None:
        """Delete an account's credentials and session, and stop its story reposts."""

        def forget(db: Database) -> None:
            credentials.forget(db, account_id)
            secrets.forget(db, account_id, AccountSecret.PENDING_LOGIN)
            if repost_configs.find(db, account_id) is not None:
                repost_configs.change(db, account_id, now=self._now(), is_enabled=False)

        await self._store.write(forget)
        await self._gateway.forget(account_id)
        logger.info("credentials deleted account=%s", account_id)

    async def forget_in_memory(self, account_id: str) -> None:
        """Close the connections of an account that was disconnected."""
        await self._gateway.forget(account_id)

    async def _finish(self, account_id: str, done: LoggedIn, password: str) -> Credentials:
        def keep(db: Database) -> Credentials:
            secrets.forget(db, account_id, AccountSecret.PENDING_LOGIN)
            troubles.clear(db, account_id, self._now())
            return credentials.save_login(
                db,
                self._vault,
                account_id=account_id,
                username=done.username,
                private_pk=done.private_pk,
                password=password,
                session=done.session,
                now=self._now(),
            )

        kept = await self._store.write(keep)
        await self._gateway.forget(account_id)
        logger.info("logged in account=%s username=%s", account_id, done.username)
        return kept

    def _keep_pending(
        self, db: Database, account_id: str, pending: PendingCode, password: str
    ) -> None:
        accounts.get(db, account_id)  # it may have been disconnected meanwhile
        text = json.dumps({"pending": asdict(pending), "password": password})
        secrets.put(db, self._vault, account_id, AccountSecret.PENDING_LOGIN, text)
        credentials.record_challenge(
            db, account_id, pending.kind, pending.contact_point, self._now()
        )

    def _pending_of(self, db: Database, account_id: str) -> tuple[PendingCode, str] | None:
        challenge = credentials.challenge_of(db, account_id)
        text = secrets.get(db, self._vault, account_id, AccountSecret.PENDING_LOGIN)
        if challenge is None or text is None or self._now() - challenge.created_at > PENDING_FOR:
            return None
        kept = json.loads(text)
        return PendingCode(**kept["pending"]), kept["password"]
