"""The daemon's end of the socket: each connection asks for one operation, as the owner."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import orjson
import trio
from pydantic import BaseModel, ValidationError

from ground.refusal import ErrorCode, Refusal
from local.wire import SOCKET_FILE, Garbled, Line, address_in, send
from operations.actor import Actor
from operations.attempt import Attempt
from operations.catalogue import OPERATIONS
from operations.house import House
from operations.media import UploadedFile
from operations.misfit import misfit
from operations.operation import Operation
from operations.refusing import refusal_of
from operations.scopes import scopes_of, text_of
from storage import users

logger = logging.getLogger(__name__)


class ByKey(Protocol):
    """Who holds a key; raises `Refusal`. One that `counts` is a request of its limit."""

    async def __call__(self, key: str, *, counts: bool) -> Actor: ...


VERSION = version("reprise")
_AT_ONCE = 32


def open_socket(directory: Path) -> socket.socket:
    """Listen in the data directory, for its owner alone; an old socket there is replaced.

    The caller holds the directory, so whatever answered there before is gone.
    """
    (directory / SOCKET_FILE).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with address_in(directory) as address:
            listening.bind(address)
    finally:
        os.umask(before)
    listening.listen(128)
    return listening


async def serve(
    house: House,
    owner_id: str,
    listening: socket.socket,
    by_key: ByKey,
    *,
    shutdown: trio.Event,
    grace_s: float,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer until `shutdown` is set, then give what is being done `grace_s` to end."""
    door = _Door(house, Actor(user_id=owner_id, via="cli", holds_machine=True), by_key)
    at_once = trio.CapacityLimiter(_AT_ONCE)

    async def connection(stream: trio.SocketStream) -> None:
        async with at_once, stream:
            try:
                await _answer(door, stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError, Garbled) as gone:
                logger.debug("local question broke off reason=%s", gone)
            except Exception as error:  # noqa: BLE001 - the listener must outlive any of them
                logger.warning("local question ended badly error=%r", error)

    listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            accepting.start_soon(_accept, listener, connection, connections)
            task_status.started()
            await shutdown.wait()
            accepting.cancel_scope.cancel()
        connections.cancel_scope.deadline = trio.current_time() + grace_s


async def _accept(
    listener: trio.SocketListener,
    connection: Callable[[trio.SocketStream], Any],
    connections: trio.Nursery,
) -> None:
    await trio.serve_listeners(connection, [listener], handler_nursery=connections)


@dataclass(frozen=True, slots=True)
class _Door:
    """On whose behalf a question is asked."""

    house: House
    owner: Actor
    by_key: ByKey

    async def asker(self, asked: dict[str, Any]) -> Actor:
        """Return who asks: the owner, a person whom the owner names, or a guest of theirs."""
        guest = asked.get("guest")
        actor = self.owner if guest is None else await self._guest(guest)
        if (person := asked.get("person")) is not None:
            found = await self.house.store.read(users.named, str(person))
            actor = replace(actor, user_id=found.id)
        return actor

    async def _guest(self, guest: Any) -> Actor:
        if not isinstance(guest, dict) or (guest.keys() - {"via", "key", "scopes", "counts"}):
            raise Refusal(ErrorCode.VALIDATION_ERROR, "That is no guest that this daemon knows")
        via = str(guest.get("via"))
        if guest.get("key") is not None:
            holder = await self.by_key(str(guest["key"]), counts=guest.get("counts") is not False)
            return replace(holder, via=via)
        scopes = scopes_of(str(guest.get("scopes") or ""))
        return replace(self.owner, via=via, scopes=scopes, holds_machine=False)


async def _answer(door: _Door, stream: trio.SocketStream) -> None:
    line = Line(stream)
    asked = await line.read()
    scopes = None
    try:
        name = asked.get("operation" if asked.get("guest") is None else "asks")
        operation = OPERATIONS.get(str(name))
        if operation is None:
            raise Refusal(
                ErrorCode.NOT_FOUND,
                f"The running daemon is Reprise {VERSION} and does not know this; restart it",
            )
        actor = await door.asker(asked)
        scopes = text_of(actor.scopes) if actor.scopes else None
        operation.check(actor)  # before a file is read
        given = await _given(door.house, operation, asked, line)
        attempt = Attempt(_key(asked))
        if asked.get("tells") is True:
            attempt.tell = _telling(stream)
        target = str(asked.get("target") or "")
        done = await door.house.perform(operation, actor, given, target, attempt)
        reply: dict[str, Any] = {"answer": orjson.loads(done.model_dump_json(by_alias=True))}
        reply |= {"replayed": attempt.replayed, "warning": attempt.warning}
    except Garbled:
        raise
    except Exception as error:  # noqa: BLE001 - the one place that turns failures into answers
        reply = {"refused": _refused(error, asked)}
    await send(stream, {**reply, "version": VERSION, "scopes": scopes})


def _telling(stream: trio.SocketStream) -> Callable[[str], Awaitable[None]]:
    """Whoever has left is told nothing more; what is done for them goes on."""

    async def tell(words: str) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await send(stream, {"tells": words})

    return tell


async def _given(
    house: House, operation: Operation, asked: dict[str, Any], line: Line
) -> BaseModel | None:
    if operation.takes is None:
        return None
    sent = asked.get("given")
    sent = {} if sent is None else sent
    if operation.takes is UploadedFile:
        return await _received(house, line, _name(sent), asked.get("bytes"))
    try:
        return operation.takes.model_validate(sent)
    except ValidationError as invalid:
        raise Refusal(ErrorCode.VALIDATION_ERROR, misfit(invalid)) from None


async def _received(house: House, line: Line, name: str, size: Any) -> UploadedFile:
    if not isinstance(size, int) or size <= 0:
        raise Refusal(ErrorCode.UPLOAD_ERROR, "The file is empty")
    house.folder.check_room(size)
    scratch = house.library.scratch()
    try:
        async with await trio.open_file(scratch, "wb") as file:
            async for part in line.body(size):
                await file.write(part)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return UploadedFile(path=scratch, name=name)


def _refused(error: Exception, asked: dict[str, Any]) -> dict[str, Any]:
    known = refusal_of(error)
    if known is None:
        logger.error("local question failed operation=%s", asked.get("operation"), exc_info=error)
        known = Refusal(ErrorCode.INTERNAL_ERROR, "Something went wrong; the log says what")
    return {"code": known.code, "message": known.message, "retryAfter": known.retry_after_s}


def _key(asked: dict[str, Any]) -> str | None:
    key = asked.get("idempotencyKey")
    return None if key is None else str(key)


def _name(given: Any) -> str:
    name = given.get("name") if isinstance(given, dict) else None
    return name if isinstance(name, str) and name else "file"
