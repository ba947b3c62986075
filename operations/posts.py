"""Posts: drafts, publishing, history, and taking them back (contract §4.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from cloud import wishes
from ground.changes import Subject
from ground.refusal import ErrorCode
from operations import models, shown
from operations.operation import Ask, act, read, write
from operations.post_content import changes_of, content_of
from operations.resources import Resource
from operations.scopes import Scope
from operations.versions import check_version
from publish import intake, release
from publish.advice import repetition
from repost.handover import settle
from storage import events, post_lists, posts, tallies
from storage.posts import Post, PostStatus
from storage.store import Database

if TYPE_CHECKING:
    from publish.removal import Removal

M = TypeVar("M", bound=BaseModel)

RULES = (
    ErrorCode.NOT_FOUND,
    ErrorCode.INVALID_CAROUSEL,
    ErrorCode.INVALID_TAGS,
    ErrorCode.INVALID_MENTIONS,
    ErrorCode.INVALID_STICKERS,
    ErrorCode.INVALID_COLLABORATORS,
    ErrorCode.INVALID_CROSS_POST,
    ErrorCode.MEDIA_INVALID,
)
NO_WAY_OUT = (ErrorCode.TOKEN_EXPIRED, ErrorCode.PRIVATE_API_REQUIRED)
_WRONG_STATE = (ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS)
_NEAR = 1000  # rows that are skipped in no time


@write(models.EditedPost, scope=Scope.POSTS_WRITE, takes=models.PublishablePost, refuses=RULES)
def create_draft(db: Database, ask: Ask[models.PublishablePost]) -> models.EditedPost:
    """Store a draft; only account and media type are required. Instagram hears nothing."""
    content = content_of(ask.given)
    draft = intake.create_draft(db, ask.user_id, ask.given.account_id, content, ask.now)
    return edited(db, ask, draft)


@write(
    models.EditedPost,
    scope=Scope.POSTS_WRITE,
    on=Resource.POST,
    takes=models.DraftChanges,
    refuses=[*RULES, ErrorCode.INVALID_STATUS, ErrorCode.STALE_EDIT],
)
def update_draft(db: Database, ask: Ask[models.DraftChanges]) -> models.EditedPost:
    """Change the fields that are sent; the rules apply to the merged result.

    With the `version` that was read, nothing is changed where somebody else was faster.
    """
    check_version(db, ask.id, ask.given.version)
    return edited(db, ask, intake.edit_draft(db, ask.id, changes_of(ask.given), ask.now))


@write(
    models.Accepted,
    scope=Scope.POSTS_PUBLISH,
    takes=models.PublishablePost,
    refuses=[*RULES, *NO_WAY_OUT],
)
def publish_post(db: Database, ask: Ask[models.PublishablePost]) -> models.Accepted:
    """Queue a post to go out now; poll it until its status is PUBLISHED or FAILED."""
    content = content_of(ask.given)
    post = intake.publish_now(db, ask.user_id, ask.given.account_id, content, ask.now)
    return models.Accepted(post_id=post.id, warnings=warnings_of(db, ask, post))


@write(
    models.Accepted,
    scope=Scope.POSTS_PUBLISH,
    on=Resource.POST,
    takes=models.AsSeen,
    refuses=[*_WRONG_STATE, ErrorCode.STALE_EDIT, ErrorCode.MEDIA_INVALID, *NO_WAY_OUT],
)
def publish_draft(db: Database, ask: Ask[models.AsSeen]) -> models.Accepted:
    """Queue a draft to go out now, as it is (additive); a second try finds no draft any more."""
    check_version(db, ask.id, ask.given.version)
    post = intake.publish_draft(db, ask.id, ask.now)
    return models.Accepted(post_id=post.id, warnings=warnings_of(db, ask, post))


def _is_near(query: models.PostQuery) -> bool:
    return (query.page - 1) * query.limit < _NEAR and query.text is None


@read(models.PostList, scope=Scope.POSTS_READ, takes=models.PostQuery, glances=_is_near)
def list_posts(db: Database, ask: Ask[models.PostQuery]) -> models.PostList:
    """List posts of all accounts, newest first; `mediaFiles` is filled for single posts only."""
    query = ask.given
    offset = (query.page - 1) * query.limit
    chosen = filter_of(ask, query)
    found = post_lists.page(db, ask.user_id, chosen, limit=query.limit, offset=offset)
    return post_list(db, query, found, post_lists.total(db, ask.user_id, chosen))


@read(models.Counts, scope=Scope.POSTS_READ)
def get_counts(db: Database, ask: Ask[None]) -> models.Counts:
    """Count posts and mentions by account and state (additive)."""
    counts: dict[str, list[models.Count]] = {"post": [], "repost": []}
    for kind, account_id, state, number in tallies.of_accounts(db, ask.user_id):
        if ask.actor.may_see(account_id):
            shown_count = models.Count(account_id=account_id, status=state, count=number)
            counts[kind].append(shown_count)
    return models.Counts(posts=counts["post"], reposts=counts["repost"])


@read(models.Completions, scope=Scope.POSTS_READ, takes=models.SinceQuery)
def list_recent_completions(db: Database, ask: Ask[models.SinceQuery]) -> models.Completions:
    """Return posts that were published or failed after `since`, newest first, `limit` at most."""
    query = ask.given
    found = post_lists.completed_since(
        db,
        ask.user_id,
        query.since,
        query.limit,
        accounts=ask.actor.accounts_of(query.account_id),
        status=PostStatus(query.status) if query.status else None,
        until=query.until,
    )
    return models.Completions(posts=[shown.post_with_media(db, post) for post in found])


@read(
    models.WholePost,
    scope=Scope.POSTS_READ,
    on=Resource.POST,
    refuses=[ErrorCode.NOT_FOUND],
    glances=lambda _: True,
)
def get_post(db: Database, ask: Ask[None]) -> models.WholePost:
    """Return one post with its media."""
    return shown.whole_post(db, posts.get(db, ask.id))


@read(
    models.PostChanges,
    scope=Scope.POSTS_READ,
    on=Resource.POST,
    refuses=[ErrorCode.NOT_FOUND],
    glances=lambda _: True,
)
def get_post_changes(db: Database, ask: Ask[None]) -> models.PostChanges:
    """Return every change of a post's state of the last 30 days, with its reason (additive)."""
    return models.PostChanges(
        changes=[
            models.PostChange(state=each.state, reason=each.reason, at=each.at, via=each.via)
            for each in events.of_subject(db, Subject.POST, ask.id)
        ]
    )


