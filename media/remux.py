"""The pictures of a video in a new MP4, as they are: index first, no edit lists. In the worker."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from media.encoding import MUXER
from media.sound import SoundTrack
from media.source import open_video, packets_of, sound_of


def remux(source: Path, output: Path, begin_s: float, *, encode_sound: bool) -> None:
    """Copy the pictures, which begin at second `begin_s`, and copy or encode the sound.

    Raises MediaInvalid (also for a source that breaks off), MediaTooLarge.
    """
    with (
        open_video(source) as video,
        open_video(source) as heard,
        av.open(str(output), "w", format="mp4", container_options=MUXER) as container,
    ):
        stream = container.add_stream_from_template(video.stream)
        end_s = begin_s + video.duration_s
        sound: SoundTrack | _SoundCopy
        if encode_sound:
            sound = SoundTrack(heard.container, container, begin_s, end_s)
        else:
            sound = _SoundCopy(heard.container, container, begin_s, end_s)
        for packet in _with_dts(video.packets()):
            assert packet.dts is not None
            at_s = float(packet.dts * packet.time_base) - begin_s
            _move(packet, begin_s)
            packet.stream = stream
            container.mux(packet)
            sound.write_until(at_s)
        sound.finish(video.duration_s)


class _SoundCopy:
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
            _move(self._next, self._begin_s)
            self._next.stream = self._stream
            self._output.mux(self._next)
            self._next = next(self._packets, None)

    def finish(self, end_s: float) -> None:
        """Write what begins to sound before `end_s`."""
        self.write_until(end_s)


def _with_dts(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Yield packets, the first ones without a dts given one that leads up to the others."""
    waiting = []
    for packet in packets:
        waiting.append(packet)
        if packet.dts is not None:
            break
    for packet, earlier in pairwise(reversed(waiting)):
        earlier.dts = packet.dts - (packet.duration or 1)
    yield from waiting
    yield from packets


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


def _move(packet: Packet[Any], begin_s: float) -> None:
    """Let second `begin_s` be second 0."""
    assert packet.pts is not None
    assert packet.dts is not None
    step = round(begin_s / packet.time_base)
    packet.pts, packet.dts = packet.pts - step, packet.dts - step
