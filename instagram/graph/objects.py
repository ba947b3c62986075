"""What the official API answers with, as values; whatever has another form is `Unreachable`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from instagram import errors, fields
from instagram.graph.http import GraphLogin, LoginMethod

# Digits; a post on a Page has two numbers with a line between them.
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONGEST_TEXT = 10_000
TOKEN_LIFETIME = timedelta(days=60)


class ContainerCode(StrEnum):
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"
    PUBLISHED = "PUBLISHED"


@dataclass(frozen=True, slots=True)
class ContainerState:
    """How far a container is; `status` is Meta's words, with the subcode of an error."""

    code: ContainerCode
    status: str


@dataclass(frozen=True, slots=True)
class Container:
    """A container that was made; `upload_uri` where its bytes are to be sent to it."""

    id: str
    upload_uri: str | None


@dataclass(frozen=True, slots=True)
class GraphMedia:
    """A post or story of the account as the official API lists it; `kind` is its `media_type`."""

    id: str
    at: datetime
    caption: str
    permalink: str | None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Who the account is; what is not told is "" or None.

    `numbers` are all that it is known by: Instagram Login has one of its own in each app.
    """

    ig_user_id: str
    username: str
    numbers: frozenset[str]
    name: str | None
    profile_picture_url: str | None
    account_type: str | None
    followers_count: int | None
    media_count: int | None


@dataclass(frozen=True, slots=True)
class FacebookPage:
    """The Facebook Page that belongs to the account, and what it takes to post there."""

    id: str
    name: str
    login: GraphLogin


@dataclass(frozen=True, slots=True)
class PagePost:
    """A post on a Facebook Page."""

    id: str
    at: datetime
    text: str


def id_in(answer: Mapping[str, Any], *, writes: bool = False) -> str:
    """Return an answer's id; raises `Unreachable` when there is none, zeros being none."""
    found = _id(answer.get("id"))
    if not found or not found.strip("0"):
        raise errors.Unreachable("Instagram answered without an id", maybe_applied=writes)
    return found


def entries_in(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the objects of a list; raises `Unreachable` when it is none."""
    listed = answer.get("data")
    if not isinstance(listed, list):
        raise errors.Unreachable("Instagram answered without a list")
    return [entry for entry in listed if isinstance(entry, dict)]


def cursor_in(answer: Mapping[str, Any]) -> str | None:
    """Return what to ask behind for the rest of a list, None where there is none.

    Raises `Unreachable` where there is more, and nothing says how to get at it.
    """
    paging = answer.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = text_in(cursors, "after") if isinstance(cursors, dict) else None
    if after is None:
        raise errors.Unreachable("Instagram lists more than it lets us read")
    return after


def page_in(answer: Mapping[str, Any], ig_user_id: str) -> FacebookPage | None:
    """Return the Page of a list that belongs to the account and may be posted on, or None."""
    for entry in entries_in(answer):
        linked = entry.get("instagram_business_account")
        number = linked.get("id") if isinstance(linked, dict) else None
        if str(number) == ig_user_id and entry.get("access_token"):
            token = str(entry["access_token"])
            login = GraphLogin(ig_user_id=ig_user_id, token=token, login_method="facebook")
            return FacebookPage(id_in(entry), str(entry.get("name") or ""), login)
    return None


def profile_in(answer: Mapping[str, Any], login_method: LoginMethod) -> Profile:
    """Return a profile; what is not of its kind counts as not told."""
    user_id, own_id = (
        number if number.strip("0") else ""
        for number in (fields.identifier(answer.get(name)) for name in ("user_id", "id"))
    )
    return Profile(
        ig_user_id=user_id or (own_id if login_method == "facebook" else ""),
        username=fields.username(answer.get("username")),
        numbers=frozenset({user_id, own_id} - {""}),
        name=text_in(answer, "name"),
        profile_picture_url=text_in(answer, "profile_picture_url"),
        account_type=text_in(answer, "account_type"),
        followers_count=fields.number_of(answer.get("followers_count")),
        media_count=fields.number_of(answer.get("media_count")),
    )


def renewed_in(answer: Mapping[str, Any]) -> tuple[str, timedelta]:
    """Return a new token and how long it lives; raises `Unreachable` when there is none."""
    token = answer.get("access_token")
    if not fields.is_token(token):
        raise errors.Unreachable("Meta answered without a new token")
    seconds = fields.number_of(answer.get("expires_in")) or 0
    is_told = 0 < seconds <= TOKEN_LIFETIME.total_seconds()
    return token, timedelta(seconds=seconds) if is_told else TOKEN_LIFETIME


def media_in(entry: Mapping[str, Any]) -> GraphMedia | None:
    """Return a post or story of a list, or None when it lacks what makes one."""
    try:
        return GraphMedia(
            id=id_in(entry),
            at=_time(entry["timestamp"]),
            caption=str(entry.get("caption") or ""),
            permalink=text_in(entry, "permalink"),
            kind=text_in(entry, "media_type"),
        )
    except (KeyError, TypeError, ValueError, OverflowError, errors.Unreachable):
        return None


def page_post_in(entry: Mapping[str, Any]) -> PagePost | None:
    """Return a post of a Page's list, or None when it lacks what makes one."""
    try:
        return PagePost(
            id=id_in(entry),
            at=_time(entry["created_time"]),
            text=text_in(entry, "message") or "",
        )
    except (KeyError, TypeError, ValueError, OverflowError, errors.Unreachable):
        return None


T = TypeVar("T")


def all_in(answer: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T | None]) -> list[T]:
    """Return what is listed of our own; raises `Unreachable` when any of it is unreadable.

    Who looks whether something is live must not take what it cannot read for absent.
    """
    found = [one for one in map(read, entries_in(answer)) if one is not None]
    if len(found) < len(answer["data"]):
        raise errors.Unreachable("Instagram lists what is ours in a form that is not known")
    return found


def _time(text: str) -> datetime:
    """Return a moment; one without a zone is in UTC, as all of Meta's are."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _id(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and _ID.fullmatch(text) else ""


def text_in(answer: Mapping[str, Any], name: str) -> str | None:
    """Return a text that an answer may lack; one that nobody could have written counts as none."""
    value = answer.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT else None
