"""Drafts, publishing, history (contract §4.4)."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from api.contract import Operations
from api.dispatch import Call
from operations import models as schemas
from operations import shown as render
from operations.post_content import changes_of, content_of
from publish import intake, release
from repost.handover import settle
from storage import media_files, posts
from storage.store import Database

operations = Operations("Posts")
_NEAR = 1000  # rows that are skipped in no time
_RULES = (
    "NOT_FOUND",
    "INVALID_CAROUSEL",
    "INVALID_TAGS",
    "INVALID_MENTIONS",
    "INVALID_STICKERS",
    "INVALID_COLLABORATORS",
    "INVALID_CROSS_POST",
    "MEDIA_INVALID",
)


@operations.add(
    "POST",
    "/posts/draft",
    body=schemas.PublishablePost,
    returns=schemas.EditedPost,
    status=201,
    errors=_RULES,
)
async def create_draft(call: Call) -> schemas.EditedPost:
    """Store a draft; only account and media type are required. Instagram hears nothing."""
    content = content_of(call.body)
    return await _write(call, intake.create_draft, call.user_id, call.body.account_id, content)


@operations.add(
    "PUT",
    "/posts/draft/<id>",
    body=schemas.DraftChanges,
    returns=schemas.EditedPost,
    errors=(*_RULES, "INVALID_STATUS"),
)
async def update_draft(call: Call) -> schemas.EditedPost:
    """Change the fields that are sent; the rules apply to the merged result."""
    return await _write(call, intake.edit_draft, call.path["id"], changes_of(call.body))


@operations.add(
    "POST",
    "/posts/publish",
    body=schemas.PublishablePost,
    returns=schemas.Accepted,
    status=202,
    errors=(*_RULES, "TOKEN_EXPIRED", "PRIVATE_API_REQUIRED"),
)
async def publish_post(call: Call) -> schemas.Accepted:
    """Queue a post to go out now; poll it until its status is PUBLISHED or FAILED."""
    context, content = call.context, content_of(call.body)

    def write(db: Database) -> schemas.Accepted:
        now = context.now()
        post = intake.publish_now(db, call.user_id, call.body.account_id, content, now)
        warnings = context.adviser.warnings(db, post, now)
        return schemas.Accepted(post_id=post.id, warnings=warnings)

    accepted = await context.store.write(write)
    context.scheduler.wake()
    return accepted


@operations.add("GET", "/posts", query=schemas.PostQuery, returns=schemas.PostList)
async def list_posts(call: Call) -> schemas.PostList:
    """List posts of all accounts, newest first; `mediaFiles` is filled for single posts only."""

    query, store = call.query, call.context.store
    offset = (query.page - 1) * query.limit

    def read(db: Database) -> schemas.PostList:
        found = posts.page(db, call.user_id, query.status, limit=query.limit, offset=offset)
        total = posts.total(db, call.user_id, query.status)
        return schemas.PostList.model_validate(
            {
                "posts": found,
                "total": total,
                "page": query.page,
                "limit": query.limit,
                "has_more": offset + len(found) < total,
            }
        )

    return await (store.glance if offset < _NEAR else store.read)(read)


@operations.add(
    "GET",
    "/posts/recent-completions",
    query=schemas.SinceQuery,
    returns=schemas.Completions,
)
async def list_recent_completions(call: Call) -> schemas.Completions:
    """Return posts that were published or failed after `since`, newest first, 100 at most."""

    def read(db: Database) -> schemas.Completions:
        found = posts.completed_since(db, call.user_id, call.query.since)
        return schemas.Completions(posts=[render.post_with_media(db, post) for post in found])

    return await call.context.store.read(read)


@operations.add("GET", "/posts/<id>", returns=schemas.Post, errors=("NOT_FOUND",))
async def get_post(call: Call) -> schemas.Post:
    """Return one post with its media."""

    def read(db: Database) -> schemas.Post:
        stored = posts.get_stored(db, call.path["id"])
        return render.post(stored, media_files.of_post(db, call.path["id"]))

    return await call.context.store.glance(read)


@operations.add(
    "POST",
    "/posts/<id>/retry",
    returns=schemas.Accepted,
    status=202,
    errors=(
        "NOT_FOUND",
        "MEDIA_INVALID",
        "INVALID_STATUS",
        "TOKEN_EXPIRED",
        "PRIVATE_API_REQUIRED",
    ),
)
async def retry_post(call: Call) -> schemas.Accepted:
    """Queue a failed post again.

    A post whose outcome is unknown is looked for at Instagram before anything is sent.
    """
    post = await _write(call, intake.retry, call.path["id"])
    call.context.scheduler.wake()
    return schemas.Accepted(post_id=post.id)


@operations.add(
    "POST",
    "/posts/<id>/release",
    returns=schemas.EditedPost,
    errors=("NOT_FOUND", "INVALID_STATUS"),
)
async def release_post(call: Call) -> schemas.EditedPost:
    """Take a post that waits or has failed out of the queue: it is a draft again.

    For a post with `DELIVERY_UNKNOWN`, look at the account first: releasing says it is not live.
    """
    return await _leaving_the_queue(call, release.release)


@operations.add(
    "POST",
    "/posts/<id>/reschedule",
    body=schemas.RescheduleRequest,
    returns=schemas.EditedPost,
    errors=(
        "NOT_FOUND",
        "INVALID_SCHEDULE",
        "INVALID_STATUS",
        "MEDIA_INVALID",
        "TOKEN_EXPIRED",
        "PRIVATE_API_REQUIRED",
    ),
)
async def reschedule_post(call: Call) -> schemas.EditedPost:
    """Give a post that is not live a new time: a draft, a scheduled, waiting or failed one."""
    body = call.body
    moved = partial(release.reschedule, scheduled_for=body.scheduled_for, timezone=body.timezone)
    post = await _leaving_the_queue(call, moved)
    call.context.scheduler.wake()
    return post


@operations.add(
    "DELETE",
    "/posts/<id>",
    returns=schemas.Cleared,
    errors=("NOT_FOUND", "INVALID_STATUS"),
)
async def clear_post(call: Call) -> schemas.Cleared:
    """Clear a post from the history into an archive; Instagram is not touched."""
    post_id = call.path["id"]

    def write(db: Database, now: datetime) -> str | None:
        account_id = posts.get(db, post_id).account_id
        intake.clear(db, post_id, now)
        if account_id is not None:
            settle(db, account_id, now)
        return account_id

    account_id = await call.context.store.write(write, call.context.now())
    if account_id is not None:
        call.context.engine.wake(account_id)
    return schemas.Cleared(cleared_post_id=post_id)


@operations.add(
    "DELETE",
    "/posts/<id>/instagram",
    returns=schemas.DeletedFromInstagram,
    errors=("NOT_FOUND", "INVALID_STATUS", "NO_MEDIA_ID", "STORIES_CANNOT_DELETE"),
)
async def delete_from_instagram(call: Call) -> schemas.DeletedFromInstagram:
    """Delete a published post from Instagram and from the history.

    When Instagram refuses, the history is cleared all the same and `deleteError` says why.
    """
    done = await call.context.remover.remove(call.path["id"])
    return schemas.DeletedFromInstagram(
        success=True,
        was_deleted_from_instagram=done.error is None,
        cleared_post_id=call.path["id"],
        delete_error=done.error,
        permalink=done.permalink,
    )


async def _leaving_the_queue(call: Call, operation: Any) -> schemas.EditedPost:
    """Take a post out of the queue; the mention that it was made for ends with that."""

    def write(db: Database, now: datetime) -> tuple[schemas.EditedPost, str | None]:
        post = operation(db, call.path["id"], now=now)
        if post.account_id is not None:
            settle(db, post.account_id, now)
        warnings = call.context.adviser.warnings(db, post, now)
        return render.edited_post(db, post, warnings), post.account_id

    post, account_id = await call.context.store.write(write, call.context.now())
    if account_id is not None:
        call.context.engine.wake(account_id)
    return post


async def _write(call: Call, operation: Any, *args: Any) -> schemas.EditedPost:
    def write(db: Database, now: datetime) -> schemas.EditedPost:
        post = operation(db, *args, now=now)
        return render.edited_post(db, post, call.context.adviser.warnings(db, post, now))

    return await call.context.store.write(write, call.context.now())
