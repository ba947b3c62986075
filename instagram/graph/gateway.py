"""The official API of every account, behind one client."""

from __future__ import annotations

from collections.abc import Mapping

from instagram.graph.api import GraphApi
from instagram.graph.http import GraphHttp
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

    def account(self, account_id: str) -> GraphApi:
        """Return the official API of one account; makes no request."""
        return GraphApi(account_id, self._http, self._keeper)

    async def takes_uploads(self, account_id: str) -> bool:
        """Whether the account's videos may be sent to Meta instead of being fetched from us."""
        login = await self._keeper.graph_login(account_id)
        return login is not None and login.login_method == "facebook"

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()
