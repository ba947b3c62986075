"""The app with which people log in at Instagram for the official API, and the codes it was sent."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.world.person import Person

CODE_LIFETIME_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Code:
    person: Person
    redirect: str
    scopes: frozenset[str]
    until: float


@dataclass(eq=False, slots=True)
class LoginApp:
    """One app of Instagram Login: where it may send people, and what it was allowed.

    None is whatever is said: no secret is wrong then, and people are sent anywhere.
    """

    id: str
    secret: str | None
    redirects: set[str] | None
    now: Callable[[], float]
    _codes: dict[str, _Code] = field(default_factory=dict)

    def allow(self, person: Person, redirect: str, scopes: set[str]) -> str:
        """Return the code of somebody who has said yes."""
        code = "AQ" + secrets.token_urlsafe(48)
        until = self.now() + CODE_LIFETIME_S
        self._codes[code] = _Code(person, redirect, frozenset(scopes), until)
        return code

    def is_its(self, secret: str) -> bool:
        """Whether that is its secret."""
        return self.secret is None or hmac.compare_digest(secret.encode(), self.secret.encode())

    def may_send_to(self, redirect: str) -> bool:
        """Whether people may be sent there."""
        return (
            redirect.startswith("https://")
            if self.redirects is None
            else redirect in self.redirects
        )

    def redeem(self, code: str, redirect: str) -> tuple[Person, frozenset[str]] | None:
        """Return who gave a code and for what, once; None for what is none, or no more."""
        found = self._codes.get(code)
        if found is None or found.redirect != redirect or self.now() >= found.until:
            return None
        del self._codes[code]
        return found.person, found.scopes
