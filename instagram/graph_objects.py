"""What the official API answers with, as values; whatever has another form is `Unavailable`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from instagram import errors
from instagram.graph_http import GraphLogin


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
    """A post or story of the account as the official API lists it."""

    id: str
    at: datetime
    caption: str
    permalink: str | None


@dataclass(frozen=True, slots=True)
class Profile:
    """Who the account is; `page_*` with Facebook Login where it has a Page."""

    ig_user_id: str
    username: str
    name: str | None
    profile_picture_url: str | None
    account_type: str | None
    followers_count: int | None
    media_count: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """The Facebook Page that belongs to the account, and what it takes to post there."""

    id: str
    name: str
    login: GraphLogin


def id_in(answer: Mapping[str, Any], *, writes: bool = False) -> str:
    """Return an answer's id; raises `Unavailable` when there is none."""
    if not answer.get("id"):
        raise errors.Unavailable("Instagram answered without an id", maybe_applied=writes)
    return str(answer["id"])


def entries_in(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the objects of a list; raises `Unavailable` when it is none."""
    listed = answer.get("data")
    if not isinstance(listed, list):
        raise errors.Unavailable("Instagram answered without a list")
    return [entry for entry in listed if isinstance(entry, dict)]


def media_in(entry: Mapping[str, Any]) -> GraphMedia | None:
    """Return a post or story of a list, or None when it lacks what makes one."""
    try:
        return GraphMedia(
            id=str(entry["id"]),
            at=datetime.fromisoformat(entry["timestamp"]).astimezone(UTC),
            caption=str(entry.get("caption") or ""),
            permalink=text_in(entry, "permalink"),
        )
    except (KeyError, TypeError, ValueError):
        return None


def text_in(answer: Mapping[str, Any], name: str) -> str | None:
    """Return a text that an answer may lack."""
    value = answer.get(name)
    return value if isinstance(value, str) and value else None
