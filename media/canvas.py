"""The still canvas that a moving picture is set into, frame by frame. Runs in the worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from PIL import Image

from media.frames import BT709, LIMITED_RANGE, FrameLook, add_upright, prepare

Box = tuple[int, int, int, int]
_TILE = 64  # pixels of the grid on which it is found where the layer lies over the picture
_SHRUNK = (1, 2, 2)  # by what the three planes of yuv420p are smaller than the picture


class Canvas:
    """A picture of `size` with the moving one inside `box` (x, y, width, height, all even).

    The moving picture is cropped to fill the box. Around it, and over it with its alpha, lies
    the still `layer`, which is needed unless the box is the whole canvas.
    """

    def __init__(self, size: tuple[int, int], box: Box, layer: Image.Image | None = None) -> None:
        self._box = box
        self._card = None if layer is None else _Card(layer.convert("RGBA"), box)
        self._look: FrameLook | None = None
        self._frames = 0
        self.size = size

    def compose(self, frame: VideoFrame, look: FrameLook) -> VideoFrame:
        """Return the canvas with that frame in its box; it is good until the next one is made."""
        if look != self._look:  # the first frame, or a stream that changes under way
            self._graph, self._source, self._sink = self._build(look)
            self._look = look
        self._frames += 1
        self._source.push(prepare(frame, look, self._frames))
        picture = self._sink.pull()
        assert isinstance(picture, VideoFrame)
        composed = picture if self._card is None else self._card.around(picture)
        composed.pict_type = 0  # or the encoder makes keyframes where the source had them
        return composed

    def _build(self, look: FrameLook) -> tuple[Graph, FilterContext, FilterContext]:
        graph = Graph()
        source, picture = add_upright(graph, look, self._box[2:], "yuv420p")
        sink = graph.add("buffersink")
        picture.link_to(sink)
        graph.configure()
        return graph, source, sink


def with_window(image: Image.Image, box: Box) -> Image.Image:
    """Return the image, opaque but for a window where the box is."""
    x, y, width, height = box
    layer = image.convert("RGB")
    alpha = Image.new("L", layer.size, 255)
    alpha.paste(0, (x, y, x + width, y + height))
    layer.putalpha(alpha)
    return layer


@dataclass(frozen=True, slots=True)
class _Patch:
    """A rectangle of one plane in which the layer lies over the picture; `mask` 255 hides it."""

    plane: int
    x: int
    y: int
    colours: Image.Image
    mask: Image.Image


class _Card:
    """The card as a frame that is kept, into which every picture is written.

    Only what moves is touched: blending a whole layer over a whole frame, as libavfilter does,
    takes three times as long.
    """

    def __init__(self, layer: Image.Image, box: Box) -> None:
        self._box = box
        # Straight colours: where the layer is transparent it must not darken the edges.
        still: VideoFrame = VideoFrame.from_image(layer.convert("RGB"))  # type: ignore[no-untyped-call]
        self._frame = still.reformat(
            format="yuv420p", dst_colorspace=BT709, dst_color_range=LIMITED_RANGE
        )
        self._frame.colorspace, self._frame.color_range = BT709, LIMITED_RANGE
        self._patches = list(_patches(self._frame, layer.getchannel("A"), box))

    def around(self, picture: VideoFrame) -> VideoFrame:
        """Return the card with that picture in its box."""
        x, y, width, height = self._box
        for plane, moving, less in zip(self._frame.planes, picture.planes, _SHRUNK, strict=True):
            _write(plane, (x // less, y // less), moving, (width // less, height // less))
        for patch in self._patches:
            _lay(patch, picture.planes[patch.plane], self._frame.planes[patch.plane], self._box)
        return self._frame


def _write(
    plane: VideoPlane, place: tuple[int, int], moving: VideoPlane, size: tuple[int, int]
) -> None:
    """Copy the rows of a plane into another one."""
    target, source = memoryview(plane), memoryview(moving)
    width, height = size
    to, step, stride = place[1] * plane.line_size + place[0], plane.line_size, moving.line_size
    if step == stride and width == plane.width:
        target[to : to + step * height] = source[: stride * height]
        return
    at = 0
    for _ in range(height):
        target[to : to + width] = source[at : at + width]
        to += step
        at += stride


def _lay(patch: _Patch, moving: VideoPlane, plane: VideoPlane, box: Box) -> None:
    """Blend a patch of the layer over the picture, and put that on the card."""
    left, top = (side // _SHRUNK[patch.plane] for side in box[:2])
    width, height = patch.mask.size
    x, y = patch.x - left, patch.y - top
    blended = _as_image(moving).crop((x, y, x + width, y + height))
    blended.paste(patch.colours, (0, 0), patch.mask)
    rows, target = blended.tobytes(), memoryview(plane)
    to = patch.y * plane.line_size + patch.x
    for at in range(0, width * height, width):
        target[to : to + width] = rows[at : at + width]
        to += plane.line_size


def _as_image(plane: VideoPlane) -> Image.Image:
    """Return a plane as a picture on the same memory, padding and all."""
    size = plane.line_size, plane.buffer_size // plane.line_size
    memory: Any = memoryview(plane)  # Pillow takes any buffer, whatever it declares
    return Image.frombuffer("L", size, memory, "raw", "L", 0, 1)


def _patches(card: VideoFrame, alpha: Image.Image, box: Box) -> Iterator[_Patch]:
    """Yield what of the layer lies over the box, plane by plane."""
    masks = [alpha, alpha.reduce(2), alpha.reduce(2)]
    planes = [_as_image(plane) for plane in card.planes]
    for left, top, right, bottom in _covered(alpha, box):
        for number, less in enumerate(_SHRUNK):
            place = left // less, top // less, right // less, bottom // less
            colours, mask = planes[number].crop(place), masks[number].crop(place)
            yield _Patch(number, place[0], place[1], colours, mask)


def _covered(alpha: Image.Image, box: Box) -> Iterator[Box]:
    """Yield rectangles (left, top, right, bottom, all even) that hold all that is not clear."""
    x, y, width, height = box
    open_: dict[tuple[int, int], int] = {}  # the left and right ends of runs, and where they began
    for top in range(y, y + height, _TILE):
        bottom = min(top + _TILE, y + height)
        runs = set(_runs(alpha, (x, top, x + width, bottom)))
        for ends in open_.keys() - runs:
            yield ends[0], open_.pop(ends), ends[1], top
        for ends in runs - open_.keys():
            open_[ends] = top
    for ends, began in open_.items():
        yield ends[0], began, ends[1], y + height


def _runs(alpha: Image.Image, band: Box) -> Iterator[tuple[int, int]]:
    """Yield the left and right ends of the tiles in a row that are not clear."""
    left, top, right, bottom = band
    began = None
    for tile in range(left, right, _TILE):
        if alpha.crop((tile, top, min(tile + _TILE, right), bottom)).getbbox():
            began = tile if began is None else began
        elif began is not None:
            yield began, tile
            began = None
    if began is not None:
        yield began, right
