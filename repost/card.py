"""What a repost looks like: a downloaded story made into a card that can be published."""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import trio

from media.errors import MediaInvalid
from media.fit import StoryFit, Work
from media.limits import VIDEO_SECONDS, Use
from media.render import (
    FitJob,
    OverlayJob,
    examine_video,
    fit_video,
    photo_task,
    put_both,
    render_video,
    room_beside,
)
from media.sniff import sniff
from media.tasks import VideoInfo
from repost.layout import CANVAS, Template
from repost.overlay import Overlay, OverlayInvalid, parse_overlay
from storage.repost_configs import RepostConfig
from storage.reposts import Repost

logger = logging.getLogger(__name__)
MAX_SECONDS = VIDEO_SECONDS[Use.STORY][1]
_POSTER_AT_S = 1.0  # videos begin in black often enough
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class AuthorSticker:
    """Where the card shows the author: centre and size as shares (0 to 1) of the canvas."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Design:
    """How the user wants the cards. `tagged` says that a mention sticker goes with them."""

    template: Template = Template.CLASSIC
    overlay: Overlay | None = None
    tagged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A composed repost, ready to be published. Its files are the caller's to keep or remove.

    `untouched` says that it is the story itself, copied: the sticker alone names the author.
    """

    path: Path
    kind: Literal["photo", "video"]
    size: tuple[int, int]
    sticker: AuthorSticker
    thumbnail: Path
    duration_s: float | None
    untouched: bool = False


def design_of(config: RepostConfig) -> Design:
    """Return the design an account is set to; an overlay that cannot be read any more is none."""
    overlay = None
    if config.signature_overlay:
        try:
            overlay = parse_overlay(config.signature_overlay)
        except OverlayInvalid as error:
            logger.warning("signature overlay left out account=%s: %s", config.account_id, error)
    return Design(Template(config.template), overlay, config.auto_tag_original_poster)


def design_for(config: RepostConfig, repost: Repost) -> Design:
    """Return the design of one mention's card: the account's, but for what was chosen for it."""
    design = design_of(config)
    chosen = Template(repost.template) if repost.template else design.template
    # The sticker of an own post leads to the post, and names nobody.
    return replace(design, template=chosen, tagged=design.tagged and not repost.is_own)


async def compose(
    source: Path,
    *,
    author: str,
    directory: Path,
    design: Design | None = None,
    on_progress: Progress | None = None,
) -> Card:
    """Compose the card of a downloaded story into new files in `directory`.

    Everything is decoded and drawn in a child process that cancelling kills. Nothing is left
    behind on failure. `on_progress` is called with the share of a video that is done, 0 to 1.
    Raises MediaInvalid, MediaTooLarge, RenderFailed.
    """
    design = design or Design()
    with room_beside(directory / "card") as folder:
        if await _is_photo(source):
            drafted = await _compose_photo(source, author, design, folder)
        else:
            drafted = await _compose_video(source, author, design, folder, on_progress)
        return _moved(drafted, directory)


async def compose_still(source: Path, *, author: str, directory: Path, design: Design) -> Card:
    """Compose a card's picture, of a video the one after a second; else like `compose`.

    `kind`, `duration_s` and `untouched` say what the card would be, `path` is a JPEG.
    """
    if await _is_photo(source):
        return await compose(source, author=author, directory=directory, design=design)
    with room_beside(directory / "card") as folder:
        poster = folder / "poster.jpg"
        info = await examine_video(source, poster, at_s=_POSTER_AT_S)
        untouched = _may_stay(design) and await _copied(source, folder) is not None
        made = await _compose_photo(poster, author, design, folder, named=not untouched)
        drafted = replace(
            made,
            kind="video",
            duration_s=min(info.duration_s, MAX_SECONDS),
            untouched=untouched,
        )
        return _moved(drafted, directory)


def _moved(drafted: Card, directory: Path) -> Card:
    """Give a finished card its place: both of its files, or none."""
    name = f"card-{secrets.token_hex(8)}"
    path = directory / f"{name}{drafted.path.suffix}"
    thumbnail = directory / f"{name}-small.jpg"
    put_both((drafted.path, path), (drafted.thumbnail, thumbnail))
    return replace(drafted, path=path, thumbnail=thumbnail)


async def _is_photo(source: Path) -> bool:
    kind = await trio.to_thread.run_sync(sniff, source)
    if kind is None:
        raise MediaInvalid("it is neither a photo nor a video that we know")
    return kind.is_photo


async def _compose_photo(
    source: Path, author: str, design: Design, folder: Path, *, named: bool = True
) -> Card:
    made = await _draw("photo", author, design, folder, source=source, named=named)
    return Card(
        path=folder / "card.jpg",
        kind="photo",
        size=CANVAS,
        sticker=AuthorSticker(**made["sticker"]),
        thumbnail=folder / "thumbnail.jpg",
        duration_s=None,
    )


async def _compose_video(
    source: Path, author: str, design: Design, folder: Path, on_progress: Progress | None
) -> Card:
    poster = folder / "poster.jpg"
    info = await examine_video(source, poster, at_s=_POSTER_AT_S)
    sizes = {"width": info.width, "height": info.height}
    copied = await _copied(source, folder) if _may_stay(design) else None
    if copied is not None:
        drawn = await _draw("copied", author, design, folder, poster=poster, **sizes)
        return _video_card(folder, copied, drawn, untouched=True)
    drawn = await _draw("layer", author, design, folder, poster=poster, **sizes)
    job = OverlayJob(
        source=source,
        layer=folder / "layer.png",
        box=drawn["box"],
        output=folder / "card.mp4",
        max_seconds=MAX_SECONDS,
    )
    made = await render_video(job, on_progress=on_progress)
    return _video_card(folder, made, drawn, untouched=False)


async def _draw(
    what: str, author: str, design: Design, folder: Path, **more: object
) -> dict[str, Any]:
    """Let a child draw into `folder`; see `card_work`."""
    overlay = None
    if design.overlay is not None:
        overlay = design.overlay.model_dump_json(exclude_unset=True)
    drawn = await photo_task(
        f"repost.card_work:{what}",
        author=author,
        template=design.template.value,
        overlay=overlay,
        folder=folder,
        **more,
    )
    assert isinstance(drawn, dict)
    return drawn


def _may_stay(design: Design) -> bool:
    """Whether only the name is to be drawn, and the sticker gives it: the pixels may stay."""
    return design.template is Template.FULL_BLEED and design.tagged and design.overlay is None


async def _copied(source: Path, folder: Path) -> VideoInfo | None:
    """Copy a video that is a story already, its wrapping mended; None if it is not."""
    output = folder / "card.mp4"
    job = FitJob(source, output, Use.STORY, StoryFit.CROP, copy_only=True)
    done = await fit_video(job)
    if done.work is Work.ENCODE:
        return None
    if done.work is Work.NOTHING:
        await trio.to_thread.run_sync(shutil.copyfile, source, output)
    return done.info


def _video_card(folder: Path, made: VideoInfo, drawn: dict[str, Any], *, untouched: bool) -> Card:
    return Card(
        path=folder / "card.mp4",
        kind="video",
        size=(made.width, made.height),
        sticker=AuthorSticker(**drawn["sticker"]),
        thumbnail=folder / "thumbnail.jpg",
        duration_s=made.duration_s,
        untouched=untouched,
    )
