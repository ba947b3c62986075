"""What a request handler gets, and the two kinds of handlers there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.form import whole_number
from sandbox.ledger import Entry, Ledger
from sandbox.message import JsonObject, Request, Response
from sandbox.password import PasswordKey
from sandbox.person import Person
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its form opened and its path taken apart."""

    request: Request
    form: JsonObject
    args: tuple[str, ...]
    world: World
    ledger: Ledger
    entry: Entry
    password_key: PasswordKey

    def bloks(self, section: str, name: str) -> object:
        """A value from one of the two sections of a Bloks request's parameters, None if absent."""
        params = self.form.get("params")
        part = params.get(section) if isinstance(params, dict) else None
        return part.get(name) if isinstance(part, dict) else None

    def number(self, name: str, default: int, largest: int) -> int:
        """A whole number from the query, within 1 and `largest`."""
        number = whole_number(self.request.query.get(name))
        return default if number is None else max(1, min(number, largest))


# Anybody may call the first kind; the second needs a session and gets the person it belongs to.
OpenHandler = Callable[[Call], Awaitable[Response]]
PrivateHandler = Callable[[Call, Person], Awaitable[Response]]
