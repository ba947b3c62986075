"""Video files from strangers, opened and decoded within bounds.

Everything here blocks and runs code written in C on bytes that nobody vouches for.
"""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media.decoding import decoded, decoded_of, packets_of, time_of
from media.errors import MediaInvalid, MediaTooLarge
from media.frames import FrameLook, Turn, turn_of
from media.sniff import FileType, sniff

_NONE_LEFT = (errno.EMFILE, errno.ENFILE)
MAX_DURATION_S = 3600.0
# Phones film 8K, 7680 x 4320, and action cameras nearly so: what is larger than Instagram takes is
# made smaller anyway.
MAX_SIDE = 8192
MAX_PIXELS = 8192 * 4320
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
THREADS = min(4, _CORES)
_LARGE, _THREADS_IF_LARGE = 4096 * 4096, 2  # each holds several pictures, of 50 to 100 MB in 8K

MICROSECONDS = 1_000_000  # the clock of containers

# How much of the declared duration may be missing before a file counts as broken off.
_TOLERANCE_S, _TOLERANCE = 0.5, 0.05

# Never let libavformat choose: some of its formats are lists of other files and addresses.
_DEMUXERS = {
    FileType.MP4: "mov",
    FileType.MOV: "mov",
    FileType.MKV: "matroska",
    FileType.WEBM: "matroska",
    FileType.AVI: "avi",
}
# What previews and covers are made of; a video of nothing else is one.
_PICTURES = ("mjpeg", "png", "bmp", "gif", "webp", "tiff")
# Titles in a strange encoding are no reason to refuse a video: PyAV 19 has no other way.
_LENIENT: dict[str, Any] = {} if av.__version__ >= "19" else {"metadata_errors": "replace"}


class OpenVideo:
    """An opened file with the one stream of it that we look at."""

    def __init__(self, container: InputContainer, stream: VideoStream, duration_s: float) -> None:
        self.container = container
        self.stream = stream
        self.duration_s = duration_s
        self.fps = _exact(stream.average_rate)
        self.first: VideoFrame | None = None
        self.stands_s = 0.0  # how long the last picture stands, once the packets have been read
        self._turn: Turn | None = None
        self._interlaced = False

    def frames(self) -> Iterator[tuple[float, VideoFrame]]:
        """Yield each frame with the second it begins at, strictly growing, whatever the file says.

        Packets that cannot be decoded are left out. Raises MediaInvalid if none can or if the
        frames end long before the declared duration, MediaTooLarge if they are over the bound.
        """
        step_s = float(1 / (self.fps or 30))
        last_s = end_s = None
        for frame in decoded(self.container, self.stream):
            assert isinstance(frame, VideoFrame)
            _check_side(frame.width, frame.height)
            time_s = time_of(frame)
            if time_s is None or (last_s is not None and time_s <= last_s):
                time_s = 0.0 if last_s is None else last_s + step_s
            end_s = time_s + float((frame.duration or 0) * (frame.time_base or 0))
            last_s = time_s
            yield time_s, frame
        if end_s is None:
            raise MediaInvalid("the video has no picture that can be decoded")
        self._check_end(end_s)

    def packets(self, *others: AudioStream) -> Iterator[Packet[Any]]:
        """Yield the packets of the video, and of other streams, as they lie in the file.

        Raises MediaInvalid if those of the video end long before the declared duration: what a
        file has lost is seen without decoding it. Afterwards `duration_s` reaches over the last
        picture; raises MediaTooLarge where that is over the bound.
        """
        end_s = last_s = -math.inf
        for packet in packets_of(self.container, self.stream, *others):
            if not packet.size:
                continue
            if packet.stream_index == self.stream.index and packet.pts is not None:
                over = (packet.pts + (packet.duration or 0)) * packet.time_base
                end_s = max(end_s, float(over))
                if not packet.is_discard:
                    last_s = max(last_s, float(packet.pts * packet.time_base))
            yield packet
        if math.isfinite(end_s):
            self._check_end(end_s)
            self._reach_over(last_s - _start_s(self.stream))

    def read(self, *others: AudioStream) -> Iterator[Packet[Any]]:
        """Yield packets like `packets`, decoding on the way until there is a picture: `first`.

        To open a file takes longer than to read it, so this spares one to open it twice. Raises
        MediaInvalid also if no picture can be decoded.
        """
        for packet in self.packets(*others):
            if self.first is None and packet.stream_index == self.stream.index:
                self._look_for_first(packet)
            yield packet
        if self.first is None:
            self._look_for_first(None)
        if self.first is None:
            raise MediaInvalid("the video has no picture that can be decoded")

    def _look_for_first(self, packet: Packet[Any] | None) -> None:
        frame = next(decoded_of(self.stream, packet), None)
        if isinstance(frame, VideoFrame):
            _check_side(frame.width, frame.height)
            self.first = frame

    def _check_end(self, end_s: float) -> None:
        missing_s = self.duration_s - (end_s - _start_s(self.stream))
        if missing_s > self._most_missing_s:
            if not self._sound_goes_on():
                raise MediaInvalid(f"the video breaks off {missing_s:.1f} s before its end")
            self.stands_s = missing_s

    def _reach_over(self, last_s: float) -> None:
        # Of pictures that are stored out of order, with times as in recordings of a screen, libav
        # counts the length in that order, and so leaves out how long the last ones stand.
        if last_s >= self.duration_s:
            self.duration_s = last_s + float(1 / (self.fps or 30))
            _check_length(self.duration_s)

    @property
    def _most_missing_s(self) -> float:
        return max(_TOLERANCE_S, _TOLERANCE * self.duration_s)

    def _sound_goes_on(self) -> bool:
        """Whether there is sound to the declared end, which is then that of the sound.

        Recordings of a screen in Matroska and WebM, which declare one length for all, end with
        the last picture that was another.
        """
        sound = sound_of(self.container)
        if sound is None or self.stream.duration:
            return False
        self.container.seek(0)
        heard_s = _span_s(self.container, sound)[1] - _start_s(self.stream)
        return self.duration_s - heard_s <= self._most_missing_s

    def look(self, frame: VideoFrame) -> FrameLook:
        """Return how that frame of this stream is to be read."""
        # The turn is the stream's. To ask every frame would be costly: asking makes a reference
        # cycle, so the frame stays in memory until the garbage collector comes by.
        if self._turn is None:
            self._turn = turn_of(frame)
        # Once interlaced, always: some streams say so of every other frame only.
        self._interlaced |= frame.interlaced_frame
        pixel_aspect = _exact(self.stream.sample_aspect_ratio)
        return FrameLook.of(frame, pixel_aspect, self._turn, interlaced=self._interlaced)


