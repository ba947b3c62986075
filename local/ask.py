"""The asking end of the socket: what a command wants of the running daemon. It blocks."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from ground.refusal import ErrorCode, Refusal
from local.wire import address_in
from operations.attempt import Attempt
from operations.media import UploadedFile
from operations.operation import Operation

VERSION = version("reprise")


class NotThere(Exception):
    """No daemon listens in this data directory."""


@dataclass(slots=True)
class Daemon:
    """The daemon that listens in a data directory; `version` is known after an answer.

    `person` is on whose behalf it is asked, if not the owner's; a `guest` may do less than they,
    and `scopes` says what, after an answer. `hears` is told what is done meanwhile. `patience_s` is
    how long it may say nothing.
    """

    directory: Path
    person: str | None = None
    version: str | None = None
    guest: dict[str, Any] | None = None
    hears: Callable[[str], None] | None = None
    scopes: str | None = None
    patience_s: float | None = None

    def perform(
        self,
        operation: Operation,
        given: BaseModel | None = None,
        target: str = "",
        attempt: Attempt | None = None,
    ) -> Any:
        """Have the daemon do an operation; raises `NotThere` and what it refuses with."""
        attempt = attempt or Attempt()
        with self.connected() as stream:
            try:
                _ask(stream, self._question(operation, target, attempt.key), given)
                with stream.makefile("rb") as answers:
                    reply = orjson.loads(answers.readline())
                    while "tells" in reply:
                        if self.hears is not None:
                            self.hears(str(reply["tells"]))
                        reply = orjson.loads(answers.readline())
            except (OSError, orjson.JSONDecodeError):
                raise Refusal(
                    ErrorCode.SERVICE_UNAVAILABLE,
                    "The daemon ended before it had answered: it may have done this or not, look "
                    "before you ask again",
                ) from None
        self.version = str(reply.get("version"))
        self.scopes = reply.get("scopes")
        if (refused := reply.get("refused")) is not None:
            raise Refusal(
                ErrorCode(refused["code"]),
                refused["message"],
                retry_after_s=refused.get("retryAfter"),
            )
        attempt.replayed = bool(reply.get("replayed"))
        attempt.warning = reply.get("warning")
        return operation.gives.model_validate(reply["answer"])

    def _question(self, operation: Operation, target: str, key: str | None) -> dict[str, Any]:
        question: dict[str, Any] = {"target": target, "version": VERSION}
        question["operation" if self.guest is None else "asks"] = operation.name
        if self.hears is not None:
            question["tells"] = True
        more = {"idempotencyKey": key, "person": self.person, "guest": self.guest}
        return question | {name: value for name, value in more.items() if value is not None}

    def connected(self) -> socket.socket:
        """Return a connection to it; raises `NotThere`."""
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.settimeout(self.patience_s)
        try:
            with address_in(self.directory) as address:
                stream.connect(address)
        except OSError as error:
            stream.close()
            raise NotThere(str(error)) from None
        return stream


def _ask(stream: socket.socket, question: dict[str, Any], given: BaseModel | None) -> None:
    if isinstance(given, UploadedFile):
        question |= {"given": {"name": given.name}, "bytes": given.path.stat().st_size}
    elif given is not None:
        question["given"] = given.model_dump(mode="json", by_alias=True, exclude_unset=True)
    with stream.makefile("wb") as asked:
        asked.write(orjson.dumps(question) + b"\n")
        if isinstance(given, UploadedFile):
            with given.path.open("rb") as file:
                shutil.copyfileobj(file, asked, 1024 * 1024)
