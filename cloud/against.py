"""What Instagram told the Worker against an account or its token is known here, too."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from cloud.courier import Reports
from instagram import errors
from instagram.graph.gateway import GraphGateway


@dataclass(frozen=True, slots=True)
class Against:
    """`cloud.courier.Reports` on the store and the official API."""

    logins: Reports
    graph: GraphGateway

    async def report(self, account_id: str, error: errors.InstagramError) -> None:
        """Pause the account, or ask by its token once: it may be another than the Worker had."""
        if not isinstance(error, errors.TokenExpired):
            await self.logins.report(account_id, error)
            return
        with suppress(errors.InstagramError):
            await self.graph.account(account_id).profile()
