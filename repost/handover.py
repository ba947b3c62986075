"""Handing a mention over: its card is composed, then post and job are stored in one transaction.

Nothing here talks to Instagram: the publish engine takes it from there, and its outcome is
taken over by `settle`.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import trio

from ground.clock import Clock
from ground.hold import Hold
from media.errors import MediaError, RenderFailed
from repost import approval, card, planning, rails
from repost.card import Card
from repost.deciding import decide
from repost.leftovers import discard
from repost.planning import Stays
from repost.terms import look_of, terms_of
from storage import (
    cloud,
    handovers,
    jobs,
    lost,
    media_files,
    posts,
    repost_configs,
    repost_lists,
    repost_slots,
    reposts,
)
from storage.errors import Unreadable
from storage.files import MediaFolder
from storage.media_files import MediaFile, Origin
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from storage.store import Database, Store

logger = logging.getLogger(__name__)

# The rail of what waits for its hour, and goes out from here then.
_FROM_HERE = "here"
DRY_RUN = "Dry run: it would have been published now"
# The middle of the canvas, where a card shows the picture: a tap there leads to the post.
_POST_STICKER = {"x": 0.5, "y": 0.4997396, "width": 0.8, "height": 0.60572916, "rotation": 0.0}


@dataclass(frozen=True, slots=True)
class _Later:
    """A mention waits: for its time `at` with a post of its own, or until it is looked at again."""

    held: Hold
    at: datetime | None = None


class HandOver:
    """Brings mentions that may go out to the publish engine, as far as the rails allow.

    Where there is a cloud, those that have to wait for their time are handed over before it.
    """

    def __init__(
        self, store: Store, folder: MediaFolder, clock: Clock, stays: Stays | None = None
    ) -> None:
        """`stays` tells what the cloud cannot send; without it nothing is planned for it."""
        self._store = store
        self._folder = folder
        self._clock = clock
        self._stays = stays

    async def send(self, repost: Repost) -> Repost:
        """Hand a queued mention over, or hold it back with the reason; returns it."""
        later = await self._store.read(self._later, repost, None, self._clock.now())
        if later is not None and later.at is None:
            return await self._store.write(_hold, repost.id, later.held, self._clock.now())
        if await self._has_card(repost):
            sent = await self._store.write(self._hand_over, repost.id, None, self._clock.now())
        else:
            try:
                composed, look = await self._compose(repost)
            except RenderFailed:
                raise  # the story may be fine
            except MediaError as error:
                reason = f"The card could not be composed: {error.reason}"
                return await self._store.write(_fail, repost.id, reason, self._clock.now())
            sent = await self._keep(repost, composed, look)
        logger.info("repost id=%s state=%s reason=%s", sent.id, sent.status, sent.reason)
        return sent

    def _held(self, db: Database, repost: Repost, now: datetime) -> Hold | None:
        pace = self._clock.pace
        held = queue_held(db, repost.account_id, now, pace)
        return held or approval.still_open(repost, now, pace)

    def queue_waits(self, db: Database, account_id: str, now: datetime) -> tuple[Hold | None, bool]:
        """Return the rail that holds all queued mentions of an account, with why not in the cloud.

        And whether the next of them can be given a time for the cloud all the same.
        """
        held = queue_held(db, account_id, now, self._clock.pace)
        config = repost_configs.get(db, account_id)
        at = None if held is None else self._time_of(db, config, now, held, now)
        if held is None or at is None:
            return held, False
        held = self._from_here(db, _post(config, SourceType.STORY_REPOST, now, at), None, held, now)
        return held, held.rail != _FROM_HERE

    def _later(
        self, db: Database, repost: Repost, card_file: MediaFile | None, now: datetime
    ) -> _Later | None:
        """Return what a mention waits for, None where it may go out now.

        It has a time where the cloud can send it then. `card_file` is its card, once that is made.
        """
        held = self._held(db, repost, now)
        if held is None:
            return None
        config = repost_configs.get(db, repost.account_id)
        at = self._time_of(db, config, repost.mentioned_at, held, now)
        if at is None:
            return _Later(held)
        if (rests := approval.still_open(repost, now, self._clock.pace)) is not None:
            return _Later(rests)
        media = None if card_file is None else (card_file,)
        held = self._from_here(db, post_of(repost, config, now, at), media, held, now)
        return _Later(held, None if held.rail == _FROM_HERE else at)

    def _time_of(
        self,
        db: Database,
        config: RepostConfig,
        mentioned_at: datetime,
        held: Hold,
        now: datetime,
    ) -> datetime | None:
        if self._stays is None or config.dry_run or not cloud.is_there(db):
            return None
        if handovers.is_asked_back(db, config.account_id):
            return None  # their places are free then: all are given anew, the oldest first
        return planning.time_of(db, config, mentioned_at, held, now, self._clock.pace)

    def _from_here(
        self,
        db: Database,
        post: Post,
        media: tuple[MediaFile] | None,
        held: Hold,
        now: datetime,
    ) -> Hold:
        """Return what holds a mention, and why this machine has to send it then, if it has to."""
        assert self._stays is not None
        why = self._stays(db, post, media, now)
        if why is None:
            return held
        reason = f"{held.reason}. {planning.FROM_HERE.format(why=why)}"
        return Hold(_FROM_HERE, reason, held.until)

    # The card

    async def _has_card(self, repost: Repost) -> bool:
        """Say whether its card was composed before, as it would be now."""
        media = await self._store.read(media_files.find, repost.card_media_id or "")
        config = await self._store.read(repost_configs.get, repost.account_id)
        if media is None or repost.card_look != look_of(config, repost):
            return False
        return await trio.Path(self._folder.path(media.storage_path)).is_file()

    async def _compose(self, repost: Repost) -> tuple[Card, str]:
        assert repost.media_path is not None
        config = await self._store.read(repost_configs.get, repost.account_id)
        design = await trio.to_thread.run_sync(card.design_for, config, repost)
        composed = await card.compose(
            self._folder.path(repost.media_path),
            author=repost.author_username,
            directory=self._folder.incoming,
            design=design,
        )
        return composed, look_of(config, repost)

    async def _keep(self, repost: Repost, composed: Card, look: str) -> Repost:
        async with self._folder.changing:
            media = await trio.to_thread.run_sync(self._adopt, repost, composed, self._clock.now())
            made = media, composed, look
            old = await self._store.read(media_files.find, repost.card_media_id or "")
            sent = await self._store.write(self._hand_over, repost.id, made, self._clock.now())
            # An older card; and this one too, where the user has decided otherwise meanwhile.
            paths = [
                path
                for made_of in (old, media)
                if made_of is not None
                for path in (made_of.storage_path, made_of.thumbnail_path or "")
            ]
            await discard(self._store, self._folder, paths)
        return sent

    def _adopt(self, repost: Repost, composed: Card, now: datetime) -> MediaFile:
        video = composed.kind == "video"
        stored = self._folder.adopt(composed.path, ".mp4" if video else ".jpg")
        thumbnail = self._folder.adopt(composed.thumbnail, ".jpg")
        width, height = composed.size
        return MediaFile(
            id=str(uuid4()),
            user_id=repost.user_id,
            origin=Origin.REPOST,
            original_filename=f"repost-{repost.author_username}-{repost.story_pk}",
            sha256=stored.sha256,
            storage_path=stored.path,
            mime_type="video/mp4" if video else "image/jpeg",
            file_size=stored.size,
            width=width,
            height=height,
            duration_seconds=composed.duration_s,
            aspect_ratio="9:16",
            thumbnail_path=thumbnail.path,
            created_at=now,
        )

    # One transaction: whatever was decided while the card was composed holds

    def _hand_over(
        self,
        db: Database,
        repost_id: str,
        made: tuple[MediaFile, Card, str] | None,
        now: datetime,
    ) -> Repost:
        """Store post and job, at most once for a repost, unless something speaks against it now."""
        repost = decide(db, repost_id, now)
        if repost.status is not RepostStatus.QUEUED or repost.post_id is not None:
            return repost
        if made is not None:
            media, composed, look = made
            if repost.card_media_id is not None:
                media_files.remove(db, repost.card_media_id)
            media_files.add(db, media)
            repost = reposts.edit(
                db,
                repost_id,
                card_media_id=media.id,
                card_sticker=asdict(composed.sticker),
                card_look=look,
            )
        found = media_files.find(db, repost.card_media_id or "")
        later = self._later(db, repost, found, now)
        if later is not None and later.at is None:
            return _hold(db, repost_id, later.held, now)
        config = repost_configs.get(db, repost.account_id)
        if repost.card_look != look_of(config, repost):
            return repost  # changed meanwhile, which woke the engine: it is composed anew
        if config.dry_run:
            repost_slots.take(db, repost.account_id, None, now)
            return reposts.change(db, repost_id, RepostStatus.SKIPPED, now=now, reason=DRY_RUN)
        post = post_of(repost, config, now, None if later is None else later.at)
        reason = "It is being published" if later is None else later.held.reason
        return _queue(db, repost, post, terms_of(db, config), reason, now)


def queue_held(db: Database, account_id: str, now: datetime, pace: float) -> Hold | None:
    """Return the rail that holds every queued mention of an account, or None."""
    return rails.reposting_held(db, repost_configs.get(db, account_id), now, pace)


def stumbled(
    db: Database, repost_id: str, error: Exception, until: datetime | None, now: datetime
) -> Repost:
    """Let a mention say that it met an error and rests; without `until` it has failed."""
    what = error.reason if isinstance(error, MediaError) else "an error in Reprise"
    reason = f"Its card could not be made: {what}"
    if until is None:
        return _fail(db, repost_id, reason, now)
    return _hold(db, repost_id, Hold("trouble", f"{reason}; it is tried again", until), now)


def settle(db: Database, account_id: str, now: datetime) -> None:
    """Take over the outcome of posts that the publish engine has finished with."""
    for repost_id, post_id, status, error in repost_lists.with_decided_post(db, account_id):
        if status == PostStatus.PUBLISHED:
            outcome, reason = RepostStatus.PUBLISHED, None
        elif status is None:
            outcome, reason = RepostStatus.SKIPPED, "Its post was cleared before it went out"
        elif status != PostStatus.FAILED:
            # It is a post like any other now, and the person's own: no repost counts it.
            outcome, reason = RepostStatus.SKIPPED, "Its post was released, and is yours to send"
            repost_slots.free(db, post_id)
        else:
            outcome, reason = RepostStatus.FAILED, error
        try:
            reposts.change(db, repost_id, outcome, now=now, reason=reason)
        except Unreadable:
            lost.end_mention(db, repost_id, outcome.value, reason, now)
        logger.info("repost id=%s state=%s reason=%s", repost_id, outcome, reason)


def post_of(
    repost: Repost, config: RepostConfig, now: datetime, at: datetime | None = None
) -> Post:
    """Return the post that shows a mention's card, to go out now or at its time."""
    said: dict[str, Any] = {}
    if repost.is_own:
        full_id = f"{repost.story_pk}_{repost.author_pk}"
        said["story_stickers"] = [{"type": "feed_media", "id": full_id, **_POST_STICKER}]
    elif config.auto_tag_original_poster and repost.author_username and repost.card_sticker:
        person = {"username": repost.author_username, "userId": repost.author_pk}
        said["story_mentions"] = [{**person, **repost.card_sticker}]
    source = SourceType.AUTO_REPOST if repost.is_own else SourceType.STORY_REPOST
    return replace(_post(config, source, now, at), **said)


