"""One-time links: an agent that cannot put a file into a message sends it to an address.

A link is for one file of one caller, for ten minutes, and allows nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import orjson
import trio

from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from operations.actor import Actor
from operations.house import House
from operations.media import UploadedFile, upload_media
from operations.refusing import refusal_of
from serving.body import TooLarge

LIFE_S = 600
_PER_CALLER = 50
# Where it is not 400.
_STATUS = {ErrorCode.NOT_FOUND: 404, ErrorCode.SERVICE_UNAVAILABLE: 503}
Receive = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class _Link:
    actor: Actor
    until: float


@dataclass(frozen=True, slots=True)
class UploadLinks:
    """The links that were given out and are neither used nor over; they end with the process."""

    clock: Clock
    _links: dict[str, _Link] = field(default_factory=dict)

    def issue(self, actor: Actor) -> str:
        """Return a new link's secret; raises `Refusal` where its caller has enough of them."""
        now = self.clock.passed()
        for token, link in list(self._links.items()):
            if link.until <= now:
                del self._links[token]
        if sum(link.actor.caller == actor.caller for link in self._links.values()) >= _PER_CALLER:
            raise Refusal(
                ErrorCode.RATE_LIMITED, "Use the links that you have first", retry_after_s=LIFE_S
            )
        token = secrets.token_urlsafe(24)
        self._links[token] = _Link(actor, now + LIFE_S)
        return token

    def use(self, token: str) -> _Link:
        """Return a link, which is none any longer; raises `Refusal`."""
        link = self._links.pop(token, None)
        if link is None or link.until <= self.clock.passed():
            raise Refusal(ErrorCode.NOT_FOUND, "This link was used, or is over: ask for another")
        return link

    def give_back(self, token: str, link: _Link) -> None:
        """Let a link be used after all, for as long as it lasts."""
        self._links[token] = link


async def received(
    house: House, links: UploadLinks, path: str, receive: Receive, most: int
) -> tuple[int, bytes]:
    """Take in the body of a request to a link, as `TOKEN/NAME`; return status and answer."""
    token, _, name = path.partition("/")
    link = None
    try:
        link = links.use(token)
        file = await _kept(house, receive, most, unquote(name))
        made = await house.perform(upload_media, link.actor, file)
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        status = 413 if isinstance(refusal, TooLarge) else _STATUS.get(refusal.code, 400)
        if link is not None and refusal.code is ErrorCode.SERVICE_UNAVAILABLE:
            links.give_back(token, link)  # a full disk, say: the same again may do
        told = {"error": refusal.message, "code": refusal.code, "status": status}
        return status, orjson.dumps(told) + b"\n"
    return 201, made.model_dump_json(by_alias=True).encode() + b"\n"


async def _kept(house: House, receive: Receive, most: int, name: str) -> UploadedFile:
    house.folder.check_room()
    scratch, size = house.library.scratch(), 0
    try:
        async with await trio.open_file(scratch, "wb") as file:
            while (message := await receive())["type"] == "http.request":
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise TooLarge(f"The file has more than {most} bytes")
                await file.write(part)
                if not message.get("more_body", False):
                    break
            else:
                raise Refusal(ErrorCode.UPLOAD_ERROR, "The upload broke off")
        if size == 0:
            raise Refusal(ErrorCode.UPLOAD_ERROR, "The file is empty: send it with `curl -T FILE`")
    except BaseException:
        with trio.CancelScope(shield=True):
            await trio.Path(scratch).unlink(missing_ok=True)
        raise
    return UploadedFile(path=scratch, name=name)
