"""History: every post that went out, waits or did not, found by words, kind and day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from quart import Response, redirect, request
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import models, posts
from storage.posts import PostStatus
from storage.times import to_text
from web.pages import Pages, Shown, link
from web.rendering import KINDS
from web.visit import Visit, given

PAGE = 50
# The tabs; each is a state, and the first one all of them.
TABS = {
    "": "All",
    "FAILED": "Failed",
    "SCHEDULED": "Planned",
    "PUBLISHED": "Out",
    "DRAFT": "Drafts",
}
SOURCES = {"": "Both", "own": "Posts", "reposts": "Reposts"}
_FILTERS = ("kind", "source", "text", "from", "until")
# Until when failed posts were looked at, by this browser.
_SEEN = "seen_failed"
_SEEN_FOR_S = 365 * 86_400


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/history")
    async def history_page() -> Response:
        visit = await pages.visit()
        return pages.show("history.html", visit, "/history", **await _shown(visit))

    @app.get("/history/list")
    async def history_list() -> Response:
        visit = await pages.visit()
        return pages.part("_history.html", visit, **await _shown(visit))

    @app.post("/history/seen")
    async def failed_are_seen() -> Shown:
        visit = await pages.visit()
        answer = redirect(link(visit, "/history"), 303)
        answer.set_cookie(
            _SEEN,
            to_text(visit.now),
            max_age=_SEEN_FOR_S,
            path="/history",
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
        )
        return answer


async def _shown(visit: Visit) -> dict[str, Any]:
    tab = visit.args.get("state", "")
    if tab not in TABS:
        raise Refusal(ErrorCode.INVALID_PARAM, f"There is no list {tab[:20]!r}")
    chosen = {name: said for name in _FILTERS if (said := visit.args.get(name, "").strip())}
    query = given(
        models.PostQuery,
        account_id=visit.account_id,
        status=PostStatus(tab) if tab else None,
        media_type=chosen.get("kind"),
        source=chosen.get("source"),
        text=chosen.get("text"),
        since=_midnight(visit, chosen.get("from", "")),
        until=_midnight(visit, chosen.get("until", ""), days=1),
        page=visit.args.get("page", 1),
        limit=PAGE,
    )
    found: models.PostList = await visit.perform(posts.list_posts, query)
    is_front = not tab and not chosen and found.page == 1
    return {
        "found": found,
        "tab": tab,
        "tabs": TABS,
        "chosen": chosen,
        "kinds": KINDS,
        "sources": SOURCES,
        "failed": await _unseen(visit) if is_front else [],
        "months": _months(visit),
    }


async def _unseen(visit: Visit) -> list[models.Post]:
    """Return the newest failures that this browser has not called seen."""
    query = models.PostQuery(account_id=visit.account_id, status=PostStatus.FAILED, limit=20)
    found: models.PostList = await visit.perform(posts.list_posts, query)
    seen = request.cookies.get(_SEEN, "")
    return [post for post in found.posts if not seen or str(post.updated_at) > seen]


def _months(visit: Visit) -> list[tuple[date, date]]:
    """Return the first and last day of this month and the eleven before it."""
    last = visit.now.astimezone(visit.zone).date()
    found = []
    for _ in range(12):
        first = last.replace(day=1)
        found.append((first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)))
        last = first - timedelta(days=1)
    return found


def _midnight(visit: Visit, text: str, days: int = 0) -> datetime | None:
    """Return when a day of the account begins, so many days on."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime.combine(day, time(), visit.zone)
    except (ValueError, OverflowError):
        raise Refusal(ErrorCode.VALIDATION_ERROR, "That is no day; write 2026-11-28") from None
