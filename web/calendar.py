"""The calendar: weeks, a week, a day and a list in the account's zone, and moving posts in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from quart import Response
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import models, posts, schedule, swapping
from storage.posts import PostStatus
from storage.times import to_text
from web import times
from web.pages import Pages, noted, sent, toast
from web.rendering import KINDS
from web.spans import FULL_WEEK, VIEWS, YEARS, days_of, hours_of, is_repost, listed, placed
from web.trying import tried
from web.usual import time_on
from web.visit import Visit, given

# What may be left out of it; the first of each is all.
FILTERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "state": ("State", {"": "Any", "SCHEDULED": "Planned", "PUBLISHED": "Out", "FAILED": "Failed"}),
    "kind": ("Kind", {"": "Any", **KINDS}),
    "source": ("What", {"": "Both", "own": "Posts", "reposts": "Reposts"}),
}
_FILTERS = tuple(FILTERS)


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/calendar")
    async def calendar_page() -> Response:
        visit = await pages.visit()
        return pages.show("calendar.html", visit, "/calendar", **await shown(visit))

    @app.get("/calendar/part")
    async def calendar_part() -> Response:
        visit = await pages.visit()
        return pages.part("_calendar.html", visit, **await shown(visit))

    @app.post("/calendar/move")
    async def move_post() -> Response:
        visit, form = await pages.visit(), await sent()
        made = await tried(_moved(visit, form))
        if isinstance(made, Refusal):
            return noted(toast(visit, made.message, is_bad=True))
        return noted(made)

    @app.post("/calendar/swap")
    async def swap_posts() -> Response:
        visit, form = await pages.visit(), await sent()
        made = await tried(_swapped(visit, form))
        if isinstance(made, Refusal):
            return noted(toast(visit, made.message, is_bad=True))
        return noted(made)

    @app.post("/calendar/unplan")
    async def unplan_post() -> Response:
        visit, form = await pages.visit(), await sent()
        made = await tried(visit.perform(posts.release_post, None, form.get("id", "")))
        if isinstance(made, Refusal):
            return noted(toast(visit, made.message, is_bad=True))
        return noted(toast(visit, "It is a draft again."))


async def shown(visit: Visit) -> dict[str, Any]:
    """Return the days that the address asks for."""
    view = VIEWS.get(visit.args.get("view", "weeks"))
    if view is None:
        raise Refusal(ErrorCode.INVALID_PARAM, f"There is no view {visit.args['view'][:20]!r}")
    today = visit.now.astimezone(visit.zone).date()
    span = days_of(view, _day(visit.args.get("from", "")), today)
    chosen = {name: said for name in _FILTERS if (said := visit.args.get(name, ""))}
    found = await _between(visit, span[0], span[-1] + timedelta(days=1), chosen)
    days = placed(span, found.posts, visit.zone)
    drafts: models.PostList = await visit.perform(
        posts.list_posts,
        models.PostQuery(account_id=visit.account_id, status=PostStatus.DRAFT, limit=20),
    )
    config = visit.status.config
    shown_days, more_on = listed(days, today, view.most)
    asleep = (config.sleep_window_start, config.sleep_window_end) if config else (0, 0)
    return {
        "view": view,
        "views": VIEWS.values(),
        "weeks": [days[at : at + 7] for at in range(0, len(days), 7)],
        "hours": hours_of(days, visit.now, visit.zone, asleep) if view.name == "week" else [],
        "is_full": sum(len(day.posts) for day in days) > FULL_WEEK,
        "today": today,
        "first": span[0],
        "last": span[-1],
        "back": span[0] - timedelta(days=view.step),
        "on": span[0] + timedelta(days=view.step),
        "is_cut": found.is_cut,
        "drafts": drafts,
        "listed": shown_days,
        "more_on": more_on,
        "is_repost": is_repost,
        "chosen": chosen,
        "filters": FILTERS,
    }


async def _between(
    visit: Visit, first: date, end: date, chosen: Mapping[str, str]
) -> models.Calendar:
    if visit.account_id is None:
        return models.Calendar(posts=[], is_cut=False)
    asked = given(
        models.CalendarQuery,
        account_id=visit.account_id,
        since=datetime.combine(first, time(), visit.zone),
        until=datetime.combine(end, time(), visit.zone),
        status=chosen.get("state"),
        media_type=chosen.get("kind"),
        source=chosen.get("source"),
    )
    found: models.Calendar = await visit.perform(schedule.get_calendar, asked)
    return found


async def _moved(visit: Visit, form: Any) -> str:
    """Give a post another day or time, and return the note that says so, with its undo."""
    post_id = form.get("id", "")
    post: models.Post = await visit.perform(posts.get_post, None, post_id)
    old = datetime.fromisoformat(post.scheduled_for) if post.scheduled_for else None
    new = await _wanted(visit, form, old)
    asked = given(
        models.RescheduleRequest,
        scheduled_for=new.astimezone(UTC),
        timezone=visit.zone.key,
        version=form.get("version") or None,
    )
    moved: models.EditedPost = await visit.perform(posts.reschedule_post, asked, post_id)
    told = f"It goes out {times.on_day(new, visit.now, visit.zone)}."
    told = " ".join((told, *moved.warnings[:1]))
    if post.status == PostStatus.DRAFT:
        return toast(visit, told, undo="/calendar/unplan", fields=[("id", post_id)])
    if old is None or old <= visit.now:
        return toast(visit, told)
    undo = [("id", post_id), ("at", to_text(old)), ("version", moved.version)]
    return toast(visit, told, undo="/calendar/move", fields=undo)


async def _swapped(visit: Visit, form: Any) -> str:
    """Have two posts swap their times, and return the note that says so, with its undo."""
    asked = given(
        models.SwapRequest,
        other_post_id=form.get("other", ""),
        was=form.get("was") or None,
        other_was=form.get("other_was") or None,
    )
    done: models.Swapped = await visit.perform(swapping.swap_posts, asked, form.get("id", ""))
    at, other_at = (
        datetime.fromisoformat(str(each.scheduled_for)) for each in (done.post, done.other)
    )
    told = (
        f"Swapped: it goes out {times.on_day(at, visit.now, visit.zone)}, "
        f"the other one {times.on_day(other_at, visit.now, visit.zone)}."
    )
    told = " ".join((told, *done.post.warnings[:1]))
    undo = [
        ("id", str(done.post.id)),
        ("other", str(done.other.id)),
        ("was", to_text(at)),
        ("other_was", to_text(other_at)),
    ]
    return toast(visit, told, undo="/calendar/swap", fields=undo)


async def _wanted(visit: Visit, form: Any, old: datetime | None) -> datetime:
    """Return the time that was chosen: a day keeps the time of day, as the account's clocks go."""
    if at := form.get("at", ""):
        try:
            chosen = datetime.fromisoformat(at)
        except ValueError:
            raise Refusal(ErrorCode.VALIDATION_ERROR, "at: that is no time") from None
        if not YEARS[0] <= chosen.year <= YEARS[1]:
            raise Refusal(ErrorCode.VALIDATION_ERROR, "at: that is no time of this world")
        return chosen if chosen.tzinfo else chosen.replace(tzinfo=visit.zone)
    local = (old or visit.now).astimezone(visit.zone)
    if (minutes := form.get("minutes", "")) in ("15", "-15"):
        return (old or visit.now) + timedelta(minutes=int(minutes))
    day = _day(form.get("day", ""))
    if day is None:
        raise Refusal(ErrorCode.VALIDATION_ERROR, "day: that is no day")
    if hour := form.get("hour", ""):
        if not (hour.isascii() and hour.isdecimal() and len(hour) <= 2 and int(hour) < 24):
            raise Refusal(ErrorCode.VALIDATION_ERROR, "hour: that is no hour")
        minute = local.minute if old is not None else 0
        return datetime.combine(day, time(int(hour), minute), visit.zone)
    if old is not None:
        return datetime.combine(day, local.time(), visit.zone)
    return await time_on(visit, day)


def _day(text: str) -> date | None:
    """Return a day, with room for the weeks around it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if YEARS[0] <= day.year <= YEARS[1] else None
