from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from media.errors import MediaInvalid, MediaTooLarge
from media.video import poster_frame, probe_video
from tests.media.samples import RATE, corners, make_video, quarters, tone

UPRIGHT = ["red", "green", "blue", "yellow"]


def test_a_probe_tells_everything(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", size=(90, 160), seconds=2, fps=25)

    info = probe_video(path)

    assert (info.width, info.height, info.rotation) == (90, 160, 0)
    assert info.duration_s == pytest.approx(2, abs=0.05)
    assert info.fps == pytest.approx(25, abs=0.5)
    assert (info.video_codec, info.audio_codec) == ("h264", "aac")
    assert info.size_bytes == path.stat().st_size


def test_a_silent_video_has_no_audio_codec(tmp_path: Path) -> None:
    assert probe_video(make_video(tmp_path / "a.mp4", sound=None)).audio_codec is None


# Clockwise turns of the picture, as the file asks for them.
@pytest.mark.parametrize(
    ("counterclockwise", "mirrored", "size", "expected"),
    [
        (0, False, (96, 64), UPRIGHT),
        (-90, False, (64, 96), ["blue", "red", "yellow", "green"]),
        (180, False, (96, 64), ["yellow", "blue", "green", "red"]),
        (90, False, (64, 96), ["green", "yellow", "red", "blue"]),
        (0, True, (96, 64), ["green", "red", "yellow", "blue"]),
    ],
)
def test_rotation_and_mirroring_are_applied(
    tmp_path: Path,
    counterclockwise: int,
    mirrored: bool,
    size: tuple[int, int],
    expected: list[str],
) -> None:
    def turn(stream: VideoStream) -> None:
        stream.set_display_rotation(counterclockwise, hflip=mirrored)

    path = tmp_path / "a.mp4"
    make_video(path, size=(96, 64), draw=lambda number: quarters((96, 64)), prepare=turn)

    info = probe_video(path)
    picture = poster_frame(path)

    assert (info.width, info.height) == size == picture.size
    assert info.rotation == -counterclockwise % 360
    assert corners(picture) == expected


def test_stretched_pixels_are_squared(tmp_path: Path) -> None:
    def stretch(stream: VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)

    path = make_video(tmp_path / "a.mp4", size=(64, 64), prepare=stretch)

    info = probe_video(path)

    assert (info.width, info.height) == (96, 64) == poster_frame(path).size


def test_absurdly_stretched_pixels_are_not_believed(tmp_path: Path) -> None:
    def stretch(stream: VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(1000, 1)

    path = make_video(tmp_path / "a.mp4", size=(64, 64), prepare=stretch)

    assert poster_frame(path).size == (64, 64)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx265", "yuv420p10le"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.mkv", "libx264", "yuv444p10le"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.mov", "mjpeg", "yuvj420p"),
        ("a.mkv", "ffv1", "bgr0"),
    ],
)
def test_colours_survive_every_format(
    tmp_path: Path, name: str, codec: str, pixel_format: str
) -> None:
    path = make_video(
        tmp_path / name,
        size=(96, 64),
        codec=codec,
        pixel_format=pixel_format,
        sound=None,
        seconds=0.2,
        draw=lambda number: quarters((96, 64)),
    )

    assert corners(poster_frame(path)) == UPRIGHT
    assert probe_video(path).duration_s == pytest.approx(0.2, abs=0.1)


def test_a_poster_is_of_its_moment(tmp_path: Path) -> None:
    colours = ["red"] * 30 + ["blue"] * 30

    def draw(number: int) -> Image.Image:
        image = quarters((64, 64))
        image.paste(colours[number], (0, 0, 64, 64))
        return image

    path = make_video(tmp_path / "a.mp4", size=(64, 64), seconds=2, draw=draw)

    assert corners(poster_frame(path)) == ["red"] * 4
    assert corners(poster_frame(path, 0.9)) == ["red"] * 4
    assert corners(poster_frame(path, 1.5)) == ["blue"] * 4
    assert corners(poster_frame(path, 99)) == ["blue"] * 4


