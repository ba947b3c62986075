"""The route through Meta's official API: containers, made and polled, then published."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, assert_never

import tenacity
import trio

from ground.clock import Clock
from instagram import errors
from instagram.fields import read_of
from instagram.graph.api import GraphApi
from instagram.graph.gateway import GraphGateway
from instagram.graph.objects import ContainerCode, GraphMedia
from publish.media_links import MediaLinks
from publish.preparation import Fitted
from publish.recognition import CLOCK_SLACK, Liveness
from publish.record import DeliveryRecord
from publish.route import Outgoing, Published
from storage.deliveries import Delivery, Piece, Step
from storage.posts import MediaType, Post, alt_text

logger = logging.getLogger(__name__)

# Photos are ready in seconds; for videos Meta's advice is once a minute, five minutes at most.
_POLLS_S = (2, 3, 5, 10, 20, 30, 60, 60, 60, 60)
_PERMALINK_TRIES = 3
# Instagram tells times in whole seconds.
_ROUNDING = timedelta(seconds=2)


class GraphRoute:
    """Publishes through containers; Meta fetches the media from our public address."""

    # A container lives 24 h, and tells afterwards whether it was published within them.
    answers_for = timedelta(hours=23)
    shown_for: timedelta | None = None
    not_ready_waits_s: Sequence[float] = ()

    def __init__(self, gateway: GraphGateway, links: MediaLinks, clock: Clock) -> None:
        self._gateway = gateway
        self._links = links
        self._polls_s = [wait * clock.pace for wait in _POLLS_S] if clock.pace else [0.05] * 60
        self._again_s = 3.0 * clock.pace

    async def resolve_people(self, _post: Post) -> dict[str, Any]:
        return {}  # Meta takes usernames

    async def make_ready(self, outgoing: Outgoing, record: DeliveryRecord) -> None:
        """Make the containers and wait until Meta has processed them.

        Raises `PublishingLimit` before anything is made when no post is left for today.
        """
        api = self._api(outgoing)
        used, total = await api.quota()
        if used >= total:
            raise errors.PublishingLimit(f"{used} of {total} posts within 24 hours are used up")
        was_begun = record.row.pieces is not None
        try:
            await self._make_containers(api, outgoing, record)
        except (errors.ContainerLost, errors.MediaUnreachable) as lost:
            if not was_begun:
                raise
            # Of an earlier attempt: while the daemon was down Meta could not fetch anything.
            logger.info("made anew post=%s reason=%s", outgoing.post.id, lost.reason)
            await record.start_over()
            await self._make_containers(api, outgoing, record)

    async def _make_containers(
        self, api: GraphApi, outgoing: Outgoing, record: DeliveryRecord
    ) -> None:
        await self._make_pieces(api, outgoing, record)
        if outgoing.post.media_type is not MediaType.CAROUSEL:
            await record.advance(Step.CREATED, container_id=record.row.pieces_made()[0].id)
            return
        if record.row.container_id is None:
            children = ",".join(piece.id for piece in record.row.pieces_made())
            parameters = {**carousel_parameters(outgoing.post), "children": children}
            made = await api.create_container(parameters)
            await record.advance(Step.CREATED, container_id=made.id)
        assert record.row.container_id is not None
        await self._until_finished(api, record, record.row.container_id)

    def their_time(self) -> datetime | None:
        return self._gateway.their_time

    async def own_media(self, outgoing: Outgoing) -> list[str] | None:
        # The container tells whether it was published, and not as what.
        try:
            recent = await self._recent(self._api(outgoing), outgoing.post)
        except (errors.Gone, errors.Refused) as error:
            logger.info("own media not told post=%s reason=%s", outgoing.post.id, error.reason)
            return None
        return [media.id for media in recent]

    async def publish(self, outgoing: Outgoing, delivery: Delivery) -> Published:
        assert delivery.container_id is not None
        return Published(await self._api(outgoing).publish(delivery.container_id), None)

    async def look_for(
        self,
        outgoing: Outgoing,
        delivery: Delivery,
        known: Collection[str],
        *,
        insists: bool = False,
    ) -> Published | Liveness:
        """Ask the container, and for the media id the account's newest posts."""
        api = self._gateway.account(outgoing.account_id, insists=insists)
        if delivery.container_id is None:
            return await self._unnamed(api, outgoing.post, delivery, known)
        code: ContainerCode | None
        try:
            code = (await api.container_state(delivery.container_id)).code
        except (errors.Gone, errors.ContainerLost):
            code = None  # seen as a false answer about containers that exist
        if code in (ContainerCode.EXPIRED, ContainerCode.ERROR):
            return Liveness.OVER
        if code not in (None, ContainerCode.PUBLISHED):
            return Liveness.ABSENT
        if code is None and not (
            _said_in(outgoing.post) and _is_listed_with_caption(outgoing.post)
        ):
            return Liveness.UNCLEAR  # nothing else tells ours from what somebody posts by hand
        found = await self._find(api, outgoing, delivery, known)
        if code is None:
            return Liveness.UNCLEAR if found is None else Published(found.id, found.permalink)
        return Published(found.id, found.permalink) if found else Published(None, None)

    async def permalink(self, outgoing: Outgoing, media_id: str) -> str | None:
        try:
            async for attempt in tenacity.AsyncRetrying(
                stop=tenacity.stop_after_attempt(_PERMALINK_TRIES),
                wait=tenacity.wait_fixed(self._again_s),
                retry=tenacity.retry_if_exception_type((errors.Unreachable, errors.Gone)),
                sleep=trio.sleep,
                reraise=True,
            ):
                with attempt:
                    return await self._api(outgoing).permalink(media_id)
        except errors.InstagramError as error:
            logger.info("no permalink post=%s reason=%s", outgoing.post.id, error.reason)
        return None

    def _api(self, outgoing: Outgoing) -> GraphApi:
        return self._gateway.account(outgoing.account_id)

    async def _make_pieces(self, api: GraphApi, outgoing: Outgoing, record: DeliveryRecord) -> None:
        pieces = record.row.pieces_made()
        resumable = await self._gateway.takes_uploads(outgoing.account_id)
        for position, file in enumerate(outgoing.files[len(pieces) :], start=len(pieces)):
            parameters = piece_parameters(outgoing.post, file, position)
            if file.is_video and resumable:
                parameters["upload_type"] = "resumable"
            else:
                url = await self._links.checked_url(record.row.id, position)
                parameters["video_url" if file.is_video else "image_url"] = url
            made = await api.create_container(parameters)
            pieces.append(Piece(made.id, uri=made.upload_uri))
            await record.save_pieces(pieces)
        for position, (piece, file) in enumerate(zip(pieces, outgoing.files, strict=True)):
            if piece.ready:
                continue
            if piece.uri is not None:
                offset = await api.upload_offset(piece.uri)
                if offset < file.size:
                    await api.upload(piece.uri, file.path, file.size, offset)
            await self._until_finished(api, record, piece.id)
            pieces[position] = replace(piece, ready=True)
            await record.save_pieces(pieces)

    async def _until_finished(
        self, api: GraphApi, record: DeliveryRecord, container_id: str
    ) -> None:
        for wait_s in (*self._polls_s, None):
            try:
                state = await api.container_state(container_id)
            except errors.Gone:
                state = None  # new containers are denied at first
            if state is not None and state.code is ContainerCode.FINISHED:
                return
            is_known = record.row.container_id is not None
            if state is not None and state.code is ContainerCode.PUBLISHED and is_known:
                # By a request whose answer was lost: another container would make a second post.
                raise errors.Unreachable("It was published before", maybe_applied=True)
            if state is not None and state.code is not ContainerCode.IN_PROGRESS:
                # Whatever it ended in, it stays so: a later attempt needs a new one.
                await record.start_over()
                raise await api.failure_of(state)
            if wait_s is not None:
                await trio.sleep(wait_s)
        raise errors.NotReady("Instagram has not finished processing the media")

    async def _find(
        self, api: GraphApi, outgoing: Outgoing, delivery: Delivery, known: Collection[str]
    ) -> GraphMedia | None:
        """Return what can only be ours of the account's newest media, or None."""
        post = outgoing.post
        if delivery.own_media_before is None:
            return None
        accounted = {*delivery.own_media_before, *known}
        since = delivery.their_time or delivery.publishing_at or delivery.updated_at
        if _is_listed_with_caption(post):
            since -= CLOCK_SLACK
        else:
            since -= _ROUNDING  # of a story its time is the only mark
        ours = [
            media
            for media in await self._recent(api, post)
            if media.id not in accounted
            and media.at >= since
            and media.kind in (None, _kind(post, delivery))
            and (not _is_listed_with_caption(post) or read_of(media.caption) == _said_in(post))
        ]
        return ours[0] if len(ours) == 1 else None

    async def _unnamed(
        self, api: GraphApi, post: Post, delivery: Delivery, known: Collection[str]
    ) -> Published | Liveness:
        """Return what became of a post of which no container is known, if it was sent at all."""
        if not _is_listed_with_caption(post):
            return Liveness.UNCLEAR
        since = (delivery.publishing_at or delivery.updated_at) - CLOCK_SLACK
        recent = await self._recent(api, post)
        kinds, said = (None, _kind(post, delivery)), _said_in(post)
        others = [media for media in recent if media.id not in known]
        newer = [media for media in others if media.at >= since]
        alike = [
            media
            for media in others
            if said and read_of(media.caption) == said and media.kind in kinds
        ]
        if not newer and not alike:
            return Liveness.ABSENT
        # What is alike and older may be somebody's own, or ours by a clock that was wrong.
        if len(newer) == 1 and newer == alike:
            return Published(newer[0].id, newer[0].permalink)
        return Liveness.UNCLEAR

    async def _recent(self, api: GraphApi, post: Post) -> list[GraphMedia]:
        return await api.recent(stories=post.media_type is MediaType.STORIES)


