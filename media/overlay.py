"""A moving picture set into a still card, as an MP4 that Instagram takes. Runs in the worker."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import TypeVar

import av
from av.container import OutputContainer
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from media.frames import TICKS, Look, add_upright, prepare
from media.shapes import rounded_mask
from media.sound import SoundTrack
from media.source import THREADS, open_video, reading
from media.tasks import OverlayJob

_Item = TypeVar("_Item")

_MIN_FPS, _MAX_FPS = Fraction(23), Fraction(60)
_KEYFRAME_EVERY_S = 2
# "superfast" without B-frames needs half the time of "veryfast" (10 ms a frame instead of 21) for
# nearly its picture (SSIM 0.985 instead of 0.989, both at 5 Mbit/s). Without B-frames there is no
# need of an edit list either, which Instagram does not want.
_ENCODER = {
    "preset": "superfast",
    "profile": "high",
    "x264-params": "bframes=0:weightp=0",
    "crf": "22",
    "maxrate": "6M",
    "bufsize": "6M",
}
_MUXER = {"movflags": "+faststart", "use_editlist": "0"}
_BT709, _LIMITED_RANGE = 1, 1


def render(job: OverlayJob, on_progress: Callable[[float], None]) -> None:
    """Compose the video. Calls `on_progress` with the share done about once per output second.

    Raises MediaInvalid (also for a source that breaks off), MediaTooLarge.
    """
    # The sound has a container of its own, so that both can be read at their own pace.
    with open_video(job.source) as video, open_video(job.source) as heard:
        fps = _output_fps(video.fps)
        most = math.floor(job.max_seconds * fps)
        total = max(1, min(most, round(video.duration_s * fps)))
        frames = video.frames()
        begin_s, first = next(frames)
        times = ((time_s - begin_s, frame) for time_s, frame in chain([(begin_s, first)], frames))
        card = _Card(job)
        with av.open(str(job.output), "w", format="mp4", container_options=_MUXER) as output:
            picture = _add_picture(output, card.size, fps)
            sound = SoundTrack(heard.container, output, begin_s, begin_s + job.max_seconds)
            written = 0
            for frame, repeats in pace(times, fps, total):
                with reading():
                    composed = card.compose(frame, video.look(frame))
                for _ in range(repeats):
                    composed.pts, composed.time_base = written, 1 / fps
                    output.mux(picture.encode(composed))
                    written += 1
                    if written % math.ceil(fps) == 0:
                        sound.write_until(float(written / fps))
                        on_progress(written / total)
            output.mux(picture.encode(None))
            sound.finish(float(written / fps))


def pace(
    timed: Iterable[tuple[float, _Item]], fps: Fraction, total: int
) -> Iterator[tuple[_Item, int]]:
    """Turn items with growing times from 0 into items and how often each is shown at that rate.

    The numbers add up to `total`: the last item stays until then. Items too short are left out.
    """
    shown = 0
    held: _Item | None = None
    for time_s, item in timed:
        begin = min(round(time_s * fps), total)
        if held is not None and begin > shown:
            yield held, begin - shown
            shown = begin
        held = item
        if shown == total:
            return
    if held is not None:
        yield held, total - shown


class _Card:
    """The still card, and the filters that put one frame after another into its box."""

    def __init__(self, job: OverlayJob) -> None:
        self._box = job.box
        self._layer = _window(job)
        self._look: Look | None = None
        self._frames = 0

    @property
    def size(self) -> tuple[int, int]:
        return self._layer.width, self._layer.height

    def compose(self, frame: VideoFrame, look: Look) -> VideoFrame:
        """Return the card with that frame in its box."""
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
        layer = graph.add(
            "buffer",
            f"video_size={self.size[0]}x{self.size[1]}:pix_fmt=yuva420p:time_base={TICKS}"
            f":pixel_aspect=1/1:colorspace={_BT709}:range=tv",
        )
        pad = graph.add("pad", f"{self.size[0]}:{self.size[1]}:{x}:{y}")
        overlay = graph.add("overlay", "0:0:format=yuv420:eof_action=repeat")
        sink = graph.add("buffersink")
        graph.link_nodes(picture, pad, overlay, sink)
        layer.link_to(overlay, 0, 1)
        graph.configure()
        layer.push(self._layer)
        layer.push(None)
        return graph, source, sink


def _window(job: OverlayJob) -> VideoFrame:
    """Return the whole still card as one layer, transparent where the moving picture shows."""
    x, y, width, height = job.box
    with Image.open(job.background) as image:
        layer = image.convert("RGB")
    hole = Image.new("L", layer.size, 255)
    hole.paste(0, (x, y), rounded_mask((width, height), job.radius))
    layer.putalpha(hole)
    with Image.open(job.foreground) as image:
        layer = Image.alpha_composite(layer, image.convert("RGBA"))
    frame = VideoFrame.from_bytes(layer.tobytes(), layer.width, layer.height, "rgba").reformat(
        format="yuva420p", dst_colorspace=_BT709, dst_color_range=_LIMITED_RANGE
    )
    frame.colorspace, frame.color_range = _BT709, _LIMITED_RANGE
    frame.pts, frame.time_base = 0, TICKS
    return frame


def _output_fps(rate: Fraction | None) -> Fraction:
    return max(_MIN_FPS, min(rate or Fraction(30), _MAX_FPS)).limit_denominator(1001)


def _add_picture(output: OutputContainer, size: tuple[int, int], fps: Fraction) -> VideoStream:
    keyframes = {"g": str(math.floor(fps * _KEYFRAME_EVERY_S))}
    stream = output.add_stream("libx264", rate=fps, options=_ENCODER | keyframes)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.thread_count = THREADS
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED_RANGE
    return stream
