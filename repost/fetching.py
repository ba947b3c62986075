"""Downloading what mentions an account, at once, because stories expire.

Every step is a row first, and a decision that the user takes meanwhile is never overwritten.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import trio

from ground.clock import Clock
from instagram import errors
from instagram.audience import Limit
from instagram.download import is_media_url
from instagram.private.api import PrivateApi
from media import sniff as media_sniff
from media.errors import MediaError, MediaInvalid
from media.render import draw_preview, examine_video
from repost import echo, guard, rails, stumbles
from repost.deciding import refuse_unseen
from repost.leftovers import discard
from repost.limits import ordered
from repost.sighting import TOLD, Settled, Sighting, Sightings
from storage import credentials, repost_configs, repost_lists, reposts
from storage.files import MediaFolder
from storage.reposts import Repost, RepostStatus
from storage.store import Database, Store
from storage.wrong_clock import is_awaited

logger = logging.getLogger(__name__)

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
LAST_TRY = timedelta(minutes=2)
# After so many failures with one size of the media another one is tried.
_TRIES_A_SIZE = 3
# What says nothing about the account, and nothing final about a story.
_PASSING = (
    errors.DownloadFailed,
    errors.Unreachable,
    errors.Refused,
    errors.Gone,
    errors.NotReady,
)
_TRIED_AGAIN = "; it is tried again"
_PREVIEW = (360, 640)


class Fetcher:
    """Downloads the media of detected mentions, verifies it, and makes a preview."""

    def __init__(self, store: Store, folder: MediaFolder, clock: Clock) -> None:
        self._store = store
        self._folder = folder
        self._clock = clock

    async def fetch_all(self, api: PrivateApi, account_id: str) -> None:
        """Download what was detected and is due; a failure of one is recorded with it.

        Raises `InstagramError`s that concern the whole account.
        """
        config = await self._store.read(repost_configs.get, account_id)
        login = await self._store.read(credentials.find, account_id)
        sightings = Sightings(api, login.private_pk if login else "")
        for listed in await self._store.read(repost_lists.detected_of, account_id):
            if _waits(listed, self._clock.now()):
                continue
            repost = await self._store.write(refuse_unseen, listed, self._clock.now())
            if repost.status is not RepostStatus.DETECTED:
                continue
            asleep = guard.may_fetch(config, repost.detected_at, self._clock.now())
            if asleep is not None:
                await self._change(repost, repost.status, asleep.reason, held_until=asleep.until)
                continue
            await self._try(api, repost, sightings)

    async def _try(self, api: PrivateApi, repost: Repost, sightings: Sightings) -> None:
        """Fetch one mention. Only what Instagram says plainly ends it before its story does."""
        try:
            await self._fetch(api, repost, sightings)
        except Settled as settled:
            was_tried = bool(repost.attempts and repost.reason and not repost.is_own)
            before = f". Before that: {repost.reason}" if was_tried else ""
            await self._change(
                repost, settled.status, settled.reason + before.removesuffix(_TRIED_AGAIN)
            )
        except _PASSING as passing:
            await self._again(repost, passing.reason)
        except MediaError as error:
            # Perhaps only this copy of it is damaged, or it is no copy of it at all.
            reason = f"What Instagram delivered is no usable photo or video: {error.reason}"
            await self._again(repost, reason)
        except errors.AccountOnHold:
            raise  # nothing was asked
        except errors.InstagramError as trouble:
            # The account's, and met with this one: once that is over, the others go first.
            await self._again(
                repost,
                trouble.reason,
                after=await self._store.read(
                    rails.others_go_first_until, repost.account_id, self._clock.now()
                ),
            )
            raise
        except Exception as error:
            if not stumbles.is_of_one(error):
                raise
            stumbles.tell(repost, error)
            await self._again(repost, "It could not be read because of an error in Reprise")

    async def _fetch(self, api: PrivateApi, repost: Repost, sightings: Sightings) -> None:
        scratch, preview = self._folder.scratch(), self._folder.scratch(".jpg")
        try:
            if repost.is_own:
                found = await self._fetch_own(api, repost, scratch)
            else:
                found = await self._sight(sightings, repost)
                await api.download(_address(found.urls, repost.attempts), scratch)
            kind = await self._verified(scratch, preview, is_video=found.is_video)
            await self._keep(repost, found, scratch, kind, preview)
        finally:
            for file in (scratch, preview):
                await trio.Path(file).unlink(missing_ok=True)

    async def _sight(self, sightings: Sightings, repost: Repost) -> Sighting:
        known = await self._store.read(reposts.known_stories, repost)
        named = await self._store.read(echo.has_named, repost)
        return await sightings.of(repost, self._clock.now(), known, named=named)

    async def _keep(
        self,
        repost: Repost,
        found: Sighting,
        file: Path,
        kind: media_sniff.FileType,
        preview: Path,
    ) -> None:
        async with self._folder.changing:
            stored = await trio.to_thread.run_sync(self._folder.adopt, file, kind.suffix)
            shown = await trio.to_thread.run_sync(self._folder.adopt, preview, ".jpg")
            kept = await self._change(
                repost,
                RepostStatus.DOWNLOADED,
                None,
                media_path=stored.path,
                preview_path=shown.path,
                kind="photo" if kind.is_photo else "video",
                expires_at=found.expires_at,
                story_pk=found.story_pk,
                author_pk=found.author_pk,
                author_username=found.username,
                caption=found.caption or None,
                limits=found.limits,
            )
            if kept.media_path != stored.path:  # it was decided about meanwhile
                await discard(self._store, self._folder, [stored.path, shown.path])

    async def _fetch_own(self, api: PrivateApi, repost: Repost, target: Path) -> Sighting:
        """Download the picture of one of the account's own posts."""
        found = Sighting(
            story_pk=repost.story_pk,
            urls=(),
            expires_at=repost.expires_at,
            author_pk=repost.author_pk,
            username=repost.author_username,
            caption=repost.caption or "",
            is_video=False,
            limits=repost.limits,
        )
        if repost.media_url is not None and repost.attempts == 0:
            try:
                await api.download(repost.media_url, target)
            except errors.DownloadFailed as failed:
                logger.info("own post read anew id=%s reason=%s", repost.id, failed.reason)
            else:
                return found
        # Addresses of Instagram's network do not live for ever; the post has fresh ones.
        try:
            post = await api.post(repost.story_pk)
        except errors.Gone:
            if repost.story_pk in (await api.own_posts()).pks:
                raise errors.NotReady("The post is there, but Instagram does not show it") from None
            raise Settled("The post is gone or not visible to this account") from None
        if post.picture_url is None:
            raise errors.NotReady("The post is there, but Instagram shows no picture of it yet")
        await api.download(post.picture_url, target)
        told = post.limits - {Limit.PRIVATE_AUTHOR}
        return replace(found, limits=ordered({*found.limits, *told}))

    async def _verified(self, file: Path, preview: Path, *, is_video: bool) -> media_sniff.FileType:
        """Decode what strangers' stories delivered, now, while it can be fetched again."""
        kind = await trio.to_thread.run_sync(media_sniff.sniff, file)
        if kind is None:
            raise MediaInvalid("it is neither a photo nor a video")
        if is_video and kind.is_photo:
            raise MediaInvalid("it is a picture, and the story is a video")
        if kind.is_photo:
            await draw_preview(file, preview, _PREVIEW)
        else:
            await examine_video(file, preview, within=_PREVIEW, quality=80)
        return kind

    async def _again(self, repost: Repost, reason: str, after: datetime | None = None) -> None:
        """Have a mention asked for again after a growing pause, and once more before its end."""
        now = self._clock.now()
        wait = min(FIRST_RETRY * 2 ** min(repost.attempts, 10), LONGEST_RETRY)
        if after is not None:
            wait = after - now
        last = repost.expires_at - LAST_TRY
        if now >= last:
            over = f"It could not be saved before its story ended. Last: {reason}"
            await self._change(repost, RepostStatus.EXPIRED, over)
            return
        await self._change(
            repost,
            RepostStatus.DETECTED,
            f"{reason}{_TRIED_AGAIN}",
            held_until=min(now + wait, last),
            attempts=repost.attempts + 1,
        )

    async def _change(
        self, repost: Repost, status: RepostStatus, reason: str | None, **changes: object
    ) -> Repost:
        return await self._store.write(
            _change_undecided, repost, status, self._clock.now(), reason, changes
        )


