"""History: every post that went out, waits or did not, and what can be done about it."""

from __future__ import annotations

from quart import Response
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import models, posts
from storage.posts import PostStatus
from web.pages import Pages, noted, sent, toast
from web.visit import given

PAGE = 50
# The tabs; each is a state, and the first one all of them.
TABS = {
    "": "All",
    "FAILED": "Failed",
    "SCHEDULED": "Planned",
    "PUBLISHED": "Out",
    "DRAFT": "Drafts",
}


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/history")
    async def history_page() -> Response:
        return await _shown("history.html")

    @app.get("/history/list")
    async def history_list() -> Response:
        return await _shown("_history.html")

    async def _shown(template: str) -> Response:
        visit = await pages.visit()
        tab = visit.args.get("state", "")
        if tab not in TABS:
            raise Refusal(ErrorCode.INVALID_PARAM, f"There is no list {tab[:20]!r}")
        found: models.PostList = await visit.perform(
            posts.list_posts,
            given(
                models.PostQuery,
                account_id=visit.account_id,
                status=PostStatus(tab) if tab else None,
                page=visit.args.get("page", 1),
                limit=PAGE,
            ),
        )
        if template == "history.html":
            return pages.show(template, visit, "/history", found=found, tab=tab, tabs=TABS)
        return pages.part(template, visit, found=found, tab=tab, tabs=TABS)

    @app.post("/history/retry")
    async def retry_failed() -> Response:
        visit, form = await pages.visit(), await sent()
        await visit.perform(posts.retry_post, None, form.get("id", ""))
        return noted(toast(visit, "It is tried once more now."))

    @app.post("/history/release")
    async def release_waiting() -> Response:
        visit, form = await pages.visit(), await sent()
        await visit.perform(posts.release_post, None, form.get("id", ""))
        return noted(toast(visit, "It is a draft now, and goes out no more."))

    @app.post("/history/clear")
    async def clear_from_history() -> Response:
        visit, form = await pages.visit(), await sent()
        await visit.perform(posts.clear_post, None, form.get("id", ""))
        return noted(toast(visit, "It is gone from the history; Instagram was not touched."))
