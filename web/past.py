"""One post of History: its way, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quart import Response
from quart_trio import QuartTrio

from ground.refusal import Refusal
from operations import models, posts
from operations.operation import Operation
from web.pages import Pages, Shown, back_to, link, noted, sent, toast
from web.trying import tried
from web.visit import Visit

_DONE: Mapping[str, tuple[Operation, str]] = {
    "retry": (posts.retry_post, "It is tried once more now."),
    "release": (posts.release_post, "It is a draft now, and goes out no more."),
    "clear": (posts.clear_post, "It is gone from the history; Instagram was not touched."),
}


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/history/<post_id>")
    async def post_page(post_id: str) -> Response:
        visit = await pages.visit()
        return pages.show("past.html", visit, "/history", **await _one(visit, post_id))

    @app.get("/history/<post_id>/part")
    async def post_part(post_id: str) -> Response:
        visit = await pages.visit()
        return pages.part("_past.html", visit, **await _one(visit, post_id))

    # Written out: the app's converter refuses words of the API.
    @app.post("/history/retry")
    async def retry_failed() -> Response:
        return await _done("retry")

    @app.post("/history/release")
    async def release_waiting() -> Response:
        return await _done("release")

    @app.post("/history/clear")
    async def clear_from_history() -> Response:
        return await _done("clear")

    async def _done(what: str) -> Response:
        visit, form = await pages.visit(), await sent()
        operation, told = _DONE[what]
        made = await tried(visit.perform(operation, None, form.get("id", "")))
        if isinstance(made, Refusal):
            return noted(toast(visit, made.message, is_bad=True))
        return noted(toast(visit, told))

    @app.post("/history/delete")
    async def delete_from_instagram() -> Shown:
        visit, form = await pages.visit(), await sent()
        post_id = form.get("id", "")
        if form.get("sure") != "on":
            return back_to(link(visit, f"/history/{post_id}"), "/history")
        made = await tried(visit.perform(posts.delete_from_instagram, None, post_id))
        if isinstance(made, Refusal):
            one = await _one(visit, post_id)
            return pages.show("past.html", visit, "/history", **{**one, "problem": made})
        return pages.show("gone.html", visit, "/history", made=made)


async def _one(visit: Visit, post_id: str) -> dict[str, Any]:
    post: models.Post = await visit.perform(posts.get_post, None, post_id)
    way: models.PostChanges = await visit.perform(posts.get_post_changes, None, post_id)
    return {"post": post, "way": way.changes, "problem": None}
