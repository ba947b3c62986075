"""What media and mentions look like, for faces whose askers cannot follow an address.

Over HTTP the same pictures are files, which a browser keeps.
"""

from __future__ import annotations

from base64 import b64encode

import trio

from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.operation import Ask, act
from operations.resources import Resource
from operations.scopes import Scope
from storage import media_files, reposts
from storage.files import small_path
from storage.store import Database

_AT_MOST = 512 * 1024


@act(models.Picture, scope=Scope.MEDIA_READ, on=Resource.MEDIA, refuses=[ErrorCode.NOT_FOUND])
async def get_media_picture(ask: Ask[None]) -> models.Picture:
    """Return a small picture of an upload; of a video, its first one."""
    media = await ask.house.store.glance(media_files.get, ask.id)
    return await _small(ask, media.thumbnail_path)


@act(models.Picture, scope=Scope.REPOSTS_READ, on=Resource.REPOST, refuses=[ErrorCode.NOT_FOUND])
async def get_mention_picture(ask: Ask[None]) -> models.Picture:
    """Return a small picture of a mention: of its card, or of the story before there is one."""
    return await _small(ask, await ask.house.store.glance(_picture_of, ask.id))


def _picture_of(db: Database, repost_id: str) -> str | None:
    repost = reposts.get(db, repost_id)
    card = media_files.find(db, repost.card_media_id) if repost.card_media_id else None
    return card.thumbnail_path if card else repost.preview_path


async def _small(ask: Ask[None], stored: str | None) -> models.Picture:
    small, house = small_path(stored), ask.house
    if stored is None or small is None:
        raise Refusal(ErrorCode.NOT_FOUND, "There is no picture of it")
    try:
        await house.library.make_small(stored)
        data = await trio.Path(house.folder.path(small)).read_bytes()
    except FileNotFoundError:
        raise Refusal(ErrorCode.NOT_FOUND, "Its picture was deleted") from None
    if len(data) > _AT_MOST:
        raise Refusal(ErrorCode.NOT_FOUND, "Its picture is too large to be shown here")
    return models.Picture(mime_type="image/webp", data=b64encode(data).decode())
