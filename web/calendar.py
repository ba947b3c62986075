"""The calendar: five weeks from this one in the account's zone, and moving posts within them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from quart import Response
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import models, posts, schedule
from storage.posts import PostStatus
from storage.times import to_text
from web import times
from web.pages import Pages, noted, sent, toast
from web.trying import tried
from web.visit import Visit, given

_WEEKS = 5
# A draft that is dropped on a day goes out then, unless that has passed.
_USUAL = time(10)
_YEARS = (1970, 9000)
_VIEWS = ("weeks", "list")
# Beside the weeks the list is for narrow windows, and short.
_LISTED = {"weeks": 40, "list": 120}


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the account, and what went or goes out on it."""

    date: date
    posts: list[models.CalendarPost]


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


async def shown(visit: Visit) -> dict[str, Any]:
    """Return the weeks that the address asks for."""
    view = visit.args.get("view", "weeks")
    if view not in _VIEWS:
        raise Refusal(ErrorCode.INVALID_PARAM, f"There is no view {view[:20]!r}")
    today = visit.now.astimezone(visit.zone).date()
    first = _monday(_day(visit.args.get("from", "")) or today)
    days = [first + timedelta(days=number) for number in range(7 * _WEEKS)]
    found = await _between(visit, days[0], days[-1] + timedelta(days=1))
    on: dict[date, list[models.CalendarPost]] = {day: [] for day in days}
    for post in found.posts:
        on.setdefault(post.at.astimezone(visit.zone).date(), []).append(post)
    weeks = [[Day(day, on[day]) for day in days[at : at + 7]] for at in range(0, len(days), 7)]
    drafts: models.PostList = await visit.perform(
        posts.list_posts,
        models.PostQuery(account_id=visit.account_id, status=PostStatus.DRAFT, limit=20),
    )
    return {
        "view": view,
        "weeks": weeks,
        "today": today,
        "first": first,
        "last": days[-1],
        "back": first - timedelta(days=28),
        "on": first + timedelta(days=28),
        "is_cut": found.is_cut,
        "drafts": drafts.posts,
        "listed": _listed([day for week in weeks for day in week], today, _LISTED[view]),
    }


def _listed(days: list[Day], today: date, most: int) -> list[Day]:
    """Return the days from today that have posts, as far as so many posts reach."""
    found: list[Day] = []
    for day in days:
        if day.posts and day.date >= today and most > 0:
            found.append(Day(day.date, day.posts[:most]))
            most -= len(day.posts)
    return found


async def _between(visit: Visit, first: date, end: date) -> models.Calendar:
    if visit.account_id is None:
        return models.Calendar(posts=[], is_cut=False)
    asked = given(
        models.CalendarQuery,
        account_id=visit.account_id,
        since=datetime.combine(first, time(), visit.zone),
        until=datetime.combine(end, time(), visit.zone),
    )
    found: models.Calendar = await visit.perform(schedule.get_calendar, asked)
    return found


async def _moved(visit: Visit, form: Any) -> str:
    """Give a post another day or time, and return the note that says so, with its undo."""
    post_id = form.get("id", "")
    post: models.Post = await visit.perform(posts.get_post, None, post_id)
    old = datetime.fromisoformat(post.scheduled_for) if post.scheduled_for else None
    new = _wanted(visit, form, old)
    asked = given(
        models.RescheduleRequest, scheduled_for=new.astimezone(UTC), timezone=visit.zone.key
    )
    await visit.perform(posts.reschedule_post, asked, post_id)
    told = f"It goes out {times.on_day(new, visit.now, visit.zone)}"
    if old is None or old <= visit.now:
        return toast(visit, told)
    undo = [("id", post_id), ("at", to_text(old))]
    return toast(visit, told, undo="/calendar/move", fields=undo)


def _wanted(visit: Visit, form: Any, old: datetime | None) -> datetime:
    """Return the time that was chosen: a day keeps the time of day, as the account's clocks go."""
    if at := form.get("at", ""):
        try:
            chosen = datetime.fromisoformat(at)
        except ValueError:
            raise Refusal(ErrorCode.VALIDATION_ERROR, "at: that is no time") from None
        if not _YEARS[0] <= chosen.year <= _YEARS[1]:
            raise Refusal(ErrorCode.VALIDATION_ERROR, "at: that is no time of this world")
        return chosen if chosen.tzinfo else chosen.replace(tzinfo=visit.zone)
    local = (old or visit.now).astimezone(visit.zone)
    if (minutes := form.get("minutes", "")) in ("15", "-15"):
        return (old or visit.now) + timedelta(minutes=int(minutes))
    day = _day(form.get("day", ""))
    if day is None:
        raise Refusal(ErrorCode.VALIDATION_ERROR, "day: that is no day")
    if old is not None:
        return datetime.combine(day, local.time(), visit.zone)
    usual = datetime.combine(day, _USUAL, visit.zone)
    if usual > visit.now or day != local.date():
        return usual
    return (visit.now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _day(text: str) -> date | None:
    """Return a day, with room for the weeks around it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _YEARS[0] <= day.year <= _YEARS[1] else None
