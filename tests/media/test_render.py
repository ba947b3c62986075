from __future__ import annotations

import math
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.video.stream import VideoStream
from PIL import Image

from media.errors import MediaInvalid
from media.render import OverlayJob, examine_video, render_video
from media.shapes import rounded_mask
from media.tasks import VideoInfo
from tests.media.samples import (
    YELLOW,
    Size,
    boxes_of,
    colour_at,
    corners,
    frames_of,
    is_near,
    make_video,
    quarters,
)
from tests.support.thinned import sparing

CANVAS = (108, 192)
BOX = (16, 20, 76, 136)
GREY = (90, 90, 90)


def job(source: Path, **more: Any) -> OverlayJob:
    """A card in small: grey, a rounded window, and a yellow stripe over everything."""
    folder = source.parent
    x, y, width, height = BOX
    layer = Image.new("RGB", CANVAS, GREY)
    hole = Image.new("L", CANVAS, 255)
    hole.paste(0, (x, y, x + width, y + height), rounded_mask((width, height), 12))
    layer.putalpha(hole)
    layer.paste((*YELLOW, 255), (0, 150, 108, 180))
    layer.save(folder / "layer.png")
    return OverlayJob(source, folder / "layer.png", BOX, folder / "out" / "card.mp4", **more)


def unmoving(size: Size) -> Callable[[int], Image.Image]:
    return lambda number: quarters(size)


async def rendered(source: Path, **more: Any) -> tuple[Path, VideoInfo]:
    (source.parent / "out").mkdir()
    task = job(source, **more)
    info = await render_video(task)
    assert [file.name for file in task.output.parent.iterdir()] == ["card.mp4"]
    return task.output, info


def inside(card: Image.Image) -> Image.Image:
    """Return the box of a card, but for the stripe that lies over its end."""
    return card.crop((BOX[0], BOX[1], BOX[0] + BOX[2], 148))


async def test_a_card_is_what_instagram_takes(tmp_path: Path) -> None:
    output, info = await rendered(make_video(tmp_path / "a.mp4", seconds=5))

    assert info.duration_s == pytest.approx(5, abs=0.01)
    assert (info.width, info.height, info.fps) == (*CANVAS, 30)
    assert (info.video_codec, info.audio_codec) == ("h264", "aac")
    assert output.stat().st_mode & 0o777 == 0o600
    boxes = boxes_of(output)
    assert boxes.index("moov") < boxes.index("mdat")
    assert "edts" not in boxes  # edit lists
    with av.open(str(output)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.profile, picture.pix_fmt) == ("High", "yuv420p")
        assert (picture.codec_context.colorspace, picture.codec_context.color_range) == (1, 1)
        assert (sound.codec_context.sample_rate, sound.layout.name) == (48_000, "mono")
        packets = list(container.demux(picture))
    times = [packet.pts for packet in packets if packet.pts is not None]
    assert len(times) == 150
    assert {after - before for before, after in pairwise(times)} == {512}
    keys = [packet.pts * packet.time_base for packet in packets if packet.is_keyframe]
    assert all(b - a <= 2 for a, b in zip(keys, [*keys[1:], 5], strict=True))


def sound_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


async def test_sound_that_instagram_takes_is_copied(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=2)
    output, _ = await rendered(source)

    given, copied = sound_packets(source), sound_packets(output)
    assert len(copied) > 0.95 * len(given)
    assert copied in [given[begin : begin + len(copied)] for begin in range(3)]


async def test_other_sound_is_remade(tmp_path: Path) -> None:
    output, _ = await rendered(make_video(tmp_path / "a.mp4", seconds=1, sound="mp3"))

    with av.open(str(output)) as container:
        sound = container.streams.audio[0]
        assert (sound.codec_context.name, sound.codec_context.sample_rate) == ("aac", 48_000)
        assert sound.layout.name == "stereo"


async def test_a_card_shows_thirty_pictures_a_second_at_most(tmp_path: Path) -> None:
    output, info = await rendered(make_video(tmp_path / "a.mp4", fps=60))

    assert info.fps == 30
    assert info.duration_s == pytest.approx(1, abs=0.04)
    shown = frames_of(output)
    assert len(shown) == 30
    assert len({picture.tobytes() for picture in shown}) == 30  # every other one, none twice


