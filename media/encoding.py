"""Moving pictures written as an MP4 that Instagram takes. Runs in the worker."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TypeVar

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from media.canvas import Canvas
from media.frames import BT709, LIMITED_RANGE
from media.sound import SoundCopy, SoundTrack
from media.source import THREADS, open_video, reading

_Item = TypeVar("_Item")

_MIN_FPS = Fraction(23)
_KEYFRAME_EVERY_S = 2
_PACKET_S = 0.03
# "superfast" without B-frames needs half the time of "veryfast" (10 ms a frame instead of 21) for
# nearly its picture (SSIM 0.985 instead of 0.989, both at 5 Mbit/s). Without B-frames there is no
# need of an edit list either, which Instagram does not want. Without CABAC it is a tenth faster
# again, at the same picture in a seventh more bits.
_ENCODER = {
    "preset": "superfast",
    "profile": "high",
    "x264-params": "bframes=0:weightp=0:cabac=0",
}
# Offsets that may be negative keep B-frames of others in step with the sound without edit lists.
MUXER = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0"}


@dataclass(frozen=True, slots=True)
class EncodingBounds:
    """What an encoded video must not exceed; the bit rate is that of the pictures.

    `crf` is x264's scale of quality: lower is better.
    """

    max_seconds: float
    max_bit_rate: int
    max_fps: int = 60
    crf: int = 22


def encode(
    source: Path,
    output: Path,
    canvas: Canvas,
    bounds: EncodingBounds,
    *,
    length_s: float,
    copy_sound: bool,
    on_progress: Callable[[float], None],
) -> None:
    """Write the source, set into the canvas, with its sound, at a constant rate.

    `length_s` is how long the source is, down to its packets. Calls `on_progress` with the share
    done about once per output second.
    Raises MediaInvalid (also for a source that breaks off), MediaTooLarge.
    """
    # The sound has a container of its own, so that both can be read at their own pace.
    with open_video(source) as video, open_video(source) as heard:
        fps = _output_fps(video.fps, bounds.max_fps)
        most = math.floor(bounds.max_seconds * fps)
        total = max(1, min(most, round(length_s * fps)))
        frames = video.frames()
        begin_s, first = next(frames)
        times = ((time_s - begin_s, frame) for time_s, frame in chain([(begin_s, first)], frames))
        with av.open(str(output), "w", format="mp4", container_options=MUXER) as container:
            picture = add_picture(container, canvas.size, fps, bounds)
            track = SoundCopy if copy_sound else SoundTrack
            # What is copied ends with a whole packet, which must not stand out.
            sound_s = bounds.max_seconds - (_PACKET_S if copy_sound else 0)
            sound = track(heard.container, container, begin_s, begin_s + sound_s)
            written = 0
            for frame, repeats in pace(times, fps, total):
                with reading():
                    composed = canvas.compose(frame, video.look(frame))
                for _ in range(repeats):
                    composed.pts, composed.time_base = written, 1 / fps
                    container.mux(picture.encode(composed))
                    written += 1
                    if written % math.ceil(fps) == 0:
                        sound.write_until(float(written / fps))
                        on_progress(written / total)
            container.mux(picture.encode(None))
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


def _output_fps(rate: Fraction | None, most: int) -> Fraction:
    return max(_MIN_FPS, min(rate or Fraction(30), Fraction(most))).limit_denominator(1001)


def add_picture(
    output: OutputContainer, size: tuple[int, int], fps: Fraction, bounds: EncodingBounds
) -> VideoStream:
    """Return a new stream of pictures, encoded as Instagram takes them."""
    rate = str(bounds.max_bit_rate)
    limits = {"crf": str(bounds.crf), "maxrate": rate, "bufsize": rate}
    keyframes = {"g": str(math.floor(fps * _KEYFRAME_EVERY_S))}
    stream = output.add_stream("libx264", rate=fps, options=_ENCODER | limits | keyframes)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.thread_count = THREADS
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED_RANGE
    return stream
