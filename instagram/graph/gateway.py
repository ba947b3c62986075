"""The official API of every account, behind one client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from instagram.errors import InstagramError
from instagram.graph.api import GraphApi
from instagram.graph.http import GraphHttp, GraphLogin
from instagram.graph.objects import Profile
from instagram.private.keeper import TokenKeeper


class GraphGateway:
    """Hands out the accounts' official APIs."""

    def __init__(self, http: GraphHttp, keeper: TokenKeeper) -> None:
        self._http = http
        self._keeper = keeper

    @property
    def requests(self) -> Mapping[tuple[str, str], int]:
        """How many requests were made, by what was asked and its result."""
        return self._http.requests

    @property
    def their_time(self) -> datetime | None:
        """Meta's own time at its last answer, None where it did not tell."""
        return self._http.their_time

    def account(self, account_id: str, *, insists: bool = False) -> GraphApi:
        """Return the official API of one account; makes no request.

        `insists`: for the question what became of a post that Meta answered with a block, which is
        asked although the account is held since, or its token refused. Nothing new is noted then.
        """
        keeper = _Insisting(self._keeper) if insists else self._keeper
        return GraphApi(account_id, self._http, keeper)

    async def takes_uploads(self, account_id: str) -> bool:
        """Whether the account's videos may be sent to Meta instead of being fetched from us."""
        login = await self._keeper.graph_login(account_id)
        return login is not None and login.login_method == "facebook"

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()


class _Insisting:
    """A keeper that holds nothing back, and to whom nothing is news."""

    def __init__(self, keeper: TokenKeeper) -> None:
        self._keeper = keeper

    async def graph_login(self, account_id: str, *, even_refused: bool = True) -> GraphLogin | None:
        login = await self._keeper.graph_login(account_id, even_refused=even_refused)
        return None if login is None else replace(login, unproven=False)

    async def graph_hold(self, account_id: str) -> None:
        return None

    async def token_refused(self, account_id: str, token: str) -> None:
        return None

    async def token_told(self, account_id: str, token: str, told: Profile) -> None:
        return None

    async def report(self, account_id: str, error: InstagramError) -> None:
        return None
