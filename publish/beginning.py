"""Taking a claimed job up: by which route its post goes, or why it cannot go out now or at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ground.refusal import ErrorCode
from publish.choice import REPOSTS, Choice, choose, means_of, wish_for
from publish.content import fingerprint
from publish.retry import Failure, Later
from publish.states import DISCONNECTED, Rails, Standing, postponed
from storage import accounts, deliveries, jobs, media_files, posts, reposts, trusted_time
from storage.deliveries import Delivery, Outcome, RouteName, Step
from storage.jobs import Job
from storage.media_files import MediaFile
from storage.posts import Post, PostStatus
from storage.store import Database

# For how much of the time since a moment the daemon was not there.
MissedFor = Callable[[datetime], timedelta]
# A repost that was sent again by hand, and then held back: its story is old news.
_LONGEST_HELD = timedelta(hours=72)
# When a post is looked at again that only a person can let go on.
_LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Begun:
    """A claimed job's post, and its open delivery or why there can be none."""

    post: Post
    media: Sequence[MediaFile]
    content: str
    delivery: Delivery | None
    failure: Failure | None = None
    reason: str = ""

    @property
    def in_doubt(self) -> bool:
        """Whether it may be live, so that somebody is asked before a failure is believed."""
        return (
            self.delivery is not None
            and self.delivery.step is Step.PUBLISHING
            and self.post.account_id is not None
        )


def begin(
    db: Database,
    job: Job,
    now: datetime,
    *,
    has_public_url: bool,
    missed_for: MissedFor,
    grace: timedelta,
    held: Rails,
    stands: Standing,
) -> Begun | None:
    """Take a claimed job up: choose its route anew as long as nothing of it was sent to be live.

    Returns None when it was taken back, and when the rails hold it back: then the job is put back
    for later.
    """
    assert job.post_id is not None
    post = posts.get(db, job.post_id)
    media = media_files.of_post(db, post.id)
    content = fingerprint(post, media)
    delivery = _delivery_of(db, post, content, now)
    is_hidden = delivery is None or delivery.step in (Step.CREATED, Step.UPLOADED)
    if is_hidden and not stands(db, post, now):
        return None
    if delivery is not None and delivery.step is Step.PUBLISHED:
        return Begun(post, media, content, delivery)
    if (hold := held(db, post, now)) is not None:
        in_doubt = delivery is not None and delivery.step is Step.PUBLISHING
        later = Later(hold.until or now + _LOOK_AGAIN, hold.reason, counted=False)
        postponed(db, job, post, later, in_doubt, now)
        return None
    failure = _impossible(db, job, post, media, delivery, now, missed_for, grace)
    reason = "it was begun there"
    if failure is None and (delivery is None or not delivery.was_sent):
        chosen = _chosen(db, post, media, now, has_public_url=has_public_url)
        if isinstance(chosen, Failure):
            failure = chosen if delivery is None else None
        elif delivery is None or delivery.route is not chosen.route:
            if delivery is not None:  # what the account has to publish with was changed since
                deliveries.close(db, delivery.id, Outcome.WITHDRAWN, now)
            delivery = deliveries.open_for(db, post.id, chosen.route, now, content=content)
            reason = chosen.reason
    begun = _processing(db, job, post, delivery, now)
    return Begun(begun, media, content, delivery, failure, reason)


def _chosen(
    db: Database, post: Post, media: Sequence[MediaFile], now: datetime, *, has_public_url: bool
) -> Choice | Failure:
    assert post.account_id is not None
    account = accounts.get(db, post.account_id)
    return choose(
        means_of(db, account, has_public_url=has_public_url, now=now),
        has_image=any(not one.is_video for one in media),
        has_stickers=bool(post.story_stickers),
        wish=wish_for(db, post, media),
    )


def _impossible(
    db: Database,
    job: Job,
    post: Post,
    media: Sequence[MediaFile],
    delivery: Delivery | None,
    now: datetime,
    missed_for: MissedFor,
    grace: timedelta,
) -> Failure | None:
    if post.account_id is None:
        return DISCONNECTED
    if len(media) < len(posts.media_ids_of(db, post.id)) or not media:
        return Failure(ErrorCode.MEDIA_INVALID, "The media of this post was deleted")
    due = jobs.could_run_since(db, job, now)
    in_doubt = delivery is not None and delivery.step is Step.PUBLISHING
    # Reposts have rails of their own, and what may be live is asked about however late it is.
    if missed_for(due) > grace and not in_doubt and post.source_type not in REPOSTS:
        return Failure(
            ErrorCode.SCHEDULE_MISSED,
            f"It was due at {due:%Y-%m-%d %H:%M} UTC while the daemon was off, for more than "
            f"{grace.total_seconds() / 60:.0f} minutes. Retry it, or schedule it again",
        )
    if post.source_type in REPOSTS and not in_doubt and _is_old_news(db, job, post, now):
        return Failure(
            ErrorCode.SCHEDULE_MISSED, "It was held back for more than 72 h: no longer news"
        )
    return None


def _is_old_news(db: Database, job: Job, post: Post, now: datetime) -> bool:
    repost = reposts.of_post(db, post.id)
    # It is no older than its mention, whatever the clock said when it was handed over.
    since = job.created_at if repost is None else max(job.created_at, repost.mentioned_at)
    return now - since > _LONGEST_HELD and trusted_time.is_believed(db, now)


def _delivery_of(db: Database, post: Post, content: str, now: datetime) -> Delivery | None:
    """Return a post's open delivery; one that was opened for other content is over."""
    delivery = deliveries.find_open(db, post.id)
    if delivery is None or delivery.content in (None, content):
        return delivery
    if delivery.step in (Step.PUBLISHING, Step.PUBLISHED):
        return delivery  # it is about what may be live
    deliveries.close(db, delivery.id, Outcome.WITHDRAWN, now)
    return None


def _processing(
    db: Database, job: Job, post: Post, delivery: Delivery | None, now: datetime
) -> Post:
    if post.status is PostStatus.PUBLISHING:
        return post
    return posts.change_status(
        db,
        post.id,
        PostStatus.PROCESSING,
        now=now,
        last_attempt_at=now,
        # A retry that a person asked for is a new job, and not counted (contract §4.4).
        retry_count=post.retry_count + (1 if job.attempts > 1 else 0),
        published_via_private_api=delivery is not None and delivery.route is RouteName.PRIVATE,
    )
