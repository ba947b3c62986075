"""What a repost looks like: a downloaded story made into a card that can be published."""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import trio
from PIL import Image

from media.errors import MediaInvalid
from media.fit import StoryFit, Work
from media.limits import VIDEO_SECONDS, Use
from media.photo import open_photo, probe_photo, save_jpeg
from media.render import FitJob, OverlayJob, examine_video, fit_video, render_video
from media.sniff import sniff
from media.tasks import VideoInfo
from repost.drawing import draw_still, layer, text_width, whole
from repost.layout import CANVAS, Layout, Template, layout
from repost.overlay import Overlay, OverlayInvalid, parse_overlay
from storage.repost_configs import RepostConfig

logger = logging.getLogger(__name__)
_THUMBNAIL = (CANVAS[0] // 4, CANVAS[1] // 4)
MAX_SECONDS = VIDEO_SECONDS[Use.STORY][1]
_POSTER_AT_S = 1.0  # videos begin in black often enough
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Sticker:
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
    sticker: Sticker
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


async def compose(
    source: Path,
    *,
    author: str,
    directory: Path,
    design: Design | None = None,
    on_progress: Progress | None = None,
) -> Card:
    """Compose the card of a downloaded story into new files in `directory`.

    Blocks no event loop: photos are composed in a thread, videos in a child process that
    cancelling kills. Nothing is left behind on failure. `on_progress` is called with the share of
    a video that is done, 0 to 1. Raises MediaInvalid, MediaTooLarge, RenderFailed.
    """
    design = design or Design()
    with TemporaryDirectory(prefix=".card-", dir=directory) as folder:
        if await _is_photo(source):
            make = partial(_compose_photo, source, author, design, Path(folder))
            drafted = await trio.to_thread.run_sync(make)
        else:
            drafted = await _compose_video(source, author, design, Path(folder), on_progress)
        name = f"card-{secrets.token_hex(8)}"
        return replace(
            drafted,
            path=drafted.path.replace(directory / f"{name}{drafted.path.suffix}"),
            thumbnail=drafted.thumbnail.replace(directory / f"{name}-small.jpg"),
        )


async def compose_still(source: Path, *, author: str, directory: Path, design: Design) -> Card:
    """Compose a card's picture, of a video the one after a second; else like `compose`.

    `kind`, `duration_s` and `untouched` say what the card would be, `path` is a JPEG.
    """
    if await _is_photo(source):
        return await compose(source, author=author, directory=directory, design=design)
    with TemporaryDirectory(prefix=".card-", dir=directory) as name:
        folder = Path(name)
        info = await examine_video(source, folder / "poster.jpg", at_s=_POSTER_AT_S)
        untouched = _may_stay(design) and await _copied(source, folder) is not None
        make = partial(_compose_photo, folder / "poster.jpg", author, design, folder)
        made = await trio.to_thread.run_sync(partial(make, named=not untouched))
        return replace(
            made,
            path=made.path.replace(directory / f"card-{secrets.token_hex(8)}.jpg"),
            thumbnail=made.thumbnail.replace(directory / f"card-{secrets.token_hex(8)}-small.jpg"),
            kind="video",
            duration_s=min(info.duration_s, MAX_SECONDS),
            untouched=untouched,
        )


async def _is_photo(source: Path) -> bool:
    kind = await trio.to_thread.run_sync(sniff, source)
    if kind is None:
        raise MediaInvalid("it is neither a photo nor a video that we know")
    return kind.is_photo


def _compose_photo(
    source: Path, author: str, design: Design, folder: Path, *, named: bool = True
) -> Card:
    info = probe_photo(source)
    plan = layout(info.width, info.height, text_width(author), design.template)
    picture = open_photo(source, at_least=plan.picture.size)
    still = draw_still(picture, plan, author, design.overlay)
    card = whole(still if named else replace(still, pieces=()), picture)
    save_jpeg(card, folder / "card.jpg")
    return Card(
        path=folder / "card.jpg",
        kind="photo",
        size=CANVAS,
        sticker=_sticker(plan),
        thumbnail=_thumbnail(card, folder),
        duration_s=None,
    )


async def _compose_video(
    source: Path, author: str, design: Design, folder: Path, on_progress: Progress | None
) -> Card:
    info = await examine_video(source, folder / "poster.jpg", at_s=_POSTER_AT_S)
    plan = layout(info.width, info.height, text_width(author), design.template)
    if _may_stay(design):
        made = await _copied(source, folder)
        if made is not None:
            thumbnail = await trio.to_thread.run_sync(_thumbnail_of, folder / "poster.jpg", folder)
            return _video_card(folder, made, plan, thumbnail, untouched=True)
    draw = partial(_draw_layer, author, plan, design.overlay, folder)
    thumbnail = await trio.to_thread.run_sync(draw)
    job = OverlayJob(
        source=source,
        layer=folder / "layer.png",
        box=(plan.frame.x, plan.frame.y, *plan.frame.size),
        output=folder / "card.mp4",
        max_seconds=MAX_SECONDS,
    )
    made = await render_video(job, on_progress=on_progress)
    return _video_card(folder, made, plan, thumbnail, untouched=False)


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


def _video_card(
    folder: Path, made: VideoInfo, plan: Layout, thumbnail: Path, *, untouched: bool
) -> Card:
    return Card(
        path=folder / "card.mp4",
        kind="video",
        size=(made.width, made.height),
        sticker=_sticker(plan),
        thumbnail=thumbnail,
        duration_s=made.duration_s,
        untouched=untouched,
    )


def _draw_layer(author: str, plan: Layout, overlay: Overlay | None, folder: Path) -> Path:
    """Draw what stands still in a video card, and the thumbnail of the whole; return the latter."""
    poster = open_photo(folder / "poster.jpg")
    still = draw_still(poster, plan, author, overlay)
    layer(still).save(folder / "layer.png", compress_level=1)
    return _thumbnail(whole(still, poster), folder)


def _thumbnail_of(poster: Path, folder: Path) -> Path:
    return _thumbnail(open_photo(poster), folder)


def _thumbnail(card: Image.Image, folder: Path) -> Path:
    path = folder / "thumbnail.jpg"
    save_jpeg(card.resize(_THUMBNAIL, Image.Resampling.BOX, reducing_gap=2.0), path, quality=85)
    return path


def _sticker(plan: Layout) -> Sticker:
    label, (width, height) = plan.label, CANVAS
    return Sticker(
        x=(label.x + label.width / 2) / width,
        y=(label.y + label.height / 2) / height,
        width=label.width / width,
        height=label.height / height,
    )