@write(
    models.Accepted,
    scope=Scope.POSTS_PUBLISH,
    on=Resource.POST,
    refuses=[*_WRONG_STATE, ErrorCode.MEDIA_INVALID, *NO_WAY_OUT],
)
def retry_post(db: Database, ask: Ask[None]) -> models.Accepted:
    """Queue a failed post again.

    A post whose outcome is unknown is looked for at Instagram before anything is sent.
    """
    return models.Accepted(post_id=intake.retry(db, ask.id, ask.now).id)


@act(
    models.EditedPost,
    scope=Scope.POSTS_PUBLISH,
    on=Resource.POST,
    refuses=[*_WRONG_STATE, ErrorCode.WORKER_UNREACHABLE],
)
async def release_post(ask: Ask[None]) -> models.EditedPost:
    """Take a post that waits or has failed out of the queue: it is a draft again.

    A post with `DELIVERY_UNKNOWN` is looked for at Instagram first, which takes up to a minute;
    one that is live, or may be, is not released.
    """
    await ask.house.doubts.settle(ask.id)
    return await ask.house.recalls.settled(
        ask.id,
        wishes.RELEASE,
        lambda db: release.release(db, ask.id, ask.house.clock.now()),
        lambda db: ask.done(db, _left_the_queue(db, ask, posts.get(db, ask.id))),
    )


@act(
    models.EditedPost,
    scope=Scope.POSTS_PUBLISH,
    on=Resource.POST,
    takes=models.RescheduleRequest,
    refuses=[
        *_WRONG_STATE,
        ErrorCode.STALE_EDIT,
        ErrorCode.INVALID_SCHEDULE,
        ErrorCode.MEDIA_INVALID,
        ErrorCode.WORKER_UNREACHABLE,
        *NO_WAY_OUT,
    ],
)
async def reschedule_post(ask: Ask[models.RescheduleRequest]) -> models.EditedPost:
    """Give a post that is not live a new time: a draft, a scheduled, waiting or failed one."""
    at, timezone = ask.given.scheduled_for, ask.given.timezone
    moved = await ask.house.recalls.settled(
        ask.id,
        wishes.reschedule(at, timezone),
        lambda db: release.reschedule(db, ask.id, at, timezone, ask.now),
        lambda db: ask.done(db, _left_the_queue(db, ask, posts.get(db, ask.id))),
        check=lambda db: check_version(db, ask.id, ask.given.version),
    )
    return await handed_over(ask, moved)


