"""What every screen's routes work with: the visit, the frame around each page, small answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from quart import Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from operations.house import House
from operations.scopes import Scope
from web.rendering import environment, page
from web.simulation import Simulation
from web.visit import Door, Visit, visit

Shown = Response | WerkzeugResponse


@dataclass(frozen=True, slots=True)
class Place:
    """One screen in the navigation: its address, icon, name, key after `g`, and what it needs."""

    path: str
    icon: str
    name: str
    key: str
    scopes: tuple[Scope, ...]


PLACES = (
    Place("/", "sun", "Today", "t", (Scope.REPOSTS_READ, Scope.POSTS_READ)),
    Place("/mentions", "at", "Mentions", "m", (Scope.REPOSTS_READ,)),
    Place("/calendar", "calendar", "Calendar", "c", (Scope.POSTS_READ, Scope.REPOSTS_READ)),
    Place("/compose", "compose", "Compose", "n", (Scope.POSTS_WRITE, Scope.REPOSTS_READ)),
    Place("/cards", "cards", "Cards", "k", (Scope.REPOSTS_READ, Scope.ACCOUNTS_READ)),
    Place("/media", "library", "Library", "l", (Scope.MEDIA_READ, Scope.REPOSTS_READ)),
    Place("/history", "history", "History", "h", (Scope.POSTS_READ,)),
    Place("/insights", "chart", "Insights", "i", (Scope.POSTS_READ, Scope.REPOSTS_READ)),
    Place("/account", "shield", "Account", "a", (Scope.REPOSTS_READ, Scope.ACCOUNTS_READ)),
    Place("/settings", "settings", "Settings", "s", (Scope.KEYS_READ,)),
)


@dataclass(frozen=True, slots=True)
class Pages:
    """The house, the door, and how a screen is shown."""

    house: House
    door: Door
    simulation: Simulation | None

    async def visit(self) -> Visit:
        """Return the visit that this request is; raises what the app answers as a refusal."""
        actor = await self.door.caller(request)
        return await visit(self.house, actor, request.args)

    def show(
        self, name: str, here: Visit, path: str = "", *, stay: str = "", **values: Any
    ) -> Response:
        """Return a whole page; `path` is the place in the navigation that it belongs to.

        `stay` is where it is asked for: a page that answers a form stands there from then on, so
        that loading it anew sends nothing a second time, least of all a password.
        """
        places = [each for each in PLACES if all(map(here.may, each.scopes))]
        return page(
            name,
            visit=here,
            places=places,
            here=path,
            link=lambda address, **query: link(here, address, **query),
            stay=link(here, stay or path) if request.method == "POST" else "",
            address=request.full_path.removesuffix("?"),
            sandbox=self.simulation,
            Scope=Scope,
            **values,
        )

    def part(self, name: str, here: Visit, **values: Any) -> Response:
        """Return a fragment that is put into a page that is open."""
        return page(
            name,
            visit=here,
            link=lambda address, **query: link(here, address, **query),
            Scope=Scope,
            **values,
        )


def link(here: Visit, address: str, **query: object) -> str:
    """Return an address within the page, for the account that is looked at."""
    if wanted := here.args.get("account"):
        query.setdefault("account", wanted)
    if not query:  # of most links, of which a page has hundreds
        return address
    said = urlencode({name: value for name, value in query.items() if value not in (None, "")})
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{said}" if said else address


def toast(
    here: Visit,
    text: str,
    *,
    is_bad: bool = False,
    undo: str = "",
    fields: Sequence[tuple[str, str]] = (),
) -> str:
    """Return a note for the corner of the page; `undo` is where taking it back is asked for, with
    these fields."""
    return (
        environment()
        .get_template("_toast.html")
        .render(visit=here, text=text, is_bad=is_bad, undo=undo, fields=fields)
    )


def noted(said: str, *, keep: bool = False) -> Response:
    """Return notes alone; with `keep` what was asked from stays in the page as it is."""
    response = Response(said, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    if keep:
        response.headers["HX-Reswap"] = "none"
    return response


def back_to(address: str | None, otherwise: str = "/") -> Shown:
    """Return to a page of ours after something was done."""
    ours = address is not None and address.startswith("/") and address[1:2] not in ("/", "\\")
    safe = ours and address is not None and address.isprintable()
    return redirect(address if safe and address else otherwise, 303)


async def sent() -> Any:
    """Return the form that was sent; a body of another kind is an empty one."""
    return await request.form
