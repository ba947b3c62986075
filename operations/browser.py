"""Signing a browser in: a code that works once (contract §3)."""

from __future__ import annotations

from operations import models
from operations.operation import Ask, write
from operations.scopes import Scope
from storage import browser_sessions
from storage.store import Database


@write(models.LoginCode, scope=Scope.KEYS_WRITE)
def create_login_code(db: Database, ask: Ask[None]) -> models.LoginCode:
    """Make a code that signs one browser in, once, within five minutes.

    It is for whoever holds the machine: no face offers it over a network.
    """
    code = browser_sessions.create_code(db, user_id=ask.user_id, now=ask.now)
    return models.LoginCode(code=code)
