"""Operations: each endpoint declared once, for routing, validation and documentation alike."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from api.context import ApiContext
from api.plain import Asked
from ground.refusal import ErrorCode
from operations.actor import Actor
from operations.attempt import Attempt
from operations.operation import Operation as Act
from serving.answer import Answer


class Auth(Enum):
    """Who may call an operation (contract §3)."""

    NONE = "none"
    OPTIONAL = "none; bearer or cookie are heard"
    ANY = "bearer or cookie"
    COOKIE = "cookie only"


@dataclass(frozen=True, slots=True)
class Call:
    """One validated request, as handlers see it; `caller` is nobody where none is needed."""

    context: ApiContext
    request: Asked
    operation: Operation
    caller: Actor | None
    path: Mapping[str, str]
    attempt: Attempt
    body: BaseModel | None = None
    query: BaseModel | None = None

    @property
    def user_id(self) -> str:
        """The user whose data this is about."""
        return self.caller.user_id if self.caller else self.context.user_id


Handler = Callable[..., Awaitable[BaseModel | Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One endpoint. `codes` names the error code of a missing or malformed field of its input;
    `upload` says that it takes one file as multipart/form-data, `stream` that its answer may be a
    stream of events, which goes on until somebody leaves."""

    method: str
    path: str
    handler: Handler
    returns: type[BaseModel]
    status: int = 200
    auth: Auth = Auth.ANY
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    upload: bool = False
    stream: bool = False
    errors: tuple[ErrorCode, ...] = ()
    codes: Mapping[str, ErrorCode] = field(default_factory=dict)
    tag: str = ""
    act: Act | None = None

    @property
    def name(self) -> str:
        return self.act.name if self.act else self.handler.__name__

    @property
    def doc(self) -> str:
        return self.act.doc if self.act else inspect.getdoc(self.handler) or ""

    @property
    def takes_key(self) -> bool:
        """Whether it may change something, and an Idempotency-Key is heard."""
        return self.act is not None and self.method != "GET"

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

    def row(
        self,
        method: str,
        path: str,
        act: Act,
        *,
        status: int = 200,
        auth: Auth = Auth.ANY,
        codes: Mapping[str, ErrorCode] = MappingProxyType({}),
    ) -> None:
        """Declare `method path` as that operation: what it takes comes as JSON, or as a query
        where the method has no body; a variable of the path is its `id`."""
        has_query = method in ("GET", "DELETE")
        self.all.append(
            Operation(
                method=method,
                path=path,
                handler=perform,
                returns=act.gives,
                status=status,
                auth=auth,
                body=None if has_query else act.takes,
                query=act.takes if has_query else None,
                errors=act.refuses,
                codes=codes,
                tag=self.tag,
                act=act,
            )
        )


async def perform(call: Call) -> BaseModel:
    """Have a call's operation done for its caller."""
    assert call.operation.act is not None
    given = call.body if call.operation.body else call.query
    answer: BaseModel = await perform_for(call, call.operation.act, given)
    return answer


async def perform_for(call: Call, act: Act, given: BaseModel | None) -> Any:
    """Have an operation done for whoever calls; a variable of the path names its resource."""
    actor = call.caller or Actor(user_id=call.user_id, via="api")
    target = next(iter(call.path.values()), "")
    return await call.context.house.perform(act, actor, given, target, call.attempt)
