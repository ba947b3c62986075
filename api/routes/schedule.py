"""Scheduling posts for later (contract §4.5)."""

from __future__ import annotations

from datetime import datetime

from api.contract import Operations
from api.dispatch import Call
from api.routes.posts import _RULES
from operations import models as schemas
from operations import shown as render
from operations.post_content import changes_of, content_of
from publish import intake
from storage import jobs, posts
from storage.posts import PostStatus
from storage.store import Database

operations = Operations("Schedule")


@operations.add(
    "POST",
    "/schedule",
    body=schemas.ScheduleRequest,
    returns=schemas.Scheduled,
    status=201,
    errors=(*_RULES, "INVALID_SCHEDULE", "TOKEN_EXPIRED", "PRIVATE_API_REQUIRED"),
)
async def create_schedule(call: Call) -> schemas.Scheduled:
    """Schedule a post; the daemon must run when it is due."""
    content = content_of(call.body)

    def write(db: Database) -> schemas.Scheduled:
        post, job_id = intake.schedule(
            db,
            call.user_id,
            call.body.account_id,
            content,
            scheduled_for=call.body.scheduled_for,
            timezone=call.body.timezone,
            now=call.context.now(),
        )
        assert post.scheduled_for is not None
        return schemas.Scheduled(
            post_id=post.id,
            job_id=job_id,
            scheduled_for=post.scheduled_for,
            timezone=post.timezone,
            warnings=call.context.adviser.warnings(db, post, call.context.now()),
        )

    made = await call.context.store.write(write)
    call.context.scheduler.wake()
    return made


@operations.add("GET", "/schedule", query=schemas.ScheduleQuery, returns=schemas.PostList)
async def list_schedule(call: Call) -> schemas.PostList:
    """List scheduled posts that have not gone out yet, the next one first."""

    def read(db: Database) -> schemas.PostList:
        query = call.query
        offset = (query.page - 1) * query.limit
        status = PostStatus(query.status) if query.status else None
        found = posts.scheduled_page(db, call.user_id, status, limit=query.limit, offset=offset)
        total = posts.scheduled_total(db, call.user_id, status)
        return schemas.PostList(
            posts=[render.post(post) for post in found],
            total=total,
            page=query.page,
            limit=query.limit,
            has_more=offset + len(found) < total,
        )

    return await call.context.store.read(read)


@operations.add("GET", "/schedule/queue/status", returns=schemas.QueueStatus)
async def get_queue_status(call: Call) -> schemas.QueueStatus:
    """Count the jobs that wait, run, and lie in the future."""
    context = call.context
    counts = await context.store.read(jobs.counts, call.user_id, context.now())
    return schemas.QueueStatus(counts=schemas.QueueCounts(**counts, total=sum(counts.values())))


@operations.add("GET", "/schedule/<id>", returns=schemas.Post, errors=("NOT_FOUND",))
async def get_scheduled(call: Call) -> schemas.Post:
    """Return one scheduled post with its media."""

    def read(db: Database) -> schemas.Post:
        return render.post_with_media(db, intake.scheduled(db, call.path["id"]))

    return await call.context.store.read(read)


@operations.add(
    "PUT",
    "/schedule/<id>",
    body=schemas.ScheduleChanges,
    returns=schemas.EditedPost,
    errors=(*_RULES, "INVALID_SCHEDULE", "INVALID_STATUS", "PRIVATE_API_REQUIRED"),
)
async def update_schedule(call: Call) -> schemas.EditedPost:
    """Change content or time of a scheduled post; only fields that are sent change."""

    def write(db: Database, now: datetime) -> schemas.EditedPost:
        edited = intake.edit_scheduled(db, call.path["id"], changes_of(call.body), now)
        return render.edited_post(db, edited, call.context.adviser.warnings(db, edited, now))

    edited = await call.context.store.write(write, call.context.now())
    call.context.scheduler.wake()
    return edited


@operations.add(
    "DELETE",
    "/schedule/<id>",
    returns=schemas.Success,
    errors=("NOT_FOUND", "INVALID_STATUS"),
)
async def cancel_schedule(call: Call) -> schemas.Success:
    """Cancel a scheduled post; its content stays as a draft."""
    await call.context.store.write(intake.cancel, call.path["id"], call.context.now())
    return schemas.Success()
