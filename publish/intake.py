"""What people ask for: drafts, posts to publish now or later, edits, retries, and going back.

Plain functions of the database, each one transaction of its caller. Nothing here talks to
Instagram; a post and its job are stored together, and the scheduler is woken by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from ground.changes import Subject
from ground.refusal import ErrorCode, Refusal
from publish import stickers
from publish.choice import STICKERS_ADVICE, route_to_ask
from publish.retry import backoff
from publish.rules import (
    Content,
    check_complete,
    check_media,
    check_schedule,
    check_timezone,
    checked,
)
from storage import (
    accounts,
    credentials,
    deliveries,
    events,
    holds,
    jobs,
    media_files,
    posts,
    secrets,
)
from storage.accounts import Account
from storage.deliveries import Outcome, Step
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.secrets import AccountSecret
from storage.store import Database

_LATELY = timedelta(hours=1)
_RETRIED_AT_ONCE = 5
_FIRST_REST = 3  # four minutes, twice as long each time
_DISCONNECTED = "The account of this post was disconnected"
_MEDIA = {"media_ids", "media_as_list", "by_session"}
_CONTENT = {field.name for field in fields(Content)} - _MEDIA


def create_draft(
    db: Database, user_id: str, account_id: str, content: Content, now: datetime
) -> Post:
    """Store a draft; raises `NotFound` and `Refusal`."""
    account = accounts.get(db, account_id)
    ready = _validated(db, content, account)
    return _store(db, user_id, account, ready, PostStatus.DRAFT, now)


def edit_draft(db: Database, post_id: str, changes: Mapping[str, Any], now: datetime) -> Post:
    """Change what is named of a draft; rules apply to the merged result."""
    post = posts.get(db, post_id)
    if post.status is not PostStatus.DRAFT:
        raise Refusal(ErrorCode.INVALID_STATUS, f"The post is no draft, it is {post.status}")
    return _edit(db, post, changes, now)


def publish_draft(db: Database, post_id: str, now: datetime) -> Post:
    """Queue a draft as it is, to go out now; raises `NotFound` and `Refusal`."""
    post = posts.get(db, post_id)
    if post.status is not PostStatus.DRAFT:
        raise Refusal(ErrorCode.INVALID_STATUS, f"The post is no draft, it is {post.status}")
    if post.account_id is None:
        raise Refusal(ErrorCode.INVALID_STATUS, "Its account was disconnected")
    check_sendable(db, post)
    check_route_of(db, post, now)
    queued = posts.change_status(db, post_id, PostStatus.QUEUED, now=now)
    queue(db, queued, now, now)
    return queued


def publish_now(
    db: Database, user_id: str, account_id: str, content: Content, now: datetime
) -> Post:
    """Store a post with a job that is due; raises `NotFound` and `Refusal`."""
    account = accounts.get(db, account_id)
    ready = _validated(db, content, account)
    check_complete(ready)
    check_route(db, account, now, has_stickers=bool(ready.story_stickers))
    post = _store(db, user_id, account, ready, PostStatus.QUEUED, now)
    queue(db, post, now, now)
    return post


def schedule(
    db: Database,
    user_id: str,
    account_id: str,
    content: Content,
    *,
    scheduled_for: datetime,
    timezone: str,
    now: datetime,
) -> tuple[Post, str]:
    """Store a post with a job for later; returns it with the job's id."""
    account = accounts.get(db, account_id)
    check_timezone(timezone)
    check_schedule(scheduled_for, now)
    ready = _validated(db, content, account)
    check_complete(ready)
    check_route(db, account, now, has_stickers=bool(ready.story_stickers))
    post = _store(
        db,
        user_id,
        account,
        ready,
        PostStatus.SCHEDULED,
        now,
        source_type=SourceType.SCHEDULED,
        is_scheduled=True,
        scheduled_for=scheduled_for,
        timezone=timezone,
    )
    return post, queue(db, post, scheduled_for, now)


def edit_scheduled(db: Database, post_id: str, changes: Mapping[str, Any], now: datetime) -> Post:
    """Change content or time of a post that has not begun to go out."""
    post = scheduled(db, post_id)
    if post.status is not PostStatus.SCHEDULED:
        raise Refusal(ErrorCode.INVALID_STATUS, f"It is going out already: it is {post.status}")
    when = changes.get("scheduled_for", post.scheduled_for)
    timezone = changes.get("timezone", post.timezone)
    check_timezone(timezone)
    if "scheduled_for" in changes:
        check_schedule(when, now)
        # The claim and this transaction exclude each other: one of them comes first.
        if not jobs.reschedule(db, post_id, when, now):
            raise Refusal(ErrorCode.INVALID_STATUS, "It has just begun to go out")
    content = {name: value for name, value in changes.items() if name in _CONTENT | _MEDIA}
    edited = _edit(db, post, content, now)
    if edited.story_stickers:
        check_route_of(db, edited, now)
    return posts.edit(db, edited.id, now=now, scheduled_for=when, timezone=timezone)


