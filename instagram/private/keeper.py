"""Where the Private API's logins live between calls: the protocol the store side fulfils."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ground.hold import Hold
from instagram.errors import InstagramError
from instagram.graph.http import GraphLogin
from instagram.graph.objects import Profile
from instagram.private.options import ClientOptions


class RestorableLogin(Protocol):
    """What restores a session without logging in."""

    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str | None: ...
    @property
    def totp_seed(self) -> str | None: ...
    @property
    def private_pk(self) -> str: ...
    @property
    def session(self) -> Mapping[str, Any]: ...


class LoginKeeper(Protocol):
    """Keeps sessions, and decides what may be tried without a person."""

    async def saved_login(self, account_id: str) -> RestorableLogin | None: ...

    async def device(self, account_id: str) -> Mapping[str, Any] | None:
        """Return the session or bare device kept for an account."""
        ...

    async def options(self, account_id: str) -> ClientOptions:
        """Return the account's own proxy, locale and timezone."""
        ...

    async def save_session(self, account_id: str, session: Mapping[str, Any]) -> None:
        """Keep a device before its first login."""
        ...

    async def renew_session(self, account_id: str, session: Mapping[str, Any]) -> None:
        """Keep what an answer made of a session, unless it was deleted meanwhile."""
        ...

    async def hold(self, account_id: str) -> Hold | None:
        """Return what keeps anything from being sent for the account, or None."""
        ...

    async def claim_automatic_login(self, account_id: str) -> bool:
        """Say whether one login without a person is allowed now, and use it up."""
        ...

    async def automatic_login_done(self, account_id: str, session: Mapping[str, Any]) -> None: ...

    async def report(self, account_id: str, error: InstagramError) -> None:
        """Hear of an error that concerns the account itself."""
        ...


class TokenKeeper(Protocol):
    """Keeps the tokens of the official API."""

    async def graph_login(
        self, account_id: str, *, even_refused: bool = False
    ) -> GraphLogin | None:
        """Return the account's token with what belongs to it, or None where Meta has refused it.

        `even_refused`: the one it has all the same.
        """
        ...

    async def graph_hold(self, account_id: str) -> Hold | None:
        """Return why and until when nothing may be published for the account, or None."""
        ...

    async def token_told(self, account_id: str, token: str, told: Profile) -> None:
        """Keep whose a token is; raises `WrongToken` when it is not the account's."""
        ...

    async def token_refused(self, account_id: str, token: str) -> None:
        """Hear that Meta does not accept this token any more."""
        ...

    async def report(self, account_id: str, error: InstagramError) -> None:
        """Hear of an error that concerns the account itself."""
        ...
