"""For whom an author meant something, as Instagram says it of stories, reels and posts."""

from __future__ import annotations

from enum import StrEnum

from instagram.fields import Json, mapping

_EVERYBODY = ("", "default", "public", "everyone", "mediaaudience.default", "none")
_CLOSE_FRIENDS = ("besties", "mediaaudience.besties", "close_friends")
_NO = ("false", "0", "no")
_RESHARING = ("can_reshare", "can_viewer_reshare", "viewer_can_reshare")


class Limit(StrEnum):
    """What keeps something from being shown to everybody without a person's word."""

    CLOSE_FRIENDS = "CLOSE_FRIENDS"
    # Shown to some only: subscribers, or an audience that is not known here.
    FEW = "FEW"
    NO_RESHARE = "NO_RESHARE"
    # Its author's account is private: followers see it, and so did this account.
    PRIVATE_AUTHOR = "PRIVATE_AUTHOR"


def limits_of(item: Json, reel: Json | None = None) -> frozenset[Limit]:
    """Return the limits of a story or a post; `reel` says what holds for all of its stories.

    What is not said limits nothing. What is said in a way that is not known limits: a story that
    waits for a person is not lost, and one that was published cannot be taken back.
    """
    around = reel or {}
    found: set[Limit] = set()
    for audience in (item.get("audience"), around.get("audience")):
        found |= _of_audience(audience)
    if _is_said(item.get("subscription_media_visibility")):
        found.add(Limit.FEW)
    if any(_is_no(each.get(name)) for each in (item, around) for name in _RESHARING):
        found.add(Limit.NO_RESHARE)
    owners = [mapping(each.get("user")) for each in (item, around)]
    friendships = [mapping(owner.get("friendship_status")) for owner in owners]
    if any(each.get("is_private") is True for each in (*owners, *friendships)):
        found.add(Limit.PRIVATE_AUTHOR)
    return frozenset(found)


def _of_audience(audience: object) -> set[Limit]:
    if not _is_said(audience):
        return set()
    is_close = isinstance(audience, str) and audience.strip().lower() in _CLOSE_FRIENDS
    return {Limit.CLOSE_FRIENDS if is_close else Limit.FEW}


def _is_said(value: object) -> bool:
    return value is not None and str(value).strip().lower() not in _EVERYBODY


def _is_no(value: object) -> bool:
    return value is not None and str(value).strip().lower() in _NO
