"""Tools for mentions and reposts: what came in, deciding about it, and how it will look."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from agents.asking import account_id_of, ask, counted, instant, moment, since_of, step
from agents.looking import Account, Limit, Since
from agents.media import RequestId
from agents.tool import show, tool
from ground.refusal import ErrorCode, Refusal
from operations import card_preview, mentions, models, pictures, posts, story_repost
from operations.scopes import Scope
from storage.reposts import RepostStatus
from storage.times import to_text

_PAGE, _PAGES = 200, 10


class MentionRow(BaseModel):
    id: str
    author: str
    status: str
    mentioned_at: datetime
    expires_at: datetime
    reason: str | None = None
    held_until: datetime | None = None
    decide_before: datetime | None = None
    warning: str | None = None
    caption: str | None = None
    permalink: str | None = None


class MentionRows(BaseModel):
    mentions: list[MentionRow]
    total: int = Field(description="How many there are, these and further ones")
    is_all_counted: bool
    counts: dict[str, int] | None = Field(default=None, description="Of all times, by status")
    as_of: int | None = Field(default=None, description="For decide_mentions, with all_waiting")


class Decided(BaseModel):
    decided: list[MentionRow]
    refused: dict[str, str] = Field(description="Why, by id")


class Scanned(BaseModel):
    detected: int
    pending: int
    mentions: list[MentionRow]
    passed_over: list[str] = []


class Card(BaseModel):
    kind: str
    template: str | None = None
    width: int | None = None
    height: int | None = None
    mention_at: dict[str, float] | None = None


class Reposting(BaseModel):
    enabled: bool
    paused: bool
    paused_until: datetime | None = None
    changed: dict[str, Any]
    warnings: list[str]


@tool("List mentions", Scope.REPOSTS_READ, reads=True)
async def list_mentions(
    account: Account | None = None,
    status: RepostStatus | None = None,
    author: str | None = None,
    since: Since | None = None,
    until: str | None = None,
    limit: Limit = 20,
    show_media: Annotated[int, Field(ge=0, le=4, description="Of how many the story")] = 0,
) -> MentionRows:
    """Stories that mention an account: what became of each, why it waits and until when. "How many
    reposts this week": status PUBLISHED, since 7d, see `total`. Times are those of detection."""
    account_id = None if account is None else await account_id_of(account)
    query = {"account_id": account_id, "status": status}
    begin, end = since_of(since), None if until is None else instant(until)
    span = {"since": begin and to_text(begin), "until": end and to_text(end)}
    as_of, which = None, models.PendingQuery(account_id=account_id)
    if status is RepostStatus.WAITING_APPROVAL:  # before the list: what comes now is not in it
        as_of = (await ask(mentions.get_pending, which)).as_of
    found, is_all = await _pages({**query, **span, "limit": _PAGE}, author)
    rows = found[:limit]
    if as_of is not None:  # what has come since is among the rows
        rows = _to_decide(rows, await ask(mentions.get_pending, which))
    for each in rows[:show_media]:
        await _show(each.id)
    return MentionRows(
        mentions=[_row(each) for each in rows],
        total=len(found),
        is_all_counted=is_all,
        counts=await _counts(account_id),
        as_of=as_of,
    )


@tool("Decide about mentions", Scope.REPOSTS_DECIDE, destroys=True, reaches_out=True)
async def decide_mentions(
    decision: Literal["approve", "skip"],
    ids: Annotated[list[str], Field(max_length=50)] = [],
    all_waiting: bool = False,
    as_of: Annotated[int | None, Field(ge=0, description="Of the list that was seen")] = None,
    account: Account | None = None,
    request_id: RequestId | None = None,
) -> Decided:
    """Let mentions go out, or never repost them: by ids, or all that wait, with `as_of` only those
    that were listed then. What is meant for few (see `warning`) is approved by its id only."""
    said: dict[str, Any] = {"ids": ids or None, "all": all_waiting or None, "as_of": as_of}
    if account is not None:
        said["account_id"] = await account_id_of(account)
    given = models.Decision.model_validate(said)
    operation = mentions.approve_several if decision == "approve" else mentions.skip_several
    done: models.Decided = await ask(operation, given, key=step(request_id, decision))
    return Decided(
        decided=[_row(each) for each in done.decided],
        refused={each.id: each.reason for each in done.refused},
    )


@tool("Look for mentions now", Scope.REPOSTS_WRITE, reaches_out=True)
async def scan_mentions(account: Account) -> Scanned:
    """Look into the inbox now, which asks Instagram: only when the user wants it. The daemon looks
    by itself as often as is safe."""
    given = models.OptionalAccountRef(account_id=await account_id_of(account))
    done: models.ScanResult = await ask(story_repost.scan, given)
    return Scanned(
        detected=done.detected,
        pending=done.pending,
        mentions=[_row(each) for each in done.items[:50]],
        passed_over=[each.reason for each in done.passed_over],
    )


