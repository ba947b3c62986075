"""Which font draws which letters: the bundled families, and what stands in where they end.

A line of text is drawn with several fonts: no single one has Latin, Arabic, Hebrew and emoji.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import ImageFont, features

_FONTS = Path(__file__).parent / "fonts"
FAMILIES = {
    "sans": _FONTS / "Inter-SemiBold.otf",
    "serif": _FONTS / "PlayfairDisplay-SemiBold.ttf",
    "mono": _FONTS / "JetBrainsMono-SemiBold.ttf",
    "script": _FONTS / "Caveat-Bold.ttf",
}
EMOJI = _FONTS / "Twemoji.ttf"
_STAND_INS = (
    FAMILIES["sans"],
    _FONTS / "NotoSansArabic-SemiBold.ttf",
    _FONTS / "NotoSansHebrew-SemiBold.ttf",
    # Whole alphabets of thousands of letters are not bundled; many machines have them.
    *map(
        Path,
        (
            "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
            "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Bold.ttc",
            "/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc",
            "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
            "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
        ),
    ),
)

# Raqm joins Arabic letters and emoji sequences. Pillow brings it, but not the libfribidi it needs.
CAN_SHAPE = bool(features.check("raqm"))

_PICTOGRAPH = "[©®‼⁉™\u2139↔-↪⌚-⏿Ⓜ▪-◾☀-➿⤴⤵⬅-⭕〰〽㊗㊙\U0001f000-\U0001faff]"
_MODIFIERS = "[\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
_CLUSTER = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
    f"|{_PICTOGRAPH}{_MODIFIERS}(?:\u200d{_PICTOGRAPH}{_MODIFIERS})*|.",
    re.DOTALL,
)
_PLAIN_PICTOGRAPH = re.compile("[\u0000-\uffff]$")  # such as ™: a letter unless told otherwise
_NOWHERE = "\U0010ffff"  # no font has it


def clusters(text: str) -> list[str]:
    """Split a text into letters and whole emoji, which may be several characters each."""
    return _CLUSTER.findall(text)


def font_for(cluster: str, family: str, before: Path | None) -> Path:
    """Return the font for a letter or an emoji; spaces and signs keep the font `before` them."""
    if is_emoji(cluster, family):
        return EMOJI
    stays = unicodedata.category(cluster[0])[0] in "ZPMC" and cluster != "@"
    if before is not None and stays and _draws_all(before, cluster):
        return before
    return next((font for font in _stack(family) if _draws_all(font, cluster)), FAMILIES[family])


def is_emoji(cluster: str, family: str) -> bool:
    """Whether a cluster is to be drawn in colour."""
    if len(cluster) > 1:
        return True
    if not re.match(_PICTOGRAPH, cluster):
        return False
    if _PLAIN_PICTOGRAPH.match(cluster):
        return not any(_draws(font, cluster) for font in _stack(family)) and _draws(EMOJI, cluster)
    return True


def undrawable(text: str, family: str) -> list[str]:
    """Return the letters and emoji that no font here has."""
    return [
        cluster
        for cluster in dict.fromkeys(clusters(text))
        if cluster != "\n" and not _draws_all(font_for(cluster, family, None), cluster)
    ]


def unshaped(text: str) -> bool:
    """Whether letters of the text would stay apart that belong together, for want of Raqm."""
    return not CAN_SHAPE and any(unicodedata.bidirectional(character) == "AL" for character in text)


@lru_cache(maxsize=64)
def face(font: Path, size: float) -> ImageFont.FreeTypeFont:
    """Return a font at a size in pixels."""
    return ImageFont.truetype(BytesIO(_bytes(font)), size)


@lru_cache(maxsize=16)
def _bytes(font: Path) -> bytes:
    return font.read_bytes()


def _stack(family: str) -> Iterator[Path]:
    yield FAMILIES[family]
    yield from (font for font in _STAND_INS if _is_there(font))


@lru_cache(maxsize=16)
def _is_there(font: Path) -> bool:
    return font.is_file()


def _draws_all(font: Path, cluster: str) -> bool:
    return all(
        _draws(font, character)
        for character in cluster
        if unicodedata.category(character) not in ("Cf", "Mn", "Me") or len(cluster) == 1
    )


@lru_cache(maxsize=4096)
def _draws(font: Path, character: str) -> bool:
    """Whether a font has a character: what it lacks looks like what no font has."""
    return unicodedata.category(character) == "Cf" or _look(font, character) != _look(
        font, _NOWHERE
    )


@lru_cache(maxsize=256)
def _look(font: Path, character: str) -> tuple[tuple[int, int], bytes]:
    mask = _probe(font).getmask(character)
    return mask.size, bytes(mask)


@lru_cache(maxsize=16)
def _probe(font: Path) -> ImageFont.FreeTypeFont:
    # Without shaping: a mark on its own would be given a circle to stand on.
    return ImageFont.truetype(BytesIO(_bytes(font)), 24, layout_engine=ImageFont.Layout.BASIC)
