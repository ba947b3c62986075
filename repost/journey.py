"""A mention's way from sight to repost: download at once, compose, hand over to publishing.

Every step is a row first. Nothing here talks to Instagram in order to publish: a post and its
job are stored together, and the publish engine takes it from there.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import trio

from instagram import errors
from instagram.private_api import PrivateApi
from instagram.stories import Story
from media import sniff as media_sniff
from media.errors import MediaError, MediaInvalid
from media.photo import open_photo
from media.render import examine_video
from repost import card, guard, parking
from repost.card import Card
from repost.layout import CANVAS
from storage import credentials, facts, jobs, media_files, posts, reposts
from storage.files import MediaFolder
from storage.media_files import MediaFile, Origin
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from storage.store import Database, Store

logger = logging.getLogger(__name__)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
DAMAGED_TRIES = 3


class Journey:
    """Moves the mentions of one account on, as far as Instagram and the rails allow."""

    def __init__(
        self,
        store: Store,
        folder: MediaFolder,
        now: Callable[[], datetime],
        *,
        pace: float,
        wake_publisher: Callable[[], None],
    ) -> None:
        self._store = store
        self._folder = folder
        self._now = now
        self._pace = pace
        self._wake_publisher = wake_publisher
        # A video card takes a whole core for seconds; the daemon leaves one to others.
        self._composing = trio.CapacityLimiter(max(1, (os.cpu_count() or 1) - 1))

    async def advance(self, api: PrivateApi, config: RepostConfig) -> datetime | None:
        """Move every open mention on; returns when the next one can move by itself.

        Raises `InstagramError`s that concern the whole account; the mentions keep their state.
        """
        await self._fetch_all(api, config)
        again: list[datetime] = []
        for repost in await self._store.read(reposts.open_of, config.account_id):
            moved = await self._store.write(self._approve, repost, config)
            if moved.status is RepostStatus.QUEUED and moved.post_id is None:
                moved = await self._send(moved, config)
            if moved.held_until is not None:
                again.append(moved.held_until)
        return min(again, default=None)

    async def settle(self, account_id: str) -> None:
        """Take over the outcome of posts that the publish engine has finished with."""
        await self._store.write(_settle, account_id, self._now())

    # Download: first of all, because stories expire

    async def _fetch_all(self, api: PrivateApi, config: RepostConfig) -> None:
        seen: dict[str, list[Story]] = {}
        for repost in await self._store.read(reposts.open_of, config.account_id):
            if repost.status is not RepostStatus.DETECTED:
                continue
            if repost.held_until is not None and repost.held_until > self._now():
                continue
            try:
                await self._fetch(api, repost, seen)
            except errors.DownloadFailed as failed:
                await self._download_failed(repost, failed.reason, permanent=failed.permanent)
            except errors.Unavailable as unavailable:
                await self._download_failed(repost, unavailable.reason, permanent=False)
            except (errors.NotFound, errors.Refused):
                reason = "The story is gone or not visible to this account"
                await self._change(repost, RepostStatus.EXPIRED, reason)
            except MediaError as error:
                # Perhaps only this copy of it is damaged: it is fetched again, not for ever.
                reason = f"What Instagram delivered is no usable photo or video: {error.reason}"
                tried_enough = repost.attempts + 1 >= DAMAGED_TRIES
                await self._download_failed(repost, reason, permanent=tried_enough)

    async def _fetch(self, api: PrivateApi, repost: Repost, seen: dict[str, list[Story]]) -> None:
        if repost.author_pk not in seen:
            seen[repost.author_pk] = await api.stories_of(repost.author_pk)
        stories = {story.pk: story for story in seen[repost.author_pk]}
        story = stories.get(repost.story_pk) or await api.story(repost.story_pk)
        if story.expires_at <= self._now() or story.url is None:
            raise errors.NotFound("The story has expired")
        scratch = self._folder.scratch()
        try:
            await api.download(story.url, scratch)
            kind = await self._verified(scratch)
            async with self._folder.changing:
                stored = await trio.to_thread.run_sync(self._folder.adopt, scratch, kind.suffix)
                await self._change(
                    repost,
                    RepostStatus.DOWNLOADED,
                    None,
                    media_path=stored.path,
                    kind="video" if story.is_video else "photo",
                    expires_at=story.expires_at,
                    author_username=story.owner_username or repost.author_username,
                )
        finally:
            await trio.Path(scratch).unlink(missing_ok=True)

    async def _verified(self, file: Path) -> media_sniff.MediaType:
        """Decode what strangers' stories delivered, now, while it can be fetched again."""
        kind = await trio.to_thread.run_sync(media_sniff.sniff, file)
        if kind is None:
            raise MediaInvalid("it is neither a photo nor a video")
        if kind.is_photo:
            await trio.to_thread.run_sync(open_photo, file)
            return kind
        poster = self._folder.scratch(".png")
        try:
            await examine_video(file, poster)
        finally:
            await trio.Path(poster).unlink(missing_ok=True)
        return kind

    async def _download_failed(self, repost: Repost, reason: str, *, permanent: bool) -> None:
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

    # Approval and the rails

    def _approve(self, db: Database, repost: Repost, config: RepostConfig) -> Repost:
        repost = reposts.get(db, repost.id)
        if repost.status is not RepostStatus.DOWNLOADED:
            return repost
        in_doubt = parking.is_in_doubt(repost, facts.find(db, facts.DATA_CAME_IN))
        if (config.approval_required or in_doubt) and repost.approved_at is None:
            return reposts.change(
                db,
                repost.id,
                RepostStatus.WAITING_APPROVAL,
                now=self._now(),
                reason=parking.REASON if in_doubt else "It waits for your approval",
            )
        return reposts.change(db, repost.id, RepostStatus.QUEUED, now=self._now())

    async def _send(self, repost: Repost, config: RepostConfig) -> Repost:
        now = self._now()
        if now - repost.mentioned_at > guard.MAX_HELD:
            reason = f"It was held back for more than 72 h: {repost.reason or 'no longer news'}"
            return await self._change(repost, RepostStatus.EXPIRED, reason)
        held = await self._store.read(self._held, config, now)
        if held is not None:
            return await self._change(
                repost, RepostStatus.QUEUED, held.reason, held_until=held.until
            )
        assert repost.media_path is not None
        try:
            async with self._composing:
                composed = await card.compose(
                    self._folder.path(repost.media_path),
                    author=repost.author_username,
                    directory=self._folder.incoming,
                )
        except MediaError as error:
            reason = f"The card could not be composed: {error.reason}"
            return await self._change(repost, RepostStatus.FAILED, reason)
        async with self._folder.changing:
            media = await trio.to_thread.run_sync(self._adopt_card, repost, composed, now)
            sent = await self._store.write(_store_post, repost.id, media, composed, config, now)
        logger.info("repost queued id=%s author=%s", repost.id, repost.author_username)
        self._wake_publisher()
        return sent

    def _held(self, db: Database, config: RepostConfig, now: datetime) -> guard.Held | None:
        if not config.is_enabled:
            return guard.Held("disabled", "Story repost is switched off for this account", None)
        login = credentials.find(db, config.account_id)
        sent = reposts.sent_since(db, config.account_id, now - timedelta(days=2))
        return guard.may_repost(
            config, login.session_started_at if login else None, sent, now, self._pace
        )

    def _adopt_card(self, repost: Repost, composed: Card, now: datetime) -> MediaFile:
        video = composed.kind == "video"
        stored = self._folder.adopt(composed.path, ".mp4" if video else ".jpg")
        thumbnail = self._folder.adopt(composed.thumbnail, ".jpg")
        width, height = CANVAS
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

    async def _change(
        self,
        repost: Repost,
        status: RepostStatus,
        reason: str | None,
        held_until: datetime | None = None,
        **changes: object,
    ) -> Repost:
        if (repost.status, repost.reason) != (status, reason):
            logger.info("repost id=%s state=%s reason=%s", repost.id, status, reason)
        return await self._store.write(
            reposts.change,
            repost.id,
            status,
            now=self._now(),
            reason=reason,
            held_until=held_until,
            **changes,
        )


