"""Looking into media files: what they are, whether they really decode, and a still of a video.

Everything here blocks for some milliseconds; request handlers call it in a thread.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
from PIL import Image

Kind = Literal["photo", "video"]

_VIDEO_CODECS = {"h264", "hevc"}
# The last frame of a file whose end is missing comes earlier than its header says.
_MISSING_END_S = 0.5


class BadMedia(Exception):
    """The file is not what it should be; the message says why."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts about a media file."""

    kind: Kind
    content_type: str
    width: int
    height: int
    duration: float | None = None
    has_sound: bool = False


def probe(path: Path) -> Probe:
    """The facts about a photo or a video of any usual format.

    Raises:
        BadMedia: it is neither.
    """
    for look in (_probe_photo, _probe_video):
        with suppress(BadMedia):
            return look(path)
    raise BadMedia("neither a photo nor a video")


def check_photo(path: Path) -> Probe:
    """The facts about a JPEG that decodes to its last row.

    Raises:
        BadMedia: anything else.
    """
    found = _probe_photo(path)
    if found.content_type != "image/jpeg":
        raise BadMedia("not a JPEG")
    return found


def check_video(path: Path) -> Probe:
    """The facts about an MP4 that phones can play and that is complete.

    Raises:
        BadMedia: anything else.
    """
    found = _probe_video(path)
    try:
        with av.open(path) as container:
            stream = container.streams.video[0]
            if "mp4" not in container.format.name or stream.codec.name not in _VIDEO_CODECS:
                raise BadMedia(f"{stream.codec.name} in {container.format.name}")
            end = 0.0
            for packet in container.demux(stream):
                if packet.pts is not None and packet.time_base is not None:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    except (av.FFmpegError, IndexError) as error:
        raise BadMedia(f"not a video: {error}") from None
    if end < (found.duration or 0) - _MISSING_END_S:
        raise BadMedia(f"the file ends after {end:.1f} s")
    return found


def make_poster(video: Path, target: Path) -> None:
    """Write the first frame of a video as a JPEG."""
    with av.open(video) as container:
        frame = next(container.decode(video=0))
        frame.to_image().save(target, "JPEG", quality=88)


def _probe_photo(path: Path) -> Probe:
    try:
        with Image.open(path) as image:
            image.load()
            return Probe(
                "photo", Image.MIME.get(image.format or "", "image/jpeg"), image.width, image.height
            )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadMedia(f"not a photo: {error}") from None


def _probe_video(path: Path) -> Probe:
    try:
        with av.open(path) as container:
            stream = container.streams.video[0]
            next(container.decode(stream))
            duration = container.duration
            return Probe(
                "video",
                "video/mp4",
                stream.width,
                stream.height,
                duration / av.time_base if duration else None,
                bool(container.streams.audio),
            )
    except (av.FFmpegError, IndexError, StopIteration, ValueError) as error:
        raise BadMedia(f"not a video: {error}") from None
