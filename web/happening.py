"""Make something happen: the buttons in a sandbox's band. There are no such routes in life."""

from __future__ import annotations

from quart import Response
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import models, story_repost
from operations.scopes import Scope
from web.pages import Pages, noted, sent, toast
from web.simulation import TROUBLES, Simulation
from web.trying import tried
from web.visit import Visit


def add(app: QuartTrio, pages: Pages, simulation: Simulation) -> None:
    """Add the routes."""

    @app.post("/sandbox/happen")
    async def happen() -> Response:
        visit, form = await pages.visit(), await sent()
        visit.actor.require(Scope.REPOSTS_WRITE)
        said = await _made(visit, simulation, form.get("what", ""))
        return noted(toast(visit, said))


async def _made(visit: Visit, simulation: Simulation, what: str) -> str:
    """Let it happen, look whether it shows, and return what to say about it."""
    if what == "mend":
        await simulation.mend()
        return "All that was made to fail works again. A code that was asked for still is."
    if what == "mention":
        said = f"@{await simulation.mention(visit.username)} has mentioned you."
    elif what == "tomorrow":
        await simulation.tomorrow()
        said = "It is tomorrow."
    elif what in TROUBLES:
        await simulation.trouble(visit.username, what)
        said = TROUBLES[what].says
    else:
        raise Refusal(ErrorCode.INVALID_PARAM, "Nothing of that kind can happen")
    return f"{said} {await _look(visit)}"


async def _look(visit: Visit) -> str:
    """Look into the inbox, because that is where it shows."""
    if visit.account_id is None:
        return "No account is connected."
    found = await tried(
        visit.perform(story_repost.scan, models.OptionalAccountRef(account_id=visit.account_id))
    )
    if isinstance(found, Refusal):
        return f"The look into the inbox says: {found}"
    return "Reprise has looked into the inbox."
