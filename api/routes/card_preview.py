"""A repost's card without the repost (additive)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from api.contract import Operations
from api.dispatch import Call
from api.errors import ApiError
from api.routes.media import refusal
from media.errors import MediaError
from operations import models as schemas
from repost.card import Design, compose_still, design_of
from repost.overlay import OverlayInvalid, parse_overlay
from storage import accounts, media_files, repost_configs
from storage.media_files import MediaFile
from storage.store import Database

operations = Operations("Story repost")
_rendering = trio.CapacityLimiter(1)  # a picture may take hundreds of MB while it is decoded


@operations.add(
    "POST",
    "/story-repost/preview",
    body=schemas.CardPreviewRequest,
    returns=schemas.CardPreview,
    errors=("NOT_FOUND", "MEDIA_INVALID", "PROCESSING_FAILED", "VIDEO_PROCESSING_FAILED"),
)
async def preview_card(call: Call) -> schemas.CardPreview:
    """Show what a repost of an uploaded file would look like; nothing is posted or kept.

    The design is that of `accountId`, else the default one; `template` and `signatureOverlay`
    stand in for parts of it. Of a video the picture after one second is shown.
    """
    media, design = await call.context.store.read(_what, call.body)
    author = call.body.username or "username"
    async with _rendering:
        with TemporaryDirectory(prefix=".preview-", dir=call.context.folder.incoming) as folder:
            source = call.context.folder.path(media.storage_path)
            try:
                card = await compose_still(
                    source, author=author, directory=Path(folder), design=design
                )
            except FileNotFoundError:
                raise ApiError("NOT_FOUND", "The media file was deleted") from None
            except MediaError as error:
                raise refusal(error) from error
            data = await trio.Path(card.path).read_bytes()
    return schemas.CardPreview(
        kind=card.kind,
        template=design.template,
        image=f"data:image/jpeg;base64,{b64encode(data).decode()}",
        width=card.size[0],
        height=card.size[1],
        sticker=schemas.StickerPlace(**asdict(card.sticker)) if design.tagged else None,
    )


def _what(db: Database, asked: schemas.CardPreviewRequest) -> tuple[MediaFile, Design]:
    """Return the file and the design; raises `NotFound`."""
    media = media_files.get(db, asked.media_file_id)
    config = None
    if asked.account_id is not None:
        accounts.get(db, asked.account_id)
        config = repost_configs.find(db, asked.account_id)
    design = design_of(config) if config else Design()
    overlay = design.overlay
    try:
        if asked.signature_overlay is not None:
            overlay = parse_overlay(asked.signature_overlay)
    except OverlayInvalid as error:
        raise ApiError("VALIDATION_ERROR", f"signatureOverlay: {error}") from None
    return media, Design(asked.template or design.template, overlay, design.tagged)