@act(
    models.Cleared,
    scope=Scope.POSTS_DELETE,
    on=Resource.POST,
    refuses=[*_WRONG_STATE, ErrorCode.WORKER_UNREACHABLE],
)
async def clear_post(ask: Ask[None]) -> models.Cleared:
    """Clear a post from the history into an archive; Instagram is not touched.

    One that the cloud owns is taken back from there first.
    """
    account_id = (await ask.house.store.read(posts.get, ask.id)).account_id

    def cleared(db: Database) -> models.Cleared:
        if account_id is not None:
            settle(db, account_id, ask.now)
        return ask.done(db, models.Cleared(cleared_post_id=ask.id))

    return await ask.house.recalls.settled(
        ask.id, wishes.CLEAR, lambda db: intake.clear(db, ask.id, ask.now), cleared
    )


@act(
    models.DeletedFromInstagram,
    scope=Scope.POSTS_DELETE,
    on=Resource.POST,
    refuses=[*_WRONG_STATE, ErrorCode.NO_MEDIA_ID, ErrorCode.STORIES_CANNOT_DELETE],
)
async def delete_from_instagram(ask: Ask[None]) -> models.DeletedFromInstagram:
    """Delete a published post from Instagram and from the history.

    When Instagram refuses, the history is cleared all the same and `deleteError` says why.
    """

    def shown_of(done: Removal) -> models.DeletedFromInstagram:
        return models.DeletedFromInstagram(
            success=True,
            was_deleted_from_instagram=done.error is None,
            cleared_post_id=ask.id,
            delete_error=done.error,
            permalink=done.permalink,
        )

    def keep(db: Database, done: Removal) -> None:
        ask.done(db, shown_of(done))

    return shown_of(await ask.house.remover.remove(ask.id, also=keep))


def filter_of(
    ask: Ask[Any], query: models.PostQuery | models.ScheduleQuery
) -> post_lists.PostFilter:
    """Return which posts a list is asked for."""
    chosen = post_lists.PostFilter(
        status=PostStatus(query.status) if query.status else None,
        accounts=ask.actor.accounts_of(query.account_id),
        since=query.since,
        until=query.until,
    )
    if isinstance(query, models.ScheduleQuery):
        return chosen
    return replace(
        chosen,
        media_type=query.media_type,
        is_repost=None if query.source is None else query.source == "reposts",
        text=query.text,
    )


def post_list(
    db: Database,
    query: models.PostQuery | models.ScheduleQuery,
    found: list[dict[str, Any]],
    total: int,
) -> models.PostList:
    """Return a page of posts as they are stored, each with its first file's thumbnail."""
    thumbnails = post_lists.thumbnails(db, [post["id"] for post in found])
    for post in found:
        post["thumbnail_url"] = shown.small_url(thumbnails.get(post["id"]))
    said = {
        "posts": found,
        "total": total,
        "page": query.page,
        "limit": query.limit,
        "has_more": (query.page - 1) * query.limit + len(found) < total,
    }
    try:
        return _as_columns(models.PostList, said)
    except ValidationError:  # a damaged row hides no other
        return _as_columns(models.PostList, said | {"posts": [*filter(_can_be_shown, found)]})


def _as_columns(model: type[M], said: dict[str, Any]) -> M:
    # As columns are called: looking for aliases first is a sixth of a list.
    return model.model_validate(said, by_name=True, by_alias=False)


def _can_be_shown(post: dict[str, Any]) -> bool:
    try:
        _as_columns(models.Post, post)
    except ValidationError:
        return False
    return True


def edited(db: Database, ask: Ask[Any], post: Post) -> models.EditedPost:
    """Show a post that was made or changed, with what is to be known before it goes out."""
    return shown.edited_post(db, post, ask.house.adviser.warnings(db, post, ask.now))


async def handed_over(ask: Ask[Any], planned: models.EditedPost) -> models.EditedPost:
    """Hand a post with its new plan to the cloud if it may go there; show it as it is then."""
    if not await ask.house.exchange.hand_over_at_once(ask.id):
        return planned
    there = await ask.house.store.read(lambda db: edited(db, ask, posts.get(db, ask.id)))
    return await ask.amended(there)


def warnings_of(db: Database, ask: Ask[Any], post: Post) -> list[str]:
    """Return what is to be known of a post that was just made to go out.

    One that looks like another's repetition is told beside the answer too, unless it came under a
    key: then it is known to be meant.
    """
    found = ask.house.adviser.warnings(db, post, ask.now)
    if ask.attempt.key is None and (twin := repetition(db, post, ask.now)) is not None:
        ask.attempt.warning = twin
        found.append(twin)
    return found


def _left_the_queue(db: Database, ask: Ask[Any], post: Post) -> models.EditedPost:
    """Show a post that was taken out of the queue; the mention it was made for ends with that."""
    if post.account_id is not None:
        settle(db, post.account_id, ask.now)
    return edited(db, ask, post)
