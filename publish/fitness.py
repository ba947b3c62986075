"""What may go to the cloud: posts that the official API takes, with nothing in their way.

Everything else waits for the daemon, and says so. Whether a repost may go out, `repost` knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from publish.choice import choose, means_of, wish_for
from publish.retry import Failure
from storage import accounts, cloud, deliveries, handovers, holds, media_files, posts, users
from storage.deliveries import RouteName
from storage.errors import Unreadable
from storage.media_files import MediaFile
from storage.posts import Post, PostStatus
from storage.store import Database
from storage.troubles import TroubleKind

_FROM_HERE = "It goes out from this machine, which must run when it is due: {why}"
_WAS_SENT = "it was sent before, and is looked for once more before it is sent again"
HOLDING = (TroubleKind.CHALLENGE, TroubleKind.BLOCK)


def is_configured(db: Database) -> bool:
    """Say whether there is a Worker."""
    return cloud.is_there(db)


def was_sent(db: Database, post_id: str) -> str | None:
    """Return why a post that was sent in vain is not offered to the cloud, None where it was not.

    There nobody looks for what was sent before, and it may show late.
    """
    return _WAS_SENT if deliveries.sent_of(db, post_id) else None


def stays_because(db: Database, post: Post, now: datetime) -> str | None:
    """Return why a post that waits has to go out from this machine, None where the cloud can do it.

    What is true of the account now too: a person who has stopped everything, or a trouble.
    """
    media = media_files.of_post(db, post.id)
    if not media or len(media) < len(posts.media_ids_of(db, post.id)):
        return "its media are missing"
    return would_stay_because(db, post, media, now)


def would_stay_because(
    db: Database, post: Post, media: Sequence[MediaFile] | None, now: datetime
) -> str | None:
    """Return what `stays_because` would of a post with such media; None: they are not made yet."""
    if post.account_id is None or post.scheduled_for is None:
        return "it has no account, or no time"
    try:
        worker = cloud.find(db)
    except Unreadable as error:
        return str(error)
    if worker is not None and worker.unfetched is not None:
        return f"Meta does not fetch media from the Worker: {worker.unfetched}"
    if users.is_stopped(db, post.user_id):
        return "everything was stopped"
    account = accounts.get(db, post.account_id)
    hold = holds.active(db, account.id, now, HOLDING)
    if hold is not None:
        return hold.reason
    chosen = choose(
        means_of(db, account, has_public_url=True, now=now),
        has_image=media is None or any(not one.is_video for one in media),
        has_stickers=bool(post.story_stickers),
        wish=wish_for(db, post, media or ()),
    )
    if isinstance(chosen, Failure):
        return chosen.reason
    if chosen.route is not RouteName.GRAPH:
        return chosen.reason
    if not account.ig_user_id.isdecimal() or account.token_unproven:
        return "Meta has not told yet whose the token is"
    if account.token_should_have_ended(post.scheduled_for):
        return "the account's token ends before it is due"
    return None


def warning(db: Database, post: Post, now: datetime) -> str | None:
    """Say of a scheduled post that it needs this machine although there is a cloud, or None."""
    if post.status is not PostStatus.SCHEDULED or not is_configured(db):
        return None
    why = was_sent(db, post.id) or stays_because(db, post, now)
    return None if why is None else _FROM_HERE.format(why=why)


def refused(db: Database, post_id: str) -> str | None:
    """Say of a post that was just offered to the Worker why it was not taken, or None."""
    row = handovers.find(db, post_id)
    if row is None or row.is_away or not row.tries or row.reason is None:
        return None
    return _FROM_HERE.format(why=row.reason)
