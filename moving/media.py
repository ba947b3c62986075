"""The files of an import: our own come as they are, those of other tools are taken in as uploads.

Bytes that are made anew are other bytes: a post in doubt would not be recognised by them, a card
would be an upload, and a photo would lose quality with each move.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import trio

from media.errors import MediaError
from media.sniff import sniff
from moving.plan import NotImported, Plan
from publish.library import MediaLibrary
from storage import media_files
from storage.files import MediaFolder
from storage.media_files import MediaFile
from storage.reposts import Repost
from storage.store import Database, Store

_OURS = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})(\.[a-z0-9]{1,8})")


@dataclass(slots=True)
class Brought:
    """What has come: rows that are still to be stored, and where their files lie."""

    rows: list[MediaFile] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    known: int = 0


async def bring(
    plan: Plan, store: Store, library: MediaLibrary, source: Path, brought: Brought
) -> None:
    """Bring the files of a plan from `source`, and note each one in `brought` as it comes.

    Raises `NotImported` when a file of the media is missing or unusable. A saved story that is
    missing is downloaded again.
    """
    for row, file in _files_of(plan, source):
        if await store.read(media_files.find, row.id) is not None:
            brought.known += 1
        elif plan.is_ours and await _keep(row, library.folder, source, brought):
            brought.rows.append(row)
        else:
            brought.rows.append(await _take_in(row, library, file, brought))
    stories: list[Repost] = plan.rows.get("reposts", [])
    for path in {one for row in stories for one in (row.media_path, row.preview_path) if one}:
        await _adopt(path, library.folder, source, brought)


async def foresee(plan: Plan, store: Store, source: Path, brought: Brought) -> None:
    """Note what `bring` would bring; nothing is copied. Raises `NotImported` as it does."""
    for row, file in _files_of(plan, source):
        if await store.read(media_files.find, row.id) is not None:
            brought.known += 1
        elif await trio.to_thread.run_sync(sniff, file) is None:
            raise NotImported([f"{row.storage_path} is no picture or video"])
        else:
            brought.rows.append(row)
    stories: list[Repost] = plan.rows.get("reposts", [])
    paths = {one for row in stories for one in (row.media_path, row.preview_path) if one}
    brought.paths |= {path for path in paths if _file_in(source, path) is not None}


def _files_of(plan: Plan, source: Path) -> list[tuple[MediaFile, Path]]:
    rows: list[MediaFile] = plan.rows.get("mediaFiles", [])
    files = {row.id: _file_in(source, row.storage_path) for row in rows}
    missing = [row.storage_path for row in rows if files[row.id] is None]
    if missing:
        raise NotImported([f"{path} is not in {source.name}" for path in missing])
    return [(row, file) for row in rows if (file := files[row.id]) is not None]


async def undo(brought: Brought, store: Store, folder: MediaFolder) -> None:
    """Give up again what has come, where no row needs it."""
    async with folder.changing:
        unused = await store.read(media_files.unused, brought.paths)
        await trio.to_thread.run_sync(folder.remove, unused)


def check_there(brought: Brought, folder: MediaFolder) -> None:
    """Raise `NotImported` where a file went that had come: another row let the same bytes go.

    Whoever calls it holds `folder.changing` until the rows are stored.
    """
    if not all(folder.path(path).is_file() for path in brought.paths):
        raise NotImported(["a file of it was deleted here while the others came: import it again"])


def add_rows(db: Database, brought: Brought) -> None:
    """Store the rows of files that came as they are."""
    for row in brought.rows:
        media_files.add(db, row)


async def _keep(row: MediaFile, folder: MediaFolder, source: Path, brought: Brought) -> bool:
    """Bring a file with its thumbnail as they are; False where they are not what the row says."""
    named = _OURS.fullmatch(row.storage_path)
    file = _file_in(source, row.storage_path)
    if named is None or named[2] != row.sha256 or file is None or not row.is_valid:
        return False
    kind = await trio.to_thread.run_sync(sniff, file)
    if kind is None or kind.mime != row.mime_type or row.file_size != file.stat().st_size:
        return False
    paths = {row.storage_path, row.thumbnail_path, row.processed_path} - {None}
    return all([await _adopt(str(path), folder, source, brought) for path in paths])


async def _adopt(path: str, folder: MediaFolder, source: Path, brought: Brought) -> bool:
    """Bring one file whose name says its content; False when there is none."""
    file, named = _file_in(source, path), _OURS.fullmatch(path)
    if file is None or named is None:
        return False
    scratch = folder.scratch()
    try:
        if await trio.to_thread.run_sync(_copy, file, scratch) != (named[2], named[3]):
            return False
        async with folder.changing:
            await trio.to_thread.run_sync(folder.adopt, scratch, named[3])
    finally:
        await trio.Path(scratch).unlink(missing_ok=True)
    brought.paths.add(path)
    return True


def _copy(file: Path, scratch: Path) -> tuple[str, str]:
    """Copy a file; returns the hash of what was copied, and the suffix that suits it."""
    shutil.copyfile(file, scratch)
    with scratch.open("rb") as content:
        digest = sha256()
        while data := content.read(1 << 20):
            digest.update(data)
    kind = sniff(scratch)
    return digest.hexdigest(), "" if kind is None else kind.suffix


async def _take_in(
    row: MediaFile, library: MediaLibrary, file: Path, brought: Brought
) -> MediaFile:
    scratch = library.scratch()
    try:
        await trio.to_thread.run_sync(shutil.copyfile, file, scratch)
        taken = await library.keep(
            scratch, row.original_filename, row.user_id, media_id=row.id, origin=row.origin
        )
        brought.paths |= {path for path in (taken.storage_path, taken.thumbnail_path) if path}
        return taken
    except MediaError as error:
        raise NotImported([f"{row.storage_path} cannot be used: {error.reason}"]) from None
    finally:
        await trio.Path(scratch).unlink(missing_ok=True)


def place_in(folder: Path, stored: str) -> Path | None:
    """Return where a stored path leads within a folder; None where it leads out, or nowhere."""
    try:
        path = (folder / stored).resolve()
        path.is_file()
    except (OSError, ValueError):  # a stranger's path: too long, or with a zero in it
        return None
    return path if path.is_relative_to(folder.resolve()) else None


def _file_in(folder: Path, stored: str) -> Path | None:
    path = place_in(folder, stored)
    return path if path is not None and path.is_file() else None
