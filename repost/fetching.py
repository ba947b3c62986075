"""Downloading what mentions an account, at once, because stories expire.

Every step is a row first, and a decision that the user takes meanwhile is never overwritten.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import trio

from instagram import errors
from instagram.private_api import PrivateApi
from instagram.stories import Story
from media import sniff as media_sniff
from media.errors import MediaError, MediaInvalid
from media.photo import open_photo, save_jpeg
from media.render import examine_video
from repost import guard
from repost.deciding import refuse_unseen
from repost.leftovers import discard
from storage import repost_configs, reposts
from storage.files import MediaFolder
from storage.reposts import Repost, RepostStatus
from storage.store import Database, Store

logger = logging.getLogger(__name__)

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
DAMAGED_TRIES = 3
_PREVIEW = (360, 640)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What there is to download, and what Instagram says about it now."""

    url: str
    expires_at: datetime
    username: str
    caption: str
    is_video: bool


class Fetcher:
    """Downloads the media of detected mentions, verifies it, and makes a preview."""

    def __init__(self, store: Store, folder: MediaFolder, now: Callable[[], datetime]) -> None:
        self._store = store
        self._folder = folder
        self._now = now

    async def fetch_all(self, api: PrivateApi, account_id: str) -> None:
        """Download what was detected and is due; a failure of one is recorded with it.

        Raises `InstagramError`s that concern the whole account.
        """
        seen: dict[str, list[Story]] = {}
        config = await self._store.read(repost_configs.get, account_id)
        for listed in await self._store.read(reposts.open_of, account_id):
            if listed.status is not RepostStatus.DETECTED:
                continue
            if listed.held_until is not None and listed.held_until > self._now():
                continue
            repost = await self._store.write(refuse_unseen, listed, self._now())
            if repost.status is not RepostStatus.DETECTED:
                continue
            asleep = guard.may_fetch(config, repost.detected_at, self._now())
            if asleep is not None:
                await self._change(repost, repost.status, asleep.reason, held_until=asleep.until)
                continue
            try:
                await self._fetch(api, repost, seen)
            except errors.DownloadFailed as failed:
                await self._failed(repost, failed.reason, permanent=failed.permanent)
            except errors.Unavailable as unavailable:
                await self._failed(repost, unavailable.reason, permanent=False)
            except (errors.NotFound, errors.Refused):
                what = "post" if repost.is_own else "story"
                reason = f"The {what} is gone or not visible to this account"
                await self._change(repost, RepostStatus.EXPIRED, reason)
            except MediaError as error:
                # Perhaps only this copy of it is damaged: it is fetched again, not for ever.
                reason = f"What Instagram delivered is no usable photo or video: {error.reason}"
                tried_enough = repost.attempts + 1 >= DAMAGED_TRIES
                await self._failed(repost, reason, permanent=tried_enough)

    async def _fetch(self, api: PrivateApi, repost: Repost, seen: dict[str, list[Story]]) -> None:
        scratch, preview = self._folder.scratch(), self._folder.scratch(".jpg")
        try:
            if repost.is_own:
                found = await self._fetch_own(api, repost, scratch)
            else:
                found = await self._story(api, repost, seen)
                await api.download(found.url, scratch)
            kind = await self._verified(scratch, preview)
            await self._keep(repost, found, scratch, kind.suffix, preview)
        finally:
            for file in (scratch, preview):
                await trio.Path(file).unlink(missing_ok=True)

    async def _keep(
        self, repost: Repost, found: _Found, file: Path, suffix: str, preview: Path
    ) -> None:
        async with self._folder.changing:
            stored = await trio.to_thread.run_sync(self._folder.adopt, file, suffix)
            shown = await trio.to_thread.run_sync(self._folder.adopt, preview, ".jpg")
            kept = await self._change(
                repost,
                RepostStatus.DOWNLOADED,
                None,
                media_path=stored.path,
                preview_path=shown.path,
                kind="video" if found.is_video else "photo",
                expires_at=found.expires_at,
                author_username=found.username or repost.author_username,
                caption=found.caption or None,
            )
            if kept.media_path != stored.path:  # it was decided about meanwhile
                await discard(self._store, self._folder, [stored.path, shown.path])

    async def _story(self, api: PrivateApi, repost: Repost, seen: dict[str, list[Story]]) -> _Found:
        if repost.author_pk not in seen:
            seen[repost.author_pk] = await api.stories_of(repost.author_pk)
        stories = {story.pk: story for story in seen[repost.author_pk]}
        story = stories.get(repost.story_pk) or await api.story(repost.story_pk)
        if story.expires_at <= self._now() or story.url is None:
            raise errors.NotFound("The story has expired")
        return _Found(
            url=story.url,
            expires_at=story.expires_at,
            username=story.owner_username,
            caption=story.text,
            is_video=story.is_video,
        )

    async def _fetch_own(self, api: PrivateApi, repost: Repost, target: Path) -> _Found:
        """Download the picture of one of the account's own posts from where the feed said."""
        found = _Found(
            url=repost.media_url or "",
            expires_at=repost.expires_at,
            username=repost.author_username,
            caption=repost.caption or "",
            is_video=False,
        )
        if repost.media_url is not None:
            try:
                await api.download(repost.media_url, target)
            except errors.DownloadFailed as failed:
                if not failed.permanent:
                    raise
            else:
                return found
        # Addresses of Instagram's network do not live for ever; the post has fresh ones.
        post = await api.post(repost.story_pk)
        if post.picture_url is None:
            raise errors.NotFound("The post has no picture")
        await api.download(post.picture_url, target)
        return found

    async def _verified(self, file: Path, preview: Path) -> media_sniff.MediaType:
        """Decode what strangers' stories delivered, now, while it can be fetched again."""
        kind = await trio.to_thread.run_sync(media_sniff.sniff, file)
        if kind is None:
            raise MediaInvalid("it is neither a photo nor a video")
        if kind.is_photo:
            await trio.to_thread.run_sync(_draw_preview, file, preview)
            return kind
        poster = self._folder.scratch(".png")
        try:
            await examine_video(file, poster)
            await trio.to_thread.run_sync(_draw_preview, poster, preview)
        finally:
            await trio.Path(poster).unlink(missing_ok=True)
        return kind

    async def _failed(self, repost: Repost, reason: str, *, permanent: bool) -> None:
        if permanent:
            status = RepostStatus.EXPIRED if "gone" in reason else RepostStatus.FAILED
            await self._change(repost, status, reason)
            return
        now = self._now()
        wait = min(FIRST_RETRY * 2**repost.attempts, LONGEST_RETRY)
        if now + wait >= repost.expires_at:
            reason = f"It expired before it could be downloaded. Last error: {reason}"
            await self._change(repost, RepostStatus.EXPIRED, reason)
            return
        await self._change(
            repost,
            RepostStatus.DETECTED,
            f"{reason}; it is tried again",
            held_until=now + wait,
            attempts=repost.attempts + 1,
        )

    async def _change(
        self, repost: Repost, status: RepostStatus, reason: str | None, **changes: object
    ) -> Repost:
        return await self._store.write(
            _change_undecided, repost, status, self._now(), reason, changes
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
    held_until = changes.pop("held_until", None)
    assert held_until is None or isinstance(held_until, datetime)
    return reposts.change(
        db, repost.id, status, now=now, reason=reason, held_until=held_until, **changes
    )


def _draw_preview(source: Path, target: Path) -> None:
    picture = open_photo(source)  # the whole of it: what ends early is to be noticed now
    picture.thumbnail(_PREVIEW)
    save_jpeg(picture, target, quality=80)
