"""Scheduling posts for later (contract §4.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from cloud import wishes
from ground.refusal import ErrorCode
from operations import models, shown
from operations.operation import Ask, act, read
from operations.post_content import changes_of, content_of
from operations.posts import (
    NO_WAY_OUT,
    RULES,
    edited,
    filter_of,
    handed_over,
    post_list,
    warnings_of,
)
from operations.refusing import refusal_of
from operations.resources import Resource, check_named, owns
from operations.scopes import Scope
from operations.versions import check_version
from publish import fitness, intake, release
from storage import handovers, jobs, planned, post_lists, posts
from storage.handovers import Handover
from storage.planned import Planned
from storage.posts import Post, PostStatus, SourceType
from storage.store import Database, part

_MOST = 5000


@act(
    models.Scheduled,
    scope=Scope.POSTS_PUBLISH,
    takes=models.ScheduleRequest,
    refuses=[*RULES, ErrorCode.INVALID_SCHEDULE, *NO_WAY_OUT],
)
async def create_schedule(ask: Ask[models.ScheduleRequest]) -> models.Scheduled:
    """Schedule a post; the daemon must run when it is due, unless `isCloudflare` says that the
    cloud sends it.

    Where cloud scheduling is configured, a warning says why a post has to wait for the daemon.
    """

    def store(db: Database) -> models.Scheduled:
        return ask.done(db, _created(db, ask))

    made = await ask.house.store.write(store)
    if not await ask.house.exchange.hand_over_at_once(str(made.post_id)):
        why = await ask.house.store.read(fitness.refused, str(made.post_id))
        if why is None:
            return made
        return await ask.amended(made.model_copy(update={"warnings": [*made.warnings, why]}))
    there = {"is_cloudflare": True, "cloudflare_job_id": str(made.post_id)}
    return await ask.amended(made.model_copy(update=there))


def _created(db: Database, ask: Ask[models.ScheduleRequest]) -> models.Scheduled:
    asked = ask.given
    post, job_id = intake.schedule(
        db,
        ask.user_id,
        asked.account_id,
        content_of(asked),
        scheduled_for=asked.scheduled_for,
        timezone=asked.timezone,
        now=ask.now,
    )
    assert post.scheduled_for is not None
    return models.Scheduled(
        post_id=post.id,
        job_id=job_id,
        scheduled_for=post.scheduled_for,
        timezone=post.timezone,
        warnings=warnings_of(db, ask, post),
    )


@act(models.ScheduledBatch, scope=Scope.POSTS_PUBLISH, takes=models.ScheduleBatch)
async def schedule_several(ask: Ask[models.ScheduleBatch]) -> models.ScheduledBatch:
    """Schedule up to a hundred posts: new ones, or drafts and others that are there (additive).

    Each is judged by itself, with those before it: what is refused says why, the others are
    scheduled. With `dryRun` the answer is the same, and nothing is kept. A post that the cloud
    owns is taken back from there first, which a dry run does not do, and handed over again.
    """

    def store(db: Database) -> models.ScheduledBatch:
        return ask.done(db, _several(db, ask))

    named = [each.post_id for each in ask.given.items if each.post_id is not None]
    if not named or ask.given.dry_run:
        return await ask.house.store.write(store)
    mine = await ask.house.store.read(_mine, ask, named)
    async with ask.house.recalls.at_home(mine):
        return await ask.house.store.write(store)


def _mine(
    db: Database, ask: Ask[models.ScheduleBatch], named: list[str]
) -> Callable[[Database], list[Handover]]:
    ids = [each for each in named if owns(db, ask.actor, Resource.POST, each)]
    return lambda db: [row for each in ids if (row := handovers.find_away(db, each)) is not None]


def _several(db: Database, ask: Ask[models.ScheduleBatch]) -> models.ScheduledBatch:
    done: list[models.ScheduledEntry] = []
    try:
        with part(db):
            done += [_scheduled(db, ask, each) for each in ask.given.items]
            if ask.given.dry_run:
                raise _OnlyTried
    except _OnlyTried:
        pass
    refused = sum(each.code is not None for each in done)
    return models.ScheduledBatch(
        items=done,
        scheduled=0 if ask.given.dry_run else len(done) - refused,
        refused=refused,
        dry_run=ask.given.dry_run,
    )


class _OnlyTried(Exception):
    """Undoes a dry run."""


def _scheduled(
    db: Database, ask: Ask[models.ScheduleBatch], entry: models.ScheduleEntry
) -> models.ScheduledEntry:
    told: dict[str, Any] = {"scheduled_for": entry.scheduled_for, "timezone": entry.timezone}
    try:
        with part(db):
            check_named(db, ask.actor, entry)
            post = _put_on(db, ask, entry)
            found = ask.house.adviser.warnings(db, post, ask.now)
    except Exception as error:
        if (refused := refusal_of(error)) is None:
            raise
        return models.ScheduledEntry(
            post_id=None, warnings=[], code=refused.code, error=refused.message, **told
        )
    return models.ScheduledEntry(post_id=post.id, warnings=found, **told)


def _put_on(db: Database, ask: Ask[models.ScheduleBatch], entry: models.ScheduleEntry) -> Post:
    at, zone = entry.scheduled_for, entry.timezone
    if entry.post_id is not None:
        return release.reschedule(db, entry.post_id, at, zone, ask.now)
    assert entry.account_id is not None
    content = content_of(entry)
    post, _ = intake.schedule(
        db,
        ask.user_id,
        entry.account_id,
        content,
        scheduled_for=at,
        timezone=zone,
        now=ask.now,
    )
    return post


@read(models.PostList, scope=Scope.POSTS_READ, takes=models.ScheduleQuery)
def list_schedule(db: Database, ask: Ask[models.ScheduleQuery]) -> models.PostList:
    """List scheduled posts that have not gone out yet, the next one first."""
    query = ask.given
    chosen = filter_of(ask, query)
    offset = (query.page - 1) * query.limit
    found = post_lists.scheduled_page(db, ask.user_id, chosen, limit=query.limit, offset=offset)
    return post_list(db, query, found, post_lists.scheduled_total(db, ask.user_id, chosen))


@read(
    models.Calendar,
    scope=Scope.POSTS_READ,
    takes=models.CalendarQuery,
    refuses=[ErrorCode.NOT_FOUND],
)
def get_calendar(db: Database, ask: Ask[models.CalendarQuery]) -> models.Calendar:
    """Return what went out, failed or is planned in a stretch of time, of one account (additive).

    Reposts too. Of more than 5,000 the earliest are returned, and `isCut` says so.
    """
    asked = ask.given
    chosen = post_lists.PostFilter(
        status=asked.status,
        media_type=asked.media_type,
        is_repost=None if asked.source is None else asked.source == "reposts",
    )
    found = planned.between(db, asked.account_id, asked.since, asked.until, _MOST + 1, chosen)
    close = _close(found, ask.house.adviser.spacing)
    return models.Calendar(
        posts=[_in_calendar(post, is_close=post.id in close) for post in found[:_MOST]],
        is_cut=len(found) > _MOST,
    )


def _close(found: Sequence[Planned], spacing: timedelta) -> set[str]:
    """Return the ids of what is planned so near before or behind another that it may be later."""
    ahead = [post for post in found if post.status is PostStatus.SCHEDULED]
    pairs = [pair for pair in pairwise(ahead) if pair[1].at - pair[0].at < spacing]
    return {post.id for pair in pairs for post in pair}


def _in_calendar(post: Planned, *, is_close: bool) -> models.CalendarPost:
    is_own = post.source_type in (SourceType.MANUAL, SourceType.SCHEDULED)
    return models.CalendarPost(
        id=post.id,
        media_type=post.media_type,
        source_type=post.source_type,
        status=post.status,
        at=post.at,
        caption=post.caption,
        error_message=post.error_message,
        thumbnail_url=shown.small_url(post.thumbnail),
        movable=is_own and post.status in (PostStatus.SCHEDULED, PostStatus.FAILED),
        is_close=is_close,
    )


@read(models.QueueStatus, scope=Scope.POSTS_READ)
def get_queue_status(db: Database, ask: Ask[None]) -> models.QueueStatus:
    """Count the jobs that wait, run, and lie in the future."""
    counts = jobs.counts(db, ask.user_id, ask.now, accounts=ask.actor.accounts_of(None))
    return models.QueueStatus(counts=models.QueueCounts(**counts, total=sum(counts.values())))


@read(models.Post, scope=Scope.POSTS_READ, on=Resource.POST, refuses=[ErrorCode.NOT_FOUND])
def get_scheduled(db: Database, ask: Ask[None]) -> models.Post:
    """Return one scheduled post with its media."""
    return shown.post_with_media(db, intake.scheduled(db, ask.id))


@act(
    models.EditedPost,
    scope=Scope.POSTS_PUBLISH,
    on=Resource.POST,
    takes=models.ScheduleChanges,
    refuses=[
        *RULES,
        ErrorCode.INVALID_SCHEDULE,
        ErrorCode.INVALID_STATUS,
        ErrorCode.STALE_EDIT,
        ErrorCode.PRIVATE_API_REQUIRED,
        ErrorCode.WORKER_UNREACHABLE,
    ],
)
async def update_schedule(ask: Ask[models.ScheduleChanges]) -> models.EditedPost:
    """Change content or time of a scheduled post; only fields that are sent change.

    One that the cloud owns is taken back from there, changed, and handed over again. With
    `WORKER_UNREACHABLE` the cloud has not confirmed it: it is carried on until it has.
    """
    changes = changes_of(ask.given)
    changed = await ask.house.recalls.settled(
        ask.id,
        wishes.edit(changes),
        lambda db: intake.edit_scheduled(db, ask.id, changes, ask.now),
        lambda db: ask.done(db, edited(db, ask, posts.get(db, ask.id))),
        check=lambda db: check_version(db, ask.id, ask.given.version),
    )
    return await handed_over(ask, changed)


@act(
    models.Success,
    scope=Scope.POSTS_PUBLISH,
    on=Resource.POST,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS, ErrorCode.WORKER_UNREACHABLE],
)
async def cancel_schedule(ask: Ask[None]) -> models.Success:
    """Cancel a scheduled post, wherever it waits; its content stays as a draft.

    With `WORKER_UNREACHABLE` the cloud has not confirmed it: it is carried on until it has.
    """
    return await ask.house.recalls.settled(
        ask.id,
        wishes.CANCEL,
        lambda db: intake.cancel(db, ask.id, ask.now),
        lambda db: ask.done(db, models.Success()),
    )
