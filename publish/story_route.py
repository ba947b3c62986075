"""The route for stories through the Private API, with everything that can be tapped on them."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta

import trio

from instagram import errors
from instagram.private import stickers
from instagram.private.api import PrivateApi
from instagram.private.feed import PHOTO, VIDEO
from instagram.private.stickers import MentionSticker, Shown, StickerKind, StorySticker
from instagram.private.uploads import VideoUse
from publish.private_route import PrivateRoute, accounted_for, seen_in, sent_of
from publish.recognition import Liveness
from publish.record import DeliveryRecord
from publish.route import Outgoing, Published
from publish.stickers import CODE
from storage.deliveries import Delivery
from storage.posts import Post

# Where the stored form has what the wire has.
_VALUES = {
    StickerKind.LINK: "url",
    StickerKind.HASHTAG: "name",
    StickerKind.LOCATION: "id",
    StickerKind.FEED_MEDIA: "id",
    StickerKind.APP: "sticker",
}


class PrivateStoryRoute(PrivateRoute):
    """Publishes stories with mentions and stickers."""

    # A story is visible for 24 h; later its absence proves nothing.
    answers_for = timedelta(hours=23)
    shown_for: timedelta | None = timedelta(hours=23)
    _video_use = VideoUse.STORY

    async def make_ready(self, outgoing: Outgoing, record: DeliveryRecord) -> None:
        api = self._gateway.account(outgoing.account_id)
        for sticker in _stickers(outgoing.post):
            if sticker.kind is StickerKind.LINK:
                await self._check_link(api, sticker.value)
        await super().make_ready(outgoing, record)

    async def _check_link(self, api: PrivateApi, url: str) -> None:
        """Raise `Refused` where a story may not lead there; one refusal is not believed."""
        with suppress(errors.Refused):
            return await api.validate_link(url)
        await trio.sleep(self._again_s)
        try:
            return await api.validate_link(url)
        except errors.Refused as refused:
            raise errors.Refused(f"The link: {refused.reason}", CODE) from refused

    async def own_media(self, outgoing: Outgoing) -> list[str]:
        return (await self._gateway.account(outgoing.account_id).own_stories()).pks

    async def publish(self, outgoing: Outgoing, delivery: Delivery) -> Published:
        (file,) = outgoing.files
        assert delivery.upload_id is not None
        story = await self._gateway.account(outgoing.account_id).configure_story(
            delivery.upload_id,
            (file.width, file.height),
            file.duration_s if file.is_video else None,
            _mentions(outgoing.post),
            _stickers(outgoing.post),
        )
        return Published(story.pk, story.permalink)

    async def look_for(
        self,
        outgoing: Outgoing,
        delivery: Delivery,
        known: Collection[str],
        *,
        insists: bool = False,
    ) -> Published | Liveness:
        own = await self._gateway.account(outgoing.account_id).own_stories(insists=insists)
        pks = frozenset(mention.user_pk for mention in _mentions(outgoing.post))
        shown = stickers.to_be_shown(_stickers(outgoing.post))
        kind = VIDEO if delivery.begins_with_video else PHOTO
        is_marked = bool(pks) or shown != Shown()
        sent = sent_of(delivery, kind, (pks, shown), is_marked=is_marked)
        return seen_in(own, sent, accounted_for(delivery, known))


def _mentions(post: Post) -> list[MentionSticker]:
    return [
        MentionSticker(
            user_pk=str(mention["userId"]),
            x=mention.get("x", 0.5),
            y=mention.get("y", 0.5),
            width=mention.get("width", 0.5),
            height=mention.get("height", 0.1),
            rotation=mention.get("rotation", 0.0),
        )
        for mention in post.story_mentions or ()
        if mention.get("userId")
    ]


def _stickers(post: Post) -> list[StorySticker]:
    return [
        StorySticker(
            kind=(kind := StickerKind(stored["type"])),
            value=stored[_VALUES[kind]],
            x=stored["x"],
            y=stored["y"],
            width=stored["width"],
            height=stored["height"],
            rotation=stored["rotation"],
        )
        for stored in post.story_stickers or ()
    ]
