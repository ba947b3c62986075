"""The still canvas that a moving picture is set into, frame by frame. Runs in the worker."""

from __future__ import annotations

from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame
from PIL import Image

from media.frames import BT709, LIMITED_RANGE, TICKS, Look, add_upright, prepare
from media.shapes import rounded_mask

Box = tuple[int, int, int, int]


class Canvas:
    """A picture of `size` with the moving one inside `box` (x, y, width, height, all even).

    The moving picture is cropped to fill the box. Around it, and over it with its alpha, lies
    the still `layer`, which is needed unless the box is the whole canvas.
    """

    def __init__(self, size: tuple[int, int], box: Box, layer: Image.Image | None = None) -> None:
        self.size = size
        self._box = box
        self._layer = None if layer is None else _as_layer(layer)
        self._look: Look | None = None
        self._frames = 0

    def compose(self, frame: VideoFrame, look: Look) -> VideoFrame:
        """Return the canvas with that frame in its box."""
        if look != self._look:  # the first frame, or a stream that changes under way
            self._graph, self._source, self._sink = self._build(look)
            self._look = look
        self._frames += 1
        self._source.push(prepare(frame, look, self._frames))
        composed = self._sink.pull()
        assert isinstance(composed, VideoFrame)
        composed.pict_type = 0  # or the encoder makes keyframes where the source had them
        return composed

    def _build(self, look: Look) -> tuple[Graph, FilterContext, FilterContext]:
        # Padding the picture and blending the card over it, window and all, is the cheapest way
        # measured: blending rounded pictures or corner pieces into a copied card takes longer.
        x, y, width, height = self._box
        graph = Graph()
        source, picture = add_upright(graph, look, (width, height), "yuv420p")
        sink = graph.add("buffersink")
        if self._layer is None:
            picture.link_to(sink)
            graph.configure()
            return graph, source, sink
        layer = graph.add(
            "buffer",
            f"video_size={self.size[0]}x{self.size[1]}:pix_fmt=yuva420p:time_base={TICKS}"
            f":pixel_aspect=1/1:colorspace={BT709}:range=tv",
        )
        pad = graph.add("pad", f"{self.size[0]}:{self.size[1]}:{x}:{y}")
        overlay = graph.add("overlay", "0:0:format=yuv420:eof_action=repeat")
        graph.link_nodes(picture, pad, overlay, sink)
        layer.link_to(overlay, 0, 1)
        graph.configure()
        layer.push(self._layer)
        layer.push(None)
        return graph, source, sink


def with_window(image: Image.Image, box: Box, radius: int = 0) -> Image.Image:
    """Return the image, opaque but for a rounded window where the box is."""
    x, y, width, height = box
    layer = image.convert("RGB")
    hole = Image.new("L", layer.size, 255)
    hole.paste(0, (x, y), rounded_mask((width, height), radius))
    layer.putalpha(hole)
    return layer


def _as_layer(image: Image.Image) -> VideoFrame:
    frame = VideoFrame.from_bytes(image.tobytes(), image.width, image.height, "rgba").reformat(
        format="yuva420p", dst_colorspace=BT709, dst_color_range=LIMITED_RANGE
    )
    frame.colorspace, frame.color_range = BT709, LIMITED_RANGE
    frame.pts, frame.time_base = 0, TICKS
    return frame
