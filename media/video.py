"""Videos from strangers: what they are, and a still of them.

Everything here blocks and runs decoders written in C: `render` calls it in a child process.
"""

from __future__ import annotations

from pathlib import Path

from av.filter import Graph
from av.video.frame import VideoFrame
from PIL import Image

from media.frames import FrameLook, add_upright, prepare
from media.source import MICROSECONDS, open_video, reading, sound_of
from media.tasks import VideoInfo


def probe_video(path: Path) -> VideoInfo:
    """Read the file to its end and decode one frame, which proves that it can be decoded.

    Raises MediaInvalid (also for a video that breaks off), MediaTooLarge.
    """
    with open_video(path) as video:
        for _ in video.read():
            pass
        assert video.first is not None
        look = video.look(video.first)
        width, height = look.upright_size
        sound = sound_of(video.container)
        return VideoInfo(
            width=width,
            height=height,
            duration_s=video.duration_s,
            fps=float(video.fps or 0),
            video_codec=video.stream.codec_context.name,
            audio_codec=sound.codec_context.name if sound else None,
            size_bytes=path.stat().st_size,
            rotation=look.rotation,
        )


def poster_frame(path: Path, at_s: float = 0.0) -> Image.Image:
    """Return the picture shown at that second (or the last one before it ends), upright, as RGB.

    Raises MediaInvalid, MediaTooLarge.
    """
    with open_video(path) as video, reading():
        if at_s > 0:
            video.container.seek(int(at_s * MICROSECONDS))
        frames = video.frames()
        _, shown = next(frames)
        for time_s, frame in frames:
            if time_s > at_s:
                break
            shown = frame
        return _as_image(shown, video.look(shown))


def _as_image(frame: VideoFrame, look: FrameLook) -> Image.Image:
    graph = Graph()
    source, last = add_upright(graph, look, look.upright_size, "rgb24")
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    source.push(prepare(frame, look, 0))
    picture = sink.pull()
    assert isinstance(picture, VideoFrame)
    image: Image.Image = picture.to_image()  # type: ignore[no-untyped-call]
    return image
