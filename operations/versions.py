"""Which state of a post somebody saw: a change that is meant for another one is refused."""

from __future__ import annotations

from hashlib import sha256

from ground.refusal import ErrorCode, Refusal
from publish.content import fingerprint
from storage import media_files, posts
from storage.media_files import MediaFile
from storage.posts import Post
from storage.store import Database


def version_of(post: Post, media: list[MediaFile]) -> str:
    """Return the same text for the same content, state and time of a post.

    No counter and no time: what was changed back is what was seen.
    """
    said = [fingerprint(post, media), post.status, post.scheduled_for, post.timezone]
    return sha256("\0".join(map(str, said)).encode()).hexdigest()[:20]


def check_version(db: Database, post_id: str, seen: str | None) -> None:
    """Raise `Refusal` where a post is another than the one that was seen."""
    if seen is None:
        return
    if seen != version_of(posts.get(db, post_id), media_files.of_post(db, post_id)):
        raise Refusal(
            ErrorCode.STALE_EDIT,
            "It was changed elsewhere since you read it; nothing was changed now",
        )