async def test_the_story_moves_in_its_rounded_box(tmp_path: Path) -> None:
    output, _ = await rendered(make_video(tmp_path / "a.mp4"))

    cards = frames_of(output)
    first, last = cards[0], cards[-1]
    assert corners(inside(first)) == ["red", "green", "blue", "yellow"]
    for spot in ((4, 4), (104, 100), (17, 21), (90, 21)):  # around the box, and in its corners
        assert is_near(colour_at(first, spot), GREY)
        assert is_near(colour_at(last, spot), GREY)
    assert is_near(colour_at(first, (54, 153)), YELLOW)  # the foreground, over the story
    assert is_near(colour_at(first, (54, 175)), YELLOW)
    assert inside(first).tobytes() != inside(last).tobytes()
    # The bar stands at the left at first, and in the middle after 15 pictures.
    assert is_near(colour_at(first, (20, 88)), (255, 255, 255), 40)
    assert is_near(colour_at(cards[15], (60, 88)), (255, 255, 255), 40)


def loudness(path: Path) -> list[float]:
    """Return the root mean square of each twentieth of a second of the sound."""
    with av.open(str(path)) as container:
        samples = [
            sample
            for frame in container.decode(audio=0)
            if isinstance(frame, AudioFrame)
            for sample in struct.unpack(
                f"={frame.samples}f", bytes(frame.planes[0])[: frame.samples * 4]
            )
        ]
    pieces = [samples[n : n + 2400] for n in range(0, len(samples), 2400)]
    return [math.sqrt(sum(sample**2 for sample in piece) / len(piece)) for piece in pieces]


async def test_the_sound_comes_along(tmp_path: Path) -> None:
    output, _ = await rendered(make_video(tmp_path / "a.mp4", seconds=1))

    heard = loudness(output)
    assert len(heard) == pytest.approx(20, abs=1)
    assert min(heard[1:-2]) > 0.1


def turned(degrees: int, mirrored: bool = False) -> Callable[[VideoStream], None]:
    return lambda stream: stream.set_display_rotation(degrees, hflip=mirrored)


def hdr(stream: VideoStream) -> None:
    context = stream.codec_context
    context.color_primaries, context.color_trc, context.colorspace, context.color_range = (
        9,
        16,
        9,
        1,
    )


