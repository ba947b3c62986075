"""The composer: a post made, changed, put on a day or sent; what is typed is kept as a draft."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from quart import Response, redirect, request
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import library, models, posts, schedule
from operations.scopes import Scope
from publish import rules, stickers
from storage.posts import MediaType, PostStatus
from storage.times import local_of, to_text
from web import times
from web.pages import Pages, Shown, link
from web.trying import tried
from web.usual import next_hour, time_on, usual
from web.visit import Visit, given
from web.visit import visit as visit_of

# What the page counts while somebody types; the operations judge by the same.
LIMITS: Mapping[str, int] = {
    "caption": rules.CAPTION_LENGTH,
    "hashtags": rules.MOST_HASHTAGS,
    "mentions": rules.MOST_MENTIONS,
    "slides": rules.CAROUSEL_ITEMS[1],
    "people": rules.MAX_USER_TAGS,
    "collaborators": rules.MAX_COLLABORATORS,
    "storyMentions": rules.MAX_STORY_MENTIONS,
    "link": stickers.MOST["link"],
    "hashtag": stickers.MOST["hashtag"],
    "location": stickers.MOST["location"],
}
_EDITED = (PostStatus.DRAFT, PostStatus.SCHEDULED)
_FORMATS = (MediaType.IMAGE, MediaType.CAROUSEL, MediaType.REELS, MediaType.STORIES)
_JSON_TEXTS = ("user_tags", "collaborators", "story_mentions", "story_stickers", "alt_texts")


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/compose")
    async def compose_page() -> Response:
        here = await pages.visit()
        here.actor.require(Scope.POSTS_WRITE)
        most = LIMITS["slides"]
        asked = dict.fromkeys(each for each in request.args.getlist("media") if each)
        files = [
            await here.perform(library.get_library_file, None, each) for each in list(asked)[:most]
        ]
        like = None
        if copied := request.args.get("like"):
            like = await here.perform(posts.get_post, None, copied)
            here = await _of_its_account(here, like)
            files = await _files(here, like)
        shown = _form(here, None, files, await _asked_for(here), like)
        return pages.show("compose.html", here, "/compose", **shown, usual=await usual(here))

    @app.get("/posts/<post_id>")
    async def composed_page(post_id: str) -> Shown:
        here = await pages.visit()
        post: models.WholePost = await here.perform(posts.get_post, None, post_id)
        here = await _of_its_account(here, post)
        if post.status not in _EDITED or not here.may(Scope.POSTS_WRITE):
            return redirect(link(here, f"/history/{post_id}"), 303)
        at = datetime.fromisoformat(post.scheduled_for) if post.scheduled_for else next_hour(here)
        shown = _form(here, post, await _files(here, post), at)
        return pages.show("compose.html", here, "/compose", **shown, usual=await usual(here))

    @app.get("/compose/when")
    async def when() -> Response:
        here = await pages.visit()
        told = await tried(_when(here, request.args))
        if isinstance(told, Refusal):
            told = {"problem": told.message}
        return Response(orjson.dumps(told), content_type="application/json")


async def _of_its_account(here: Visit, post: models.WholePost) -> Visit:
    """Return the visit of the post's own account: its times are in that one's zone."""
    of = post.instagram_account_id
    if of == here.account_id or all(each.id != of for each in here.accounts):
        return here
    return await visit_of(here.house, here.actor, {**here.args, "account": of})


async def _files(here: Visit, post: models.WholePost) -> list[models.LibraryFile]:
    """Return what a post shows, as the library tells it."""
    if not here.may(Scope.MEDIA_READ):
        return []
    return [
        await here.perform(library.get_library_file, None, each.id) for each in post.media_files
    ]


def _form(
    here: Visit,
    post: models.WholePost | None,
    files: list[Any],
    at: datetime,
    like: models.WholePost | None = None,
) -> dict[str, Any]:
    """Return what the form begins with; `state` is read by its script.

    With `like` it is a new post that says what that one does.
    """
    state: dict[str, Any] = {}
    if said := post or like:
        state = {
            name: value
            for name, value in said.model_dump(mode="json", by_alias=True).items()
            if value is not None and name not in ("mediaFiles", "userId")
        }
        for name in _JSON_TEXTS:
            text = getattr(said, name)
            state[_camel(name)] = orjson.loads(text) if text else []
    if post is None:
        state |= {"id": None, "version": None, "status": "DRAFT", "scheduledFor": None}
    state["accountId"] = said.instagram_account_id if said else here.account_id
    state["media"] = [file.model_dump(mode="json", by_alias=True) for file in files]
    return {
        "post": post,
        "state": orjson.dumps(state).decode(),
        "limits": orjson.dumps(LIMITS).decode(),
        "at": _field(here, at),
        "field": lambda moment: _field(here, moment),
        "formats": _FORMATS,
    }


async def _asked_for(here: Visit) -> datetime:
    """Return the time that a new post begins with: what the address says is only a proposal."""
    try:
        if at := here.args.get("at", ""):
            return _local(here, at)
        if day := here.args.get("day", ""):
            return await time_on(here, _local(here, day).date())
    except Refusal:
        pass
    return next_hour(here)


def _field(here: Visit, at: datetime) -> str:
    return local_of(at, here.zone).strftime("%Y-%m-%dT%H:%M")


def _how_far(here: Visit, at: datetime) -> str:
    """Return how far away a time of the next or last day is; of others their day says it."""
    near = abs(at - here.now) < timedelta(days=1)
    return times.away(at, here.now, here.zone) if near else ""


async def _when(here: Visit, args: Mapping[str, str]) -> dict[str, Any]:
    """Say what a time means, and what the schedule would warn of; nothing is changed."""
    at = _local(here, args.get("at", ""))
    told: dict[str, Any] = {
        "at": to_text(at.astimezone(UTC)),
        "told": ", ".join(filter(None, [times.in_full(at, here.zone), _how_far(here, at)])),
        "warnings": [],
    }
    if at.astimezone(UTC).astimezone(here.zone).replace(tzinfo=None) != at.replace(tzinfo=None):
        told["warnings"].append(
            f"The clocks go forward over that time: {times.clock(at.astimezone(UTC), here.zone)}"
            " it will be"
        )
    if post_id := args.get("post", ""):
        entry = given(models.ScheduleEntry, post_id=post_id, scheduled_for=at, timezone=_zone(here))
        batch = models.ScheduleBatch(items=[entry], dry_run=True)
        done: models.ScheduledBatch = await here.perform(schedule.schedule_several, batch)
        (one,) = done.items
        told["warnings"] += one.warnings
        told["problem"] = one.error
    elif at <= here.now:
        told["problem"] = "Scheduled time must be in the future"
    return told


def _zone(here: Visit) -> str:
    return here.zone.key


def _local(here: Visit, at: str) -> datetime:
    """Return a time by the account's clocks; raises `Refusal` for what is none."""
    try:
        chosen = datetime.fromisoformat(at)
    except ValueError:
        raise Refusal(ErrorCode.VALIDATION_ERROR, "That is no time") from None
    if not 1970 <= chosen.year <= 9000:
        raise Refusal(ErrorCode.VALIDATION_ERROR, "That is no time of this world")
    return chosen if chosen.tzinfo else chosen.replace(tzinfo=here.zone)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
