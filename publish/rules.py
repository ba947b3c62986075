"""What a post may be: the contract's rules (reference §4.4) and Instagram's own limits. Pure.

Each broken rule has the contract's code. `check` is asked with the merged result of an edit,
never with the edit alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ground.refusal import ErrorCode, Refusal
from media import limits
from storage.media_files import MediaFile
from storage.posts import MediaType

CAPTION_LENGTH = 2200
MOST_HASHTAGS, MOST_MENTIONS = 30, 20  # in a caption
CAROUSEL_ITEMS = (2, 10)
MAX_USER_TAGS = 20
MAX_COLLABORATORS = 3
MAX_STORY_MENTIONS = 5
ALT_TEXT_LENGTH = 1000
USERNAME_LENGTH = 30
_LONGEST_NUMBER = 20
_USERNAME = re.compile(rf"(?!\.+$)[A-Za-z0-9._]{{1,{USERNAME_LENGTH}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a post says and shows. Lists are as the client sent them until `checked`."""

    media_type: MediaType
    media_ids: Sequence[str] = ()
    media_as_list: bool = False  # sent as `mediaFileIds`
    caption: str | None = None
    user_tags: Sequence[Any] | None = None
    collaborators: Sequence[Any] | None = None
    location_id: str | None = None
    location_name: str | None = None
    cross_post_to_facebook: bool = False
    story_mentions: Sequence[Any] | None = None
    story_stickers: Sequence[Any] | None = None  # `stickers.checked`
    alt_texts: Sequence[str | None] | None = None
    by_session: bool = False  # may hold what the app takes and the contract has not


def checked(content: Content, *, login_method: str) -> Content:
    """Return `content` with its lists in their stored form; raises `Refusal`.

    Empty lists are as good as absent. Media are checked by `check_media`.
    """
    if content.caption is not None and len(content.caption) > CAPTION_LENGTH:
        raise Refusal(
            ErrorCode.VALIDATION_ERROR,
            f"The caption has {len(content.caption)} characters; {CAPTION_LENGTH} are allowed",
        )
    _check_caption(content)
    _check_count(content)
    tags = _tags(content)
    collaborators = _collaborators(content)
    mentions = _mentions(content)
    if content.cross_post_to_facebook:
        _check_cross_post(content, login_method)
    return replace(
        content,
        user_tags=tags,
        collaborators=collaborators,
        story_mentions=mentions,
        alt_texts=_alt_texts(content),
    )


def check_media(content: Content, media: Sequence[MediaFile]) -> None:
    """Raise `Refusal` unless these files can be made to fit this kind of post."""
    for number, file in enumerate(media, start=1):
        found = problems(file, USES[content.media_type])
        if found:
            name = f"File {number} ({file.original_filename})" if len(media) > 1 else "The file"
            raise Refusal(ErrorCode.MEDIA_INVALID, f"{name}: {found[0]}")


def problems(file: MediaFile, use: limits.Use) -> list[str]:
    """Return why the file cannot be made to fit that use, or nothing."""
    return limits.problems(
        limits.Facts(
            is_video=file.is_video,
            width=file.width or 0,
            height=file.height or 0,
            duration_s=file.duration_seconds,
        ),
        use,
    )


def check_complete(content: Content) -> None:
    """Raise `Refusal` for a post that has no media yet; a draft may lack it."""
    if content.media_ids:
        return
    if content.media_type is MediaType.CAROUSEL:
        raise Refusal(
            ErrorCode.INVALID_CAROUSEL, "A carousel needs 2 to 10 files in `mediaFileIds`"
        )
    raise Refusal(ErrorCode.VALIDATION_ERROR, "`mediaFileId` is required to publish")


def check_schedule(scheduled_for: datetime, now: datetime) -> None:
    """Raise `Refusal` unless the time is strictly in the future."""
    if scheduled_for <= now:
        raise Refusal(ErrorCode.INVALID_SCHEDULE, "Scheduled time must be in the future")


