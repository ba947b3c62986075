"""Sample photos and videos that look like something and are the same at every run."""

from __future__ import annotations

import math
import random
from array import array
from colorsys import hsv_to_rgb
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
from PIL import Image, ImageDraw, ImageFont

_SOUND_RATE = 44_100
_SOUND_SAMPLES = 1024


def make_photo(path: Path, width: int, height: int, seed: int, label: str = "") -> None:
    """Write a JPEG: a gradient, some shapes, and the label across the middle."""
    path.write_bytes(_photo(width, height, seed, label))


@lru_cache(maxsize=64)
def _photo(width: int, height: int, seed: int, label: str) -> bytes:
    written = BytesIO()
    draw_photo(width, height, seed, label).save(written, "JPEG", quality=88)
    return written.getvalue()


def make_video(
    path: Path,
    width: int,
    height: int,
    seconds: float,
    fps: int,
    seed: int,
    with_sound: bool = True,
) -> None:
    """Write an MP4 (H.264 and AAC, index in front) in which shapes drift over a gradient.

    Width and height have to be even.
    """
    path.write_bytes(_video(width, height, seconds, fps, seed, with_sound))


@lru_cache(maxsize=16)
def _video(width: int, height: int, seconds: float, fps: int, seed: int, with_sound: bool) -> bytes:
    picture = _gradient(width, height, seed)
    # Of its own, for what moves the index to the front reads a file again by its name.
    with TemporaryDirectory() as directory:
        path = Path(directory) / "video.mp4"
        with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
            video = container.add_stream("libx264", rate=fps)
            video.width, video.height, video.pix_fmt = width, height, "yuv420p"
            video.options = {"preset": "ultrafast", "crf": "26"}
            sound = container.add_stream("aac", rate=_SOUND_RATE) if with_sound else None
            for number in range(round(seconds * fps)):
                image = picture.copy()
                _draw_shapes(image, seed, turn=number / (fps * 4))
                container.mux(video.encode(av.VideoFrame.from_image(image)))
            container.mux(video.encode())
            if sound is not None:
                sound.options = {"aac_coder": "fast"}  # a tone needs no search for the best
                sound_of(container, sound, seconds, seed)
        return path.read_bytes()


def sound_of(container: Any, sound: Any, seconds: float, seed: int) -> None:
    """Write a quiet tone of so many seconds into a file that is open."""
    for start in range(0, round(seconds * _SOUND_RATE), _SOUND_SAMPLES):
        container.mux(sound.encode(_tone(start, seed)))
    container.mux(sound.encode())


def draw_photo(width: int, height: int, seed: int, label: str = "") -> Image.Image:
    """The picture that `make_photo` writes."""
    image = _gradient(width, height, seed)
    _draw_shapes(image, seed, turn=0.0)
    if label:
        font = ImageFont.load_default(size=max(12, min(width, height) // 10))
        draw = ImageDraw.Draw(image)
        place = (width / 2, height / 2)
        draw.text(place, label, font=font, fill="white", anchor="mm", stroke_width=1)
    return image


def _gradient(width: int, height: int, seed: int) -> Image.Image:
    top, bottom = _colour(seed, 0), _colour(seed, 1)
    ramp = Image.linear_gradient("L").resize((width, height))
    return Image.composite(
        Image.new("RGB", (width, height), bottom), Image.new("RGB", (width, height), top), ramp
    )


def _draw_shapes(image: Image.Image, seed: int, turn: float) -> None:
    """Discs on orbits of their own; `turn` is how far along they are, 1 being all around."""
    dice = random.Random(seed)
    draw = ImageDraw.Draw(image)
    for number in range(2, 8):
        radius = min(image.size) * dice.uniform(0.05, 0.16)
        angle = math.tau * (dice.random() + turn * dice.choice((-1, 1)))
        reach = dice.uniform(0.15, 0.42)
        x = image.width * (0.5 + reach * math.cos(angle))
        y = image.height * (0.5 + reach * math.sin(angle))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(seed, number))


def _colour(seed: int, number: int) -> tuple[int, int, int]:
    dice = random.Random(seed * 31 + number)
    red, green, blue = hsv_to_rgb(dice.random(), dice.uniform(0.4, 0.75), dice.uniform(0.6, 0.95))
    return round(red * 255), round(green * 255), round(blue * 255)


def _tone(start: int, seed: int) -> av.AudioFrame:
    """A quiet tone whose pitch comes from the seed."""
    frame = av.AudioFrame(format="fltp", layout="mono", samples=_SOUND_SAMPLES)
    begin = start % _SOUND_RATE
    samples = _wave(round(220 * 2 ** (seed % 12 / 12)))[begin : begin + _SOUND_SAMPLES]
    frame.planes[0].update(samples.tobytes())
    frame.sample_rate, frame.pts = _SOUND_RATE, start
    return frame


@cache
def _wave(pitch: int) -> array[float]:
    """A second of a pitch in whole hertz, which begins anew after it, and a piece of the next."""
    step = math.tau * pitch / _SOUND_RATE
    return array("f", (0.1 * math.sin(step * n) for n in range(_SOUND_RATE + _SOUND_SAMPLES)))