def cancel(db: Database, post_id: str, now: datetime) -> Post:
    """Take a scheduled post back: its content stays as a draft."""
    post = scheduled(db, post_id)
    if not jobs.cancel_for_post(db, post_id, now):
        raise Refusal(
            ErrorCode.INVALID_STATUS, "It is going out now and can no longer be cancelled"
        )
    delivery = deliveries.find_open(db, post_id)
    if delivery is not None:
        if delivery.step in (Step.PUBLISHING, Step.PUBLISHED):
            raise Refusal(ErrorCode.INVALID_STATUS, "It may be live already and is asked about")
        deliveries.close(db, delivery.id, Outcome.WITHDRAWN, now)
    return posts.change_status(
        db,
        post.id,
        PostStatus.DRAFT,
        now=now,
        reason="Its schedule was cancelled",
        is_scheduled=False,
        scheduled_for=None,
        error_code=None,
        error_message=None,
    )


def scheduled(db: Database, post_id: str) -> Post:
    """Return a post that was scheduled and has not gone out; raises `NotFound`."""
    post = posts.get(db, post_id)
    waiting = (
        PostStatus.SCHEDULED,
        PostStatus.QUEUED,
        PostStatus.PROCESSING,
        PostStatus.PUBLISHING,
    )
    if not post.is_scheduled or post.status not in waiting:
        raise posts.not_scheduled(post_id)
    return post


def retry(db: Database, post_id: str, now: datetime) -> Post:
    """Queue a failed post again; one that may be live is asked about before anything is sent.

    One that has failed again and again within an hour rests before.
    """
    post = posts.get(db, post_id)
    if post.status is not PostStatus.FAILED:
        raise Refusal(
            ErrorCode.INVALID_STATUS, f"Only failed posts are retried; it is {post.status}"
        )
    if post.account_id is None:
        raise Refusal(
            ErrorCode.INVALID_STATUS, "Its account was disconnected; it cannot be retried"
        )
    check_sendable(db, post)
    check_route_of(db, post, now)
    sent = deliveries.in_doubt(db, post_id)
    if sent is not None:
        deliveries.reopen(db, sent.id, route_to_ask(db, sent, post.account_id), now)
    failures = jobs.failed_since(db, post_id, now - _LATELY)
    run_at = now + _rest_after(failures)
    rests = f"It has failed {failures} times within an hour, and rests until {run_at:%H:%M} UTC"
    queued = posts.change_status(
        db,
        post_id,
        PostStatus.QUEUED,
        now=now,
        reason="It is tried again" if run_at == now else rests,
        error_code=None,
        error_message=None if run_at == now else rests,
        completed_at=None,
    )
    queue(db, queued, run_at, now)
    return queued


def clear(db: Database, post_id: str, now: datetime) -> None:
    """Archive a post and forget it; one that is going out right now cannot be cleared."""
    posts.get(db, post_id)
    if not jobs.cancel_for_post(db, post_id, now):
        raise Refusal(
            ErrorCode.INVALID_STATUS, "It is going out right now; wait until it has ended"
        )
    posts.archive(db, post_id, now)


def disconnect(db: Database, account_id: str, now: datetime) -> None:
    """Disconnect an account; what had not gone out yet fails with that reason.

    Its mentions go, and so do the stories and cards of other people that were kept for them.
    """
    accounts.get(db, account_id)
    for post in posts.unfinished_of(db, account_id):
        # One that is being worked on right now is ended by whoever does.
        is_idle = jobs.cancel_for_post(db, post.id, now)
        delivery = deliveries.find_open(db, post.id)
        if delivery is not None and delivery.step is Step.PUBLISHED:
            deliveries.close(db, delivery.id, Outcome.PUBLISHED, now)
            posts.change_status(db, post.id, PostStatus.PUBLISHED, now=now)
            continue
        if delivery is not None and is_idle:
            may_be_live = delivery.step is Step.PUBLISHING
            outcome = Outcome.UNKNOWN if may_be_live else Outcome.WITHDRAWN
            deliveries.close(db, delivery.id, outcome, now)
        in_doubt = post.status is PostStatus.PUBLISHING
        if post.status is not PostStatus.DRAFT:
            posts.change_status(
                db,
                post.id,
                PostStatus.FAILED,
                now=now,
                reason=_DISCONNECTED,
                error_code=ErrorCode.DELIVERY_UNKNOWN if in_doubt else ErrorCode.NOT_FOUND,
                error_message=_DISCONNECTED,
            )
    media_files.remove_cards_of(db, account_id)
    events.record_of_account(db, Subject.ACCOUNT, account_id, "DISCONNECTED", now=now)
    doubles = accounts.younger_doubles(db, account_id)
    accounts.remove(db, account_id)
    for double in doubles:
        holds.release(db, double.id, now)


