"""Real media files, made on the spot: small, quick, and odd in one way each."""

from __future__ import annotations

import array
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

RED, GREEN, BLUE, YELLOW = (220, 20, 20), (20, 180, 20), (20, 20, 220), (230, 220, 20)
RATE = 48_000
Size = tuple[int, int]
Colour = tuple[int, int, int]


def quarters(size: Size) -> Image.Image:
    """Red and green above, blue and yellow below: it shows how a picture was turned."""
    image = Image.new("RGB", size)
    width, height = (size[0] + 1) // 2, (size[1] + 1) // 2
    for place, colour in zip(
        ((0, 0), (width, 0), (0, height), (width, height)), (RED, GREEN, BLUE, YELLOW), strict=True
    ):
        image.paste(colour, (*place, place[0] + width, place[1] + height))
    return image


def corners(image: Image.Image) -> list[str]:
    """Name the colours in the four corners, as they are in `quarters`."""
    width, height = image.size
    names = {"red": RED, "green": GREEN, "blue": BLUE, "yellow": YELLOW}
    spots = [(x * width // 8, y * height // 8) for y in (1, 7) for x in (1, 7)]
    return [
        min(names, key=lambda name: math.dist(names[name], colour_at(image, spot)))
        for spot in spots
    ]


def colour_at(image: Image.Image, spot: tuple[int, int]) -> Colour:
    """Return the RGB colour of one pixel."""
    colour = image.convert("RGB").getpixel(spot)
    assert isinstance(colour, tuple)
    red, green, blue = (int(value) for value in colour[:3])
    return red, green, blue


def is_near(one: Colour, other: Colour, tolerance: int = 24) -> bool:
    """Whether the colours are the same but for what compression does to them."""
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def moving(size: Size) -> Callable[[int], Image.Image]:
    """Return pictures of `quarters` with a white bar that is elsewhere in each."""

    def draw(number: int) -> Image.Image:
        image = quarters(size)
        left = number * 3 % size[0]
        image.paste("white", (left, size[1] // 3, left + size[0] // 6, size[1] * 2 // 3))
        return image

    return draw


def make_video(
    path: Path,
    *,
    size: Size = (90, 160),
    seconds: float = 1.0,
    fps: Fraction | int = 30,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    sound: str | None = "aac",
    play: Callable[[float], Iterator[AudioFrame]] | None = None,
    times: Sequence[int] | None = None,
    draw: Callable[[int], Image.Image] | None = None,
    prepare: Callable[[VideoStream], None] = lambda stream: None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write a video; `times` gives each frame's time in 1/1000 s for a variable rate."""
    draw = draw or moving(size)
    with av.open(str(path), "w", container_options=container_options or {}) as output:
        stream = output.add_stream(codec, rate=fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        prepare(stream)
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        count = len(times) if times is not None else round(seconds * fps)
        audio = output.add_stream(sound, rate=RATE, layout="mono") if sound else None
        for number in range(count):
            picture = VideoFrame.from_image(draw(number))  # type: ignore[no-untyped-call]
            frame = picture.reformat(format=pixel_format)
            frame.pts = times[number] if times is not None else number
            frame.time_base = Fraction(1, 1000) if times is not None else 1 / Fraction(fps)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if audio is not None:
            for frame_ in (play or tone)(seconds):
                output.mux(audio.encode(frame_))
            output.mux(audio.encode(None))
    return path


def tone(seconds: float, rate: int = RATE, silent_until_s: float = 0.0) -> Iterator[AudioFrame]:
    """Yield a tone of about 440 Hz in pieces of 1024 samples."""
    wave = array.array("f", (0.4 * math.sin(2 * math.pi * 10 * n / 1024) for n in range(1024)))
    for begin in range(0, round(seconds * rate), 1024):
        frame = AudioFrame("fltp", "mono", 1024)
        silent = begin < round(silent_until_s * rate)
        frame.planes[0].update(bytes(4096) if silent else wave.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
        yield frame


# An MP4 that Instagram takes as it is: index first, no edit lists.
FIT_MP4 = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0"}


def make_clap(path: Path, at_s: float, **options: Any) -> Path:
    """Write a video of 2 s that turns from black to white, and from silent to loud, at a second."""
    size = options.setdefault("size", (180, 320))
    fps = options.setdefault("fps", 30)

    def draw(number: int) -> Image.Image:
        return Image.new("RGB", size, "white" if number / fps >= at_s else "black")

    def play(seconds: float) -> Iterator[AudioFrame]:
        return tone(seconds, silent_until_s=at_s)

    return make_video(path, seconds=2.0, draw=draw, play=play, **options)


def clap_of(path: Path) -> tuple[float, float]:
    """Return the seconds at which the picture turns white, and the sound loud."""
    with av.open(str(path)) as container:
        seen_s = next(
            frame.time or 0.0
            for frame in container.decode(video=0)
            if colour_at(frame.to_image(), (frame.width // 2, frame.height // 2))[0] > 128
        )
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            assert isinstance(frame, AudioFrame)
            samples = array.array("f", bytes(frame.planes[0])[: frame.samples * 4])
            loud = [n for n, sample in enumerate(samples) if abs(sample) > 0.1]
            if loud:
                return seen_s, (frame.time or 0.0) + loud[0] / frame.sample_rate
    raise AssertionError("nothing is heard")


def frames_of(path: Path) -> list[Image.Image]:
    """Decode the whole video."""
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def boxes_of(path: Path) -> list[str]:
    """Return the names of an MP4's boxes in the order they come, those inside moov and trak too."""
    data, names = path.read_bytes(), []

    def walk(begin: int, end: int) -> None:
        while begin + 8 <= end:
            length, name = (
                int.from_bytes(data[begin : begin + 4], "big"),
                data[begin + 4 : begin + 8],
            )
            names.append(name.decode("latin1"))
            if name in (b"moov", b"trak"):
                walk(begin + 8, begin + length)
            begin += length or end

    walk(0, len(data))
    return names
