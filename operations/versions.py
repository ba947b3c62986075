"""Which state of a post, or of settings, somebody saw: a change meant for another is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

from ground.refusal import ErrorCode, Refusal
from publish.content import fingerprint
from storage import facts, media_files, posts
from storage.media_files import MediaFile
from storage.posts import Post
from storage.store import Database


def version_of(db: Database, post: Post, media: list[MediaFile]) -> str:
    """Return the same text for the same content, state and time of a post, in the same data.

    No counter and no time: what was changed back is what was seen. But not by a restore: what
    was read before that was read of other data, though it may look like this.
    """
    said = [fingerprint(post, media), post.status, post.scheduled_for, post.timezone]
    return _version(db, said)


def version_of_settings(db: Database, settings: Mapping[str, object]) -> str:
    """Return the same text for the same settings of an account, in the same data."""
    return _version(db, sorted(settings.items()))


def refuse_stale(seen: str | None, present: str) -> None:
    """Raise `Refusal` where a change is meant for another state than the present one."""
    if seen is None or seen == present:
        return
    if seen.partition("-")[2] != present.partition("-")[2]:
        said = "The data came from a backup or from elsewhere since you read it"
    else:
        said = "It was changed elsewhere since you read it"
    raise Refusal(ErrorCode.STALE_EDIT, f"{said}; nothing was changed now")


def check_version(db: Database, post_id: str, seen: str | None) -> None:
    """Raise `Refusal` where a post is another than the one that was seen."""
    if seen is None:
        return
    present = version_of(db, posts.get(db, post_id), media_files.of_post(db, post_id))
    refuse_stale(seen, present)


def _version(db: Database, said: Iterable[object]) -> str:
    text = "\0".join(map(str, said))
    return f"{_short(text, 20)}-{_short(facts.came_in(db), 8)}"


def _short(text: str, length: int) -> str:
    return sha256(text.encode()).hexdigest()[:length]
