"""`/mcp` in the daemon: streamable HTTP without sessions, for both eras of the protocol.

The SDK is imported when the first agent comes. Who calls is asked once, at the door of REST: the
same keys, the same checks, and one request of the key's limit for each call, whatever it takes.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import trio
from pydantic import BaseModel

from agents.desk import FACE, Desk, current
from agents.uploads import UploadLinks, received
from ground.refusal import ErrorCode, Refusal
from instagram.private.loop import hidden
from operations.actor import Actor
from operations.attempt import Attempt
from operations.by_address import AddressFetcher
from operations.house import House
from operations.media import UploadedFile
from operations.operation import Operation
from operations.scopes import Scopes
from serving.body import Patience

if TYPE_CHECKING:
    from agents.streams import Streams

logger = logging.getLogger(__name__)
PATH = "/mcp"
_UPLOADS = f"{PATH}/uploads/"
_AT_ONCE = 16  # open requests of one key: a tool may wait for a minute, a stream for a day
_DRAINED = 16 * 1024 * 1024
_LARGEST = 4 * 1024 * 1024
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
# Returns who calls; else it has answered why not, and returns None.
Admit = Callable[[Scope, Send], Awaitable[Actor | None]]


@dataclass(kw_only=True)
class Mount:
    """The ASGI application of `/mcp`, and the service that it needs."""

    house: House
    admit: Admit
    fetcher: AddressFetcher
    links: UploadLinks = field(init=False)
    _asked: trio.Event = field(default_factory=trio.Event)
    _ready: trio.Event = field(default_factory=trio.Event)
    _streams: Streams | None = None
    _open: Counter[str] = field(default_factory=Counter)
    _is_empty: trio.Event = field(default_factory=trio.Event)

    def __post_init__(self) -> None:
        self.links = UploadLinks(self.house.clock)
        self._is_empty.set()

    async def run(
        self,
        *,
        shutdown: trio.Event,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve from the first request on until `shutdown` is set; asleep until then."""
        task_status.started()
        async with trio.open_nursery() as nursery:

            async def end() -> None:
                await shutdown.wait()
                if self._streams is None:
                    nursery.cancel_scope.cancel()
                else:
                    self._streams.close()

            nursery.start_soon(end)
            await self._asked.wait()
            module = await trio.to_thread.run_sync(import_module, "agents.streams")
            streams: Streams = module.Streams(self.house.store.changes)
            try:
                async with streams.open():
                    self._streams = streams
                    self._ready.set()
                    await shutdown.wait()
                    # What is being answered still has the grace of the listener.
                    await self._is_empty.wait()
            finally:
                self._streams, self._ready, self._asked = None, trio.Event(), trio.Event()
            nursery.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to `/mcp` or below it."""
        path = str(scope["path"])
        if path.startswith(_UPLOADS) and scope["method"] in ("PUT", "POST"):
            await self._take_in(path.removeprefix(_UPLOADS), receive, send)
            return
        if path not in (PATH, f"{PATH}/"):
            await plainly(send, 404, "There is nothing at this path", ErrorCode.NOT_FOUND)
            return
        actor = await self.admit(scope, send)
        if actor is None:
            return
        if scope["method"] != "POST":
            # No sessions: there is no stream to open by GET, and nothing to end by DELETE.
            message = "Only POST is answered here"
            await plainly(send, 405, message, ErrorCode.METHOD_NOT_ALLOWED, [(b"allow", b"POST")])
            return
        actor = replace(actor, via=FACE)
        if self._open[actor.caller] >= _AT_ONCE:
            message = f"{_AT_ONCE} requests of this key are open: wait for one to end"
            again = [(b"retry-after", b"5")]
            await plainly(send, 429, message, ErrorCode.RATE_LIMITED, again)
            return
        self._open[actor.caller] += 1
        self._is_empty = trio.Event()
        try:
            await self._answer(actor, scope, receive, send)
        finally:
            self._open[actor.caller] -= 1
            if not self._open[actor.caller]:
                del self._open[actor.caller]
            if not self._open:
                self._is_empty.set()

    async def _answer(self, actor: Actor, scope: Scope, receive: Receive, send: Send) -> None:
        # Before the SDK sees it: it waits without end, and calls who left a fault of its own.
        body = _Body(receive)
        try:
            content = await body.whole(_LARGEST)
        except Refusal as refusal:
            status = 413 if refusal.code is ErrorCode.UPLOAD_ERROR else 400
            await body.drain()
            await plainly(send, status, refusal.message, refusal.code)
            return
        if content is None:
            return
        self._asked.set()
        await self._ready.wait()
        receive = _again(content, receive)

        # Else what the SDK starts would go on in aiograpi's loop, twice a second, for ever.
        with hidden() as seen_again:
            token = current.set(self._desk(actor, scope, seen_again))
            try:
                streams = self._streams
                if streams is None:
                    await plainly(send, 503, "The daemon stops", ErrorCode.SERVICE_UNAVAILABLE)
                else:
                    await streams.handle(actor, scope, receive, send)
            finally:
                current.reset(token)

    def _desk(self, actor: Actor, scope: Scope, seen_again: Callable[[], Any]) -> Desk:
        async def perform(
            operation: Operation, given: BaseModel | None, target: str, attempt: Attempt
        ) -> Any:
            with seen_again():
                return await self.house.perform(operation, actor, given, target, attempt)

        async def scopes() -> Scopes:
            return actor.scopes

        return Desk(
            perform=perform,
            scopes=scopes,
            files=_RemoteFiles(self, actor, _own_address(scope)),
            clock=self.house.clock,
        )

    async def _take_in(self, path: str, receive: Receive, send: Send) -> None:
        body = _Body(receive)
        status, answer = await received(
            self.house, self.links, path, body.receive, self.fetcher.most
        )
        await body.drain()
        await _respond(send, status, answer)


@dataclass(frozen=True, slots=True)
class _RemoteFiles:
    """Files of somebody who is not on this machine: what they name is never a path here."""

    mount: Mount
    actor: Actor
    address: str

    @asynccontextmanager
    async def lend(self, source: str) -> AsyncIterator[UploadedFile]:
        if "://" not in source:
            raise Refusal(
                ErrorCode.INVALID_PARAM,
                "Over HTTP a file is a public URL, or is sent to the upload link of add_media; "
                "paths are read by `reprise mcp`, on the machine that has them",
            )
        library = self.mount.house.library
        self.mount.house.folder.check_room()
        scratch = library.scratch()
        try:
            yield await self.mount.fetcher.fetch(source, scratch)
        finally:
            with trio.CancelScope(shield=True):
                await trio.Path(scratch).unlink(missing_ok=True)

    async def listed(self, folder: str) -> list[str]:
        del folder
        raise Refusal(
            ErrorCode.INVALID_PARAM,
            "Folders are read by `reprise mcp`, on the machine that has them",
        )

    def upload_link(self) -> str | None:
        return f"{self.address}{_UPLOADS}{self.mount.links.issue(self.actor)}/"


class _Body:
    """The body of a request, which is read to its end before the answer ends."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_whole = False
        self._patience = Patience()

    async def receive(self) -> Any:
        """Return its next part; raises `Refusal` when it stops coming."""
        with self._patience.wait():
            message = await self._receive()
        self._patience.received += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._is_whole = True
        return message

    async def whole(self, most: int) -> bytes | None:
        """Return all of it, None if its sender left; raises `Refusal` if it is too large."""
        content = bytearray()
        while not self._is_whole:
            message = await self.receive()
            if message["type"] != "http.request":
                return None
            content += message.get("body", b"")
            if len(content) > most:
                told = f"The body is larger than {most // 1024} KiB"
                raise Refusal(ErrorCode.UPLOAD_ERROR, told)
        return bytes(content)

    async def drain(self) -> None:
        """Read what nobody wanted: a client that still sends would not read the answer."""
        size = 0
        with suppress(Refusal), trio.move_on_after(5):
            while not self._is_whole and size < _DRAINED:
                size += len((await self.receive()).get("body", b""))


def _again(content: bytes, receive: Receive) -> Receive:
    """Return what hands on a body that was read, and after it what still comes."""
    parts = [content]

    async def told() -> Any:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": False}
        return await receive()

    return told


def _own_address(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"localhost")
    return f"{scope.get('scheme', 'http')}://{host.decode('latin-1')}"


async def plainly(
    send: Send,
    status: int,
    message: str,
    code: ErrorCode,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    """Answer with the contract's envelope."""
    import orjson

    body = orjson.dumps({"error": message, "code": code, "status": status})
    await _respond(send, status, body, headers)


async def _respond(
    send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    told = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *(headers or []),
    ]
    with suppress(trio.BrokenResourceError):
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})
