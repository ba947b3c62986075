"""Logins at Instagram for a token of the official API, between their beginning and their end."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from instagram.graph.login_app import LoginApp
from storage import secrets as stored_secrets
from storage.store import Database
from storage.vault import Vault
from storage.wrong_clock import is_recent

AUTHORIZE = "https://www.instagram.com/oauth/authorize"
SCOPES = ("instagram_business_basic", "instagram_business_content_publish")
LASTS = timedelta(minutes=15)
_MOST = 100


@dataclass(frozen=True, slots=True)
class LoginBegun:
    """A login that somebody was sent away for: by whom, by which app, and to come back where."""

    caller: str
    app: LoginApp
    redirect: str
    at: datetime


@dataclass(slots=True)
class TokenLogins:
    """What is expected back: each `state` once, from whom it was given to, and not for long.

    In memory alone: after a restart a login is begun anew.
    """

    _begun: dict[str, LoginBegun] = field(default_factory=dict, repr=False)

    def begin(self, caller: str, app: LoginApp, redirect: str, now: datetime) -> str:
        """Return where to log in; what the same caller had begun before is expected no more."""
        self._begun = {
            state: each
            for state, each in list(self._begun.items())[-_MOST + 1 :]
            if each.caller != caller and is_recent(each.at, now, LASTS)
        }
        state = secrets.token_urlsafe(32)
        self._begun[state] = LoginBegun(caller, app, redirect, now)
        asked = {
            "client_id": app.id,
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": ",".join(SCOPES),
            "state": state,
        }
        return f"{AUTHORIZE}?{urlencode(asked)}"

    def end(self, caller: str, state: str, now: datetime) -> LoginBegun | None:
        """Return what has come back, and expect it no more; None for what nobody waits for."""
        known = next((each for each in self._begun if _is_same(each, state)), None)
        if known is None or self._begun[known].caller != caller:
            return None
        begun = self._begun.pop(known)
        return begun if is_recent(begun.at, now, LASTS) else None


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def keep_app(db: Database, vault: Vault, user_id: str, app: LoginApp) -> None:
    """Keep a person's app, sealed."""
    said = json.dumps({"id": app.id, "secret": app.secret})
    stored_secrets.put_daemon_secret(db, vault, _name(user_id), said)


def kept_app(db: Database, vault: Vault, user_id: str) -> LoginApp | None:
    """Return a person's app, None where none is kept."""
    said = stored_secrets.usable_daemon_secret(db, vault, _name(user_id))
    return None if said is None else LoginApp(**json.loads(said))


def _name(user_id: str) -> str:
    return f"login_app:{user_id}"
