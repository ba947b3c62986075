"""Packets and frames of strangers' files, as far as they can be had; the damaged are left out."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from itertools import chain
from typing import Any

import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_log = logging.getLogger(__name__)


def decoded(
    container: InputContainer, stream: VideoStream | AudioStream
) -> Iterator[VideoFrame | AudioFrame]:
    """Yield the frames of a stream, leaving out what cannot be decoded."""
    for packet in chain(packets_of(container, stream), [None]):  # None asks for the last frames
        yield from decoded_of(stream, packet)


def decoded_of(
    stream: VideoStream | AudioStream, packet: Packet[Any] | None
) -> Iterator[VideoFrame | AudioFrame]:
    """Yield the frames that a packet completes: none if it cannot be decoded."""
    try:
        yield from stream.decode(packet)
    except (MemoryError, BlockingIOError):  # no memory or no thread: not the packet's fault
        raise
    except (av.error.FFmpegError, ValueError):  # the latter if the decoder did not even open
        pass


def time_of(frame: VideoFrame | AudioFrame) -> float | None:
    """Return the second a frame begins at, or None if the file does not say it in earnest."""
    return frame.time if frame.time is not None and math.isfinite(frame.time) else None


def packets_of(
    container: InputContainer, *streams: VideoStream | AudioStream
) -> Iterator[Packet[Any]]:
    """Yield the packets of some streams until the file ends, or cannot be read on.

    The last ones are empty: decoders take them as the end, and know the times of what is left.
    """
    try:
        yield from container.demux(*streams)
    except av.error.FFmpegError as error:
        _log.info("file ended early error=%s", error)