def test_a_video_without_a_declared_length_is_measured(tmp_path: Path) -> None:
    # What browsers record: the length is unknown until it ends, and never filled in.
    path = make_video(
        tmp_path / "a.webm",
        codec="libvpx-vp9",
        sound=None,
        seconds=1.5,
        container_options={"live": "1"},
    )
    with av.open(str(path)) as container:
        assert container.duration is None

    assert probe_video(path).duration_s == pytest.approx(1.5, abs=0.1)
    assert poster_frame(path).size == (90, 160)


def test_too_long_and_too_large_are_refused(tmp_path: Path) -> None:
    long = make_video(
        tmp_path / "long.mp4", size=(16, 16), sound=None, times=range(0, 3_610_000, 10_000)
    )
    wide = plain_video(tmp_path / "wide.mkv", (8000, 4448))

    for path in (long, wide):
        with pytest.raises(MediaTooLarge):
            probe_video(path)
        with pytest.raises(MediaTooLarge):
            poster_frame(path)


def plain_video(path: Path, size: tuple[int, int]) -> Path:
    """One picture of one colour: the rest of a large one takes seconds."""
    picture = Image.new("RGB", size, "red")
    options: dict[str, Any] = {"sound": None, "seconds": 0.04, "draw": lambda _: picture}
    return make_video(path, size=size, codec="mpeg4", **options)


@pytest.mark.parametrize("size", [(5312, 32), (7680, 4320)])
def test_phones_and_action_cameras_film_in_8k(tmp_path: Path, size: tuple[int, int]) -> None:
    wide = plain_video(tmp_path / "wide.mp4", size)
    assert (probe_video(wide).width, poster_frame(wide).size) == (size[0], size)


def test_what_is_no_video_is_invalid(tmp_path: Path) -> None:
    song = tmp_path / "song.mp4"
    make_video(song, seconds=0.1)
    cases = {
        "empty.mp4": b"",
        "page.mp4": b"<html>not found</html>",
        "list.mp4": b"#EXTM3U\nfile:///etc/passwd\n",
        "head.mp4": song.read_bytes()[:32] + b"nonsense" * 500,
        "cut.mp4": song.read_bytes()[: song.stat().st_size // 2],  # its index is at the end
        "photo.mp4": b"\xff\xd8\xff\xe0" + bytes(100),
    }
    for name, content in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(MediaInvalid) as error:
            probe_video(path)
        assert error.value.reason
        with pytest.raises(MediaInvalid):
            poster_frame(path)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_a_preview_that_lies_before_the_video_is_not_taken_for_it(
    tmp_path: Path, name: str
) -> None:
    content = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(content, "JPEG")
    still = Packet(content.getvalue())
    with av.open(str(tmp_path / name), "w") as output:
        preview = output.add_stream("mjpeg", rate=1)
        preview.width, preview.height, preview.pix_fmt = 64, 64, "yuvj420p"
        stream = output.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 90, 160, "yuv420p"
        output.start_encoding()
        still.stream, still.pts, still.dts, still.time_base = preview, 0, 0, Fraction(1, 30)
        output.mux(still)
        for number in range(30):
            frame = VideoFrame(90, 160, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))

    info = probe_video(tmp_path / name)

    assert (info.video_codec, info.width, info.height) == ("h264", 90, 160)
    assert info.duration_s == pytest.approx(1, abs=0.05)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=RATE, layout="mono")
        for frame in tone(0.5):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))

    with pytest.raises(MediaInvalid, match="no video"):
        probe_video(path)


def test_frames_that_cannot_be_decoded_are_invalid(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", sound=None, container_options={"movflags": "faststart"})
    data = path.read_bytes()
    begin = data.index(b"mdat") + 4
    path.write_bytes(data[:begin] + bytes(len(data) - begin))

    with pytest.raises(MediaInvalid):
        probe_video(path)