@tool("Show how a repost looks", Scope.MEDIA_READ, Scope.REPOSTS_READ, reads=True)
async def preview_card(
    mention_id: str | None = None,
    media_id: str | None = None,
    author: str | None = None,
    account: Account | None = None,
    template: str | None = None,
) -> Card:
    """The card of a mention, or what one of an upload (media_id) would look like. Posts nothing."""
    if mention_id is not None:
        await _show(mention_id)
        return Card(kind="mention")
    if media_id is None:
        raise Refusal(ErrorCode.MISSING_PARAM, "Send `mention_id` or `media_id`")
    said = {"media_file_id": media_id, "username": author, "template": template}
    if account is not None:
        said["account_id"] = await account_id_of(account)
    given = models.CardPreviewRequest.model_validate(said)
    card: models.CardPreview = await ask(card_preview.preview_card, given)
    show(models.Picture(mime_type="image/jpeg", data=card.image.partition(",")[2]))
    at = card.sticker.model_dump() if card.sticker else None
    return Card(
        kind=card.kind, template=card.template, width=card.width, height=card.height, mention_at=at
    )


@tool("Set how reposting works", Scope.REPOSTS_WRITE, Scope.REPOSTS_READ, repeats=True)
async def set_reposting(
    account: Account | None = None,
    enabled: bool | None = None,
    pause: bool | None = None,
    pause_until: str | None = None,
    settings: Annotated[
        dict[str, Any],
        Field(
            description="As in the REST API: dailyRepostLimit, approvalRequired, sleepWindowStart, "
            "sleepWindowEnd, timezone, template, allowedAuthors, deniedAuthors, minimumFollowers…"
        ),
    ] = {},
    timezone: str | None = None,
) -> Reposting:
    """Switch story reposts on or off, pause them (until a time) or resume, change settings; only
    what is sent changes. `changed` has before and after."""
    account_id = await account_id_of(account)
    reference = models.AccountRef(account_id=account_id)
    before = await _config(account_id)
    if settings:
        if strange := sorted(set(settings) - _SETTINGS):
            raise Refusal(ErrorCode.VALIDATION_ERROR, f"There is no setting {strange[0][:40]!r}")
        saved = models.StoryRepostSettings.model_validate({**settings, "account_id": account_id})
        await ask(story_repost.save_config, saved)
    pauses = pause or pause_until is not None
    # First: what is switched on and paused must not go out in between.
    is_there = bool(before or settings)
    if pauses and is_there:
        await _pause(account_id, pause_until, timezone)
    if enabled is not None:
        await ask(story_repost.enable if enabled else story_repost.disable, reference)
    if pauses and not is_there:
        await _pause(account_id, pause_until, timezone)
    if not pauses and pause is False:
        await ask(story_repost.resume_reposts, models.OptionalAccountRef(account_id=account_id))
    after = await _config(account_id)
    changed = {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value and name in _TOLD
    }
    return Reposting(
        enabled=bool(after.get("isEnabled")),
        paused=bool(after.get("paused")),
        paused_until=after.get("pausedUntil"),
        changed=changed,
        warnings=after.get("warnings") or [],
    )


_SETTINGS = {
    name
    for field, info in models.StoryRepostSettings.model_fields.items()
    if field != "account_id"
    for name in (field, info.alias or field)
}
# A look may note when it was, meanwhile: that is nothing that was set.
_TOLD = _SETTINGS - {"version"} | {"isEnabled", "paused", "pausedUntil"}


async def _pause(account_id: str, pause_until: str | None, timezone: str | None) -> None:
    until = None if pause_until is None else to_text(moment(pause_until, timezone))
    given = models.PauseRequest.model_validate({"account_id": account_id, "until": until})
    await ask(story_repost.pause_reposts, given)


async def _config(account_id: str) -> dict[str, Any]:
    query = models.AccountQuery(account_id=account_id)
    status: models.StoryRepostStatus = await ask(story_repost.get_status, query)
    return {} if status.config is None else status.config.model_dump(mode="json", by_alias=True)


async def _pages(query: dict[str, Any], author: str | None) -> tuple[list[models.RepostItem], bool]:
    """Return mentions, newest first, and whether these are all."""
    found: list[models.RepostItem] = []
    after = None
    for _ in range(_PAGES):
        given = models.RepostQuery.model_validate({**query, "after": after})
        page: models.RepostHistory = await ask(mentions.get_history, given)
        found += [each for each in page.reposts if _is_by(each, author)]
        if page.next is None:
            return found, True
        after = page.next
    return found, False


def _is_by(repost: models.RepostItem, author: str | None) -> bool:
    return author is None or repost.original_username.lower() == author.strip("@ ").lower()


def _to_decide(
    rows: list[models.RepostItem], pending: models.PendingReposts
) -> list[models.RepostItem]:
    """Return the same with what is needed for a decision."""
    known = {each.id: each for each in pending.reposts}
    return [known.get(each.id, each) for each in rows]


async def _counts(account_id: str | None) -> dict[str, int] | None:
    try:
        counts: models.Counts = await ask(posts.get_counts)
    except Refusal:  # who only decides about mentions may not see posts
        return None
    return counted(counts.reposts, account_id)


async def _show(mention_id: str) -> None:
    try:
        show(await ask(pictures.get_mention_picture, target=mention_id))
    except Refusal as refusal:
        if refusal.code is not ErrorCode.NOT_FOUND:
            raise
        await ask(mentions.get_repost, target=mention_id)  # there is one, without a picture


def _row(repost: models.RepostItem) -> MentionRow:
    return MentionRow(
        id=repost.id,
        author=repost.original_username,
        status=repost.status,
        mentioned_at=repost.mentioned_at,
        expires_at=repost.expires_at,
        reason=repost.reason,
        held_until=repost.held_until,
        decide_before=getattr(repost, "decide_before", None),
        warning=repost.warning,
        caption=repost.caption,
        permalink=repost.permalink,
    )
