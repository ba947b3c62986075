"""Feed posts through the Private API, and what stories (`story_route.py`) have in common."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, assert_never

import trio

from ground.clock import Clock
from ground.refusal import ErrorCode
from instagram.errors import Gone, NoSuchPerson
from instagram.fields import read_of
from instagram.own_media import OwnMedia
from instagram.private.api import PrivateApi
from instagram.private.feed import ALBUM, PHOTO, VIDEO, FeedPost, Part, Said, Tag
from instagram.private.gateway import PrivateGateway
from instagram.private.stories import Story
from instagram.private.uploads import VideoUse
from publish.preparation import Fitted, Preparation
from publish.recognition import Liveness, Sent, recognise
from publish.record import DeliveryRecord
from publish.route import Outgoing, Published
from storage.deliveries import Delivery, Piece
from storage.posts import MediaType, Post, alt_text

_TRANSCODE_TRIES = 12
# A page of the own feed, and how many of it may be pinned, however old they are.
_PAGE, _MOST_PINNED = 12, 3
# The columns that name people, and the code when one of them does not exist.
_PEOPLE = {"story_mentions": ErrorCode.INVALID_MENTIONS, "user_tags": ErrorCode.INVALID_TAGS}


class PrivateRoute:
    """What stories and feed posts have in common: ids first, then bytes, which nobody sees."""

    answers_for: timedelta
    shown_for: timedelta | None = None
    _video_use = VideoUse.REEL

    def __init__(self, gateway: PrivateGateway, preparation: Preparation, clock: Clock) -> None:
        self._gateway = gateway
        self._preparation = preparation
        self._transcode_wait_s = 5.0 if clock.pace else 0.05
        self._again_s = 5.0 * clock.pace  # between two questions of which one may be answered oddly

    @property
    def not_ready_waits_s(self) -> Sequence[float]:
        return [self._transcode_wait_s] * (_TRANSCODE_TRIES - 1)

    async def resolve_people(self, post: Post) -> dict[str, Any]:
        """Return the post's columns in which people lacked their numeric id, completed.

        Raises `NoSuchPerson` and other `InstagramError`s.
        """
        api = self._gateway.account(post.instagram_account_id)
        resolved: dict[str, Any] = {}
        for column, code in _PEOPLE.items():
            people = [dict(person) for person in getattr(post, column) or ()]
            unknown = [person for person in people if not person.get("userId")]
            for person in unknown:
                person["userId"] = await self._pk_of(api, person["username"], code)
            if unknown:
                resolved[column] = people
        return resolved

    async def make_ready(self, outgoing: Outgoing, record: DeliveryRecord) -> None:
        api = self._gateway.account(outgoing.account_id)
        if record.row.upload_id is None:
            # Chosen and committed before the bytes leave: it is how the post is recognised.
            first = time.time_ns() // 1_000_000
            pieces = [Piece(str(first + number)) for number in range(len(outgoing.files))]
            main = str(first + len(pieces)) if len(pieces) > 1 else pieces[0].id
            await record.save_pieces(pieces, upload_id=main)
        pieces = record.row.pieces_made()
        for position, (piece, file) in enumerate(zip(pieces, outgoing.files, strict=True)):
            if not piece.ready:
                await self._upload(api, outgoing.post, file, piece.id)
                pieces[position] = replace(piece, ready=True)
                await record.save_pieces(pieces)

    def their_time(self) -> datetime | None:
        return self._gateway.their_time

    async def permalink(self, _outgoing: Outgoing, _media_id: str) -> str | None:
        return None  # `publish` has told it

    async def _pk_of(self, api: PrivateApi, username: str, code: ErrorCode) -> str:
        """Return somebody's numeric id; one "not found" is not believed. Raises `NoSuchPerson`."""
        with suppress(Gone):
            return await api.user_pk(username)
        await trio.sleep(self._again_s)
        try:
            return await api.user_pk(username)
        except Gone:
            raise NoSuchPerson(f"@{username} does not exist on Instagram", code) from None

    async def _upload(self, api: PrivateApi, post: Post, file: Fitted, upload_id: str) -> None:
        in_album = post.media_type is MediaType.CAROUSEL
        if not file.is_video:
            await api.upload_photo(file.path, file.size, upload_id, in_album=in_album)
            return
        use = VideoUse.ALBUM if in_album else self._video_use
        pixels, duration_s = (file.width, file.height), file.duration_s or 0.0
        await api.upload_video(file.path, file.size, upload_id, pixels, duration_s, use)
        if use is not VideoUse.STORY:
            cover = await self._preparation.cover(file)
            await api.upload_photo(cover.path, cover.size, upload_id)


