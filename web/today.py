"""Today: is all well, and what is wanted of you?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from quart import Response, redirect
from quart_trio import QuartTrio

from operations import mentions, models, posts, schedule
from operations.scopes import Scope
from storage.posts import PostStatus
from web.pages import Pages, Shown, link
from web.ribbon import Ribbon, ribbon
from web.visit import Visit, given

_SOON = timedelta(days=7)
# What holds for a moment, as everybody's day has it; anything else is said first of all.
_ORDINARY = ("sleep", "spacing", "interval", "queue", "cap", "undo")

# What a person has chosen is no trouble.
_YOURS = ("stopped", "disabled", "paused")


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a person has to do: what is so, why, and the one button that mends it."""

    what: str
    why: str
    button: str
    address: str


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/")
    async def today() -> Shown:
        visit = await pages.visit()
        if visit.account_id is None and visit.may(Scope.ACCOUNTS_WRITE):
            return redirect("/welcome", 303)
        if not visit.may(Scope.POSTS_READ):
            return redirect(link(visit, "/mentions"), 303)
        return pages.show("today.html", visit, "/", **await shown(visit))

    @app.get("/today/part")
    async def today_part() -> Response:
        visit = await pages.visit()
        return pages.part("_today.html", visit, **await shown(visit))


async def shown(visit: Visit) -> dict[str, Any]:
    """Return what Today shows."""
    account_id, now = visit.account_id, visit.now
    local = visit.now.astimezone(visit.zone)
    midnight = datetime.combine(local.date(), time(), visit.zone)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(), visit.zone)
    ahead: models.PostList = await visit.perform(
        schedule.list_schedule, models.ScheduleQuery(account_id=account_id, limit=3)
    )
    rest: models.PostList = await visit.perform(
        schedule.list_schedule,
        given(models.ScheduleQuery, account_id=account_id, since=now, until=tomorrow, limit=100),
    )
    done: models.Completions = await visit.perform(
        posts.list_recent_completions, given(models.SinceQuery, since=midnight)
    )
    failed: models.PostList = await visit.perform(
        posts.list_posts,
        models.PostQuery(account_id=account_id, status=PostStatus.FAILED, limit=3),
    )
    waiting: models.PendingReposts = await visit.perform(
        mentions.get_pending, models.PendingQuery(account_id=account_id, limit=6)
    )
    lately: models.RepostHistory = await visit.perform(
        mentions.get_history, models.RepostQuery(account_id=account_id, limit=6)
    )
    out = [
        post
        for post in done.posts
        if post.published_at is not None and account_id in (None, post.instagram_account_id)
    ]
    return {
        "sentence": sentence(visit),
        "ribbon": _ribbon(visit, [*out, *rest.posts]),
        "needs": needs(visit, failed),
        "waiting": waiting.reposts,
        "ahead": ahead.posts,
        "lately": lately.reposts,
    }


def sentence(visit: Visit) -> str:
    """Return how things are, in one sentence."""
    status = visit.status
    if visit.stopped is not None:
        return "Everything is stopped."
    if status.breaker is not None:
        return "Reposts were switched off."
    if not status.configured or not status.is_enabled:
        return "Reposts are off."
    holding = status.holding
    if holding is not None and holding.rail not in _ORDINARY and not visit.waiting:
        return f"Held back: {holding.reason[:1].lower()}{holding.reason[1:]}."
    if visit.waiting == 1:
        return "1 story waits for you."
    if visit.waiting:
        return f"{visit.waiting:,} stories wait for you."
    return "All quiet."


def needs(visit: Visit, failed: models.PostList) -> list[Need]:
    """Return what only a person can mend, the gravest first."""
    found = []
    status = visit.status
    if status.breaker is not None:
        found.append(
            Need("Reposts were switched off", status.breaker.reason, "To the account", "/account")
        )
    elif (held := status.holding) is not None and held.until is None and held.rail not in _YOURS:
        found.append(Need("Nothing is reposted", held.reason, "To the login", "/welcome/login"))
    if status.token_expires_at is not None and status.token_expires_at < visit.now + _SOON:
        found.append(
            Need(
                "The official token ends soon",
                "Posts by the official API stop then; connect the account anew.",
                "Renew it",
                "/welcome/account",
            )
        )
    for post in failed.posts:
        why = post.error_message or "It did not go out."
        found.append(Need("A post failed", why, "Look at it", "/history?state=FAILED"))
    return found


def _ribbon(visit: Visit, of_today: list[models.Post]) -> Ribbon:
    return ribbon(visit.status, of_today, visit.now, visit.zone)
