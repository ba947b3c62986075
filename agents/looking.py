"""Tools that look: what goes on, posts, and waiting for something to happen."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import trio
from pydantic import BaseModel, Field

from agents.asking import account_id_of, accounts_by_id, ask, counted, instant, short, since_of
from agents.desk import current
from agents.tool import show, tool
from ground.refusal import ErrorCode, Refusal
from operations import events, models, pictures, posts, story_repost
from operations.scopes import Scope
from storage.posts import PostStatus
from storage.times import to_text

Limit = Annotated[int, Field(ge=1, le=50)]
Wait = Annotated[int, Field(ge=0, le=50)]
Since = Annotated[str, Field(description="A time with its zone, or how long ago: 24h, 7d, 4w")]
Account = Annotated[str, Field(description="Username or id; not needed where there is one")]
_MOST = 1000
ENDED = (PostStatus.PUBLISHED, PostStatus.FAILED)


class Held(BaseModel):
    rail: str
    reason: str
    until: datetime | None = None


class AccountView(BaseModel):
    username: str
    id: str
    reposts_enabled: bool
    holding: Held | None = Field(default=None, description="Why reposts do not go out now")
    polling: Held | None = Field(default=None, description="Why mentions are not looked for now")
    next_poll_at: datetime | None = None
    session_phase: int
    reposts_today: int
    daily_cap: int
    token_expires_at: datetime | None = None
    warnings: list[str] = []
    posts: dict[str, int] | None = None
    mentions: dict[str, int] | None = None


class PostRow(BaseModel):
    id: str
    when: str
    status: str
    type: str
    account: str | None = None
    caption: str
    error_code: str | None = None
    error: str | None = None
    permalink: str | None = None


class Overview(BaseModel):
    version: str
    at: datetime
    accounts: list[AccountView]
    failed_lately: list[PostRow] | None = None


class PostRows(BaseModel):
    posts: list[PostRow]
    total: int
    next_page: int | None = None
    counts: dict[str, int] = Field(description="Of all times, by status")


class Change(BaseModel):
    state: str
    at: datetime
    reason: str | None = None
    via: str | None = None


class PostView(PostRow):
    scheduled_for: str | None = None
    timezone: str
    media_ids: list[str]
    changes: list[Change]


class Happened(BaseModel):
    events: list[str]
    posts: list[PostRow] = []
    timed_out: bool


@tool("What is going on", Scope.ACCOUNTS_READ, Scope.REPOSTS_READ, reads=True)
async def get_overview() -> Overview:
    """Accounts, what holds each back and until when, what waits, and what failed in the last week.
    Start here."""
    desk = current.get()
    every = await accounts_by_id()
    counts: models.Counts | None = None
    failed: list[PostRow] | None = None
    scopes = await desk.scopes()
    if scopes is None or Scope.POSTS_READ in scopes:
        counts = await ask(posts.get_counts)
        lately = await _completed(PostStatus.FAILED, desk.clock.now() - timedelta(days=7))
        failed = [_row(each, every) for each in lately[:10]]
    found, version = [], ""
    for account in every.values():
        query = models.AccountQuery(account_id=account.id)
        status: models.StoryRepostStatus = await ask(story_repost.get_status, query)
        found.append(_account_view(account, status, counts))
        version = status.version
    return Overview(version=version, at=desk.clock.now(), accounts=found, failed_lately=failed)


@tool("List posts", Scope.POSTS_READ, Scope.ACCOUNTS_READ, reads=True)
async def list_posts(
    status: PostStatus | None = None,
    account: Account | None = None,
    since: Since | None = None,
    until: str | None = None,
    limit: Limit = 20,
    page: Annotated[int, Field(ge=1, le=10_000)] = 1,
) -> PostRows:
    """List posts, newest first, with error codes and counts by status.

    `since` and `until` are when it was published or failed if `status` says so, else when it was
    made. "What failed in the last 7 days": status FAILED, since 7d."""
    account_id = None if account is None else await account_id_of(account)
    begin, end = since_of(since), None if until is None else instant(until)
    every, skipped = await accounts_by_id(), (page - 1) * limit
    counts: models.Counts = await ask(posts.get_counts)
    if status in ENDED and begin is not None:
        done = await _completed(status, begin, end, account_id)
        found, total = done[skipped : skipped + limit], len(done)
    else:
        query = models.PostQuery.model_validate(
            {
                "status": status,
                "account_id": account_id,
                "since": begin and to_text(begin),
                "until": end and to_text(end),
                "page": page,
                "limit": limit,
            }
        )
        listed: models.PostList = await ask(posts.list_posts, query)
        found, total = listed.posts, listed.total
    return PostRows(
        posts=[_row(post, every) for post in found],
        total=total,
        next_page=page + 1 if skipped + len(found) < total else None,
        counts=counted(counts.posts, account_id),
    )


@tool("Show a post", Scope.POSTS_READ, reads=True)
async def get_post(post_id: str, show_media: bool = False) -> PostView:
    """One post with every change of its state and the reason, and what it waits for; with
    show_media, what it shows."""
    post: models.Post = await ask(posts.get_post, target=post_id)
    changes: models.PostChanges = await ask(posts.get_post_changes, target=post_id)
    if show_media:
        for file in post.media_files[:4]:
            show(await ask(pictures.get_media_picture, target=file.id))
    return PostView(
        **_row(post, {}).model_dump(exclude={"caption"}),
        caption=post.caption or "",
        scheduled_for=post.scheduled_for,
        timezone=post.timezone,
        media_ids=[file.id for file in post.media_files],
        changes=[Change.model_validate(each.model_dump()) for each in changes.changes],
    )


@tool("Wait for something to happen", Scope.POSTS_READ, Scope.EVENTS_READ, reads=True)
async def wait_for(
    post_ids: Annotated[list[str], Field(max_length=50)] = [],
    what: Literal["posts", "mentions", "anything"] = "posts",
    timeout_s: Wait = 50,
) -> Happened:
    """Wait until all of these posts are published or failed, or until the next event. Use it
    instead of asking again and again."""
    if post_ids:
        return await wait_for_posts(post_ids, timeout_s)
    types = {"posts": "post.*", "mentions": "repost.*", "anything": None}[what]
    page: models.EventPage = await ask(events.list_events, models.EventQuery())
    query = models.EventQuery(since=page.next, types=types, wait=timeout_s)
    page = await ask(events.list_events, query)
    told = [f"{each.type} {each.subject_id} {short(each.reason)}".strip() for each in page.events]
    return Happened(events=told, timed_out=not told)


async def wait_for_posts(post_ids: list[str], timeout_s: int) -> Happened:
    """Wait until every post has ended, or the time is over; a daemon that stops ends it too."""
    over_at = trio.current_time() + timeout_s
    # The cursor comes before the first look: what changes in between is told.
    page: models.EventPage = await ask(events.list_events, models.EventQuery())
    seen: dict[str, models.Post] = {
        post_id: await ask(posts.get_post, target=post_id) for post_id in post_ids
    }
    while waits := {each for each, post in seen.items() if post.status not in ENDED}:
        left = math.ceil(over_at - trio.current_time())
        if left <= 0:
            break
        query = models.EventQuery(since=page.next, types="post.*", wait=left)
        page = await ask(events.list_events, query)
        if not page.events and not page.reset:
            break  # the time is over, or the daemon stops
        for post_id in waits if page.reset else waits & {each.subject_id for each in page.events}:
            seen[post_id] = await ask(posts.get_post, target=post_id)
    rows = [_row(seen[post_id], {}) for post_id in post_ids]
    return Happened(events=[], posts=rows, timed_out=bool(waits))


def _account_view(
    account: models.InstagramAccount,
    status: models.StoryRepostStatus,
    counts: models.Counts | None,
) -> AccountView:
    return AccountView(
        username=account.username,
        id=account.id,
        reposts_enabled=status.is_enabled,
        holding=_held(status.holding),
        polling=_held(status.polling),
        next_poll_at=status.next_poll_at,
        session_phase=status.session_phase,
        reposts_today=status.reposts_today,
        daily_cap=status.daily_cap,
        token_expires_at=status.token_expires_at,
        warnings=status.warnings,
        posts=None if counts is None else counted(counts.posts, account.id),
        mentions=None if counts is None else counted(counts.reposts, account.id),
    )


def _held(holding: models.Holding | None) -> Held | None:
    return None if holding is None else Held.model_validate(holding.model_dump())


def _row(post: models.Post, every: dict[str, Any]) -> PostRow:
    account = every.get(post.instagram_account_id)
    return PostRow(
        id=post.id,
        when=post.published_at or post.scheduled_for or post.created_at,
        status=post.status,
        type=post.media_type,
        account=account.username if account else None,
        caption=short(post.caption),
        error_code=post.error_code,
        error=post.error_message,
        permalink=post.ig_permalink,
    )


async def _completed(
    status: PostStatus,
    begin: datetime,
    end: datetime | None = None,
    account_id: str | None = None,
) -> list[models.Post]:
    """Return posts that ended so in that span, newest first."""
    query = models.SinceQuery.model_validate(
        {
            "since": to_text(begin),
            "until": end and to_text(end),
            "status": status.value,
            "account_id": account_id,
            "limit": _MOST,
        }
    )
    done: models.Completions = await ask(posts.list_recent_completions, query)
    return done.posts


async def ended(post_id: str, wait_s: int) -> PostRow:
    """Return a post once it has ended, or as it is after that time, or where too many wait."""
    try:
        (row,) = (await wait_for_posts([post_id], wait_s)).posts
    except Refusal as refusal:
        if refusal.code is not ErrorCode.RATE_LIMITED:
            raise
        row = _row(await ask(posts.get_post, target=post_id), {})
    if row.status == PostStatus.DRAFT:
        raise Refusal(ErrorCode.INVALID_STATUS, "It is a draft again: somebody took it back")
    return row
