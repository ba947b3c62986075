"""A repost's card without the repost, and how cards would look (additive)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from ground.refusal import ErrorCode, Refusal
from media.errors import MediaError
from media.render import film_photo
from media.samples import Sample, draw_sample
from operations import models
from operations.media import refusal
from operations.operation import Ask, act
from operations.resources import Resource
from operations.scopes import Scope
from repost.card import Card, Design, compose_still, design_for, design_of
from repost.overlay import Overlay, OverlayInvalid, parse_overlay
from storage import media_files, repost_configs, reposts
from storage.media_files import MediaFile
from storage.reposts import Repost
from storage.store import Database

# Its card is shown as it is after one second.
_FILMED_S = 2.0


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


@act(
    models.Look,
    scope=Scope.REPOSTS_READ,
    takes=models.LookRequest,
    refuses=[
        ErrorCode.NOT_FOUND,
        ErrorCode.MEDIA_INVALID,
        ErrorCode.PROCESSING_FAILED,
        ErrorCode.VIDEO_PROCESSING_FAILED,
    ],
)
async def preview_look(ask: Ask[models.LookRequest]) -> models.Look:
    """Show how cards of an account would look (additive); nothing is posted, saved or kept.

    Without a story that is kept, and with a `sample` other than `last`, on a drawn one.
    """
    last, design = await ask.house.store.read(_look, ask.given)
    folder = ask.house.folder
    sample = ask.given.sample if last is None else "last"
    with TemporaryDirectory(prefix=".look-", dir=folder.incoming) as name:
        directory = Path(name)
        if last is not None and last.media_path is not None:
            source, author = folder.path(last.media_path), last.author_username
        else:
            sample = "tall" if sample == "last" else sample
            source, author = await _sampled(Sample(sample), directory), "username"
        card = await _composed(source, ask.given.username or author, directory, design)
        data = await trio.Path(card.thumbnail).read_bytes()
    return models.Look(template=design.template, sample=sample, image=_as_url(data))


def _look(db: Database, asked: models.LookRequest) -> tuple[Repost | None, Design]:
    """Return the story to draw on, or None for a sample, and the design; raises `Refusal`."""
    config = repost_configs.find(db, asked.account_id)
    design = design_of(config) if config else Design()
    overlay = design.overlay
    if "signature_overlay" in asked.model_fields_set:
        overlay = _overlay(asked.signature_overlay)
    last = reposts.last_kept(db, asked.account_id) if asked.sample == "last" else None
    return last, Design(asked.template or design.template, overlay, design.tagged)


def _overlay(text: str | None) -> Overlay | None:
    try:
        return None if text is None else parse_overlay(text)
    except OverlayInvalid as error:
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"signatureOverlay: {error}") from None


async def _sampled(sample: Sample, directory: Path) -> Path:
    """Write a sample; raises `Refusal`."""
    drawn, film = directory / "sample.jpg", directory / "sample.mp4"
    await trio.to_thread.run_sync(draw_sample, sample, drawn)
    if sample is not Sample.VIDEO:
        return drawn
    try:
        await film_photo(drawn, film, _FILMED_S)
    except MediaError as error:
        raise refusal(error) from error
    return film


async def _composed(source: Path, author: str, directory: Path, design: Design) -> Card:
    try:
        return await compose_still(source, author=author, directory=directory, design=design)
    except FileNotFoundError:
        raise Refusal(ErrorCode.NOT_FOUND, "The media file was deleted") from None
    except MediaError as error:
        raise refusal(error) from error


def _as_url(data: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(data).decode()}"


async def _drawn(ask: Ask[Any], stored: str, author: str, design: Design) -> models.CardPreview:
    folder = ask.house.folder
    with TemporaryDirectory(prefix=".preview-", dir=folder.incoming) as name:
        card = await _composed(folder.path(stored), author, Path(name), design)
        data = await trio.Path(card.path).read_bytes()
    return models.CardPreview(
        kind=card.kind,
        template=design.template,
        image=_as_url(data),
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
    design = design_for(config, repost) if config else Design()
    chosen = Design(asked.template or design.template, design.overlay, design.tagged)
    return repost.media_path, repost.author_username, chosen


def _what(db: Database, asked: models.CardPreviewRequest) -> tuple[MediaFile, Design]:
    """Return the file and the design; raises `NotFound`."""
    media = media_files.get(db, asked.media_file_id)
    config = None
    if asked.account_id is not None:
        config = repost_configs.find(db, asked.account_id)
    design = design_of(config) if config else Design()
    overlay = design.overlay
    if asked.signature_overlay is not None:
        overlay = _overlay(asked.signature_overlay)
    return media, Design(asked.template or design.template, overlay, design.tagged)