@pytest.mark.parametrize(
    ("name", "options"),
    sparing(
        [
            ("a.mp4", {"size": (91, 161), "codec": "libx264", "pixel_format": "yuv444p"}),
            ("a.mp4", {"size": (16, 16)}),
            ("a.mov", {"codec": "libx265", "pixel_format": "yuv420p10le"}),
            ("a.mov", {"codec": "mjpeg", "pixel_format": "yuvj420p", "sound": "pcm_s16le"}),
            ("a.webm", {"codec": "libvpx-vp9", "pixel_format": "gbrp", "sound": "libopus"}),
            ("a.mkv", {"codec": "ffv1", "pixel_format": "bgr0", "sound": "flac"}),
            ("a.avi", {"codec": "mpeg4", "sound": "mp3"}),
            ("a.mp4", {"sound": None}),
            ("a.mp4", {"fps": 10}),
            ("a.mp4", {"fps": 120}),
            ("a.mkv", {"times": [0, 30, 41, 300, 310, 700, 710, 960], "sound": None}),
            ("a.mkv", {"times": [5000, 5030, 5500, 5960], "sound": None}),
        ],
        every=4,
    ),
)
async def test_every_source_comes_out_right(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    size = options.get("size", (90, 160))
    source = make_video(tmp_path / name, draw=unmoving(size), **options)

    output, info = await rendered(source)

    assert info.duration_s == pytest.approx(1, abs=0.1)
    assert 23 <= info.fps <= 60
    assert (info.audio_codec is None) == (options.get("sound", "aac") is None)
    for card in frames_of(output)[:: round(info.fps) // 2]:
        assert corners(inside(card)) == ["red", "green", "blue", "yellow"]
        assert is_near(colour_at(card, (4, 4)), GREY)


@pytest.mark.parametrize(
    ("turn", "expected"),
    sparing(
        [
            (turned(-90), ["blue", "red", "yellow", "green"]),
            (turned(90), ["green", "yellow", "red", "blue"]),
            (turned(180), ["yellow", "blue", "green", "red"]),
            (turned(0, mirrored=True), ["green", "red", "yellow", "blue"]),
            (turned(90, mirrored=True), ["yellow", "green", "blue", "red"]),
        ],
        every=3,
    ),
)
async def test_turned_phones_come_out_upright(
    tmp_path: Path, turn: Callable[[VideoStream], None], expected: list[str]
) -> None:
    source = make_video(
        tmp_path / "a.mp4",
        size=(96, 64),
        draw=unmoving((96, 64)),
        prepare=turn,
        seconds=0.2,
    )

    output, _ = await rendered(source)

    assert corners(inside(frames_of(output)[0])) == expected


async def test_what_lies_before_the_beginning_is_cut(tmp_path: Path) -> None:
    source = make_video(
        tmp_path / "a.mov",
        times=range(-300, 700, 20),
        container_options={"avoid_negative_ts": "disabled"},
    )

    _, info = await rendered(source)

    assert info.duration_s == pytest.approx(0.7, abs=0.05)
    assert info.audio_codec == "aac"


@pytest.mark.acceptance
async def test_hdr_becomes_plain(tmp_path: Path) -> None:
    source = make_video(
        tmp_path / "a.mov",
        codec="libx265",
        pixel_format="yuv420p10le",
        prepare=hdr,
        seconds=0.1,
        draw=lambda number: Image.new("RGB", (90, 160), (200, 60, 40)),
    )

    output, _ = await rendered(source)

    with av.open(str(output)) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.pix_fmt) == (1, 1, "yuv420p")
    red, green, blue = colour_at(frames_of(output)[0], (54, 88))
    assert red > 230 > 60 > max(green, blue)  # read as plain BT.709 it would stay 200, 60, 40


def damage(path: Path, stream_type: str, output: Path) -> Path:
    """Copy a video, the packets of one kind of stream filled with nonsense."""
    with av.open(str(path)) as source, av.open(str(output), "w") as copy:
        streams = {
            stream.index: copy.add_stream_from_template(stream)
            for stream in (source.streams.video[0], source.streams.audio[0])
        }
        for packet in source.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == stream_type:
                spoilt = Packet(b"\x55" * packet.size)
                spoilt.pts, spoilt.dts, spoilt.duration = packet.pts, packet.dts, packet.duration
                spoilt.time_base = packet.time_base
                spoilt.stream, packet = streams[packet.stream.index], spoilt
            else:
                packet.stream = streams[packet.stream.index]
            copy.mux(packet)
    return output


async def test_damaged_sound_is_left_out(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4")

    _, info = await rendered(damage(whole, "audio", tmp_path / "a.mkv"))

    assert info.audio_codec is None
    assert info.duration_s == pytest.approx(1, abs=0.05)


async def test_damaged_pictures_are_invalid(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4")
    source = damage(whole, "video", tmp_path / "a.mkv")
    task = job(source)
    task.output.parent.mkdir()

    with pytest.raises(MediaInvalid):
        await render_video(task)
    assert list(task.output.parent.iterdir()) == []


async def test_a_video_that_breaks_off_is_invalid(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mp4", seconds=4, container_options={"movflags": "faststart"})
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    task = job(whole)
    task.output.parent.mkdir()

    with pytest.raises(MediaInvalid, match="breaks off"):
        await render_video(task)
    assert list(task.output.parent.iterdir()) == []


@pytest.mark.acceptance
async def test_a_minute_is_the_most(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", size=(32, 32), seconds=70, times=range(0, 70_000, 200))
    shares: list[float] = []
    (tmp_path / "out").mkdir()
    task = job(source)

    info = await render_video(task, on_progress=shares.append)

    assert 59.9 < info.duration_s <= 60
    assert info.audio_codec == "aac"
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (60, 1)
    with av.open(str(task.output)) as container:
        sound = container.streams.audio[0]
        assert 59.9 < float((sound.duration or 0) * (sound.time_base or 0)) <= 60


async def test_a_stream_that_changes_its_size_goes_on(tmp_path: Path) -> None:
    parts = [
        make_video(
            tmp_path / f"{n}.mkv",
            size=size,
            codec="mjpeg",
            pixel_format="yuvj420p",
            sound=None,
            draw=unmoving(size),
        )
        for n, size in enumerate([(90, 160), (160, 120)])
    ]
    with av.open(str(tmp_path / "a.mkv"), "w") as output:
        stream = None
        for part in parts:
            with av.open(str(part)) as source:
                stream = stream or output.add_stream_from_template(source.streams.video[0])
                begin = 0 if part is parts[0] else 1000
                for packet in source.demux(video=0):
                    if packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + begin, packet.dts + begin
                        packet.stream = stream
                        output.mux(packet)

    made, _ = await rendered(tmp_path / "a.mkv")

    cards = frames_of(made)
    assert len(cards) == pytest.approx(60, abs=1)
    for card in (cards[5], cards[55]):
        assert corners(inside(card)) == ["red", "green", "blue", "yellow"]


async def test_paths_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_video(tmp_path / "a.mp4", seconds=0.1)
    monkeypatch.chdir(tmp_path)

    await rendered(Path("a.mp4"))


async def test_an_examination_gives_facts_and_a_still(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", prepare=turned(-90))

    info = await examine_video(source, tmp_path / "poster.jpg")

    assert (info.width, info.height, info.rotation) == (160, 90, 90)
    with Image.open(tmp_path / "poster.jpg") as poster:
        assert corners(poster) == ["blue", "red", "yellow", "green"]
