"""Signing a browser in: a code that works once (contract §3)."""

from __future__ import annotations

from operations import models
from operations.operation import Ask, write
from operations.scopes import Scope, scopes_of
from storage import browser_sessions
from storage.store import Database


@write(models.LoginCode, scope=Scope.KEYS_WRITE, takes=models.LoginCodeRequest, machine_only=True)
def create_login_code(db: Database, ask: Ask[models.LoginCodeRequest]) -> models.LoginCode:
    """Make a code that signs one browser in, once, within five minutes.

    The session may do no more than `scopes` says, and that with no accounts but `accountIds`.
    """
    asked = ask.given
    ask.actor.require_grant(scopes_of(asked.scopes), asked.account_ids)
    code = browser_sessions.create_code(
        db,
        user_id=ask.user_id,
        now=ask.now,
        scopes=asked.scopes,
        account_ids=asked.account_ids,
    )
    return models.LoginCode(code=code)
