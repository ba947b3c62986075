"""A still picture as a story's video. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame

from media.backdrop import backdrop
from media.encoding import MUXER, EncodingBounds, add_picture
from media.frames import BT709, LIMITED_RANGE
from media.photo import contained, open_photo

_FPS = Fraction(24)
_STORY = (1080, 1920)
_BIT_RATE = 5_000_000


def film_still(
    source: Path, output: Path, seconds: float, on_progress: Callable[[float], None]
) -> None:
    """Write a video of a story's shape that shows a photo for so long, without sound.

    Raises MediaInvalid, MediaTooLarge.
    """
    photo = open_photo(source, at_least=_STORY)
    picture, shown = contained(photo, _STORY), backdrop(photo, _STORY)
    shown.paste(picture, ((_STORY[0] - picture.width) // 2, (_STORY[1] - picture.height) // 2))
    still: VideoFrame = VideoFrame.from_image(shown.convert("RGB"))  # type: ignore[no-untyped-call]
    frame = still.reformat(format="yuv420p", dst_colorspace=BT709, dst_color_range=LIMITED_RANGE)
    frame.colorspace, frame.color_range = BT709, LIMITED_RANGE
    total = max(1, round(seconds * _FPS))
    with av.open(str(output), "w", format="mp4", container_options=MUXER) as container:
        stream = add_picture(container, _STORY, _FPS, EncodingBounds(seconds, _BIT_RATE))
        for number in range(total):
            frame.pts, frame.time_base = number, 1 / _FPS
            container.mux(stream.encode(frame))
            if number % _FPS == 0:
                on_progress(number / total)
        container.mux(stream.encode(None))
