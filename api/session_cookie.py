"""The browser's session cookie: a signed JWT that names a session the server can end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

import jwt
from werkzeug.http import dump_cookie

from storage import secrets as stored_secrets
from storage.browser_sessions import BrowserSession
from storage.store import Database
from storage.vault import Vault

# The contract's name. It is heard, and no longer set: cookies know no ports, so that two daemons on
# one machine would sign each other's browsers out.
COOKIE_NAME = "session"
# Ours are much shorter. What is longer is not parsed: JSON that is nested deeply enough is no
# token that PyJWT finds invalid, but a RecursionError.
_MAX_LENGTH = 512
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class SessionCookies:
    """Signs and reads session cookies with the daemon's own secret; `port` is where it listens."""

    secret: str = field(repr=False)
    port: int

    @property
    def name(self) -> str:
        """What the cookie is called that this daemon sets."""
        return f"{COOKIE_NAME}_{self.port}"

    def found(self, sent: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the name and value of the session cookie among those that were sent, or None."""
        return next(((name, sent[name]) for name in (self.name, COOKIE_NAME) if name in sent), None)

    def sign(self, session: BrowserSession) -> str:
        """Return the cookie's value for a session."""
        claims = {
            "sid": session.id,
            "sub": session.user_id,
            "iat": session.created_at,
            "exp": session.expires_at,
        }
        return jwt.encode(claims, self.secret, algorithm=_ALGORITHM)

    def session_id(self, value: str) -> str | None:
        """Return the session that a cookie names, or None when it is forged."""
        if len(value) > _MAX_LENGTH:
            return None
        try:
            # Whether it is still alive is the database's to say, by the daemon's own clock.
            claims = jwt.decode(
                value,
                self.secret,
                algorithms=[_ALGORITHM],
                options={"require": ["sid", "exp"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        return str(claims["sid"])


def ended(cookies: SessionCookies, sent: Mapping[str, str]) -> str:
    """Return the header that takes away the session cookie which was sent."""
    name, _ = cookies.found(sent) or (cookies.name, "")
    return dump_cookie(name, expires=0, max_age=0, httponly=True, samesite="Strict")


def session_cookies(db: Database, vault: Vault, port: int) -> SessionCookies:
    """Return the signer of session cookies; its secret is made on first use."""
    fresh = secrets.token_urlsafe(32)
    secret = stored_secrets.daemon_secret(db, vault, "session_cookie", fresh)
    return SessionCookies(secret, port)
