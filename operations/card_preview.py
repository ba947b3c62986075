"""A repost's card without the repost (additive)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from ground.refusal import ErrorCode, Refusal
from media.errors import MediaError
from operations import models
from operations.media import refusal
from operations.operation import Ask, act
from operations.resources import Resource
from operations.scopes import Scope
from repost.card import Design, compose_still, design_of
from repost.overlay import OverlayInvalid, parse_overlay
from storage import media_files, repost_configs, reposts
from storage.media_files import MediaFile
from storage.store import Database


@act(
    models.CardPreview,
    scope=Scope.MEDIA_READ,
    takes=models.CardPreviewRequest,
    refuses=[
        ErrorCode.NOT_FOUND,
        ErrorCode.MEDIA_INVALID,
        ErrorCode.PROCESSING_FAILED,
        ErrorCode.VIDEO_PROCESSING_FAILED,
    ],
)
async def preview_card(ask: Ask[models.CardPreviewRequest]) -> models.CardPreview:
    """Show what a repost of an uploaded file would look like; nothing is posted or kept.

    The design is that of `accountId`, else the default one; `template` and `signatureOverlay`
    stand in for parts of it. Of a video the picture after one second is shown.
    """
    media, design = await ask.house.store.read(_what, ask.given)
    return await _drawn(ask, media.storage_path, ask.given.username or "username", design)


@act(
    models.CardPreview,
    scope=Scope.REPOSTS_READ,
    on=Resource.REPOST,
    takes=models.RepostPreviewRequest,
    refuses=[
        ErrorCode.NOT_FOUND,
        ErrorCode.MEDIA_INVALID,
        ErrorCode.PROCESSING_FAILED,
        ErrorCode.VIDEO_PROCESSING_FAILED,
    ],
)
async def preview_repost(ask: Ask[models.RepostPreviewRequest]) -> models.CardPreview:
    """Show the card of a mention as it would go out now (additive); nothing is posted or kept.

    `template` stands in for the one that is set. The story must still be kept.
    """
    stored, author, design = await ask.house.store.read(_of_repost, ask.id, ask.given)
    return await _drawn(ask, stored, author, design)


async def _drawn(ask: Ask[Any], stored: str, author: str, design: Design) -> models.CardPreview:
    folder = ask.house.folder
    with TemporaryDirectory(prefix=".preview-", dir=folder.incoming) as name:
        source, directory = folder.path(stored), Path(name)
        try:
            card = await compose_still(source, author=author, directory=directory, design=design)
        except FileNotFoundError:
            raise Refusal(ErrorCode.NOT_FOUND, "The media file was deleted") from None
        except MediaError as error:
            raise refusal(error) from error
        data = await trio.Path(card.path).read_bytes()
    return models.CardPreview(
        kind=card.kind,
        template=design.template,
        image=f"data:image/jpeg;base64,{b64encode(data).decode()}",
        width=card.size[0],
        height=card.size[1],
        sticker=models.StickerPlace(**asdict(card.sticker)) if design.tagged else None,
    )


def _of_repost(
    db: Database, repost_id: str, asked: models.RepostPreviewRequest
) -> tuple[str, str, Design]:
    """Return where a mention's story lies, its author, and the design; raises `Refusal`."""
    repost = reposts.get(db, repost_id)
    if repost.media_path is None:
        raise Refusal(ErrorCode.NOT_FOUND, "Its story is not kept here (any more)")
    config = repost_configs.find(db, repost.account_id)
    design = design_of(config) if config else Design()
    tagged = design.tagged and not repost.is_own
    chosen = Design(asked.template or design.template, design.overlay, tagged)
    return repost.media_path, repost.author_username, chosen


def _what(db: Database, asked: models.CardPreviewRequest) -> tuple[MediaFile, Design]:
    """Return the file and the design; raises `NotFound`."""
    media = media_files.get(db, asked.media_file_id)
    config = None
    if asked.account_id is not None:
        config = repost_configs.find(db, asked.account_id)
    design = design_of(config) if config else Design()
    overlay = design.overlay
    try:
        if asked.signature_overlay is not None:
            overlay = parse_overlay(asked.signature_overlay)
    except OverlayInvalid as error:
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"signatureOverlay: {error}") from None
    return media, Design(asked.template or design.template, overlay, design.tagged)
