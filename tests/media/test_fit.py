"""What is done to a file before it is sent: decisions alone, each from what is known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from media.fit import Photo, Shape, Sound, StoryFit, Video, Work, plan_photo, plan_video
from media.limits import MIB, Use

SOUND = Sound(codec="aac", profile="LC", rate=48_000, channels=2, bit_rate=128_000, in_place=True)
GOOD = Video(
    container="mp4",
    index_first=True,
    edit_lists=False,
    other_tracks=False,
    codec="h264",
    pixel_format="yuv420p",
    regular=True,
    plain=True,
    width=1080,
    height=1920,
    fps=30,
    longest_frame_s=0.034,
    begin_s=0,
    bit_rate=8e6,
    duration_s=15,
    size=15 * MIB,
    sound=SOUND,
)
VIDEO_USES = (Use.REEL, Use.STORY, Use.CAROUSEL_ITEM)


@pytest.mark.parametrize("use", VIDEO_USES)
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"sound": None},
        {"pixel_format": "yuvj420p"},
        {"width": 720, "height": 1280},
        {"fps": 60, "longest_frame_s": 0.1},  # a phone that leaves out pictures
        {"sound": replace(SOUND, rate=44_100, channels=1, bit_rate=135_000)},
    ],
)
def test_what_instagram_takes_goes_out_as_it_is(use: Use, change: dict[str, Any]) -> None:
    plan = plan_video(replace(GOOD, **change), use, StoryFit.PAD)

    assert (plan.work, plan.reasons) == (Work.NOTHING, ())


@pytest.mark.parametrize(
    ("change", "encode_sound", "reason"),
    [
        ({"container": "mov"}, False, "mov"),
        ({"container": "matroska"}, False, "matroska"),
        ({"index_first": False}, False, "index"),
        ({"edit_lists": True}, False, "edit lists"),
        ({"other_tracks": True}, False, "tracks"),
        ({"sound": replace(SOUND, codec="opus")}, True, "opus"),
        ({"sound": replace(SOUND, profile="HE-AAC")}, True, "HE-AAC"),
        ({"sound": replace(SOUND, channels=6)}, True, "6 channels"),
        ({"sound": replace(SOUND, rate=96_000)}, True, "96000 Hz"),
        ({"sound": replace(SOUND, bit_rate=256_000)}, True, "256 kbit/s"),
        ({"sound": replace(SOUND, in_place=False)}, True, "begin"),
    ],
)
def test_wrapping_and_sound_are_mended_without_touching_the_pictures(
    change: dict[str, Any], encode_sound: bool, reason: str
) -> None:
    plan = plan_video(replace(GOOD, **change), Use.REEL, StoryFit.PAD)

    assert (plan.work, plan.encode_sound) == (Work.REMUX, encode_sound)
    (told,) = plan.reasons
    assert reason in told


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"codec": "vp9"}, "vp9"),
        ({"codec": "hevc"}, "hevc"),
        ({"pixel_format": "yuv420p10le"}, "yuv420p10le"),
        ({"plain": False}, "interlaced"),
        ({"regular": False}, "copied"),
        ({"fps": 15.0}, "15.0 pictures"),
        ({"fps": 120.0}, "120.0 pictures"),
        ({"longest_frame_s": 1.5}, "1.5 s"),
        ({"width": 2160, "height": 3840}, "2160 x 3840"),
        ({"width": 1079}, "1079 x 1920"),
        ({"bit_rate": 30e6}, "30.0 Mbit/s"),
        ({"size": 301 * MIB}, "Mbit/s"),
        ({"duration_s": 900.06}, "900.06 s"),
    ],
)
def test_pictures_that_instagram_would_refuse_are_encoded(
    change: dict[str, Any], reason: str
) -> None:
    plan = plan_video(replace(GOOD, **change), Use.REEL, StoryFit.PAD)

    assert plan.work is Work.ENCODE
    assert reason in plan.reasons[0]


def test_every_reason_is_told() -> None:
    video = replace(GOOD, codec="vp8", container="webm", sound=replace(SOUND, codec="vorbis"))

    reasons = "; ".join(plan_video(video, Use.REEL, StoryFit.PAD).reasons)

    assert all(word in reasons for word in ("vp8", "vorbis", "webm"))


@pytest.mark.parametrize(
    ("size", "canvas"),
    [
        ((3840, 2160), (1920, 1080)),
        ((2160, 3840), (1080, 1920)),
        ((1440, 3200), (864, 1920)),
        ((641, 361), (640, 360)),
        ((640, 360), (640, 360)),  # never larger than it came
        ((4096, 2), (1920, 2)),
    ],
)
def test_encoded_pictures_have_even_sides_within_1920(
    size: tuple[int, int], canvas: tuple[int, int]
) -> None:
    video = replace(GOOD, codec="vp9", width=size[0], height=size[1])

    assert plan_video(video, Use.REEL, StoryFit.PAD).shape == Shape(canvas, (0, 0, *canvas))


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((1920, 1080), (0, 656, 1080, 608)),
        ((1080, 1080), (0, 420, 1080, 1080)),
        ((1080, 2400), (108, 0, 864, 1920)),
        ((4096, 8), (0, 958, 1080, 2)),
    ],
)
def test_a_story_of_another_shape_is_padded_or_cropped(
    size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    video = replace(GOOD, width=size[0], height=size[1])
    photo = Photo(mime_type="image/jpeg", width=size[0], height=size[1], size=MIB)

    padded = plan_video(video, Use.STORY, StoryFit.PAD)
    cropped = plan_video(video, Use.STORY, StoryFit.CROP)

    assert padded.work is cropped.work is Work.ENCODE
    assert padded.shape == plan_photo(photo, Use.STORY, StoryFit.PAD) == Shape((1080, 1920), box)
    whole = Shape((1080, 1920), (0, 0, 1080, 1920))
    assert cropped.shape == plan_photo(photo, Use.STORY, StoryFit.CROP) == whole


def test_a_reel_keeps_its_shape() -> None:
    video = replace(GOOD, width=1080, height=1080)

    assert plan_video(video, Use.REEL, StoryFit.CROP).work is Work.NOTHING
    assert plan_video(video, Use.CAROUSEL_ITEM, StoryFit.CROP).work is Work.NOTHING


@pytest.mark.parametrize("use", VIDEO_USES)
@pytest.mark.parametrize("duration_s", [3.0, 60.0, 900.0])
def test_what_is_encoded_stays_under_the_limit(use: Use, duration_s: float) -> None:
    video = replace(GOOD, codec="vp9", duration_s=duration_s)

    plan = plan_video(video, use, StoryFit.PAD)

    shown_s = min(duration_s, plan.max_seconds)
    most = {Use.REEL: 300 * MIB}.get(use, 100 * MIB)
    assert (plan.max_bit_rate + 128_000) * shown_s / 8 < 0.95 * most
    assert 2_000_000 < plan.max_bit_rate <= 25_000_000


@pytest.mark.parametrize(
    ("photo", "use", "shape"),
    [
        ((1080, 1350, MIB), Use.FEED_IMAGE, None),
        ((1440, 800, 8 * MIB), Use.CAROUSEL_ITEM, None),
        ((1440, 2560, MIB), Use.STORY, None),
        ((2880, 2000, MIB), Use.FEED_IMAGE, (1440, 1000)),
        ((1080, 1350, 9 * MIB), Use.FEED_IMAGE, (1080, 1350)),
        ((1440, 2560, 9 * MIB), Use.STORY, (1440, 2560)),
    ],
)
def test_photos_are_drawn_anew_only_where_they_must(
    photo: tuple[int, int, int], use: Use, shape: tuple[int, int] | None
) -> None:
    width, height, size = photo
    known = Photo(mime_type="image/jpeg", width=width, height=height, size=size)

    expected = None if shape is None else Shape(shape, (0, 0, *shape))
    assert plan_photo(known, use, StoryFit.PAD) == expected
    assert plan_photo(replace(known, mime_type="image/png"), use, StoryFit.PAD) is not None
