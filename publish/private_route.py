"""The route through the Private API: stories with mention stickers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import tenacity
import trio

from instagram.errors import NotFound, NotReady
from instagram.gateway import PrivateGateway
from instagram.stories import Mention, Story
from publish.recognition import Sent, Verdict, recognise
from storage.deliveries import Delivery
from storage.files import MediaFolder
from storage.media_files import MediaFile
from storage.posts import Post

_TRANSCODE_TRIES = 12


@dataclass(frozen=True, slots=True)
class Published:
    """A post that is live."""

    media_id: str
    permalink: str


class PrivateStoryRoute:
    """Publishes a story: bytes first, which nobody sees, then one request that makes it live."""

    def __init__(self, gateway: PrivateGateway, folder: MediaFolder, *, pace: float) -> None:
        self._gateway = gateway
        self._folder = folder
        self._transcode_wait_s = 5.0 if pace else 0.05

    async def resolve_mentions(self, post: Post) -> list[dict[str, Any]] | None:
        """Return the post's mentions with everybody's numeric id, or None when all have one.

        Raises `NotFound` naming who does not exist, and other `InstagramError`s.
        """
        mentions = [dict(mention) for mention in post.story_mentions or ()]
        unknown = [mention for mention in mentions if not mention.get("userId")]
        api = self._gateway.account(post.instagram_account_id)
        for mention in unknown:
            try:
                mention["userId"] = await api.user_pk(mention["username"])
            except NotFound:
                raise NotFound(f"@{mention['username']} does not exist on Instagram") from None
        return mentions if unknown else None

    async def upload(self, post: Post, media: MediaFile, upload_id: str) -> None:
        """Send the media's bytes under `upload_id`; raises `InstagramError`s."""
        api = self._gateway.account(post.instagram_account_id)
        file = self._folder.path(media.storage_path)
        if media.is_video:
            await api.upload_story_video(
                file, media.file_size, upload_id, _pixels(media), media.duration_seconds or 0.0
            )
        else:
            await api.upload_photo(file, media.file_size, upload_id)

    async def own_media(self, post: Post) -> list[str]:
        """Return the ids of what is in the account's story already."""
        own = await self._gateway.account(post.instagram_account_id).own_stories()
        return [story.pk for story in own]

    async def publish(self, post: Post, media: MediaFile, upload_id: str) -> Published:
        """Make the uploaded media live.

        Raises `Unavailable` with `maybe_applied` when only asking can tell whether it is.
        """
        api = self._gateway.account(post.instagram_account_id)
        patiently = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(NotReady),
            wait=tenacity.wait_fixed(self._transcode_wait_s),
            stop=tenacity.stop_after_attempt(_TRANSCODE_TRIES),
            sleep=trio.sleep,
            reraise=True,
        )
        story: Story = await patiently(
            api.configure_story,
            upload_id,
            _pixels(media),
            media.duration_seconds if media.is_video else None,
            _mentions(post),
        )
        return _published(story)

    async def look_for(
        self,
        post: Post,
        media: MediaFile,
        delivery: Delivery,
        known: Collection[str],
    ) -> Published | Verdict:
        """Ask Instagram whether a delivery that may have gone out is live."""
        assert delivery.upload_id is not None
        own = await self._gateway.account(post.instagram_account_id).own_stories()
        sent = Sent(
            upload_id=delivery.upload_id,
            at=delivery.publishing_at or delivery.updated_at,
            is_video=media.is_video,
            mentioned_pks=frozenset(mention.user_pk for mention in _mentions(post)),
        )
        accounted = {*(delivery.own_media_before or ()), *known}
        seen = recognise(own, sent, accounted)
        return _published(seen) if isinstance(seen, Story) else seen


def _pixels(media: MediaFile) -> tuple[int, int]:
    return media.width or 1080, media.height or 1920


def _mentions(post: Post) -> list[Mention]:
    return [
        Mention(
            user_pk=str(mention["userId"]),
            x=mention.get("x", 0.5),
            y=mention.get("y", 0.5),
            width=mention.get("width", 0.5),
            height=mention.get("height", 0.1),
        )
        for mention in post.story_mentions or ()
        if mention.get("userId")
    ]


def _published(story: Story) -> Published:
    return Published(
        story.pk, f"https://www.instagram.com/stories/{story.owner_username}/{story.pk}/"
    )