def check_timezone(name: str) -> None:
    """Raise `Refusal` unless `name` is an IANA timezone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"{name!r} is no IANA timezone") from None


USES = {
    MediaType.IMAGE: limits.Use.FEED_IMAGE,
    MediaType.REELS: limits.Use.REEL,
    MediaType.STORIES: limits.Use.STORY,
    MediaType.CAROUSEL: limits.Use.CAROUSEL_ITEM,
}


_IN_TAGS = r"[^\s#\uff03@.,;:!?'\"()\[\]{}<>/\\|*&^%$+=~`\u2026-]"
# A row of them counts each; inside of a word or an address there is none.
_HASHTAGS = re.compile(rf"(?<![\w/&#\uff03])(?:[#\uff03]{_IN_TAGS}+)+")
_MENTIONS = re.compile(r"(?<![\w@./])@\w[\w.]*")


def _check_caption(content: Content) -> None:
    if content.media_type is MediaType.STORIES:
        return  # it is not sent
    caption = content.caption or ""
    rows = (re.split("[#\uff03]", row)[1:] for row in _HASHTAGS.findall(caption))
    hashtags = [tag for row in rows for tag in row if not tag.isdecimal()]
    mentions = _MENTIONS.findall(caption)
    for what, count, most in (
        ("hashtags", len(hashtags), MOST_HASHTAGS),
        ("mentions", len(mentions), MOST_MENTIONS),
    ):
        if count > most:
            raise Refusal(
                ErrorCode.VALIDATION_ERROR,
                f"The caption has {count} {what}; Instagram allows {most} and drops the caption",
            )


def _check_count(content: Content) -> None:
    count = len(content.media_ids)
    if content.media_type is not MediaType.CAROUSEL:
        if count > 1 or (count and content.media_as_list):
            raise Refusal(ErrorCode.INVALID_CAROUSEL, "`mediaFileIds` is for CAROUSEL only")
        return
    if count and not content.media_as_list:
        raise Refusal(ErrorCode.INVALID_CAROUSEL, "A carousel takes `mediaFileIds`")
    low, high = CAROUSEL_ITEMS
    if count and not low <= count <= high:
        raise Refusal(
            ErrorCode.INVALID_CAROUSEL, f"A carousel has {low} to {high} files, not {count}"
        )


def _tags(content: Content) -> list[dict[str, Any]] | None:
    if not content.user_tags:
        return None
    is_film = content.by_session and content.media_type is MediaType.REELS
    if content.media_type not in (MediaType.IMAGE, MediaType.CAROUSEL) and not is_film:
        raise Refusal(ErrorCode.INVALID_TAGS, "User tags are for IMAGE and CAROUSEL only")
    if len(content.user_tags) > MAX_USER_TAGS:
        raise Refusal(ErrorCode.INVALID_TAGS, f"At most {MAX_USER_TAGS} user tags are allowed")
    return [
        {
            "username": _username(tag, ErrorCode.INVALID_TAGS),
            "x": share(tag, "x", ErrorCode.INVALID_TAGS, None),
            "y": share(tag, "y", ErrorCode.INVALID_TAGS, None),
            **_known(tag),
        }
        for tag in content.user_tags
    ]


def _alt_texts(content: Content) -> list[str | None] | None:
    """Return one for each file, as far as there is any."""
    texts = [(text or "").strip() or None for text in content.alt_texts or ()]
    while texts and texts[-1] is None:
        texts.pop()
    if not texts:
        return None
    if content.media_type not in (MediaType.IMAGE, MediaType.CAROUSEL):
        raise Refusal(
            ErrorCode.VALIDATION_ERROR, "altTexts: Instagram takes them for photos and carousels"
        )
    if content.media_ids and len(texts) > len(content.media_ids):
        raise Refusal(ErrorCode.VALIDATION_ERROR, "altTexts: there are more of them than files")
    return texts


def _collaborators(content: Content) -> list[str] | None:
    if not content.collaborators:
        return None
    if content.media_type is MediaType.STORIES:
        raise Refusal(ErrorCode.INVALID_COLLABORATORS, "Stories have no collaborators")
    if len(content.collaborators) > MAX_COLLABORATORS:
        raise Refusal(
            ErrorCode.INVALID_COLLABORATORS,
            f"At most {MAX_COLLABORATORS} collaborators are allowed",
        )
    return [
        _username({"username": name}, ErrorCode.INVALID_COLLABORATORS)
        for name in content.collaborators
    ]


def _mentions(content: Content) -> list[dict[str, Any]] | None:
    if not content.story_mentions:
        return None
    if content.media_type is not MediaType.STORIES:
        raise Refusal(ErrorCode.INVALID_MENTIONS, "Story mentions are for STORIES only")
    if len(content.story_mentions) > MAX_STORY_MENTIONS:
        raise Refusal(
            ErrorCode.INVALID_MENTIONS, f"At most {MAX_STORY_MENTIONS} story mentions are allowed"
        )
    return [
        {
            "username": _username(mention, ErrorCode.INVALID_MENTIONS),
            "x": share(mention, "x", ErrorCode.INVALID_MENTIONS, 0.5),
            "y": share(mention, "y", ErrorCode.INVALID_MENTIONS, 0.5),
            **_known(mention),
            **{
                name: share(mention, name, ErrorCode.INVALID_MENTIONS, None)
                for name in ("width", "height", "rotation")
                if name in mention
            },
        }
        for mention in content.story_mentions
    ]


def _check_cross_post(content: Content, login_method: str) -> None:
    if login_method != "facebook":
        raise Refusal(
            ErrorCode.INVALID_CROSS_POST,
            "Cross-posting needs an account connected by Facebook Login",
        )
    if content.media_type is MediaType.CAROUSEL:
        raise Refusal(ErrorCode.INVALID_CROSS_POST, "Carousels cannot be cross-posted to Facebook")


def _username(entry: object, code: ErrorCode) -> str:
    name = entry.get("username") if isinstance(entry, Mapping) else None
    if not isinstance(name, str):
        raise Refusal(code, "Each entry needs a `username`")
    name = name.strip().lstrip("@")
    if not _USERNAME.fullmatch(name):
        raise Refusal(
            code, f"A username has 1 to {USERNAME_LENGTH} letters, digits, dots and underscores"
        )
    return name


def _known(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the number of somebody, where it came with their name."""
    number = entry.get("userId")
    if not isinstance(number, str) or not number.isascii() or not number.isdecimal():
        return {}
    return {"userId": number} if len(number) <= _LONGEST_NUMBER else {}


def share(entry: Mapping[str, Any], name: str, code: ErrorCode, default: float | None) -> float:
    """Return a number from 0 to 1 of one entry of a list; raises `Refusal` with `code`."""
    value = entry.get(name, default)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:
        raise Refusal(code, f"`{name}` is a number from 0 to 1")
    return float(value)