def _store_post(
    db: Database,
    repost_id: str,
    media: MediaFile,
    composed: Card,
    config: RepostConfig,
    now: datetime,
) -> Repost:
    """Store post, media and job in one transaction, at most once for a repost."""
    repost = reposts.get(db, repost_id)
    if repost.status is not RepostStatus.QUEUED or repost.post_id is not None:
        return repost
    sticker = composed.sticker
    mention = {
        "username": repost.author_username,
        "userId": repost.author_pk,
        "x": sticker.x,
        "y": sticker.y,
        "width": sticker.width,
        "height": sticker.height,
    }
    post = Post(
        id=str(uuid4()),
        user_id=repost.user_id,
        account_id=repost.account_id,
        instagram_account_id=repost.account_id,
        media_type=MediaType.STORIES,
        source_type=SourceType.STORY_REPOST,
        story_mentions=[mention] if config.auto_tag_original_poster else None,
        timezone=config.timezone,
        status=PostStatus.QUEUED,
        created_at=now,
        updated_at=now,
    )
    media_files.add(db, media)
    posts.add(db, post, [media.id])
    jobs.add_publish(
        db,
        user_id=post.user_id,
        account_id=repost.account_id,
        post_id=post.id,
        run_at=now,
        now=now,
    )
    return reposts.change(
        db,
        repost_id,
        RepostStatus.QUEUED,
        now=now,
        reason="It is being published",
        post_id=post.id,
    )


def _settle(db: Database, account_id: str, now: datetime) -> None:
    for repost_id, status, error in reposts.with_decided_post(db, account_id):
        if status == PostStatus.PUBLISHED:
            outcome, reason = RepostStatus.PUBLISHED, None
        elif status is None:
            outcome, reason = RepostStatus.SKIPPED, "Its post was cleared before it went out"
        else:
            outcome, reason = RepostStatus.FAILED, error
        reposts.change(db, repost_id, outcome, now=now, reason=reason)
        logger.info("repost id=%s state=%s reason=%s", repost_id, outcome, reason)
