"""Any call of aiograpi by its name, and how what it gives is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import aiograpi.types
from aiograpi import exceptions as ig
from pydantic import BaseModel

from instagram import errors
from instagram.private.client import PrivateClient

T = TypeVar("T")
# What an argument that is none comes to before anything is sent.
_OF_ARGUMENTS = (
    ig.WrongCursorError,
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)
_MOST_EXACT = 2**53 - 1
# Ids are text, however aiograpi has them: JavaScript reads no such number.
_IDS = frozenset({"pk", "thread_id"})
_PLAIN = frozenset({str, type(None), bool, float})


def checked(
    action: Callable[[PrivateClient], Awaitable[T]], most: int | None = None
) -> Callable[[PrivateClient], Awaitable[T]]:
    """Return the action, raising `NotAsked` for what fails before anything was sent.

    `most`: beyond so many requests it raises `AnswersWithoutEnd`.
    """

    async def run(client: PrivateClient) -> T:
        before = client.asked
        client.stops_at = None if most is None else before + most
        try:
            return await action(client)
        except Exception as error:
            # aiograpi raises some of these as they are, without a class of their own.
            is_bare = type(error) is Exception
            if client.asked != before and is_bare:
                raise errors.Unreachable(
                    "Instagram answered in a form that is not known"
                ) from error
            if client.asked != before or not (is_bare or isinstance(error, _OF_ARGUMENTS)):
                raise
            raise errors.NotAsked(
                f"An argument is malformed ({type(error).__name__}); nothing was sent"
            ) from error
        finally:
            client.stops_at = None

    return run


async def call(
    client: PrivateClient, name: str, given: Sequence[Any], named: Mapping[str, Any]
) -> Any:
    """Have the client do what aiograpi calls by that name."""
    return await getattr(client, name)(*given, **named)


def check_list(client: PrivateClient, path: str) -> None:
    """Raise `Unreachable` unless the last answer has a list of objects there: `inbox.threads`.

    aiograpi takes what is not there for an empty list. Behind a `?` null stands for one.
    """
    value: Any = client.last_json
    for name in path.split("."):
        plain = name.removesuffix("?")
        if not isinstance(value, dict) or plain not in value:
            break
        value = value[plain]
        if value is None and name != plain:
            return
    else:
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return
    raise errors.Unreachable("Instagram's answer has no list where there has to be one")


def shape(name: str) -> type[BaseModel]:
    """Return aiograpi's model of that name; raises AttributeError."""
    found: type[BaseModel] = getattr(aiograpi.types, name)
    return found


def built(name: str, value: Mapping[str, Any]) -> BaseModel:
    """Return an object of aiograpi's model; raises pydantic's `ValidationError`."""
    return shape(name)(**value)


def told(value: Any) -> Any:
    """Return what a call gave as plain JSON, its ids as text."""
    # By its very type, what there is most of first: a page has thousands of values.
    kind = type(value)
    if kind is dict:
        return {
            key if type(key) is str else str(key): each
            if type(each) in _PLAIN
            else str(each)
            if type(each) is int and key in _IDS
            else told(each)
            for key, each in value.items()
        }
    if kind is list:
        return [each if type(each) in _PLAIN else told(each) for each in value]
    if kind is int:
        return value if -_MOST_EXACT <= value <= _MOST_EXACT else str(value)
    if isinstance(value, BaseModel):
        return told(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return told(dict(value))
    return told(list(value)) if isinstance(value, tuple | set) else value
