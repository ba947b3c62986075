"""What became of a post in the cloud, as states of the post here. Each is part of a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cloud.home import Home, is_repost, moment
from ground.refusal import ErrorCode
from instagram import errors
from instagram.graph.errors import translate_status, translate_told
from publish import intake, states
from publish.content import fingerprint
from publish.retry import Failure, for_good
from publish.route import Published
from publish.states import UNKNOWN_MESSAGE
from storage import deliveries, handovers, jobs, media_files, posts
from storage.deliveries import Delivery, Outcome, RouteName, Step
from storage.handovers import Handover, Owner
from storage.posts import Post, PostStatus
from storage.store import Database

# What its states in the Worker are called here, as long as it has not come to its end.
SHOWN = {
    "SCHEDULED": PostStatus.SCHEDULED,
    "CREATING": PostStatus.PROCESSING,
    "POLLING": PostStatus.PROCESSING,
    "READY": PostStatus.PROCESSING,
    "PUBLISHING": PostStatus.PUBLISHING,
    "PUBLISHED": PostStatus.PUBLISHING,
}
# Refusals that a post from here outlasts, too: see `publish.retry`.
_SAID_ONCE = (errors.Unexplained, errors.Gone, errors.ContainerLost)
_TRIED_THERE = "processing"  # with several containers
_MISSED = "The cloud could not send it in time. Retry it, or schedule it again"


@dataclass(frozen=True, slots=True)
class HeldAgainst:
    """What Instagram told the Worker against an account, or its token."""

    account_id: str
    error: errors.InstagramError


def shown(db: Database, post: Post, job: Mapping[str, Any], now: datetime) -> None:
    """Show how far a post in the cloud is."""
    status = post.resting if job["state"] == "SCHEDULED" else SHOWN[job["state"]]
    if post.status is not status:
        posts.change_status(db, post.id, status, now=now, reason="The cloud is at it")


def went_out(
    db: Database,
    row: Handover,
    post: Post,
    job: Mapping[str, Any],
    now: datetime,
    spacing: timedelta,
) -> None:
    """Record that it is live; its address and its copy on the Page the daemon adds, where missing.

    It counts for the account's spacing and caps as if it had gone out from here.
    """
    at = moment(job.get("publishingAt")) or now
    handovers.keep(db, row, owner=Owner.LOCAL, wish=None, next_at=None, reason=None, since=now)
    delivery = _sent(db, row, post, job, at, now)
    states.live(db, delivery, Published(job.get("mediaId"), job.get("permalink")), now)
    live = posts.edit(db, post.id, now=now, published_at=at, published_via_private_api=False)
    if live.status is PostStatus.PUBLISHED or live.account_id is None:
        if live.status is not PostStatus.PUBLISHED:
            posts.change_status(db, post.id, PostStatus.PUBLISHED, now=now)
        deliveries.close(db, delivery.id, Outcome.PUBLISHED, now)
    else:
        intake.queue(db, live, now, now)
    if live.account_id is not None:
        jobs.free_lane(db, live.account_id, at + spacing, now)


def failed(
    db: Database, row: Handover, post: Post, job: Mapping[str, Any], now: datetime, home: Home
) -> HeldAgainst | None:
    """Record that the Worker has given it up, in our words; returns what is against the account.

    A repost that came too late, or for which its account was not free, is decided anew; one that
    the official API refuses goes the other way, as from here. What was said once there and is not
    believed here is tried from here, while it is not too late for it.
    """
    problem = job.get("problem") or {}
    if problem.get("kind") == "doubt":
        in_doubt(db, row, post, job, UNKNOWN_MESSAGE, now)
        return None
    error = _error(problem)
    failure = Failure(ErrorCode.SCHEDULE_MISSED, _MISSED)
    if error is not None:
        has_video = any(file.is_video for file in media_files.of_post(db, post.id))
        failure = for_good(error, has_video=has_video)
    handovers.keep(db, row, owner=Owner.LOCAL, wish=None, next_at=None, reason=None, since=now)
    is_against = isinstance(error, (errors.AccountTrouble, errors.TokenExpired))
    at = moment(job.get("publishingAt"))
    note_sent(db, row, post, job, now)
    # What came too late is not live either, though it was sent before.
    if is_repost(post) and (error is None or (at is None and is_against)):
        home.reposts.came_back(db, post, None, now)
    elif not is_against and _takes_other_way(db, post, failure, now):
        pass
    elif _is_said_once(problem, error) and _is_in_time(post, now, home):
        _go_out_from_here(db, post, failure.reason, now)
    else:
        _fail(db, post, failure, now)
    if error is None or not is_against or not post.account_id:
        return None
    return HeldAgainst(post.account_id, error)


def _is_said_once(problem: Mapping[str, Any], error: errors.InstagramError | None) -> bool:
    return isinstance(error, _SAID_ONCE) and problem.get("kind") != _TRIED_THERE


def _is_in_time(post: Post, now: datetime, home: Home) -> bool:
    has_time = post.account_id is not None and post.scheduled_for is not None
    return has_time and not home.is_too_late(post, now)


def _go_out_from_here(db: Database, post: Post, why: str, now: datetime) -> None:
    reason = f"From this machine, because the cloud came to nothing: {why}"
    changes: dict[str, Any] = {"cloudflare_job_id": None, "r2_media_key": None}
    changed = posts.change_status(
        db, post.id, post.resting, now=now, reason=reason, error_message=reason, **changes
    )
    intake.queue(db, changed, now, now)


def _takes_other_way(db: Database, post: Post, failure: Failure, now: datetime) -> bool:
    """Let a repost go out from here by the Private API, where its account has and allows that."""
    if not states.may_switch(db, post):
        return False
    if not deliveries.has_ended(db, post.id, RouteName.GRAPH, Outcome.REFUSED):
        delivery = deliveries.open_for(db, post.id, RouteName.GRAPH, now, content=None)
        deliveries.close(db, delivery.id, Outcome.REFUSED, now)
    reason = states.NOW_PRIVATELY.format(why=failure.reason)
    changed = posts.change_status(
        db, post.id, PostStatus.QUEUED, now=now, reason=reason, scheduled_for=None
    )
    intake.queue(db, changed, now, now)
    return True


def in_doubt(
    db: Database,
    row: Handover,
    post: Post,
    job: Mapping[str, Any],
    words: str,
    now: datetime,
) -> None:
    """Record that nobody knows whether it is live: a retry asks Instagram before it sends."""
    handovers.keep(db, row, owner=Owner.LOCAL, wish=None, next_at=None, reason=None, since=now)
    at = moment(job.get("publishingAt")) or min(post.scheduled_for or now, now)
    delivery = _sent(db, row, post, job, at, now)
    deliveries.close(db, delivery.id, Outcome.UNKNOWN, now)
    _fail(db, post, Failure(ErrorCode.DELIVERY_UNKNOWN, words), now)


def note_sent(
    db: Database,
    row: Handover,
    post: Post,
    job: Mapping[str, Any],
    now: datetime,
    outcome: Outcome = Outcome.REFUSED,
) -> None:
    """Note what was sent there in vain, if it was: whoever sends it again looks for it before."""
    at = moment(job.get("publishingAt"))
    if at is not None:
        delivery = _sent(db, row, post, job, at, now)
        deliveries.close(db, delivery.id, outcome, now)


def missed(db: Database, post: Post, now: datetime) -> None:
    """Record that it came back from the cloud unsent, too late to be sent now."""
    _fail(db, post, Failure(ErrorCode.SCHEDULE_MISSED, _MISSED), now)


def not_as_wished(db: Database, post: Post, why: str, now: datetime) -> None:
    """Record that what was to become of it cannot be done: it does not go out as it was."""
    reason = f"It was taken back from the cloud to be changed, which is not possible now: {why}"
    _fail(db, post, Failure(ErrorCode.SCHEDULE_MISSED, reason), now)


def _sent(
    db: Database,
    row: Handover,
    post: Post,
    job: Mapping[str, Any],
    at: datetime,
    now: datetime,
) -> Delivery:
    """Return a delivery of what the Worker has sent, as if it had been sent from here."""
    content = fingerprint(post, media_files.of_post(db, post.id))
    delivery = deliveries.open_for(db, post.id, RouteName.GRAPH, now, content=content)
    return deliveries.advance(
        db,
        delivery.id,
        Step.PUBLISHING,
        now,
        container_id=job.get("container"),
        own_media_before=job.get("ownBefore"),
        files=(row.sent or {}).get("files"),
        publishing_at=at,
    )


def _fail(db: Database, post: Post, failure: Failure, now: datetime) -> None:
    posts.change_status(
        db,
        post.id,
        PostStatus.FAILED,
        now=now,
        reason=failure.reason,
        error_code=failure.code,
        error_message=failure.reason,
    )


def _error(problem: Mapping[str, Any]) -> errors.InstagramError | None:
    """Return what the Worker met as one of our errors, None where it was only too late."""
    message = str(problem.get("message") or "no reason given")
    kind = problem.get("kind")
    if kind == "missed":
        return None
    if kind == "processing":
        return translate_status(message)
    if kind == "refused":
        code, subcode = problem.get("code") or 0, problem.get("subcode") or 0
        return translate_told(int(code), int(subcode), message)
    return errors.Unreachable(f"The cloud has given it up: {message}")
