"""What must be done to a file so that Instagram takes it for a use. Pure decisions.

H.264 with AAC in a plain MP4 goes out as it is. Where only the wrapping is wrong, the pictures
are copied into a new one; only what Instagram would refuse is encoded anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from media.limits import MAX_IMAGE_BYTES, MAX_IMAGE_WIDTH, MAX_VIDEO_BYTES, VIDEO_SECONDS, Use

STORY_CANVAS = (1080, 1920)
_STORY_TOLERANCE = 0.01  # in width over height: a few rows that nobody misses

_FPS = (22.9, 60.1)  # 23 to 60, as cameras keep it
_LONGEST_FRAME_S = 0.2  # phones leave out single pictures; a rate that falls below 5 is none
_MAX_WIDTH = 1920
_MAX_BIT_RATE = 25_000_000
_PIXEL_FORMATS = ("yuv420p", "yuvj420p")
_SOUND_RATE = 48_000
_SOUND_BIT_RATE = 128_000
_SOUND_TOLERANCE = 1.1  # encoders told 128 kbit/s keep to it roughly

# What we encode: more than Instagram itself keeps, and never more than fits.
_OUR_BIT_RATE = 12_000_000
_SHARE_OF_LIMIT = 0.9
_LONGEST_SIDE = 1920


class StoryFit(StrEnum):
    """How a picture that is not 9:16 becomes a story."""

    PAD = "pad"
    CROP = "crop"


class Work(StrEnum):
    """What was done to a file."""

    NOTHING = "nothing"
    REMUX = "remux"
    ENCODE = "encode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo as it is to be looked at; `size` in bytes."""

    mime_type: str
    width: int
    height: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """The sound of a video. `in_place`: it begins with the picture and can be copied."""

    codec: str
    profile: str | None
    rate: int
    channels: int
    bit_rate: float
    in_place: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video, down to what only its packets tell; width and height as it is to be looked at.

    `regular`: it starts with a keyframe, shows every frame, has closed groups of pictures and
    times in order. `plain`: upright or turned, but square pixels, progressive, no HDR.
    """

    container: str
    index_first: bool
    edit_lists: bool
    other_tracks: bool
    codec: str
    pixel_format: str
    regular: bool
    plain: bool
    width: int
    height: int
    fps: float
    longest_frame_s: float
    begin_s: float
    bit_rate: float
    duration_s: float
    size: int
    sound: Sound | None


@dataclass(frozen=True, slots=True)
class Shape:
    """A canvas, and where in it the picture goes: x, y, width, height, all even."""

    canvas: tuple[int, int]
    box: tuple[int, int, int, int]

    @property
    def is_padded(self) -> bool:
        return self.box[2:] != self.canvas


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPlan:
    """What to do and why. `shape` and the bounds are for `Work.ENCODE`."""

    work: Work
    reasons: tuple[str, ...]
    encode_sound: bool
    shape: Shape
    max_seconds: float
    max_bit_rate: int


def plan_photo(photo: Photo, use: Use, story_fit: StoryFit) -> Shape | None:
    """Return the shape in which a photo must be drawn anew, or None if it can go as it is."""
    size = photo.width, photo.height
    if use is Use.STORY and not _is_story_shaped(*size):
        return _story_shape(size, story_fit)
    if (
        photo.mime_type == "image/jpeg"
        and photo.width <= MAX_IMAGE_WIDTH
        and photo.size <= MAX_IMAGE_BYTES
    ):
        return None
    return _whole(_within(size, (MAX_IMAGE_WIDTH, max(photo.height, 1)), step=1))


def plan_video(video: Video, use: Use, story_fit: StoryFit) -> VideoPlan:
    """Return what to do with a video that `limits.problems` has nothing against for that use."""
    wrong = tuple(_wrong_pictures(video, use))
    sound = tuple(_wrong_sound(video.sound)) if video.sound else ()
    wrapping = tuple(_wrong_wrapping(video))
    work = Work.ENCODE if wrong else Work.REMUX if sound or wrapping else Work.NOTHING
    size = video.width, video.height
    longest = VIDEO_SECONDS[use][1]
    room = MAX_VIDEO_BYTES[use] * 8 * _SHARE_OF_LIMIT / max(1.0, min(video.duration_s, longest))
    return VideoPlan(
        work=work,
        reasons=wrong + sound + wrapping,
        encode_sound=bool(sound),
        shape=_story_shape(size, story_fit)
        if use is Use.STORY
        else _whole(_within(size, (_LONGEST_SIDE, _LONGEST_SIDE), step=2)),
        max_seconds=longest,
        max_bit_rate=min(_OUR_BIT_RATE, int(room) - _SOUND_BIT_RATE),
    )


def _wrong_pictures(video: Video, use: Use) -> Iterator[str]:
    # HEVC too: the official API takes it, but what the app's own API does with it is not known.
    if video.codec != "h264" or video.pixel_format not in _PIXEL_FORMATS:
        yield f"{video.codec} {video.pixel_format} pictures"
    if not video.plain:
        yield "interlaced, HDR or stretched pictures"
    if not video.regular:
        yield "pictures that cannot be copied as they are"
    if not _FPS[0] <= video.fps <= _FPS[1]:
        yield f"{video.fps:.1f} pictures a second"
    elif video.longest_frame_s > _LONGEST_FRAME_S:
        yield f"a picture that stands still for {video.longest_frame_s:.1f} s"
    if video.width > _MAX_WIDTH or video.width % 2 or video.height % 2:
        yield f"{video.width} x {video.height} px"
    if video.bit_rate > _MAX_BIT_RATE or video.size > MAX_VIDEO_BYTES[use]:
        yield f"{video.bit_rate / 1e6:.1f} Mbit/s"
    if video.duration_s > VIDEO_SECONDS[use][1]:
        yield f"{video.duration_s:.2f} s"
    if use is Use.STORY and not _is_story_shaped(video.width, video.height):
        yield f"{video.width} x {video.height} px for a story"


def _wrong_sound(sound: Sound) -> Iterator[str]:
    if sound.codec != "aac" or sound.profile not in ("LC", None):
        yield f"{sound.codec} {sound.profile or ''} sound".replace("  ", " ")
    elif not sound.in_place:
        yield "sound that does not begin with the picture"
    if sound.rate > _SOUND_RATE or sound.channels > 2:
        yield f"sound of {sound.rate} Hz with {sound.channels} channels"
    if sound.bit_rate > _SOUND_BIT_RATE * _SOUND_TOLERANCE:
        yield f"{sound.bit_rate / 1000:.0f} kbit/s of sound"


def _wrong_wrapping(video: Video) -> Iterator[str]:
    if video.container != "mp4":
        yield f"a {video.container} file"
    elif not video.index_first:
        yield "an index that does not come first"
    if video.edit_lists:
        yield "edit lists"
    if video.other_tracks:
        yield "further tracks"


def _is_story_shaped(width: int, height: int) -> bool:
    return abs(width / max(1, height) - STORY_CANVAS[0] / STORY_CANVAS[1]) <= _STORY_TOLERANCE


def _story_shape(size: tuple[int, int], story_fit: StoryFit) -> Shape:
    if story_fit is StoryFit.CROP or _is_story_shaped(*size):
        return _whole(STORY_CANVAS)
    zoom = min(STORY_CANVAS[0] / size[0], STORY_CANVAS[1] / size[1])
    width, height = (max(2, round(side * zoom / 2) * 2) for side in size)
    x, y = (
        (whole - side) // 4 * 2 for whole, side in zip(STORY_CANVAS, (width, height), strict=True)
    )
    return Shape(STORY_CANVAS, (x, y, width, height))


def _whole(canvas: tuple[int, int]) -> Shape:
    return Shape(canvas, (0, 0, *canvas))


def _within(size: tuple[int, int], most: tuple[int, int], *, step: int) -> tuple[int, int]:
    """Return the size made smaller, if need be, to fit in; its sides are multiples of `step`."""
    zoom = min(1.0, most[0] / size[0], most[1] / size[1])
    width, height = (max(step, int(side * zoom / step + 0.01) * step) for side in size)
    return width, height
