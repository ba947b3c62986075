"""Tools that make posts: drafts, a schedule, publishing now, and changing one's mind."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, assert_never

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Elicit, Resolve
from pydantic import BaseModel, Field

from agents.asking import account_id_of, ask, local, moment, spread, step
from agents.desk import current
from agents.looking import Account, PostRow, Wait, ended
from agents.media import RequestId, Source, taken
from agents.tool import tool
from ground.refusal import ErrorCode, Refusal
from operations import models, posts, schedule
from operations.scopes import Scope
from storage.posts import MediaType, PostStatus
from storage.times import to_text

_SOON = timedelta(seconds=5)
Sources = Annotated[list[Source], Field(max_length=10)]
Options = Annotated[
    dict[str, Any],
    Field(
        description="More, as in the REST API: userTags, collaborators, locationId, locationName, "
        "storyMentions, storyStickers, altTexts (what each photo shows), crossPostToFacebook"
    ),
]
_OPTIONS = frozenset(models.PostContent.model_fields) - {
    "media_file_id", "media_file_ids", "caption"
}  # fmt: skip
_BY_ALIAS = {models.PostContent.model_fields[name].alias or name: name for name in _OPTIONS}


class Content(BaseModel):
    account: Account | None = None
    type: MediaType | None = Field(default=None, description="Guessed from the media if not sent")
    media: Sources = []
    caption: str | None = None
    options: Options = {}


class ScheduleItem(Content):
    post_id: str | None = Field(
        default=None, description="A draft or another post, instead of content"
    )
    at: str | None = Field(default=None, description="Needed without `start`")


class Saved(BaseModel):
    id: str
    status: str
    media_ids: list[str]
    warnings: list[str] = []


class ScheduledItem(BaseModel):
    post_id: str | None = None
    at: str
    local: str
    warnings: list[str] = []
    code: str | None = None
    error: str | None = None


class ScheduledPosts(BaseModel):
    items: list[ScheduledItem]
    scheduled: int
    refused: int
    dry_run: bool


class Sent(PostRow):
    warnings: list[str] = []
    note: str | None = None


class Changed(BaseModel):
    id: str
    done: str
    status: str | None = None
    note: str | None = None


class Sure(BaseModel):
    go_on: bool = Field(description="Go on?")


def _asks(question: str) -> Any:
    async def sure(ctx: Context) -> Elicit[Sure] | Sure:
        able = ctx.client_capabilities
        if able is None or able.elicitation is None:
            return Sure(go_on=True)  # its host asks before each call of such a tool
        return Elicit(question, Sure)

    return sure


_before_publishing = _asks("Publish this on Instagram now?")
_before_deleting = _asks("Delete this post from Instagram? It cannot be brought back.")


@tool("Save a draft", Scope.POSTS_WRITE, Scope.ACCOUNTS_READ, repeats=True)
async def save_post(
    ctx: Context,
    post_id: str | None = None,
    account: Account | None = None,
    type: MediaType | None = None,  # noqa: A002 - what it is called everywhere
    media: Sources | None = None,
    caption: str | None = None,
    options: Options = {},
    request_id: RequestId | None = None,
) -> Saved:
    """Make a draft, or change one: then only what is sent changes. Nothing goes out: this is how to
    propose a post that a person publishes."""
    said: dict[str, Any] = dict(_options(options))
    if caption is not None:
        said["caption"] = caption
    if account is not None or post_id is None:
        said["account_id"] = await account_id_of(account)
    if media is not None or post_id is None:
        said |= await _media_of(ctx, media or [], type, request_id, 0)
    elif type is not None:
        said["media_type"] = type
    if post_id is None:
        given: BaseModel = models.PublishablePost.model_validate(said)
        saved = await ask(posts.create_draft, given, key=step(request_id, "draft"))
    else:
        given = models.DraftChanges.model_validate(said)
        saved = await ask(posts.update_draft, given, post_id, step(request_id, "edit"))
    ids = [file.id for file in saved.media_files]
    return Saved(id=saved.id, status=saved.status, media_ids=ids, warnings=saved.warnings)


@tool("Schedule posts", Scope.POSTS_PUBLISH, Scope.ACCOUNTS_READ, repeats=True, reaches_out=True)
async def schedule_posts(
    ctx: Context,
    request_id: RequestId,
    items: Annotated[list[ScheduleItem], Field(max_length=50)] = [],
    folder: Annotated[str | None, Field(description="Its pictures, over stdio; no items")] = None,
    account: Account | None = None,
    start: Annotated[str | None, Field(description="When the first goes out")] = None,
    every_minutes: Annotated[int, Field(ge=1, le=60 * 24 * 31)] = 20,
    timezone: Annotated[str | None, Field(description="IANA; for times without offset")] = None,
    dry_run: bool = False,
) -> ScheduledPosts:
    """Schedule up to 50 posts: each `at` its time, or from `start` on `every_minutes`. Of a folder
    on this machine each picture becomes a post. `dry_run` uploads and checks; nothing is scheduled.
    """
    if folder is not None and items:
        raise Refusal(ErrorCode.VALIDATION_ERROR, "Send `folder` or `items`, not both")
    if folder is not None:
        found = await current.get().files.listed(folder)
        items = [ScheduleItem(media=[each]) for each in found]
    if not items:
        raise Refusal(ErrorCode.MISSING_PARAM, "There is nothing to schedule: send `items`")
    times = _times(items, start, every_minutes, timezone)
    zone = timezone or "UTC"
    entries = []
    for n, (item, at) in enumerate(zip(items, times, strict=True)):
        said: dict[str, Any] = {"scheduled_for": to_text(at), "timezone": zone}
        if item.post_id is not None:
            said["post_id"] = item.post_id
        else:
            said |= await _content_of(ctx, item, account, request_id, n)
        entries.append(models.ScheduleEntry.model_validate(said))
    batch = models.ScheduleBatch(items=entries, dry_run=dry_run)
    key = None if dry_run else step(request_id, "schedule")
    done: models.ScheduledBatch = await ask(schedule.schedule_several, batch, key=key)
    return ScheduledPosts(
        items=[_shown(each) for each in done.items],
        scheduled=done.scheduled,
        refused=done.refused,
        dry_run=done.dry_run,
    )


@tool(
    "Publish now", Scope.POSTS_PUBLISH, Scope.POSTS_READ, Scope.ACCOUNTS_READ, Scope.EVENTS_READ,
    destroys=True, repeats=True, reaches_out=True,
)  # fmt: skip
async def publish_now(
    ctx: Context,
    request_id: RequestId,
    sure: Annotated[Sure, Resolve(_before_publishing)],
    post_id: str | None = None,
    content: Content | None = None,
    wait_s: Wait = 50,
) -> Sent:
    """Publish a draft (post_id) or new content on Instagram now, and wait for what becomes of it.
    It is published only if the status says PUBLISHED. Never repeat it with another request_id."""
    if not sure.go_on:
        raise Refusal(ErrorCode.INVALID_STATUS, "The user said no; nothing was published")
    if (post_id is None) == (content is None):
        raise Refusal(ErrorCode.VALIDATION_ERROR, "Send `post_id` or `content`")
    warnings: list[str] = []
    if content is not None:
        said = await _content_of(ctx, content, None, request_id, 0)
        given = models.PublishablePost.model_validate(said)
        accepted: models.Accepted = await ask(
            posts.publish_post, given, key=step(request_id, "publish")
        )
        post_id, warnings = accepted.post_id, accepted.warnings
    else:
        assert post_id is not None
        await _send(post_id, request_id)
    await ctx.report_progress(1, 2, "It is in the queue")
    row = await ended(post_id, wait_s)
    waits = row.status not in (PostStatus.PUBLISHED, PostStatus.FAILED)
    note = "It has not gone out yet: wait_for it, do not publish it again" if waits else None
    return Sent(**row.model_dump(), warnings=warnings, note=note)


@tool("Change what happens to a post", Scope.POSTS_PUBLISH, destroys=True)
async def change_post(
    post_id: str,
    action: Literal["retry", "reschedule", "cancel", "release", "clear"],
    at: Annotated[str | None, Field(description="For reschedule")] = None,
    timezone: str | None = None,
    request_id: RequestId | None = None,
) -> Changed:
    """retry a failed post; reschedule; cancel a scheduled one or release a waiting or failed one
    (both are drafts again); clear it from the history (Instagram is not touched)."""
    key = step(request_id, action)
    match action:
        case "retry":
            done = await ask(posts.retry_post, target=post_id, key=key)
            return Changed(id=post_id, done=action, status=done.status)
        case "reschedule":
            if at is None:
                raise Refusal(ErrorCode.MISSING_PARAM, "Send `at`")
            given = _moved(to_text(moment(at, timezone)), timezone)
            post = await ask(posts.reschedule_post, given, post_id, key)
            return Changed(id=post_id, done=action, status=post.status, note=post.scheduled_for)
        case "cancel":
            await ask(schedule.cancel_schedule, target=post_id, key=key)
            return Changed(id=post_id, done=action, status=PostStatus.DRAFT)
        case "release":
            post = await ask(posts.release_post, target=post_id, key=key)
            return Changed(id=post_id, done=action, status=post.status)
        case "clear":
            await ask(posts.clear_post, target=post_id, key=key)
            return Changed(id=post_id, done=action)
    assert_never(action)


@tool("Delete a post from Instagram", Scope.POSTS_DELETE, destroys=True, reaches_out=True)
async def delete_from_instagram(
    post_id: str,
    sure: Annotated[Sure, Resolve(_before_deleting)],
    request_id: RequestId | None = None,
) -> Changed:
    """Delete a published post from Instagram and from the history, for good."""
    if not sure.go_on:
        raise Refusal(ErrorCode.INVALID_STATUS, "The user said no; nothing was deleted")
    done: models.DeletedFromInstagram = await ask(
        posts.delete_from_instagram, target=post_id, key=step(request_id, "delete")
    )
    what = "deleted from Instagram" if done.was_deleted_from_instagram else "cleared only"
    return Changed(id=post_id, done=what, note=done.delete_error)


async def _send(post_id: str, request_id: str) -> None:
    """Let a post that is there go out at once; what goes out already is left alone.

    A draft goes once for a request: one that somebody has taken back since stays a draft.
    """
    post: models.Post = await ask(posts.get_post, target=post_id)
    if post.status == PostStatus.DRAFT:
        await ask(posts.publish_draft, models.AsSeen(), post_id, step(request_id, "send"))
    elif post.status == PostStatus.SCHEDULED:
        soon = to_text(current.get().clock.now() + _SOON)
        await ask(posts.reschedule_post, _moved(soon, post.timezone), post_id)
    elif post.status == PostStatus.FAILED:
        raise Refusal(ErrorCode.INVALID_STATUS, "It has failed: use change_post, action retry")


def _moved(at: str, timezone: str | None) -> models.RescheduleRequest:
    return models.RescheduleRequest.model_validate({"scheduled_for": at, "timezone": timezone})


def _times(
    items: list[ScheduleItem], start: str | None, every_minutes: int, timezone: str | None
) -> list[Any]:
    if start is not None:
        if any(item.at is not None for item in items):
            raise Refusal(ErrorCode.VALIDATION_ERROR, "Send `start`, or `at` with each item")
        return spread(len(items), start, every_minutes, timezone)
    if missing := [n for n, item in enumerate(items) if item.at is None]:
        raise Refusal(ErrorCode.MISSING_PARAM, f"Item {missing[0]} has no time: `at`, or `start`")
    return [moment(item.at or "", timezone) for item in items]


async def _content_of(
    ctx: Context, content: Content, account: str | None, request_id: str, number: int
) -> dict[str, Any]:
    return {
        **_options(content.options),
        "caption": content.caption,
        "account_id": await account_id_of(content.account or account),
        **await _media_of(ctx, content.media, content.type, request_id, number),
    }


async def _media_of(
    ctx: Context, sources: list[str], chosen: MediaType | None, request_id: str | None, number: int
) -> dict[str, Any]:
    """Return files and type of a post, as operations take them."""
    files = [
        await taken(ctx, source, step(request_id, number), n, len(sources))
        for n, source in enumerate(sources)
    ]
    kind = chosen
    if kind is None:
        is_video = bool(files) and files[0].mime_type.startswith("video/")
        kind = MediaType.REELS if is_video else MediaType.IMAGE
        kind = MediaType.CAROUSEL if len(files) > 1 else kind
    ids = [file.id for file in files]
    if kind is MediaType.CAROUSEL:
        return {"media_type": kind, "media_file_ids": ids}
    if len(ids) > 1:
        raise Refusal(ErrorCode.INVALID_CAROUSEL, f"{kind} has one file; several are a CAROUSEL")
    return {"media_type": kind, **({"media_file_id": ids[0]} if ids else {})}


def _options(options: dict[str, Any]) -> dict[str, Any]:
    named = {_BY_ALIAS.get(name, name): value for name, value in options.items()}
    if strange := sorted(set(named) - _OPTIONS):
        there = ", ".join(sorted(_BY_ALIAS))
        raise Refusal(
            ErrorCode.VALIDATION_ERROR, f"There is no option {strange[0][:40]!r}; there are {there}"
        )
    return named


def _shown(entry: models.ScheduledEntry) -> ScheduledItem:
    try:
        there = local(entry.scheduled_for, entry.timezone)
    except Refusal:
        there = ""
    return ScheduledItem(
        post_id=entry.post_id,
        at=to_text(entry.scheduled_for),
        local=there,
        warnings=entry.warnings,
        code=entry.code,
        error=entry.error,
    )
