"""Insights: what lies behind the account, in pictures that say themselves in words too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quart import Response, redirect
from quart_trio import QuartTrio

from ground.refusal import Refusal
from operations import insights, machine, models
from operations.scopes import Scope
from web import plots
from web.pages import Pages, Shown
from web.rendering import size_of
from web.trying import tried
from web.visit import Visit


@dataclass(frozen=True, slots=True)
class Share:
    """What takes how much room, and its share of all that is kept."""

    name: str
    files: int | None
    size: str
    share: float


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/insights")
    async def insights_page() -> Shown:
        visit = await pages.visit()
        if visit.account_id is None and visit.may(Scope.ACCOUNTS_WRITE):
            return redirect("/welcome", 303)
        return pages.show("insights.html", visit, "/insights", **await _shown(visit))

    @app.get("/insights/part")
    async def insights_part() -> Response:
        visit = await pages.visit()
        return pages.part("_insights.html", visit, **await _shown(visit))


async def _shown(visit: Visit) -> dict[str, Any]:
    found, drawn = None, list[tuple[str, plots.Plot]]()
    if visit.account_id is not None:
        query = models.InsightsQuery(account_id=visit.account_id)
        found = await visit.perform(insights.get_insights, query)
        today = visit.now.astimezone(visit.zone).date()
        drawn = [("year", plots.year(found, today)), ("hours", plots.hours(found))]
        if found.warm_up is not None:
            drawn.append(("stair", plots.stair(found.warm_up)))
        drawn.append(("late", plots.lateness(found)))
    room = await tried(visit.perform(machine.get_room)) if visit.may(Scope.SYSTEM_READ) else None
    if isinstance(room, Refusal):  # it is for the owner of the machine
        room = None
    return {
        "plots": drawn,
        "is_cut": found is not None and found.is_cut,
        "shares": shares(room) if room else [],
        "free": size_of(room.free) if room else "",
    }


def shares(room: models.Room) -> list[Share]:
    """Return what takes room here, the largest first."""
    found: list[tuple[str, int | None, int]] = [
        ("Pictures and videos", room.files, room.media),
        ("Database", None, room.database),
        ("Copies of the database", None, room.copies),
    ]
    total = sum(each[2] for each in found) or 1
    found.sort(key=lambda each: -each[2])
    return [
        Share(name, files, size_of(taken), round(100 * taken / total, 1))
        for name, files, taken in found
    ]
