"""A video down to its packets: all that `fit` wants to know before it decides. Runs in the worker.

The headers alone do not tell: rates are averages, and pictures may be hidden or out of order.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from av.audio.stream import AudioStream
from av.packet import Packet

from media.boxes import BoxOrder, read_layout
from media.fit import Sound, Video
from media.sniff import FileType, sniff
from media.source import OpenVideo, open_video, sound_of

_IN_STEP_S = 0.05  # nobody hears less
_MOST_UNDATED = 16  # Matroska leaves the first dts out, as many as pictures are reordered


def survey(path: Path) -> Video:
    """Read a whole file without decoding more than one frame.

    Raises MediaInvalid (also for a video that breaks off), MediaTooLarge.
    """
    kind = sniff(path)
    layout = read_layout(path) if kind in (FileType.MP4, FileType.MOV) else BoxOrder(True, False)
    with open_video(path) as video:
        sound = sound_of(video.container)
        pictures, sounds = _Track(), _Track()
        for packet in video.read(*([sound] if sound else [])):
            track = pictures if packet.stream_index == video.stream.index else sounds
            track.take(packet)
        frame = video.first
        assert frame is not None
        look = video.look(frame)
        heard = _sound(sound, sounds, pictures) if sound and sounds.times else None
        width, height = look.upright_size
        return Video(
            container=str(kind),
            index_first=layout.index_first,
            edit_lists=layout.edit_lists,
            other_tracks=len(video.container.streams) > (2 if heard else 1),
            codec=video.stream.codec_context.name,
            pixel_format=frame.format.name,
            regular=pictures.in_order and pictures.closed and pictures.undated <= _MOST_UNDATED,
            plain=look.is_plain,
            width=width,
            height=height,
            fps=pictures.rate(video),
            longest_frame_s=max(pictures.longest_gap_s(), video.stands_s),
            begin_s=pictures.begin_s or 0.0,
            bit_rate=pictures.bytes * 8 / max(video.duration_s, 0.1),
            duration_s=video.duration_s,
            size=path.stat().st_size,
            sound=heard,
        )


class _Track:
    """What the packets of one stream come to.

    `in_order`: they have times, growing in the file; `undated` first ones may lack the latter.
    `closed`: they start with a keyframe, none leans on what comes before the last one, and none
    is hidden.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self.in_order = self.closed = True
        self.undated = 0
        self.times: list[float] = []
        self._last_dts: int | None = None
        self._key_pts: int | None = None

    def take(self, packet: Packet[Any]) -> None:
        """Count one packet in."""
        self.bytes += packet.size
        pts, dts = packet.pts, packet.dts
        if pts is None or (dts is None and self._last_dts is not None):
            self.in_order = False
            return
        if packet.is_keyframe:
            self._key_pts = pts
        if dts is None:
            self.undated += 1
        else:
            self.in_order &= self._last_dts is None or dts > self._last_dts
            self._last_dts = dts
        self.closed &= self._key_pts is not None and pts >= self._key_pts
        if packet.is_discard:
            self.closed = False
        else:
            self.times.append(float(pts * packet.time_base))

    @property
    def begin_s(self) -> float | None:
        """The second the first packet that is not hidden begins at."""
        return min(self.times, default=None)

    def rate(self, video: OpenVideo) -> float:
        """Packets a second."""
        span = max(self.times, default=0.0) - (self.begin_s or 0.0)
        return (len(self.times) - 1) / span if span > 0 else float(video.fps or 0)

    def longest_gap_s(self) -> float:
        return max((after - before for before, after in pairwise(sorted(self.times))), default=0.0)


def _sound(stream: AudioStream, sounds: _Track, pictures: _Track) -> Sound:
    context = stream.codec_context
    begin_s, from_s = sounds.begin_s, pictures.begin_s
    late_s = begin_s - from_s if begin_s is not None and from_s is not None else 0.0
    length_s = max(sounds.times, default=0.0) - (begin_s or 0.0)
    return Sound(
        codec=context.name,
        profile=context.profile,
        rate=context.sample_rate,
        channels=context.channels,
        bit_rate=sounds.bytes * 8 / max(length_s, 0.1),
        in_place=bool(context.extradata)
        and sounds.in_order
        and sounds.undated == 0
        and late_s <= _IN_STEP_S,
    )
