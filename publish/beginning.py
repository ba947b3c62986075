"""Taking a claimed job up: by which route its post goes, or why it cannot go out now or at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ground.refusal import ErrorCode
from publish.choice import Choice, choose, means_of, wish_for
from publish.content import fingerprint
from publish.punctuality import Punctuality
from publish.retry import Failure, Later
from publish.states import DISCONNECTED, Rails, Standing, postponed
from storage import accounts, deliveries, media_files, posts
from storage.deliveries import Delivery, Outcome, RouteName, Step
from storage.jobs import Job
from storage.media_files import MediaFile
from storage.posts import Post, PostStatus
from storage.store import Database

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
    punctuality: Punctuality,
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
    in_doubt = delivery is not None and delivery.step is Step.PUBLISHING
    if (hold := held(db, post, now)) is not None:
        later = Later(hold.until or now + _LOOK_AGAIN, hold.reason, counted=False)
        postponed(db, job, post, later, in_doubt, now)
        return None
    failure = _impossible(db, post, media)
    # What may be live is asked about however late it is.
    if failure is None and not in_doubt:
        failure = punctuality.too_late(db, job, post, now)
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


def _impossible(db: Database, post: Post, media: Sequence[MediaFile]) -> Failure | None:
    if post.account_id is None:
        return DISCONNECTED
    if len(media) < len(posts.media_ids_of(db, post.id)) or not media:
        return Failure(ErrorCode.MEDIA_INVALID, "The media of this post was deleted")
    return None


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
