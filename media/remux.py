"""The pictures of a video in a new MP4, as they are: index first, no edit lists. In the worker."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from media.encoding import MUXER
from media.sound import SoundCopy, SoundTrack, move
from media.source import open_video


def remux(source: Path, output: Path, span_s: tuple[float, float], *, encode_sound: bool) -> None:
    """Copy the pictures, which begin and end at those seconds, and copy or encode the sound.

    Raises MediaInvalid (also for a source that breaks off), MediaTooLarge.
    """
    begin_s, end_s = span_s
    with (
        open_video(source) as video,
        open_video(source) as heard,
        av.open(str(output), "w", format="mp4", container_options=MUXER) as container,
    ):
        stream = container.add_stream_from_template(video.stream)
        track = SoundTrack if encode_sound else SoundCopy
        sound = track(heard.container, container, begin_s, end_s)
        for packet in _with_dts(video.packets()):
            assert packet.dts is not None
            at_s = float(packet.dts * packet.time_base) - begin_s
            move(packet, begin_s)
            packet.stream = stream
            container.mux(packet)
            sound.write_until(at_s)
        sound.finish(end_s - begin_s)


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
