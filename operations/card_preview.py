"""A repost's card without the repost (additive)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from ground.refusal import ErrorCode, Refusal
from media.errors import MediaError
from operations import models
from operations.media import refusal
from operations.operation import Ask, act
from operations.scopes import Scope
from repost.card import Design, compose_still, design_of
from repost.overlay import OverlayInvalid, parse_overlay
from storage import media_files, repost_configs
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
    folder = ask.house.folder
    media, design = await ask.house.store.read(_what, ask.given)
    author = ask.given.username or "username"
    with TemporaryDirectory(prefix=".preview-", dir=folder.incoming) as name:
        source, directory = folder.path(media.storage_path), Path(name)
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
