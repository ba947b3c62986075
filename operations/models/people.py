"""People, as whoever holds the machine sees them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from operations.models.base import Moment, Schema


def _is_free(name: str) -> str:
    if name.lower() == "owner":
        raise ValueError("the owner is there already")
    return name


PersonName = Annotated[
    str,
    Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
    AfterValidator(_is_free),
]


class PersonRequest(Schema):
    name: PersonName


class Person(Schema):
    """The owner has no name."""

    name: str | None
    created_at: Moment
    accounts: list[str]
    posts: int
    reposts: int
    media_files: int
    media_bytes: int
    api_keys: int


class People(Schema):
    people: list[Person]