def _post(config: RepostConfig, source: SourceType, now: datetime, at: datetime | None) -> Post:
    return Post(
        id=str(uuid4()),
        user_id=config.user_id,
        account_id=config.account_id,
        instagram_account_id=config.account_id,
        media_type=MediaType.STORIES,
        source_type=source,
        scheduled_for=at,
        timezone=config.timezone,
        status=PostStatus.QUEUED,
        created_at=now,
        updated_at=now,
    )


def _queue(
    db: Database, repost: Repost, post: Post, terms: str, reason: str, now: datetime
) -> Repost:
    """Store a repost's post with its job and its place among the account's: now, or at its time."""
    assert repost.card_media_id is not None
    posts.add(db, post, [repost.card_media_id])
    jobs.add_publish(
        db,
        user_id=post.user_id,
        account_id=repost.account_id,
        post_id=post.id,
        run_at=post.scheduled_for or now,
        now=now,
    )
    repost_slots.take(db, repost.account_id, post.id, post.scheduled_for or now)
    return reposts.change(
        db,
        repost.id,
        RepostStatus.QUEUED,
        now=now,
        reason=reason,
        held_until=post.scheduled_for,
        post_id=post.id,
        handed_over_under=terms,
    )


def _hold(db: Database, repost_id: str, held: Hold, now: datetime) -> Repost:
    repost = reposts.get(db, repost_id)
    is_told = (repost.reason, repost.held_until) == (held.reason, held.until)
    if repost.status is not RepostStatus.QUEUED or repost.post_id is not None or is_told:
        return repost
    return reposts.change(
        db, repost_id, RepostStatus.QUEUED, now=now, reason=held.reason, held_until=held.until
    )


def _fail(db: Database, repost_id: str, reason: str, now: datetime) -> Repost:
    repost = reposts.get(db, repost_id)
    if repost.status is not RepostStatus.QUEUED:
        return repost
    return reposts.change(db, repost_id, RepostStatus.FAILED, now=now, reason=reason)
