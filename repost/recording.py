"""Rows for what a scan has found: one a story, or one a message that does not tell which."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from repost.limits import ordered
from repost.messages import Mention
from storage import accounts, reposts
from storage.errors import Unreadable
from storage.repost_configs import RepostConfig
from storage.reposts import UNREAD, Repost, RepostLimit, RepostStatus
from storage.store import Database

# A story lives 24 h. Mentions up to twice that age are still recorded, as expired, so that
# the history shows them; older ones are no news.
LOOKBACK = timedelta(hours=48)
STORY_LIFETIME = timedelta(hours=24)
# A clock that is off by more makes stories look older or younger than they are.
CLOCK_TOLERANCE = timedelta(minutes=5)
GONE = "The story had expired or was deleted before it was seen"
UNKNOWN_FORM = (
    "A message points to a story in a form that is not known: look at it in the Instagram app"
)


def store_new(
    db: Database,
    config: RepostConfig,
    mentions: list[Mention],
    clock: datetime,
    now: datetime,
    at_most: int | None = None,
) -> list[Repost]:
    """Store the mentions of a page that have no row yet; returns the new rows, `at_most` so many.

    `clock` is Instagram's own time. Older stories are recorded as expired, or not at all. Raises
    `NotFound` where the account was disconnected while its page was read.
    """
    accounts.get(db, config.account_id)
    new: list[Repost] = []
    # Oldest first, so that of two names of one author the newer one stays.
    for mention in sorted(mentions, key=lambda mention: mention.at or clock):
        if len(new) == at_most:
            break
        if (mention.at or clock) < clock - LOOKBACK:
            continue
        if mention.author_username and mention.author_pk:
            reposts.rename_author(db, config.account_id, mention.author_pk, mention.author_username)
        repost = _first_seen(config, mention, clock, now)
        if _is_known(db, repost):
            continue
        if reposts.add_new(db, repost):
            new.append(repost)
        elif mention.limits:
            _tell_limits(db, repost, mention)
    return new


def _tell_limits(db: Database, repost: Repost, mention: Mention) -> None:
    """Let an open row know for whom its story is meant: the place it was found in did not say."""
    with suppress(Unreadable):  # which keeps nothing else of the page from its turn
        row = reposts.of_story(db, repost.account_id, repost.story_pk)
        # Of one that was handed over it is asked again before it is sent (`repost.terms`).
        is_open = row is not None and (row.post_id is None or row.status is RepostStatus.QUEUED)
        if row is not None and is_open and not mention.limits <= {*row.limits}:
            reposts.edit(db, row.id, limits=ordered({*row.limits, *mention.limits}))


def _is_known(db: Database, repost: Repost) -> bool:
    """Say whether a message has a row already; one that can be read by now tells it its story."""
    if repost.item_id is None:
        return False
    try:
        row = reposts.of_item(db, repost.account_id, repost.item_id)
    except Unreadable:
        return True  # it has a row, which must not keep the others of the page from theirs
    if row is None:
        return False
    if repost.is_unread:
        return True
    is_open = row.status in (RepostStatus.DETECTED, RepostStatus.EXPIRED, RepostStatus.FAILED)
    is_told = row.is_unread and is_open and repost.status is RepostStatus.DETECTED
    if not is_told or reposts.has_other(db, row, repost.story_pk):
        return False
    reposts.change(
        db,
        row.id,
        RepostStatus.DETECTED,
        now=repost.detected_at,
        story_pk=repost.story_pk,
        limits=repost.limits,
        attempts=0,
    )
    return True


def _first_seen(config: RepostConfig, mention: Mention, clock: datetime, now: datetime) -> Repost:
    sent_at = min(mention.at or clock, clock)
    gone = sent_at < clock - STORY_LIFETIME
    # A clock of ours that is wrong must not make the story younger or older than it is.
    skew = now - clock
    is_off = abs(skew) > CLOCK_TOLERANCE
    at = sent_at + (skew if is_off else timedelta(0))
    reason = None if mention.is_sure or mention.story_pk else UNKNOWN_FORM
    return Repost(
        id=str(uuid4()),
        user_id=config.user_id,
        account_id=config.account_id,
        story_pk=mention.story_pk or f"{UNREAD}{mention.item_id}",
        item_id=mention.item_id,
        status=RepostStatus.EXPIRED if gone else RepostStatus.DETECTED,
        reason=(reason or GONE) if gone else reason,
        source=mention.source,
        author_pk=mention.author_pk,
        author_username=mention.author_username,
        mentioned_at=at,
        expires_at=at + STORY_LIFETIME,
        detected_at=now,
        limits=ordered((*mention.limits, *(() if mention.is_sure else (RepostLimit.UNSURE,)))),
        created_at=clock if is_off else now,
        updated_at=now,
    )