def _change_undecided(
    db: Database,
    repost: Repost,
    status: RepostStatus,
    now: datetime,
    reason: str | None,
    changes: dict[str, object],
) -> Repost:
    current = reposts.get(db, repost.id)
    if current.status is not RepostStatus.DETECTED:
        return current  # the user has skipped it meanwhile
    if (current.status, current.reason) != (status, reason):
        logger.info("repost id=%s state=%s reason=%s", repost.id, status, reason)
    story_pk = str(changes.get("story_pk", repost.story_pk))
    if reposts.has_other(db, repost, story_pk):
        return reposts.change(db, repost.id, RepostStatus.SKIPPED, now=now, reason=TOLD)
    limits = changes.get("limits")
    if isinstance(limits, tuple):  # and what a scan has read of it meanwhile
        changes["limits"] = ordered({*limits, *({*current.limits} - {*repost.limits})})
    held_until = changes.pop("held_until", None)
    assert held_until is None or isinstance(held_until, datetime)
    return reposts.change(
        db, repost.id, status, now=now, reason=reason, held_until=held_until, **changes
    )


def _waits(repost: Repost, now: datetime) -> bool:
    """Say whether a mention waits for a time, if none that a wrong clock has set."""
    return is_awaited(repost.held_until, repost.updated_at, now, guard.CLOCK_ERROR)


def _address(urls: Sequence[str], attempts: int) -> str:
    usable = [url for url in urls if is_media_url(url)] or urls
    return usable[attempts // _TRIES_A_SIZE % len(usable)]
