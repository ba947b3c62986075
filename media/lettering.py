"""Text as pixels: mixed scripts in the right order, emoji in colour, wrapped and made to fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path

from bidi import algorithm
from PIL import Image, ImageDraw, ImageFilter

from media.typefaces import CAN_SHAPE, EMOJI, clusters, face, font_for

_LINE_HEIGHT = 1.28  # of the size
_BASELINE = 0.94
_SHRINK = 0.92
_STAND_IN = "\ufffc"  # for an emoji, while the order of a line is found out
_NAME_SIGN = re.compile("@(?=[A-Za-z0-9_])")  # goes with its name, also amid Hebrew or Arabic
_INVISIBLE = re.compile("[\ufe0f\u200d]")
_SHADOW_BLUR, _SHADOW_DROP, _SHADOW_DARKNESS = 0.11, 0.05, 0.62


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line in one font and one direction."""

    text: str
    font: Path
    rightward: bool
    width: float


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of text, each as its runs from left to right, and the room they take in pixels."""

    lines: tuple[tuple[Run, ...], ...]
    size: float
    width: float

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * _LINE_HEIGHT


def set_line(text: str, family: str, size: float) -> Block:
    """Set a text as one line, however long."""
    runs = tuple(_runs(text, family, size))
    return Block((runs,), size, sum(run.width for run in runs))


def fit(text: str, family: str, size: float, room: tuple[float, float], least: float) -> Block:
    """Set a text in as many lines as it takes, as large as fits into the room.

    What does not even fit at the size `least` ends with an ellipsis.
    """
    block = _wrapped(text, family, size, room[0])
    while block.height > room[1] and block.size > least:
        block = _wrapped(text, family, max(least, block.size * _SHRINK), room[0])
    if block.height <= room[1]:
        return block
    kept = max(1, int(room[1] / (least * _LINE_HEIGHT)))
    lines = [*_wrap(text, family, least, room[0])][:kept]
    while lines[-1] and set_line(f"{lines[-1]}…", family, least).width > room[0]:
        lines[-1] = "".join(clusters(lines[-1])[:-1])
    return _joined([set_line(line, family, least) for line in [*lines[:-1], f"{lines[-1]}…"]])


def draw(
    block: Block, colour: tuple[int, int, int, int], *, align: float = 0.5, shadow: bool = False
) -> Image.Image:
    """Return the block as a picture with alpha, a margin of `margin(block)` pixels around it.

    `align` is 0 for the left, 1 for the right.
    """
    rim = margin(block)
    size = round(block.width) + 2 * rim, round(block.height) + 2 * rim
    letters, emoji = Image.new("L", size), Image.new("RGBA", size)
    pen, brush = ImageDraw.Draw(letters), ImageDraw.Draw(emoji)
    for number, line in enumerate(block.lines):
        x = rim + (block.width - sum(run.width for run in line)) * align
        y = rim + block.size * (number * _LINE_HEIGHT + _BASELINE)
        for run in line:
            text, direction = _as_drawn(run)
            font = face(run.font, block.size)
            if run.font == EMOJI:
                brush.text((x, y), text, font=font, anchor="ls", embedded_color=True)
            else:
                pen.text((x, y), text, 255, font=font, anchor="ls", direction=direction)
            x += run.width
    ink = Image.new("RGBA", size, colour)
    ink.putalpha(letters.point(lambda value: value * (colour[3] / 255)))
    drawn = Image.alpha_composite(ink, emoji)
    return _shaded(drawn, block.size) if shadow else drawn


def margin(block: Block) -> int:
    """The pixels around a block, for shadows and for letters that reach out of their line."""
    return round(block.size * 0.4)


def _shaded(drawn: Image.Image, size: float) -> Image.Image:
    dark = Image.new("RGBA", drawn.size, (0, 0, 0, 255))
    soft = drawn.getchannel("A").filter(ImageFilter.GaussianBlur(size * _SHADOW_BLUR))
    fallen = Image.new("L", drawn.size)
    fallen.paste(soft, (0, round(size * _SHADOW_DROP)))
    dark.putalpha(fallen.point(lambda value: value * _SHADOW_DARKNESS))
    return Image.alpha_composite(dark, drawn)


def _wrapped(text: str, family: str, size: float, width: float) -> Block:
    return _joined([set_line(line, family, size) for line in _wrap(text, family, size, width)])


def _joined(blocks: list[Block]) -> Block:
    lines = tuple(line for block in blocks for line in block.lines)
    return Block(lines, blocks[0].size, max(block.width for block in blocks))


def _wrap(text: str, family: str, size: float, width: float) -> Iterator[str]:
    """Yield lines no wider than `width`, broken between words, or inside one that is too wide."""
    for paragraph in text.split("\n"):
        line, taken = "", 0.0
        for piece in re.findall(r"\S+|\s+", paragraph):
            for part in _parts(piece, family, size, width):
                needed = _width(part, family, size)
                if line.strip() and part.strip() and taken + needed > width:
                    yield line.strip()
                    line, taken = "", 0.0
                if line or part.strip():
                    line, taken = line + part, taken + needed
        yield line.strip()


def _parts(word: str, family: str, size: float, width: float) -> Iterator[str]:
    if _width(word, family, size) <= width:
        yield word
        return
    part = ""
    for cluster in clusters(word):
        if part and _width(part + cluster, family, size) > width:
            yield part
            part = ""
        part += cluster
    yield part


@lru_cache(maxsize=1024)
def _width(text: str, family: str, size: float) -> float:
    return set_line(text, family, size).width


def _runs(text: str, family: str, size: float) -> Iterator[Run]:
    """Yield the pieces of a line from left to right."""
    pieces = clusters(text)
    fonts: list[Path] = []
    for piece in pieces:
        fonts.append(font_for(piece, family, fonts[-1] if fonts else None))
    alike = [
        (level, font, "".join(pieces[number] for number in numbers))
        for (level, font), numbers in _grouped(list(zip(_levels(pieces), fonts, strict=True)))
    ]
    for level, font, run in _reordered(alike):
        undecided = Run(run, font, level % 2 == 0, 0.0)
        shown, direction = _as_drawn(undecided)
        width = face(font, size).getlength(shown, direction=direction)
        yield Run(run, font, undecided.rightward, width)


def _grouped(keys: list[tuple[int, Path]]) -> Iterator[tuple[tuple[int, Path], list[int]]]:
    for key, numbers in groupby(range(len(keys)), key=keys.__getitem__):
        yield key, list(numbers)


def _levels(pieces: list[str]) -> list[int]:
    """Return the embedding level of each piece: odd ones are read from right to left."""
    text = "".join(piece if len(piece) == 1 else _STAND_IN for piece in pieces)
    text = _NAME_SIGN.sub("a", text)
    if not any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text):
        return [0] * len(pieces)
    base = algorithm.get_base_level(text)
    found = algorithm.get_empty_storage() | {"base_level": base, "base_dir": "LR"[base]}
    algorithm.get_embedding_levels(text, found)
    numbered = list(found["chars"])
    algorithm.explicit_embed_and_overrides(found)
    algorithm.resolve_weak_types(found)
    algorithm.resolve_neutral_types(found, False)
    algorithm.resolve_implicit_levels(found, False)
    resolved = {id(character) for character in found["chars"]}
    levels: list[int] = []
    for character in numbered:  # what the algorithm leaves out goes with what is before it
        kept = id(character) in resolved or not levels
        levels.append(character["level"] if kept else levels[-1])
    return levels


def _reordered(runs: list[tuple[int, Path, str]]) -> list[tuple[int, Path, str]]:
    """Put runs from reading order into the order from left to right (rule L2 of UAX #9)."""
    for level in range(max((run[0] for run in runs), default=0), 0, -1):
        ordered: list[tuple[int, Path, str]] = []
        for turned, group in groupby(runs, key=partial(_is_turned, level)):
            members = [*group]
            ordered += members[::-1] if turned else members
        runs = ordered
    return runs


def _is_turned(level: int, run: tuple[int, Path, str]) -> bool:
    return run[0] >= level


def _as_drawn(run: Run) -> tuple[str, str | None]:
    """Return what to hand to the font, and the direction to draw it in, if it can be told one."""
    if CAN_SHAPE:
        return run.text, "ltr" if run.rightward else "rtl"
    text = _INVISIBLE.sub("", run.text)
    return (text if run.rightward else str(algorithm.get_display(text, base_dir="R"))), None