@contextmanager
def open_video(path: Path) -> Iterator[OpenVideo]:
    """Open the first video stream of a file, its declared size and length within the bounds.

    Raises MediaInvalid, MediaTooLarge.
    """
    kind = sniff(path)
    if kind not in _DEMUXERS:
        raise MediaInvalid(f"this is not a video we can read ({kind or 'unknown format'})")
    with ExitStack() as stack:
        with reading():
            container = stack.enter_context(
                av.open(
                    str(path.absolute()),  # cannot be mistaken for "protocol:address"
                    format=_DEMUXERS[kind],
                    container_options={"protocol_whitelist": "file"},
                    **_LENIENT,
                )
            )
            stream = _first_stream(container)
            duration_s = _duration_s(container, stream)
        _check_length(duration_s)
        yield OpenVideo(container, stream, duration_s)


def sound_of(container: InputContainer) -> AudioStream | None:
    """Return the sound that goes with the picture, if there is one that we can decode."""
    return next((stream for stream in container.streams.audio if stream.codec_context), None)


@contextmanager
def reading() -> Iterator[None]:
    """Turn libav's errors into MediaInvalid, where only the bytes of the file can be at fault.

    Damaged bytes make it ask for absurd memory or for positions outside the file too; only that
    no thread (EAGAIN) or no descriptor is to be had says nothing about the file, and passes.
    """
    try:
        yield
    except BlockingIOError:
        raise
    except av.error.FFmpegError as error:
        if error.errno in _NONE_LEFT:
            raise
        raise MediaInvalid(f"the video is damaged: {error.strerror}") from error


def _first_stream(container: InputContainer) -> VideoStream:
    shown = [
        each
        for each in container.streams.video
        if not each.disposition & Disposition.attached_pic  # the cover of a song
    ]
    if not shown:
        raise MediaInvalid("there is no video in the file")
    stream = min(shown, key=_rank)
    if stream.codec_context is None:
        raise MediaInvalid("the video is in a format that we cannot decode")
    width, height = stream.codec_context.width, stream.codec_context.height
    _check_side(width, height)
    stream.thread_type = "AUTO"
    most = _THREADS_IF_LARGE if width * height > _LARGE else THREADS
    stream.codec_context.thread_count = min(most, THREADS)
    return stream


def _rank(stream: VideoStream) -> int:
    """Say how late a stream is taken for the video: a preview may lie before it, as a track."""
    codec = getattr(stream.codec_context, "name", None)  # None where nothing can decode it
    return 1 if codec is None else 2 if codec in _PICTURES else 0


def _check_side(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise MediaTooLarge(f"{width} x {height} pixels are too many for a video; export it in 8K")


def _check_length(duration_s: float) -> None:
    if duration_s > MAX_DURATION_S:
        raise MediaTooLarge(f"the video is longer than {MAX_DURATION_S:.0f} s")


def _exact(rational: Fraction | None) -> Fraction | None:
    # PyAV 18 has fractions here, 19 a type of its own, in which 1/0 may come and counts as false.
    return Fraction(rational.numerator, rational.denominator) if rational else None


def _start_s(stream: VideoStream) -> float:
    start, time_base = stream.start_time, stream.time_base
    return float(start * time_base) if start and time_base else 0.0


def _duration_s(container: InputContainer, stream: VideoStream) -> float:
    """Return the length that the file declares, or else what its packets take up."""
    whole_s = (container.duration or 0) / MICROSECONDS
    if stream.duration and stream.time_base:
        own_s = float(stream.duration * stream.time_base)
        return min(own_s, whole_s or own_s)
    if whole_s:  # Matroska, which counts from 0 even if the first frame comes later
        return whole_s - max(0.0, _start_s(stream))
    begin_s, end_s = _span_s(container, stream)
    if (sound := sound_of(container)) is not None:
        container.seek(0)
        end_s = max(end_s, _span_s(container, sound)[1])
    container.seek(0)
    return max(0.0, end_s - begin_s)


def _span_s(container: InputContainer, stream: VideoStream | AudioStream) -> tuple[float, float]:
    """Return the seconds at which the packets from here on begin and end."""
    begin_s, end_s = math.inf, 0.0
    for packet in packets_of(container, stream):
        if packet.pts is not None:
            begin_s = min(begin_s, float(packet.pts * packet.time_base))
            end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return begin_s, end_s