class PrivateFeedRoute(PrivateRoute):
    """Publishes photos, Reels and albums."""

    # They stay, and one page of the feed holds more than a month of most accounts.
    answers_for = timedelta(days=30)

    async def own_media(self, outgoing: Outgoing) -> list[str]:
        return (await self._gateway.account(outgoing.account_id).own_posts()).pks

    async def publish(self, outgoing: Outgoing, delivery: Delivery) -> Published:
        api = self._gateway.account(outgoing.account_id)
        assert delivery.upload_id is not None
        said = await self._said(api, outgoing.post)
        made = zip(delivery.pieces_made(), outgoing.files, strict=True)
        parts = [
            _part(piece.id, file, alt_text(outgoing.post, position))
            for position, (piece, file) in enumerate(made)
        ]
        match outgoing.post.media_type:
            case MediaType.CAROUSEL:
                live: FeedPost = await api.configure_album(delivery.upload_id, parts, said)
            case MediaType.REELS:
                live = await api.configure_reel(parts[0], said)
            case MediaType.IMAGE | MediaType.STORIES:
                live = await api.configure_photo(parts[0], said)
            case _:
                assert_never(outgoing.post.media_type)
        return Published(live.pk, live.permalink)

    async def _said(self, api: PrivateApi, post: Post) -> Said:
        coauthors = [
            await self._pk_of(api, name, ErrorCode.INVALID_COLLABORATORS)
            for name in post.collaborators or ()
        ]
        return Said(
            caption=post.caption or "",
            tags=_tags(post.user_tags or ()),
            coauthor_pks=coauthors,
            location_id=post.location_id,
            location_name=post.location_name,
        )

    async def look_for(
        self,
        outgoing: Outgoing,
        delivery: Delivery,
        known: Collection[str],
        *,
        insists: bool = False,
    ) -> Published | Liveness:
        own = await self._gateway.account(outgoing.account_id).own_posts(insists=insists)
        caption = read_of(outgoing.post.caption or "")
        sent = sent_of(delivery, _kind(outgoing.post, delivery), caption, is_marked=bool(caption))
        accounted = accounted_for(delivery, known)
        seen = seen_in(own, sent, accounted)
        # A page full of newer posts does not show whether there is ours behind it.
        newer = sum(pk not in accounted for pk in own.pks)
        if seen is Liveness.ABSENT and newer > _PAGE - _MOST_PINNED and len(own.pks) >= _PAGE:
            return Liveness.UNCLEAR
        return seen


def seen_in(
    own: OwnMedia[FeedPost] | OwnMedia[Story], sent: Sent, accounted: set[str]
) -> Published | Liveness:
    """Return what became of what was sent, judging by the account's own media."""
    shown: Sequence[FeedPost | Story] = own.read
    seen = recognise(shown, sent, accounted)
    if not isinstance(seen, Liveness):
        return Published(seen.pk, seen.permalink)
    is_unread = any(not pk or pk not in accounted for pk in own.unread)
    return Liveness.UNCLEAR if is_unread else seen


def sent_of(delivery: Delivery, kind: int, marks: object, *, is_marked: bool) -> Sent:
    """Return what a delivery has sent, to be recognised by."""
    before = [int(pk) for pk in delivery.own_media_before or () if pk.isdecimal()]
    return Sent(
        upload_id=delivery.upload_id,
        part_ids=frozenset(piece.id for piece in delivery.pieces_made()),
        at=delivery.publishing_at or delivery.updated_at,
        kind=kind,
        marks=marks,
        is_marked=is_marked,
        newest_before=None if delivery.own_media_before is None else max(before, default=0),
    )


def accounted_for(delivery: Delivery, known: Collection[str]) -> set[str]:
    """Return the media ids that cannot be what this delivery sent."""
    return {*(delivery.own_media_before or ()), *known}


def _tags(people: Sequence[Mapping[str, Any]]) -> list[Tag]:
    return [
        Tag(user_pk=str(person["userId"]), x=person["x"], y=person["y"])
        for person in people
        if person.get("userId")
    ]


def _part(upload_id: str, file: Fitted, alt: str | None) -> Part:
    return Part(
        alt=alt,
        upload_id=upload_id,
        pixels=(file.width, file.height),
        duration_s=file.duration_s if file.is_video else None,
    )


def _kind(post: Post, delivery: Delivery) -> int:
    if post.media_type is MediaType.CAROUSEL:
        return ALBUM
    return VIDEO if delivery.begins_with_video else PHOTO
