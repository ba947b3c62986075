"""Real videos made to fit by the real worker, and what came out probed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.stream import VideoStream
from PIL import Image

from media.errors import MediaInvalid
from media.fit import StoryFit, Work
from media.limits import Use
from media.render import FitJob, fit_video
from media.tasks import Fitting
from tests.media.samples import (
    FIT_MP4,
    boxes_of,
    clap_of,
    colour_at,
    corners,
    frames_of,
    is_near,
    make_clap,
    make_video,
    quarters,
)
from tests.support.thinned import sparing

UPRIGHT = ["red", "green", "blue", "yellow"]
SIZE = (180, 320)


FRAGMENTED = {"movflags": "+frag_keyframe+empty_moov", "use_editlist": "0"}


def no_b_frames(stream: VideoStream) -> None:
    stream.options = {"bf": "0"}


def b_frames(stream: VideoStream) -> None:
    stream.options = {"bf": "2"}


async def fitted(
    source: Path, use: Use = Use.REEL, story_fit: StoryFit = StoryFit.PAD
) -> tuple[Path, Fitting]:
    """Make a video fit; what is written must be what Instagram takes."""
    folder = source.parent / "out"
    folder.mkdir()
    output = folder / "made.mp4"
    done = await fit_video(FitJob(source, output, use, story_fit))
    if done.work is Work.NOTHING:
        assert list(folder.iterdir()) == []
        return source, done
    assert list(folder.iterdir()) == [output]
    boxes = boxes_of(output)
    assert boxes.index("moov") < boxes.index("mdat")
    assert "edts" not in boxes
    assert boxes.count("trak") == (2 if done.info.audio_codec else 1)
    assert done.info.video_codec == "h264"
    assert done.info.audio_codec in ("aac", None)
    return output, done


async def test_what_fits_is_not_touched(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", size=SIZE, seconds=2, container_options=FIT_MP4)
    before = source.read_bytes()

    for use in (Use.REEL, Use.STORY):
        _, done = await fitted(source, use)
        assert (done.work, done.reasons) == (Work.NOTHING, ())
        assert (done.info.width, done.info.height) == SIZE
        (tmp_path / "out").rmdir()
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    sparing(
        [
            ("a.mp4", {"prepare": b_frames}, "index"),
            ("a.mp4", {"container_options": {"movflags": "+faststart"}}, "edit lists"),
            ("a.mov", {"prepare": b_frames}, "mov"),
            ("a.mkv", {"prepare": b_frames}, "mkv"),
            ("a.mkv", {"sound": None}, "mkv"),
            ("a.mkv", {"times": range(1500, 3500, 40)}, "mkv"),  # sound from 0 to 2 s: half is cut
            ("a.mkv", {"times": range(5000, 7000, 40)}, "mkv"),  # it has ended when they begin
            ("a.mp4", {"container_options": FRAGMENTED}, "index"),
            ("a.avi", {"prepare": no_b_frames}, "avi"),
        ],
        every=4,
    ),
)
async def test_a_wrong_wrapping_is_replaced_and_the_pictures_kept(
    tmp_path: Path, name: str, options: dict[str, Any], reason: str
) -> None:
    source = make_video(tmp_path / name, size=SIZE, seconds=2, **options)

    output, done = await fitted(source)

    assert done.work is Work.REMUX
    assert reason in "; ".join(done.reasons)
    assert done.info.duration_s == pytest.approx(2, abs=2 / 30)
    assert [image.tobytes() for image in frames_of(output)] == [
        image.tobytes() for image in frames_of(source)
    ]


async def test_a_turned_video_stays_turned(tmp_path: Path) -> None:
    def turn(stream: VideoStream) -> None:
        stream.set_display_rotation(-90)

    source = make_video(
        tmp_path / "a.mov", size=(320, 180), prepare=turn, draw=lambda n: quarters((320, 180))
    )

    for use, work in ((Use.REEL, Work.REMUX), (Use.STORY, Work.REMUX)):
        _, done = await fitted(source, use)
        assert done.work is work
        assert (done.info.width, done.info.height, done.info.rotation) == (180, 320, 90)
        (tmp_path / "out" / "made.mp4").unlink()
        (tmp_path / "out").rmdir()


@pytest.mark.parametrize(
    ("name", "options", "work"),
    sparing(
        [
            ("a.mp4", {"prepare": b_frames}, Work.REMUX),
            ("a.mkv", {"prepare": b_frames, "sound": "libopus"}, Work.REMUX),
            ("a.mov", {"prepare": b_frames, "sound": "pcm_s16le"}, Work.REMUX),
            ("a.webm", {"codec": "libvpx-vp9", "sound": "libopus"}, Work.ENCODE),
            ("a.avi", {"codec": "mpeg4", "sound": "mp3"}, Work.ENCODE),
            ("a.mp4", {"fps": 12}, Work.ENCODE),
        ],
        every=3,
    ),
)
async def test_sound_and_picture_stay_in_step(
    tmp_path: Path, name: str, options: dict[str, Any], work: Work
) -> None:
    source = make_clap(tmp_path / name, 1.25, **options)

    output, done = await fitted(source)

    assert done.work is work
    assert clap_of(output) == pytest.approx(clap_of(source), abs=0.045)
    assert clap_of(output) == pytest.approx((1.25, 1.25), abs=0.09)
    with av.open(str(output)) as container:
        sound = container.streams.audio[0].codec_context
        assert (sound.name, sound.profile, sound.sample_rate) == ("aac", "LC", 48_000)


@pytest.mark.parametrize(
    ("name", "options"),
    sparing(
        [
            ("a.webm", {"codec": "libvpx-vp9", "sound": "libopus"}),
            ("a.avi", {"codec": "mpeg4", "sound": "mp3"}),
            ("a.mov", {"codec": "libx265", "pixel_format": "yuv420p10le"}),
            ("a.mkv", {"pixel_format": "yuv444p"}),
            ("a.mp4", {"fps": 10}),
            ("a.mp4", {"fps": 120, "sound": None}),
            ("a.mp4", {"times": [*range(0, 500, 40), *range(1500, 2000, 40)], "seconds": 2}),
        ],
        every=3,
    ),
)
async def test_pictures_that_instagram_refuses_are_encoded(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    source = make_video(tmp_path / name, draw=lambda n: quarters((90, 160)), **options)

    output, done = await fitted(source)

    assert done.work is Work.ENCODE
    seconds = options.get("seconds", 1)
    assert done.info.duration_s == pytest.approx(seconds, abs=0.1)
    assert 23 <= done.info.fps <= 60
    with av.open(str(output)) as container:
        picture = container.streams.video[0]
        assert (picture.codec_context.profile, picture.pix_fmt) == ("High", "yuv420p")
        times = [packet.pts for packet in container.demux(picture) if packet.pts is not None]
    assert len({after - before for before, after in pairwise(times)}) == 1  # a constant rate
    assert corners(frames_of(output)[-1]) == UPRIGHT


@pytest.mark.acceptance
async def test_too_many_pixels_are_made_fewer(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", size=(2400, 1350), seconds=0.2)

    _, done = await fitted(source)

    assert (done.info.width, done.info.height) == (1920, 1080)


async def test_a_story_is_padded_with_its_own_blur(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", size=(320, 180), draw=lambda n: quarters((320, 180)))

    output, done = await fitted(source, Use.STORY)

    assert done.work is Work.ENCODE
    image = frames_of(output)[10]
    assert image.size == (1080, 1920)
    assert corners(image.crop((0, 656, 1080, 1264))) == UPRIGHT  # all of the picture
    red = colour_at(image, (200, 200))  # darkened red above it, no black bar
    assert red[0] > 2 * max(red[1:]) > 0
    assert not is_near(red, (0, 0, 0), 40)


@pytest.mark.acceptance
async def test_a_story_is_cropped_where_that_is_wanted(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", size=(320, 180), draw=lambda n: quarters((320, 180)))

    output, _ = await fitted(source, Use.STORY, StoryFit.CROP)

    image = frames_of(output)[10]
    assert image.size == (1080, 1920)
    assert corners(image) == UPRIGHT
    assert is_near(colour_at(image, (5, 5)), (220, 20, 20))


async def test_what_an_edit_list_hides_stays_hidden(tmp_path: Path) -> None:
    def draw(number: int) -> Image.Image:
        return Image.new("RGB", SIZE, "red" if number < 15 else "blue")

    source = make_video(
        tmp_path / "a.mov",
        size=SIZE,
        draw=draw,
        times=range(-300, 700, 20),
        container_options={"avoid_negative_ts": "disabled"},
    )

    output, done = await fitted(source)

    assert done.work is Work.ENCODE
    assert done.info.duration_s == pytest.approx(0.7, abs=0.05)
    for image in frames_of(output):
        assert is_near(colour_at(image, (90, 160)), (0, 0, 254), 40)


@pytest.mark.acceptance
async def test_interlaced_pictures_lose_their_combs(tmp_path: Path) -> None:
    combs = Image.new("RGB", SIZE, "black")
    for row in range(0, SIZE[1], 2):
        combs.paste("white", (0, row, SIZE[0], row + 1))

    def interlaced(stream: VideoStream) -> None:
        stream.options = {"x264-params": "tff=1"}

    source = make_video(tmp_path / "a.mp4", size=SIZE, draw=lambda n: combs, prepare=interlaced)

    output, done = await fitted(source)

    assert "interlaced" in done.reasons[0]
    image = frames_of(output)[10]
    shades = {colour_at(image, (90, row))[0] // 64 for row in range(100, 140)}
    assert shades == {3}


async def test_a_video_that_breaks_off_is_refused(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", size=SIZE, seconds=4, container_options=FIT_MP4)
    source.write_bytes(source.read_bytes()[: source.stat().st_size * 2 // 3])

    with pytest.raises(MediaInvalid, match="breaks off"):
        await fitted(source)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mkv", {}),
        ("a.webm", {"codec": "libvpx", "sound": "libopus", "container_options": {"live": "1"}}),
    ],
)
async def test_the_last_picture_stands_while_the_sound_goes_on(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    # As screens are recorded: a picture only when something moves, and one length for all.
    source = make_video(tmp_path / name, size=SIZE, seconds=5, times=range(0, 1500, 100), **options)

    output, done = await fitted(source)

    assert done.work is Work.ENCODE
    assert done.info.duration_s == pytest.approx(5, abs=0.1)
    with av.open(str(output)) as container:
        sound = container.streams.audio[0]
        assert float(sound.duration * sound.time_base) == pytest.approx(5, abs=0.1)

    # What is cut off has no sound at its end either.
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    if "container_options" not in options:  # nobody knows how long that was to be
        with pytest.raises(MediaInvalid, match="breaks off"):
            await fit_video(FitJob(source, tmp_path / "none.mp4", Use.REEL, StoryFit.PAD))


@pytest.mark.parametrize("sound", [None, "aac"])
async def test_a_last_picture_that_comes_after_the_declared_end_is_shown(
    tmp_path: Path, sound: str | None
) -> None:
    # What records a screen stores pictures out of order too, and the last when it is stopped.
    source = make_video(
        tmp_path / "a.mp4",
        size=SIZE,
        times=[*range(0, 1000, 50), 3000, 4000],
        draw=lambda number: Image.new("RGB", SIZE, "red" if number < 21 else "blue"),
        prepare=b_frames,
        seconds=5,
        sound=sound,
    )
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        assert float(stream.duration * stream.time_base) < 3

    output, done = await fitted(source)

    assert done.work is Work.ENCODE
    assert done.info.duration_s == pytest.approx(4.05, abs=0.06)
    assert is_near(colour_at(frames_of(output)[-1], (90, 160)), (0, 0, 254), 40)


async def test_a_video_deleted_meanwhile_says_so(tmp_path: Path) -> None:
    with pytest.raises(MediaInvalid, match="deleted meanwhile"):
        await fitted(tmp_path / "gone.mp4")


async def test_damage_in_the_middle_costs_no_more_than_that(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.avi", codec="mpeg4", sound="mp3", seconds=4)
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = b"\x55" * 3000
    source.write_bytes(data)

    output, done = await fitted(source)

    assert done.info.duration_s == pytest.approx(4, abs=0.1)
    assert corners(frames_of(output)[-1]) == UPRIGHT


def keyframes_often(stream: VideoStream) -> None:
    stream.options = {"g": "15", "bf": "0"}


@pytest.mark.acceptance
@pytest.mark.parametrize("late", ["audio", "video"])
async def test_what_starts_later_stays_in_step(tmp_path: Path, late: str) -> None:
    whole = make_clap(tmp_path / "whole.mkv", 1.0, prepare=keyframes_often)
    source = tmp_path / "a.mkv"
    with av.open(str(whole)) as read, av.open(str(source), "w") as written:
        streams = [written.add_stream_from_template(stream) for stream in read.streams]
        for packet in read.demux():
            cut = packet.stream.type == late and (packet.pts or 0) * packet.time_base < 0.49
            if packet.size and not cut:
                packet.stream = streams[packet.stream_index]
                written.mux(packet)

    output, done = await fitted(source)

    assert done.work is Work.REMUX
    begin_s = 0.5 if late == "video" else 0.0
    assert clap_of(output) == pytest.approx((1.0 - begin_s,) * 2, abs=0.05)
