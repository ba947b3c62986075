"""Posts of an import: what was due or on its way is parked, and what may be live is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from ground.refusal import ErrorCode
from moving.plan import Imported, Plan
from publish.content import fingerprint
from storage import accounts, jobs, media_files, posts, records
from storage.deliveries import Delivery, Outcome
from storage.posts import Post, PostStatus
from storage.store import Database


def local_id(db: Database, account_id: str, ids: Mapping[str, str], user_id: str) -> str | None:
    """Return the id that an account of the document has here, None where it is not the user's."""
    found = accounts.find(db, ids.get(account_id, account_id))
    return found.id if found is not None and found.user_id == user_id else None


def take_post(
    db: Database, post: Post, plan: Plan, ids: Mapping[str, str], now: datetime, done: Imported
) -> bool:
    """Store a post that is new here, with its deliveries; False for one that is known."""
    if posts.is_known(db, post.id):
        done.known["posts"] += 1
        return False
    account_id = local_id(db, post.instagram_account_id, ids, plan.user_id)
    wanted = plan.media_of_post.get(post.id, [])
    # Its place stays: a carousel of which a picture is missing must not go out without it.
    there = [one if one and _is_theirs(db, one, plan.user_id) else None for one in wanted]
    local = replace(
        post,
        account_id=account_id,
        instagram_account_id=account_id or post.instagram_account_id,
    )
    stored, note = outcome(
        local,
        now,
        connected=account_id is not None,
        media_there=bool(there) and None not in there,
        in_cloud=post.id in plan.in_cloud,
    )
    if note is not None:
        done.notes[note] += 1
    if post.id in plan.told_of:
        posts.take_over(db, stored, there)
    else:
        posts.add(db, stored, there)
    done.subjects.add(post.id)
    _take_deliveries(db, post, stored, plan)
    if stored.status is PostStatus.SCHEDULED and not is_begun(stored, now):
        assert account_id is not None
        assert stored.scheduled_for is not None
        jobs.add_publish(
            db,
            user_id=stored.user_id,
            account_id=account_id,
            post_id=stored.id,
            run_at=stored.scheduled_for,
            now=now,
        )
        done.notes["posts are scheduled here now: see that nothing else sends them too"] += 1
    done.new["posts"] += 1
    return True


def _is_theirs(db: Database, media_id: str, user_id: str) -> bool:
    found = media_files.find(db, media_id)
    return found is not None and found.user_id == user_id


def _take_deliveries(db: Database, post: Post, stored: Post, plan: Plan) -> None:
    """Store how far a post had come, so that a retry asks Instagram before it sends anything."""
    wanted = plan.media_of_post.get(post.id, [])
    there = [row for one in wanted if one and (row := plan.media.get(one)) is not None]
    was = fingerprint(post, there)
    for delivery in plan.deliveries_of.get(post.id, ()):
        # The account may have another id here, and a file other bytes.
        is_same = delivery.content == was
        content = fingerprint(stored, media_files.of_post(db, post.id)) if is_same else None
        records.insert(
            db,
            replace(
                delivery,
                content=content or delivery.content,
                files=None,  # renditions are made anew
                **_closed(delivery, stored),
            ),
        )


def _closed(delivery: Delivery, post: Post) -> dict[str, Any]:
    """Return what ends an open delivery whose post has no account here."""
    if delivery.closed_at is not None or post.status is not PostStatus.FAILED:
        return {}
    return {"closed_at": post.completed_at or post.updated_at, "outcome": Outcome.UNKNOWN}


def is_begun(post: Post, now: datetime) -> bool:
    """Say whether a post was due or on its way."""
    if post.status is PostStatus.SCHEDULED:
        return post.scheduled_for is None or post.scheduled_for <= now
    return post.status in (PostStatus.QUEUED, PostStatus.PROCESSING, PostStatus.PUBLISHING)


def outcome(
    post: Post, now: datetime, *, connected: bool, media_there: bool, in_cloud: bool
) -> tuple[Post, str | None]:
    """Return a post as it is stored here, and why if it is not as it was.

    Only what lies in the future, and can be sent from here, stays scheduled; nothing that was due
    or on its way is ever sent by itself.
    """
    ended = post.published_at or post.updated_at
    if connected and is_begun(post, now):
        return post, None  # parked when all of it is here
    match post.status:
        case PostStatus.DRAFT:
            return post, None
        case PostStatus.PUBLISHED | PostStatus.FAILED:
            return replace(post, completed_at=post.completed_at or ended), None
        case PostStatus.SCHEDULED if not is_begun(post, now):
            if connected and media_there and not in_cloud:
                return replace(post, is_scheduled=True), None
            why = (
                "the cloud sends it" if in_cloud
                else "its media are missing" if connected
                else "its account is missing"
            )  # fmt: skip
            draft = replace(
                post,
                status=PostStatus.DRAFT,
                is_scheduled=False,
                scheduled_for=None,
                cloudflare_job_id=None,
                r2_media_key=None,
            )
            return draft, f"scheduled posts became drafts: {why}"
        case (
            PostStatus.SCHEDULED | PostStatus.QUEUED | PostStatus.PROCESSING | PostStatus.PUBLISHING
        ):
            failed = replace(
                post,
                status=PostStatus.FAILED,
                error_code=ErrorCode.DELIVERY_UNKNOWN,
                error_message=_UNSURE,
                completed_at=now,
            )
            return failed, "posts that were due or on their way are parked as failed"
        case _:
            assert_never(post.status)


_UNSURE = (
    "It was due or on its way before it was imported, and may have gone out. Look at the account "
    "in the Instagram app before you retry"
)
