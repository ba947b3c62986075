"""What a repost looks like: the story in a frame on its own blurred backdrop, and its author."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from importlib import resources
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import trio
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from media.backdrop import SMALL, enlarged, filling, small_backdrop, small_blur
from media.errors import MediaInvalid
from media.photo import open_photo, probe_photo, save_jpeg
from media.render import OverlayJob, examine_video, render_video
from media.shapes import rounded_mask
from media.sniff import sniff
from repost.layout import CANVAS, FRAME_RADIUS, LABEL_FONT_SIZE, Layout, layout

_THUMBNAIL = 4  # the thumbnail's sides are a fourth of the card's
_MAX_VIDEO_S = 60.0

_FILLING_LIGHT = 0.8
_SHADOW_BLUR, _SHADOW_DROP, _SHADOW_DARKNESS = 4, 2, 150

_RING = 2  # a fine light line around the frame, which keeps dark stories off dark backdrops
_RING_LIGHT = 0.2
_PILL_COLOUR, _PILL_OPACITY = (12, 12, 14), 0.55


@dataclass(frozen=True, slots=True)
class Sticker:
    """Where the card shows the author: centre and size as shares (0 to 1) of the canvas."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Card:
    """A composed repost, ready to be published. Its files are the caller's to keep or remove."""

    path: Path
    kind: Literal["photo", "video"]
    sticker: Sticker
    thumbnail: Path
    duration_s: float | None


async def compose(source: Path, *, author: str, directory: Path) -> Card:
    """Compose the card of a downloaded story into new files in `directory`.

    Blocks no event loop: photos are composed in a thread, videos in a child process that
    cancelling kills. Nothing is left behind on failure. Raises MediaInvalid, MediaTooLarge,
    RenderFailed.
    """
    kind = await trio.to_thread.run_sync(sniff, source)
    if kind is None:
        raise MediaInvalid("the story is neither a photo nor a video that we know")
    with TemporaryDirectory(prefix=".card-", dir=directory) as folder:
        if kind.is_photo:
            drafted = await trio.to_thread.run_sync(_compose_photo, source, author, Path(folder))
        else:
            drafted = await _compose_video(source, author, Path(folder))
        name = f"card-{secrets.token_hex(8)}"
        return replace(
            drafted,
            path=drafted.path.replace(directory / f"{name}{drafted.path.suffix}"),
            thumbnail=drafted.thumbnail.replace(directory / f"{name}-small.jpg"),
        )


def _compose_photo(source: Path, author: str, folder: Path) -> Card:
    info = probe_photo(source)
    plan = layout(info.width, info.height, _text_width(author))
    picture = open_photo(source, at_least=plan.picture.size)
    card = _whole_card(_backdrop(picture, plan), picture, _label(author, plan), plan)
    save_jpeg(card, folder / "card.jpg")
    return Card(folder / "card.jpg", "photo", _sticker(plan), _thumbnail(card, folder), None)


async def _compose_video(source: Path, author: str, folder: Path) -> Card:
    info = await examine_video(source, folder / "poster.jpg")
    plan = layout(info.width, info.height, _text_width(author))
    thumbnail = await trio.to_thread.run_sync(_draw_stills, author, plan, folder)
    job = OverlayJob(
        source=source,
        background=folder / "background.jpg",
        foreground=folder / "foreground.png",
        box=(plan.frame.x, plan.frame.y, *plan.frame.size),
        output=folder / "card.mp4",
        max_seconds=_MAX_VIDEO_S,
        radius=FRAME_RADIUS,
    )
    made = await render_video(job)
    return Card(job.output, "video", _sticker(plan), thumbnail, made.duration_s)


def _draw_stills(author: str, plan: Layout, folder: Path) -> Path:
    """Draw what stands still in a video card, and the thumbnail of the whole; return the latter."""
    poster = open_photo(folder / "poster.jpg")
    backdrop, label = _backdrop(poster, plan), _label(author, plan)
    save_jpeg(backdrop, folder / "background.jpg", quality=95)
    foreground = Image.new("RGBA", CANVAS)
    foreground.paste(label, (plan.label.x, plan.label.y))
    foreground.save(folder / "foreground.png", compress_level=1)
    return _thumbnail(_whole_card(backdrop, poster, label, plan), folder)


def _backdrop(picture: Image.Image, plan: Layout) -> Image.Image:
    """Return the canvas with all that lies under the story: blurred colours, shadow, ring."""
    small = small_backdrop(picture, CANVAS)
    shadow = Image.new("L", small.size)
    x, y, width, height = (side // SMALL for side in (plan.frame.x, plan.frame.y, *plan.frame.size))
    top = y + _SHADOW_DROP
    ImageDraw.Draw(shadow).rectangle((x, top, x + width, top + height), fill=_SHADOW_DARKNESS)
    small.paste(0, mask=shadow.filter(ImageFilter.GaussianBlur(_SHADOW_BLUR)))
    canvas = enlarged(small, CANVAS)
    size = plan.frame.width + 2 * _RING, plan.frame.height + 2 * _RING
    ring = rounded_mask(size, FRAME_RADIUS + _RING).point(lambda value: value * _RING_LIGHT)
    canvas.paste("white", (plan.frame.x - _RING, plan.frame.y - _RING), ring)
    return canvas


def _whole_card(
    backdrop: Image.Image, picture: Image.Image, label: Image.Image, plan: Layout
) -> Image.Image:
    """Draw the story and its label on the backdrop, and return that."""
    frame, inner = plan.frame, plan.picture
    framed = filling(picture, inner.size)
    if inner != frame:  # too wide or too tall a story: its own blur fills the rest of the frame
        small = ImageEnhance.Brightness(small_blur(picture, frame.size)).enhance(_FILLING_LIGHT)
        rest = enlarged(small, frame.size)
        rest.paste(framed, (inner.x - frame.x, inner.y - frame.y))
        framed = rest
    backdrop.paste(framed, (frame.x, frame.y), rounded_mask(frame.size, FRAME_RADIUS))
    backdrop.paste(label, (plan.label.x, plan.label.y), label)
    return backdrop


def _label(author: str, plan: Layout) -> Image.Image:
    """Return the author's name on a pill, with alpha."""
    width, height = plan.label.size
    label = Image.new("RGBA", plan.label.size, _PILL_COLOUR)
    label.putalpha(rounded_mask(plan.label.size, height // 2).point(lambda v: v * _PILL_OPACITY))
    text = Image.new("L", plan.label.size)
    draw = ImageDraw.Draw(text)
    draw.text((width / 2, height / 2), _handle(author), 255, _font(plan.font_size), anchor="mm")
    label.paste("white", mask=text)
    return label


def _text_width(author: str) -> float:
    return _font(LABEL_FONT_SIZE).getlength(_handle(author))


def _handle(author: str) -> str:
    name = "".join(letter for letter in author if letter.isprintable())
    return f"@{name.removeprefix('@')}"


def _font(size: float) -> ImageFont.FreeTypeFont:
    file = resources.files("media") / "fonts" / "Inter-SemiBold.otf"
    return ImageFont.truetype(BytesIO(file.read_bytes()), size)


def _thumbnail(card: Image.Image, folder: Path) -> Path:
    path = folder / "thumbnail.jpg"
    save_jpeg(card.reduce(_THUMBNAIL), path, quality=85)
    return path


def _sticker(plan: Layout) -> Sticker:
    label, (width, height) = plan.label, CANVAS
    return Sticker(
        x=(label.x + label.width / 2) / width,
        y=(label.y + label.height / 2) / height,
        width=label.width / width,
        height=label.height / height,
    )
