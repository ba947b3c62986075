"""Real pictures for a simulated world, each of a free licence; see `sandbox/pictures`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import av
from PIL import Image, ImageOps

from sandbox.world.sample_media import sound_of

FOLDER = Path(__file__).parent.parent / "pictures"


@cache
def names() -> tuple[str, ...]:
    """Return what there is, such as `coffee`."""
    return tuple(name.removesuffix(".jpg") for name in json.loads(_manifest()))


def _manifest() -> str:
    return (FOLDER / "manifest.json").read_text(encoding="utf-8")


def picture(number: int) -> str:
    """Return a name for any number, the same each time."""
    return names()[number % len(names())]


def photo_of(name: str, path: Path, width: int, height: int) -> None:
    """Write a JPEG of that size which shows a picture, cut to it."""
    with Image.open(FOLDER / f"{name}.jpg") as image:
        ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC).save(
            path, "JPEG", quality=84
        )


def video_of(name: str, path: Path, width: int, height: int, seconds: float = 3.0) -> None:
    """Write an MP4 with sound that moves slowly over a picture; both sides have to be even."""
    fps = 24
    with Image.open(FOLDER / f"{name}.jpg") as image:
        wide = ImageOps.fit(image, (width * 5 // 4, height), Image.Resampling.BICUBIC)
    frames = round(seconds * fps)
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "28"}
        sound = container.add_stream("aac", rate=44_100)
        for number in range(frames):
            left = (wide.width - width) * number // frames
            shown = wide.crop((left, 0, left + width, height))
            container.mux(stream.encode(av.VideoFrame.from_image(shown)))
        container.mux(stream.encode())
        sound_of(container, sound, seconds, seed=len(name))
