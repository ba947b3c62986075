"""Operations: each endpoint declared once, for routing, validation and documentation alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from pydantic import BaseModel
from quart import Request, Response

from api.context import ApiContext


class Auth(Enum):
    """Who may call an operation (contract §3)."""

    NONE = "none"
    OPTIONAL = "none; bearer or cookie are heard"
    ANY = "bearer or cookie"
    COOKIE = "cookie only"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: through a key or a browser session; nobody where neither is needed."""

    user_id: str
    key_id: str | None = None
    session_id: str | None = None


class Call(Protocol):
    """One request as a handler sees it, validated."""

    context: ApiContext
    request: Request
    caller: Caller | None
    path: Mapping[str, str]

    @property
    def user_id(self) -> str: ...


Handler = Callable[..., Awaitable[BaseModel | Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One endpoint. `codes` names the error code of a missing or malformed field of its input;
    `upload` says that it takes one file as multipart/form-data."""

    method: str
    path: str
    handler: Handler
    returns: type[BaseModel]
    status: int = 200
    auth: Auth = Auth.ANY
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    upload: bool = False
    errors: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def body_required(self) -> bool:
        """Whether there is a body, and any field of it has to be sent."""
        fields = self.body.model_fields.values() if self.body else ()
        return any(field.is_required() for field in fields)


class Operations:
    """The operations of one module of routes."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.all: list[Operation] = []

    def add(self, method: str, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declare the decorated handler as `method path`; see `Operation` for the rest."""

        def register(handler: Handler) -> Handler:
            self.all.append(
                Operation(method=method, path=path, handler=handler, tag=self.tag, **declaration)
            )
            return handler

        return register
