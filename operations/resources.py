"""What an operation can name, and whose it is: everything named is loaded by its owner.

An operation's `id` is of the kind `Operation.on`; further ids in its input are fields typed
`AccountId`, `MediaId`, … of `operations.models`. What belongs to somebody else does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from pydantic import BaseModel

from operations.actor import Actor
from storage import owners
from storage.errors import NotFound
from storage.store import Database


class Resource(Enum):
    """A kind of thing that belongs to a user; the value is what people call it."""

    ACCOUNT = "account"
    POST = "post"
    MEDIA = "media file"
    REPOST = "repost"
    API_KEY = "api key"
    WEBHOOK = "webhook"
    WEBHOOK_DELIVERY = "webhook delivery"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a field of an input: it holds the id, or a list of ids, of such a thing."""

    resource: Resource


def owns(db: Database, actor: Actor, resource: Resource, identifier: str) -> bool:
    """Say whether there is such a thing, and it is the actor's and within their accounts."""
    return owners.owns(db, _TABLES[resource], actor.user_id, identifier, actor.accounts)


def check_owner(db: Database, actor: Actor, resource: Resource, ids: Iterable[str]) -> None:
    """Raise `NotFound` unless every id is of a thing of that kind that the actor `owns`."""
    for identifier in ids:
        if not owns(db, actor, resource, identifier):
            raise NotFound(resource.value, identifier)


def check_named(db: Database, actor: Actor, given: BaseModel | None) -> None:
    """Raise `NotFound` unless everything that the input names is the actor's."""
    if given is None:
        return
    for field, resource in named_fields(type(given)):
        check_owner(db, actor, resource, _ids(getattr(given, field)))


_TABLES: dict[Resource, owners.Owned] = {
    Resource.ACCOUNT: "accounts",
    Resource.POST: "posts",
    Resource.MEDIA: "media_files",
    Resource.REPOST: "reposts",
    Resource.API_KEY: "api_keys",
    Resource.WEBHOOK: "webhooks",
    Resource.WEBHOOK_DELIVERY: "webhook_deliveries",
    Resource.RECIPIENT: "recipients",
}


@cache
def named_fields(model: type[BaseModel]) -> tuple[tuple[str, Resource], ...]:
    return tuple(
        (name, mark.resource)
        for name, field in model.model_fields.items()
        for mark in _marks(field.metadata, field.annotation)
    )


def _marks(metadata: Iterable[Any], annotation: Any) -> Iterator[Names]:
    # `MediaId | None` and `list[MediaId]` keep their marks inside of the annotation.
    yield from (mark for mark in metadata if isinstance(mark, Names))
    for part in getattr(annotation, "__args__", ()):
        yield from _marks(getattr(part, "__metadata__", ()), part)


def _ids(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
