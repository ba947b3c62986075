"""The library: every upload, what shows it, and what can be made of it."""

from __future__ import annotations

from typing import Any

from quart import Response
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import library, models
from web.pages import Pages, noted, sent, toast
from web.trying import tried
from web.visit import Visit, given

PAGE = 50
# The tabs, and what each asks for.
TABS: dict[str, tuple[str, dict[str, Any]]] = {
    "": ("All", {}),
    "unused": ("Unused", {"unused": True}),
    "photos": ("Photos", {"type": "image"}),
    "videos": ("Videos", {"type": "video"}),
}


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/media")
    async def library_page() -> Response:
        here = await pages.visit()
        return pages.show("library.html", here, "/media", **await _shown(here))

    @app.get("/media/list")
    async def library_list() -> Response:
        here = await pages.visit()
        return pages.part("_library.html", here, **await _shown(here))

    @app.post("/media/delete")
    async def delete_file() -> Response:
        here, form = await pages.visit(), await sent()
        done = await tried(here.perform(library.remove_from_library, None, form.get("id", "")))
        if isinstance(done, Refusal):
            return noted(toast(here, done.message, is_bad=True), keep=True)
        return noted(toast(here, "The file is deleted; posts that went out with it stay."))


async def _shown(here: Visit) -> dict[str, Any]:
    tab = here.args.get("show", "")
    if tab not in TABS:
        raise Refusal(ErrorCode.INVALID_PARAM, f"There is no list {tab[:20]!r}")
    text = here.args.get("text", "")[:200]
    said = here.args.get("page", "1")
    number = max(1, int(said)) if said.isascii() and said.isdecimal() and len(said) < 8 else 1
    asked = given(
        models.LibraryQuery,
        **TABS[tab][1],
        text=text or None,
        limit=PAGE,
        offset=(number - 1) * PAGE,
    )
    found: models.Library = await here.perform(library.list_library, asked)
    return {"found": found, "tab": tab, "tabs": TABS, "text": text, "number": number}
