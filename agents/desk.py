"""What tools work with: somebody's way to the operations, and to the files they name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from ground.clock import Clock
from operations.attempt import Attempt
from operations.media import UploadedFile
from operations.operation import Operation
from operations.scopes import Scopes

FACE = "agent"  # as history names it


class Perform(Protocol):
    """How an operation is had done; raises what it refuses with."""

    def __call__(
        self, operation: Operation, given: BaseModel | None, target: str, attempt: Attempt
    ) -> Awaitable[Any]: ...


class Files(Protocol):
    """How a file that an agent names becomes an upload."""

    def lend(self, source: str) -> AbstractAsyncContextManager[UploadedFile]:
        """Lend the file of a path or an address, which is gone then if it was fetched; raises
        `Refusal`."""

    async def listed(self, folder: str) -> list[str]:
        """Return the pictures and videos in a folder, in order; raises `Refusal`."""

    def upload_link(self) -> str | None:
        """Return an address to which one file can be sent, once; None where paths are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where the tools of one call ask."""

    perform: Perform
    scopes: Callable[[], Awaitable[Scopes]]
    files: Files
    clock: Clock


@dataclass(slots=True)
class Counted:
    """Whether a call was counted: it is one request of its key's limit, whatever it takes."""

    is_done: bool = False


counted: ContextVar[Counted] = ContextVar("counted")
# Of the request that is being answered: tools are functions of modules, as the SDK wants them.
current: ContextVar[Desk] = ContextVar("desk")
