"""Decoded video frames as the eye should see them: upright, square pixels, BT.709.

Cameras store sideways pictures, stretched pixels, full range and HDR; libavfilter undoes it here,
for still posters and for the moving picture alike.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Self, TypeAlias

from av.filter import Graph
from av.filter.context import FilterContext
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame

TICKS = Fraction(1, 90_000)  # the time base of frames inside filter graphs

# Signs of a display matrix (a b c d) -> clockwise degrees, and the filters that apply it.
Turn: TypeAlias = tuple[int, int, int, int]
_TURNS: dict[Turn, tuple[int, tuple[tuple[str, str], ...]]] = {
    (1, 0, 0, 1): (0, ()),
    (0, 1, -1, 0): (90, (("transpose", "clock"),)),
    (-1, 0, 0, -1): (180, (("hflip", ""), ("vflip", ""))),
    (0, -1, 1, 0): (270, (("transpose", "cclock"),)),
    (-1, 0, 0, 1): (0, (("hflip", ""),)),
    (1, 0, 0, -1): (0, (("vflip", ""),)),
    (0, 1, 1, 0): (90, (("transpose", "cclock_flip"),)),
    (0, -1, -1, 0): (270, (("transpose", "clock_flip"),)),
}
_UPRIGHT = (1, 0, 0, 1)

BT709, _UNKNOWN_MATRIX, _BT601 = 1, 2, 6
_KNOWN_MATRICES = (0, 1, 4, 5, 6, 7, 9, 10)  # RGB and those that swscale converts
LIMITED_RANGE, _FULL_RANGE = 1, 2
_BT2020_PRIMARIES, _HDR_TRANSFERS = 9, (16, 18)  # transfers: PQ and HLG


@dataclass(frozen=True, slots=True)
class FrameLook:
    """How a decoder hands over its pictures: frames with an equal look fit the same graph."""

    width: int
    height: int
    pixel_format: str
    pixel_aspect: Fraction
    matrix: int
    full_range: bool
    wide_colours: bool
    interlaced: bool
    turn: Turn

    @classmethod
    def of(
        cls, frame: VideoFrame, pixel_aspect: Fraction | None, turn: Turn, *, interlaced: bool
    ) -> Self:
        matrix = frame.colorspace
        if matrix not in _KNOWN_MATRICES:  # unlabelled: players decide by the size, so do we
            matrix = BT709 if min(frame.width, frame.height) > 576 else _BT601
        return cls(
            width=frame.width,
            height=frame.height,
            pixel_format=frame.format.name,
            pixel_aspect=_credible(pixel_aspect),
            matrix=_UNKNOWN_MATRIX if frame.format.is_rgb else matrix,
            full_range=frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj"),
            wide_colours=frame.color_primaries == _BT2020_PRIMARIES
            or frame.color_trc in _HDR_TRANSFERS,
            interlaced=interlaced,
            turn=turn,
        )

    @property
    def is_plain(self) -> bool:
        """Whether the stored pixels are what is to be seen, but for a turn."""
        return self.pixel_aspect == 1 and not self.wide_colours and not self.interlaced

    @property
    def rotation(self) -> int:
        """Clockwise degrees by which the stored picture is turned for display."""
        return _TURNS[self.turn][0]

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height as displayed."""
        width, height = max(1, round(self.width * self.pixel_aspect)), self.height
        return (height, width) if self.rotation in (90, 270) else (width, height)


def add_upright(
    graph: Graph, look: FrameLook, size: tuple[int, int], pixel_format: str
) -> tuple[FilterContext, FilterContext]:
    """Add filters that turn frames of that look into upright ones of `size`, cropped to fill it.

    Returns the first filter, to push into, and the last, to link on. The colours become BT.709
    with limited range, or RGB if `pixel_format` is an RGB one; HDR is mapped to it.
    """
    width, height = size[::-1] if look.rotation in (90, 270) else size
    source = graph.add(
        "buffer",
        f"video_size={look.width}x{look.height}:pix_fmt={look.pixel_format}:time_base={TICKS}"
        f":pixel_aspect=1/1:colorspace={look.matrix}:range={'pc' if look.full_range else 'tv'}",
    )
    crop_width, crop_height = _cover(look, Fraction(width, height))
    scale = f"{width}:{height}:flags=bilinear"
    if not pixel_format.startswith("rgb"):
        scale += ":out_color_matrix=bt709:out_range=tv"
    if look.wide_colours:
        scale += ":out_primaries=bt709:out_transfer=bt709:intent=perceptual"
    filters = [
        ("crop", f"{crop_width}:{crop_height}"),
        # One field of two: half the lines, and no combs. It needs no other frame for that.
        *([("field", "top")] if look.interlaced else []),
        ("scale", scale),
        ("format", pixel_format),
        *_TURNS[look.turn][1],
    ]
    nodes = [source, *(graph.add(name, args) for name, args in filters)]
    graph.link_nodes(*nodes)
    return source, nodes[-1]


def prepare(frame: VideoFrame, look: FrameLook, pts: int) -> VideoFrame:
    """Label the frame as the graph of its look expects it, shown at `pts` ticks."""
    frame.colorspace = look.matrix
    frame.color_range = _FULL_RANGE if look.full_range else LIMITED_RANGE
    frame.pts, frame.time_base = pts, TICKS
    return frame


def _credible(pixel_aspect: Fraction | None) -> Fraction:
    # An absurd one would make a poster of any size out of a small video.
    if pixel_aspect and Fraction(1, 4) <= pixel_aspect <= 4:
        return pixel_aspect
    return Fraction(1)


def _cover(look: FrameLook, aspect: Fraction) -> tuple[int, int]:
    """Return the largest stored width and height that display with that aspect."""
    stored = aspect / look.pixel_aspect
    if Fraction(look.width, look.height) > stored:
        return max(1, round(look.height * stored)), look.height
    return look.width, max(1, round(look.width / stored))


def turn_of(frame: VideoFrame) -> Turn:
    """Return how the frame is to be turned or mirrored for display, as its file says."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, SideData) or matrix.buffer_size != 36:
        return _UPRIGHT
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    largest = max(abs(a), abs(b), abs(c), abs(d), 1)
    turn = (round(a / largest), round(b / largest), round(c / largest), round(d / largest))
    return turn if turn in _TURNS else _UPRIGHT
