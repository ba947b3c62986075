"""The tools of agents in a process of their own: asks go to the daemon's socket, files are read
here, as the user who started it may."""

from __future__ import annotations

import logging
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio
from pydantic import BaseModel

from agents.desk import Desk, counted, current
from agents.server import build
from cli.failure import NOT_RUNNING
from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from local.ask import Daemon, NotThere
from operations import accounts
from operations.attempt import Attempt
from operations.by_address import AddressFetcher
from operations.media import UploadedFile
from operations.operation import Operation
from operations.scopes import Scopes, stored_scopes
from webhooks.targets import Reach, Targets

_SHOWN = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".heic", ".mp4", ".mov", ".mkv", ".webm", ".avi")
)
_MOST_FILES = 50
_MOST_BYTES = 512 * 1024 * 1024


def serve_stdio(
    directory: Path, guest: dict[str, Any], folders: Sequence[Path], person: str | None
) -> None:
    """Serve until standard input ends."""
    # Before the SDK is told to log, which it would do with colours; and nobody could interrupt the
    # thread that reads standard input.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, force=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with_files = _LocalFiles(tuple(folder.resolve() for folder in folders), directory.resolve())
    asking = _Asking(directory, guest, person)
    desk = Desk(perform=asking.perform, scopes=asking.scopes, files=with_files, clock=Clock())

    async def serve() -> None:
        current.set(desk)
        await build().run_stdio_async()

    trio.run(serve)


@dataclass(slots=True)
class _Asking:
    """Operations by way of the daemon; each question has a connection of its own, so that a daemon
    that was restarted is simply there again."""

    directory: Path
    guest: dict[str, Any]
    person: str | None
    _known: tuple[Scopes] | None = None

    async def perform(
        self, operation: Operation, given: BaseModel | None, target: str, attempt: Attempt
    ) -> Any:
        """Have an operation done; raises what it refuses with."""
        call = counted.get(None)
        counts = call is None or not call.is_done
        if call is not None:
            call.is_done = True
        daemon = Daemon(self.directory, self.person, guest={**self.guest, "counts": counts})
        ask = partial(daemon.perform, operation, given, target, attempt)
        try:
            # Whoever gives up leaves the question to end by itself: it is done once, or not at all.
            return await trio.to_thread.run_sync(ask, abandon_on_cancel=True)
        except NotThere:
            why = f"{NOT_RUNNING}; ask the user to do so"
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, why) from None
        finally:
            if daemon.version is not None and daemon.scopes is not None:
                self._known = (stored_scopes(daemon.scopes),)

    async def scopes(self) -> Scopes:
        """Return what the guest may; what a key may, only the daemon knows."""
        if "key" not in self.guest:
            return stored_scopes(str(self.guest["scopes"]))
        if self._known is None:
            with suppress(Refusal):  # it may not see accounts, or no daemon runs
                await self.perform(accounts.get_me, None, "", Attempt())
                if self._known is None:
                    self._known = (None,)
        return self._known[0] if self._known is not None else frozenset()


@dataclass(frozen=True, slots=True)
class _LocalFiles:
    """Files of this machine, below some folders; hidden ones and the daemon's own are nobody's."""

    folders: tuple[Path, ...]
    own: Path

    @asynccontextmanager
    async def lend(self, source: str) -> AsyncIterator[UploadedFile]:
        """Lend the file of a path or an address; what was fetched is gone then."""
        if "://" in source:
            fetcher = AddressFetcher(Targets(Reach.PUBLIC), _MOST_BYTES)
            with TemporaryDirectory(prefix="reprise-mcp-") as folder:
                yield await fetcher.fetch(source, Path(folder) / "file")
            return
        path = self._allowed(source)
        if not await trio.Path(path).is_file():
            raise Refusal(ErrorCode.NOT_FOUND, f"There is no file {source[:200]}")
        yield UploadedFile(path=path, name=path.name)

    async def listed(self, folder: str) -> list[str]:
        """Return the pictures and videos in a folder, as people count."""
        path = self._allowed(folder)
        try:
            names = [each.name for each in await trio.Path(path).iterdir()]
        except OSError:
            raise Refusal(ErrorCode.NOT_FOUND, f"There is no folder {folder[:200]}") from None
        chosen = [name for name in names if _is_shown(name)]
        if len(chosen) > _MOST_FILES:
            why = f"{len(chosen)} files lie there, and one call takes {_MOST_FILES}: name them"
            raise Refusal(ErrorCode.VALIDATION_ERROR, why)
        return [str(path / name) for name in sorted(chosen, key=_as_people_count)]

    def upload_link(self) -> str | None:
        """Return none: paths are read."""
        return None

    def _allowed(self, text: str) -> Path:
        """Return where a path leads, if that is within the folders; raises `Refusal`."""
        try:
            path = Path(text).expanduser().resolve()
            within = [path.relative_to(each) for each in self.folders if path.is_relative_to(each)]
        except (ValueError, OSError, RuntimeError):
            within = []
        seen = any(not any(part.startswith(".") for part in each.parts) for each in within)
        if not seen or path.is_relative_to(self.own):
            there = ", ".join(map(str, self.folders))
            why = f"Files are read below {there} only, and nothing hidden (`reprise mcp --files`)"
            raise Refusal(ErrorCode.INVALID_PARAM, why)
        return path


def _is_shown(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in _SHOWN


def _as_people_count(name: str) -> list[tuple[int, str]]:
    """Order `2.jpg` before `10.jpg`."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]
