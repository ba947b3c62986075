"""What was uploaded to be taken in: looked at first, then taken in or given up.

There is one for a user at a time. Nothing of it is stored before it is taken in as a whole; what
nobody has taken goes with the next upload, or with the next start.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import trio

from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from moving.files import read_file
from moving.media import place_in
from moving.plan import Imported, NotImported, Plan, read_document
from moving.taking_in import look_ahead, take_in
from moving.taking_out import TakenIn, remember, take_out
from operations.arriving import Foreseen, Loose
from publish.library import MediaLibrary
from storage.document import KINDS
from storage.media_files import MediaFile
from storage.store import Store
from storage.vault import Vault
from storage.wrong_clock import is_recent

KEPT_FOR = timedelta(hours=1)
LARGEST_DOCUMENT = 64 << 20  # what `reprise import` takes beyond that is read whole too
_DOCUMENT, _MEDIA = "document", "media"


@dataclass(frozen=True, slots=True)
class _Arrived:
    folder: Path
    foreseen: Foreseen
    at: datetime

    @property
    def media(self) -> Path | None:
        folder = self.folder / _MEDIA
        return folder if folder.is_dir() else None


@dataclass(frozen=True, slots=True)
class _Taken:
    came: TakenIn
    foreseen: Foreseen
    at: datetime


class Arrivals:
    """See `operations.arriving.ImportDesk`."""

    def __init__(self, store: Store, vault: Vault, library: MediaLibrary, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._library = library
        self._clock = clock
        self._of: dict[str, _Arrived] = {}
        self._taken: dict[str, _Taken] = {}
        self._alone = trio.Lock()

    async def plan(self, user_id: str, given: Loose) -> Foreseen:
        async with self._alone:
            await self._give_up(user_id)
            folder = self._library.scratch()
            try:
                found = await self._looked_at(user_id, given, folder)
            except BaseException:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(_remove, folder)
                raise
            self._of[user_id] = _Arrived(folder, found, self._clock.now())
            return found

    def foreseen(self, user_id: str) -> Foreseen | None:
        arrived = self._of.get(user_id)
        if arrived is None or not is_recent(arrived.at, self._clock.now(), KEPT_FOR):
            return None
        return arrived.foreseen

    async def take(self, user_id: str, ticket: str) -> Foreseen:
        async with self._alone:
            foreseen = self.foreseen(user_id)
            if foreseen is None or foreseen.ticket != ticket:
                raise Refusal(ErrorCode.NOT_FOUND, "That file is not here any more: send it again")
            arrived, now = self._of[user_id], self._clock.now()
            with _in_words():
                plan = await self._read(user_id, arrived.folder, foreseen.name)
                done = await take_in(
                    plan, self._store, self._vault, self._library, media=arrived.media, now=now
                )
            with trio.CancelScope(shield=True):
                await self._give_up(user_id)
            told = _told(done, foreseen.name, secrets.token_hex(8))
            if done.new:
                came = await self._store.read(remember, done)
                self._taken[user_id] = _Taken(came, told, now)
            return told

    def taken(self, user_id: str) -> tuple[Foreseen, datetime] | None:
        taken = self._taken.get(user_id)
        if taken is None or not is_recent(taken.at, self._clock.now(), KEPT_FOR):
            return None
        return taken.foreseen, taken.at + KEPT_FOR

    async def take_back(self, user_id: str, ticket: str) -> Foreseen:
        async with self._alone:
            found = self.taken(user_id)
            if found is None or found[0].ticket != ticket:
                raise Refusal(ErrorCode.NOT_FOUND, "It cannot be taken back in one step any more")
            await take_out(self._taken[user_id].came, self._store, self._library)
            del self._taken[user_id]
            return found[0]

    async def discard(self, user_id: str) -> None:
        async with self._alone:
            await self._give_up(user_id)

    async def _looked_at(self, user_id: str, given: Loose, folder: Path) -> Foreseen:
        """Lay the files out in a folder, and see what would come of them."""
        await trio.Path(folder).mkdir(mode=0o700)
        await trio.Path(given.path).replace(folder / _DOCUMENT)
        with _in_words():
            plan = await self._read(user_id, folder, given.name)
            media = folder / _MEDIA if given.media else None
            if media is not None:
                await trio.to_thread.run_sync(_lay_out, plan, given.media, media)
            now = self._clock.now()
            done = await look_ahead(
                plan, self._store, self._vault, self._library, media=media, now=now
            )
        return _told(done, given.name, secrets.token_hex(8))

    async def _read(self, user_id: str, folder: Path, name: str) -> Plan:
        def read() -> Plan:
            file = folder / _DOCUMENT
            if file.stat().st_size > LARGEST_DOCUMENT:
                limit = LARGEST_DOCUMENT >> 20
                raise NotImported([f"{name} is larger than {limit} MB: use `reprise import`"])
            return read_document(read_file(file, name), user_id)

        return await trio.to_thread.run_sync(read)

    async def _give_up(self, user_id: str) -> None:
        arrived = self._of.pop(user_id, None)
        if arrived is not None:
            await trio.to_thread.run_sync(_remove, arrived.folder)


def _lay_out(plan: Plan, media: list[tuple[str, Path]], folder: Path) -> None:
    """Put each file where its row says that it lies: a browser tells of a file its name alone.

    Raises `NotImported` where two files that are wanted have one name.
    """
    folder.mkdir(mode=0o700)
    named: dict[str, list[Path]] = {}
    for name, path in media:
        named.setdefault(name, []).append(path)
    rows: list[MediaFile] = plan.rows.get("mediaFiles", [])
    wanted = {row.storage_path for row in rows}
    for row in rows:
        wanted |= {path for path in (row.thumbnail_path, row.processed_path) if path}
    for story in plan.rows.get("reposts", ()):
        wanted |= {path for path in (story.media_path, story.preview_path) if path}
    for stored in wanted:
        target = place_in(folder, stored)
        found = named.get(target.name, []) if target is not None else []
        if target is None or not found or target.exists():
            continue  # what has to be there is missed by who looks for it
        if len(found) > 1:
            raise NotImported([f"two files are called {target.name}"])
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.hardlink_to(found[0])


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _told(done: Imported, name: str, ticket: str) -> Foreseen:
    return Foreseen(
        ticket=ticket,
        name=name,
        rows=[
            (kind.name, done.new[kind.name], done.known[kind.name])
            for kind in KINDS
            if done.new[kind.name] or done.known[kind.name]
        ],
        notes=[f"{count} {note}" for note, count in done.notes.items()] + list(done.protection),
        left_out=[f"{name} ({count})" for name, count in done.unknown.items()],
    )


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except NotImported as refused:
        raise Refusal(ErrorCode.VALIDATION_ERROR, str(refused)) from None
