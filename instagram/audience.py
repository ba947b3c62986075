"""For whom an author meant something, as Instagram says it of stories, reels and posts."""

from __future__ import annotations

from enum import StrEnum

from instagram.fields import Json, entries, mapping

_EVERYBODY = ("", "default", "public", "everyone", "mediaaudience.default", "none")
_CLOSE_FRIENDS = ("besties", "mediaaudience.besties", "close_friends")
_YES = ("true", "1", "1.0", "yes", "on", "default", "enabled", "everyone", "public")
_NO = ("false", "0", "0.0", "no", "off", "[]", "{}")
_RESHARING = (
    "can_reshare",
    "can_viewer_reshare",
    "viewer_can_reshare",
    "allow_reshare",
    "allow_resharing",
    "allow_story_reshare",
    "is_reshare_allowed",
    "reshare_allowed",
)
_PAID = ("is_paid_partnership", "is_ad", "sponsor_tags", "sponsor_user")
# What Instagram lays over something, or asks before it is shown or shared.
_COVERED = ("media_overlay_info", "gating", "is_sensitive", "is_sensitive_content")
_FRICTION = "should_have_sharing_friction"


class Limit(StrEnum):
    """What keeps something from being shown to everybody without a person's word."""

    CLOSE_FRIENDS = "CLOSE_FRIENDS"
    # Shown to some only: subscribers, or an audience that is not known here.
    FEW = "FEW"
    NO_RESHARE = "NO_RESHARE"
    # Its author's account is private: followers see it, and so did this account.
    PRIVATE_AUTHOR = "PRIVATE_AUTHOR"
    # Somebody pays for it, which a repost would not say.
    PAID = "PAID"
    # Instagram covers it, or warns before it is shared.
    SENSITIVE = "SENSITIVE"


# What a reel says of some of its stories, which say it of themselves too.
_OF_SOME = (("has_besties_media", Limit.CLOSE_FRIENDS), ("has_fan_club_media", Limit.FEW))


def limits_of(item: Json, reel: Json | None = None) -> frozenset[Limit]:
    """Return the limits of a story or a post; `reel` says what holds for all of its stories.

    What is not said limits nothing. What is said in a way that is not known limits: a story that
    waits for a person is not lost, and one that was published cannot be taken back.
    """
    around = reel or {}
    found = _audience_of(item) | _audience_of(around)
    for name, limit in _OF_SOME:
        if _is_so(around.get(name)) and not any(
            limit in _audience_of(each) for each in entries(around.get("items"))
        ):
            found.add(limit)  # it may be any of them
    if any(_is_limited(each.get(name)) for each in (item, around) for name in _RESHARING):
        found.add(Limit.NO_RESHARE)
    if any(_is_so(item.get(name)) for name in _PAID):
        found.add(Limit.PAID)
    friction = mapping(item.get("sharing_friction_info")).get(_FRICTION)
    if _is_so(friction) or any(_is_so(item.get(name)) for name in _COVERED):
        found.add(Limit.SENSITIVE)
    owners = [mapping(each.get("user")) for each in (item, around)]
    friendships = [mapping(owner.get("friendship_status")) for owner in owners]
    if any(each.get("is_private") is True for each in (*owners, *friendships)):
        found.add(Limit.PRIVATE_AUTHOR)
    return frozenset(found)


def _audience_of(item: Json) -> set[Limit]:
    found = set()
    audience = item.get("audience")
    if _is_said(audience):
        is_close = isinstance(audience, str) and audience.strip().lower() in _CLOSE_FRIENDS
        found.add(Limit.CLOSE_FRIENDS if is_close else Limit.FEW)
    if _is_said(item.get("subscription_media_visibility")):
        found.add(Limit.FEW)
    return found


def _is_said(value: object) -> bool:
    return value is not None and str(value).strip().lower() not in _EVERYBODY


def _is_limited(value: object) -> bool:
    """Say whether something that may be allowed is said, and is not said to be."""
    words = "" if value is None else str(value).strip().lower()
    return words not in ("", *_YES)


def _is_so(value: object) -> bool:
    """Say whether something is said to be so, or in a way that is not known."""
    return _is_said(value) and str(value).strip().lower() not in _NO