def _is_listed_with_caption(post: Post) -> bool:
    return post.media_type is not MediaType.STORIES


def _said_in(post: Post) -> str:
    return read_of(post.caption or "")


def _kind(post: Post, delivery: Delivery) -> str:
    if post.media_type is MediaType.CAROUSEL:
        return "CAROUSEL_ALBUM"
    return "VIDEO" if delivery.begins_with_video else "IMAGE"


def piece_parameters(post: Post, file: Fitted, position: int) -> dict[str, str]:
    """Return the parameters of one file's container, without its address."""
    match post.media_type:
        case MediaType.STORIES:
            return {"media_type": "STORIES", **_people("user_tags", post.story_mentions)}
        case MediaType.REELS:
            return {"media_type": "REELS", "share_to_feed": "true", **_said(post)}
        case MediaType.IMAGE:
            return {**_said(post), **_people("user_tags", post.user_tags), **_alt(post, position)}
        case MediaType.CAROUSEL:
            item = {"is_carousel_item": "true"}
            if file.is_video:
                return item | {"media_type": "VIDEO"}
            tags = _people("user_tags", post.user_tags) if position == 0 else {}
            return item | tags | _alt(post, position)
        case _:
            assert_never(post.media_type)


def carousel_parameters(post: Post) -> dict[str, str]:
    """Return the parameters of a carousel's container, without its pieces."""
    return {"media_type": "CAROUSEL", **_said(post)}


def _said(post: Post) -> dict[str, str]:
    said = {"caption": post.caption, "location_id": post.location_id}
    if post.collaborators:
        said["collaborators"] = json.dumps(post.collaborators)
    return {name: value for name, value in said.items() if value}


def _alt(post: Post, position: int) -> dict[str, str]:
    text = alt_text(post, position)
    return {"alt_text": text} if text else {}


def _people(name: str, tags: Collection[Mapping[str, object]] | None) -> dict[str, str]:
    if not tags:
        return {}
    people = [{key: tag[key] for key in ("username", "x", "y") if key in tag} for tag in tags]
    return {name: json.dumps(people)}
