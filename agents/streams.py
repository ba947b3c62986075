"""The SDK's side of `/mcp`: its session manager, and who is told of what has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import anyio.lowlevel
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.subscriptions import ResourceUpdated, ServerEvent
from mcp.server.transport_security import TransportSecuritySettings

from agents.resources import uri_of
from agents.server import build
from ground.changes import Change, Changes, Subject
from operations.actor import Actor

# Host and Origin were checked at the door, where what a proxy may say is known too.
_CHECKED_BEFORE = TransportSecuritySettings(enable_dns_rebinding_protection=False)
_actor: ContextVar[Actor] = ContextVar("actor")


class Told:
    """Tells who subscribed of what they may see: never of another user's, or another account's."""

    def __init__(self) -> None:
        self._listeners: dict[object, tuple[Actor, Callable[[ServerEvent], None]]] = {}

    async def publish(self, event: ServerEvent) -> None:
        """Do nothing: tools, prompts and resources are always the same."""
        del event
        await anyio.lowlevel.checkpoint()

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Tell somebody from now on; what is returned ends it."""
        place = object()
        self._listeners[place] = (_actor.get(), listener)

        def leave() -> None:
            self._listeners.pop(place, None)

        return leave

    def heard(self, change: Change) -> None:
        """Tell of a change."""
        uri = uri_of(change.subject, change.subject_id)
        if uri is None:
            return
        for actor, listener in list(self._listeners.values()):
            of_theirs = change.user_id == actor.user_id and (
                actor.accounts is None or change.account_id in actor.accounts
            )
            if of_theirs:
                listener(ResourceUpdated(uri=uri))


class Streams:
    """The server behind `/mcp`, for as long as `open` lasts."""

    def __init__(self, changes: Changes) -> None:
        told = Told()
        changes.subscribe(told.heard, Subject.POST, Subject.REPOST)
        self._server = build(told)
        # The one public way to the manager; the Starlette app that it returns is not needed.
        self._server.streamable_http_app(stateless_http=True, transport_security=_CHECKED_BEFORE)
        self._manager = self._server.session_manager

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep it going."""
        async with self._manager.run():
            yield

    def close(self) -> None:
        """End the streams of those who listen: the daemon stops."""
        entry = self._server._lowlevel_server.get_request_handler("subscriptions/listen")
        handler: Any = entry.handler if entry is not None else None
        if handler is not None:
            handler.close()

    async def handle(self, actor: Actor, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request of somebody who was let in."""
        caller = AccessToken(token="-", client_id=actor.caller, scopes=[])  # noqa: S106 - none
        token = _actor.set(actor)
        try:
            scope = {**scope, "user": AuthenticatedUser(caller)}
            await self._manager.handle_request(scope, receive, send)
        finally:
            _actor.reset(token)
