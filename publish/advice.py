"""Warnings about posts that are accepted all the same: what a person may not have meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ground.refusal import ErrorCode
from publish import fitness
from publish.choice import PUBLIC_URL_ADVICE, Choice, choose, means_of
from publish.sendable import left_out
from storage import accounts, allowances, media_files, post_lists, posts
from storage.allowances import Allowance
from storage.deliveries import RouteName
from storage.posts import Post, PostStatus
from storage.store import Database

SAME_CONTENT_WITHIN = timedelta(hours=24)
LOOKS_REPEATED_WITHIN = timedelta(minutes=10)
QUOTA_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Adviser:
    """Looks at a post that was just stored; knows the daemon's settings."""

    spacing: timedelta
    has_public_url: bool

    def warnings(self, db: Database, post: Post, now: datetime) -> list[str]:
        """Return what its owner should know before it goes out, in plain words."""
        if post.status is PostStatus.DRAFT:
            return self._on_its_route(db, post, now)
        at = post.scheduled_for or now
        near = posts.near(db, post, at, max(SAME_CONTENT_WITHIN, self.spacing))
        return [
            *_same_content(db, post, near),
            *self._too_close(near, at),
            *self._on_its_route(db, post, now, same_day=_within_a_day_before(near, at)),
            *filter(None, [fitness.warning(db, post, now)]),
        ]

    def _too_close(self, near: list[Post], at: datetime) -> list[str]:
        close = [other for other in near if abs(posts.goes_out_at(other) - at) < self.spacing]
        if not close:
            return []
        minutes = self.spacing.total_seconds() / 60
        return [
            f"Another post of this account goes out within {minutes:.0f} minutes; they are kept "
            f"{minutes:.0f} minutes apart, so this one may go out later"
        ]

    def _on_its_route(
        self, db: Database, post: Post, now: datetime, *, same_day: int = 0
    ) -> list[str]:
        """Say what the route that it would take now cannot do, or that there is none.

        `same_day`: how many posts of the account go out in the 24 hours before.
        """
        if post.account_id is None:
            return []
        account = accounts.get(db, post.account_id)
        means = means_of(db, account, has_public_url=self.has_public_url, now=now)
        media = media_files.of_post(db, post.id)
        has_image = any(not file.is_video for file in media)
        chosen = choose(means, has_image=has_image, has_stickers=bool(post.story_stickers))
        if isinstance(chosen, Choice):
            is_graph = chosen.route is RouteName.GRAPH
            foretold = _foretold(allowances.known(db, account.id), same_day) if is_graph else []
            return [*left_out(post, media, chosen.route), *foretold]
        blocked = chosen.code == ErrorCode.PUBLIC_URL_REQUIRED
        return [f"It cannot go out yet. {PUBLIC_URL_ADVICE}"] if blocked else []


def repetition(db: Database, post: Post, now: datetime) -> str | None:
    """Say that a post looks like one that was asked for twice, or return None."""
    shown = _content(db, post)
    since = now - LOOKS_REPEATED_WITHIN
    for other in post_lists.made_since(db, post.user_id, post.account_id, since):
        is_other = other.id != post.id and other.media_type == post.media_type
        if is_other and other.caption == post.caption and _content(db, other) == shown:
            return (
                f"This looks like post {other.id}, which was asked for minutes ago: send an "
                "Idempotency-Key with what may be sent twice"
            )
    return None


def _within_a_day_before(near: list[Post], at: datetime) -> int:
    return sum(at - QUOTA_WITHIN < posts.goes_out_at(other) <= at for other in near)


def _foretold(allowance: Allowance, same_day: int) -> list[str]:
    if allowance.refusal is not None:
        return [f"It cannot go out yet. {allowance.refusal}"]
    if allowance.total is not None and same_day >= allowance.total:
        return [
            f"Instagram takes {allowance.total} posts within 24 hours through the official API, "
            f"and {same_day} of this account go out before this one: it will wait"
        ]
    return []


def _same_content(db: Database, post: Post, near: list[Post]) -> list[str]:
    shown = _content(db, post)
    for other in near:
        if (other.media_type, other.caption) != (post.media_type, post.caption):
            continue
        if _content(db, other) == shown:
            return ["The same content goes out within 24 hours in another post"]
    return []


def _content(db: Database, post: Post) -> list[str]:
    return [file.sha256 for file in media_files.of_post(db, post.id)]