def _rest_after(failures: int) -> timedelta:
    """Return how long a post rests that has failed so often within an hour: a person looks first.

    A program that retries what fails would ask Instagram without end.
    """
    more = failures - _RETRIED_AT_ONCE
    return backoff(more + _FIRST_REST) if more > 0 else timedelta()


def check_sendable(db: Database, post: Post) -> None:
    """Raise `Refusal` for a stored post whose media is not all there."""
    media_ids = posts.media_ids_of(db, post.id)
    if None in media_ids or not media_ids:
        raise Refusal(
            ErrorCode.MEDIA_INVALID, "Its media was deleted; upload it again in a new post"
        )


def check_route_of(db: Database, post: Post, now: datetime) -> None:
    """Raise `Refusal` for a stored post that its account has no means to publish."""
    assert post.account_id is not None
    account = accounts.get(db, post.account_id)
    check_route(db, account, now, has_stickers=bool(post.story_stickers))


def check_route(db: Database, account: Account, now: datetime, *, has_stickers: bool) -> None:
    """Raise `Refusal` for an account that this cannot be published with."""
    if credentials.find(db, account.id) is not None:
        return
    if has_stickers:
        raise Refusal(ErrorCode.PRIVATE_API_REQUIRED, STICKERS_ADVICE)
    if not secrets.exists(db, account.id, AccountSecret.ACCESS_TOKEN):
        raise Refusal(
            ErrorCode.PRIVATE_API_REQUIRED,
            f"@{account.username} has neither a Graph token nor a Private API login",
        )
    if account.token_should_have_ended(now):
        raise Refusal(
            ErrorCode.TOKEN_EXPIRED, f"Reconnect @{account.username}: its token has expired"
        )


def _validated(db: Database, content: Content, account: Account) -> Content:
    ready = stickers.checked(checked(content, login_method=account.login_method))
    check_media(ready, [media_files.get(db, media_id) for media_id in ready.media_ids])
    return ready


def _store(
    db: Database,
    user_id: str,
    account: Account,
    content: Content,
    status: PostStatus,
    now: datetime,
    **more: Any,
) -> Post:
    said = {name: getattr(content, name) for name in _CONTENT}
    more.setdefault("source_type", SourceType.MANUAL)
    post = Post(
        id=str(uuid4()),
        user_id=user_id,
        account_id=account.id,
        instagram_account_id=account.id,
        status=status,
        created_at=now,
        updated_at=now,
        **said,
        **more,
    )
    posts.add(db, post, content.media_ids)
    return post


def _edit(db: Database, post: Post, changes: Mapping[str, Any], now: datetime) -> Post:
    account_id = changes.get("account_id", post.account_id)
    if account_id is None:
        raise Refusal(ErrorCode.INVALID_STATUS, "Its account was disconnected")
    account = accounts.get(db, account_id)
    shown = posts.media_ids_of(db, post.id)
    kept = [media_id for media_id in shown if media_id is not None]
    said = {name: getattr(post, name) for name in _CONTENT}
    before = Content(
        **said | {"alt_texts": _said_of(changes.get("media_ids", kept), shown, post)},
        media_ids=kept,
        media_as_list=post.media_type is MediaType.CAROUSEL,
    )
    named = {name: value for name, value in changes.items() if name != "account_id"}
    content = _validated(db, replace(before, **named), account)
    return posts.edit(
        db,
        post.id,
        now=now,
        media_ids=content.media_ids if "media_ids" in changes else None,
        account_id=account.id,
        instagram_account_id=account.id,
        **{name: getattr(content, name) for name in _CONTENT},
    )


def _said_of(media_ids: Sequence[str], shown: Sequence[str | None], post: Post) -> list[str | None]:
    """Return what is said of each file: that goes along with it, wherever it stands then.

    The same file may stand there twice, with different words.
    """
    left = list(zip(shown, post.alt_texts or (), strict=False))

    def said_of(media_id: str) -> str | None:
        found = next((pair for pair in left if pair[0] == media_id), None)
        if found is None:
            return None
        left.remove(found)
        return found[1]

    return [said_of(each) for each in media_ids]


def queue(db: Database, post: Post, run_at: datetime, now: datetime) -> str:
    """Add the job that sends a post at `run_at`; returns the job's id."""
    assert post.account_id is not None
    job = jobs.add_publish(
        db,
        user_id=post.user_id,
        account_id=post.account_id,
        post_id=post.id,
        run_at=run_at,
        now=now,
    )
    return job.id
