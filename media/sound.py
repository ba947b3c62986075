"""The sound of a video in step with the picture: copied, or remade as what Instagram plays.

What is remade is AAC, 48 kHz, stereo.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.packet import Packet

from media.decoding import decoded, packets_of, time_of
from media.source import open_video, sound_of

RATE = 48_000
_TICKS = Fraction(1, RATE)
_BIT_RATE = 128_000
_FRAME = 1024  # samples that AAC takes at a time


class SoundTrack:
    """Writes the first sound of `source` beside a picture that begins at second `begin_s`.

    Nothing is written, and no track made, if there is no sound that can be decoded.
    """

    def __init__(
        self, source: InputContainer, output: OutputContainer, begin_s: float, end_s: float
    ) -> None:
        self._output = output
        stream = sound_of(source)
        self._frames = _frames(source, stream, begin_s, end_s) if stream else iter(())
        self._next = next(self._frames, None)
        self._stream = None
        if self._next is not None:
            self._stream = output.add_stream("aac", rate=RATE, layout="stereo")
            self._stream.bit_rate = _BIT_RATE

    def write_until(self, end_s: float) -> None:
        """Write what sounds before second `end_s` of the output."""
        while self._next is not None and _end_s(self._next) <= end_s:
            self._encode(self._next)
            self._next = next(self._frames, None)

    def _encode(self, frame: AudioFrame | None) -> None:
        assert self._stream is not None
        # The encoder's lead-in before second 0 is left out: to be skipped by players it needs an
        # edit list, which Instagram does not want.
        packets = self._stream.encode(frame)
        self._output.mux([packet for packet in packets if (packet.pts or 0) >= 0])

    def finish(self, end_s: float) -> None:
        """Write what sounds before `end_s`, and end the track."""
        if self._stream is not None:
            self.write_until(end_s)
            self._encode(None)


class SoundCopy:
    """Writes the packets of the first sound as they are; what sounds before `begin_s` is cut."""

    def __init__(
        self, source: InputContainer, output: OutputContainer, begin_s: float, end_s: float
    ) -> None:
        self._output = output
        self._begin_s = begin_s
        self._packets = _between(source, begin_s, end_s)
        self._next = next(self._packets, None)
        stream = sound_of(source) if self._next else None
        self._stream = output.add_stream_from_template(stream) if stream else None

    def write_until(self, end_s: float) -> None:
        """Write what begins to sound before second `end_s` of the output."""
        while self._next is not None and _time(self._next) - self._begin_s < end_s:
            assert self._stream is not None
            move(self._next, self._begin_s)
            self._next.stream = self._stream
            self._output.mux(self._next)
            self._next = next(self._packets, None)

    def finish(self, end_s: float) -> None:
        """Write what begins to sound before `end_s`."""
        self.write_until(end_s)


def plays(path: Path) -> bool:
    """Whether every packet of the sound can be decoded; asking costs less than remaking it."""
    with open_video(path) as video:
        stream = sound_of(video.container)
        try:
            for packet in packets_of(video.container, stream) if stream else ():
                packet.decode()
        except (av.error.FFmpegError, ValueError):
            return False
    return True


def _end_s(frame: AudioFrame) -> float:
    return (frame.time or 0.0) + frame.samples / RATE


def _frames(
    source: InputContainer, stream: AudioStream, begin_s: float, end_s: float
) -> Iterator[AudioFrame]:
    """Yield the sound from `begin_s` to `end_s` of the source, silence where it has holes."""
    timeline, shape, resampler = _timeline(), None, None
    for frame in decoded(source, stream):
        assert isinstance(frame, AudioFrame)
        if resampler is None or _shape(frame) != shape:  # some streams change under way
            resampler, shape = AudioResampler("fltp", "stereo", RATE), _shape(frame)
        time_s = time_of(frame)
        if time_s is not None and time_s > end_s:
            break  # also a false time far ahead, which would be filled with silence
        frame.pts = None if time_s is None else round((time_s - begin_s) * RATE)
        frame.time_base = _TICKS
        with contextlib.suppress(av.error.FFmpegError):  # as odd as what cannot be decoded
            for piece in resampler.resample(frame):
                timeline.push(piece)
        yield from _ready(timeline)
    timeline.push(None)
    yield from _ready(timeline)


def _shape(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _timeline() -> Graph:
    """Return filters that put sound in its place from second 0 on.

    Holes and the time before the first sound become silence; overlaps are cut.
    """
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(format="fltp", layout="stereo", sample_rate=RATE, time_base=_TICKS),
        graph.add("aresample", f"{RATE}:async=1:first_pts=0"),
        graph.add("asetnsamples", f"{_FRAME}:p=0"),
        graph.add("abuffersink"),
    )
    graph.configure()
    return graph


def _ready(graph: Graph) -> Iterator[AudioFrame]:
    with contextlib.suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            frame = graph.pull()
            assert isinstance(frame, AudioFrame)
            yield frame


def _between(source: InputContainer, begin_s: float, end_s: float) -> Iterator[Packet[Any]]:
    stream = sound_of(source)
    for packet in packets_of(source, stream) if stream else ():
        if not packet.size or packet.is_discard:
            continue
        half_s = float((packet.duration or 0) * packet.time_base) / 2
        if begin_s - half_s <= _time(packet) < end_s:
            yield packet


def _time(packet: Packet[Any]) -> float:
    assert packet.pts is not None
    return float(packet.pts * packet.time_base)


def move(packet: Packet[Any], begin_s: float) -> None:
    """Let second `begin_s` be second 0."""
    assert packet.pts is not None
    assert packet.dts is not None
    step = round(begin_s / packet.time_base)
    packet.pts, packet.dts = packet.pts - step, packet.dts - step
