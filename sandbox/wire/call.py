"""What a request handler gets, and the three kinds of handlers there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.private.form import whole_number
from sandbox.private.password import PasswordKey
from sandbox.wire.message import JsonObject, Request, Response
from sandbox.world.graph_account import GraphAccount
from sandbox.world.ledger import Entry, Ledger
from sandbox.world.person import Person
from sandbox.world.world import World


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
    start_soon: Callable[[Callable[[], Awaitable[None]]], None]  # work that outlives the answer

    def bloks(self, section: str, name: str) -> object:
        """A value from one of the two sections of a Bloks request's parameters, None if absent."""
        params = self.form.get("params")
        part = params.get(section) if isinstance(params, dict) else None
        return part.get(name) if isinstance(part, dict) else None

    @property
    def params(self) -> JsonObject:
        """Query and form as one: the Graph API takes parameters from either."""
        return {**self.request.query, **self.form}

    def number(self, name: str, default: int, largest: int) -> int:
        """A whole number from the query, within 1 and `largest`."""
        number = whole_number(self.request.query.get(name))
        return default if number is None else max(1, min(number, largest))


# Anybody may call the first kind. The second needs a session and gets the person it belongs to,
# the third an access token and gets the account it was issued for.
OpenHandler = Callable[[Call], Awaitable[Response]]
PrivateHandler = Callable[[Call, Person], Awaitable[Response]]
GraphHandler = Callable[[Call, GraphAccount], Awaitable[Response]]
