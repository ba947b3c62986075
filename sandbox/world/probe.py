"""Looking into media files: what they are, whether they really decode, and a still of a video.

Everything here blocks for some milliseconds; request handlers call it in a thread.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import av
from PIL import Image

Kind = Literal["photo", "video"]

_BOX_HEAD = struct.Struct(">I4s")
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
    fps: float = 0.0
    bits_per_second: float = 0.0
    pixel_format: str = ""
    sound_codec: str | None = None
    sound_rate: int = 0
    sound_channels: int = 0
    index_first: bool = False  # whether a player can begin before it has the whole file

    @property
    def has_sound(self) -> bool:
        return self.sound_codec is not None


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
            facts = Probe(
                kind="video",
                content_type="video/mp4",
                width=stream.width,
                height=stream.height,
                duration=container.duration / av.time_base if container.duration else None,
                fps=float(stream.average_rate or 0),
                bits_per_second=float(container.bit_rate or 0),
                pixel_format=stream.pix_fmt or "",
                index_first=_has_index_first(path),
            )
            for sound in container.streams.audio[:1]:
                return replace(
                    facts,
                    sound_codec=sound.codec.name,
                    sound_rate=sound.rate,
                    sound_channels=sound.channels,
                )
            return facts
    except (av.FFmpegError, IndexError, StopIteration, ValueError) as error:
        raise BadMedia(f"not a video: {error}") from None


def _has_index_first(path: Path) -> bool:
    """Whether the index (`moov`) of an MP4 stands before its media (`mdat`)."""
    with path.open("rb") as file:
        while len(head := file.read(_BOX_HEAD.size)) == _BOX_HEAD.size:
            length, name = _BOX_HEAD.unpack(head)
            if name in (b"moov", b"mdat"):
                return bool(name == b"moov")
            if length < _BOX_HEAD.size:
                break  # a size in 64 bits, or none: only media are that large
            file.seek(length - _BOX_HEAD.size, os.SEEK_CUR)
    return False
