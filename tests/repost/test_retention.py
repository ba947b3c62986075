"""Strangers' media: gone with the account, kept no longer than was promised, nor shorter."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from sqlite_utils import Database

from publish.intake import disconnect
from publish.library import MediaLibrary
from repost.retention import PARTS, Retention
from storage import media_files, repost_history
from storage.errors import NotFound
from tests.support.limits import DEADLOCK_S
from tests.support.studio import Studio

DAY = timedelta(days=1)


def files(studio: Studio) -> list[str]:
    root = studio.folder.root
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def retention(studio: Studio) -> Retention:
    return Retention(studio.core.store, studio.folder, studio.core.clock, 30)


async def count(studio: Studio, table: str) -> int:
    def ask(db: Database) -> int:
        return int(db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    return await studio.core.store.read(ask)


async def upload(studio: Studio) -> str:
    scratch = studio.folder.scratch(".jpg")
    scratch.write_bytes(studio.photo(400, 500, seed=77).read_bytes())
    library = MediaLibrary(studio.core.store, studio.folder, studio.core.clock)
    return (await library.take_in(scratch, "mine.jpg", studio.core.owner.id)).id


async def test_with_an_account_go_the_stories_of_others(studio: Studio) -> None:
    mine = await upload(studio)
    own = files(studio)
    await studio.configure(daily_repost_limit=1)
    for name in ("anna", "ben", "carl"):
        studio.mention(studio.friend(name))
    await studio.run_all()
    assert len(files(studio)) > len(own) + 3
    await studio.core.store.write(disconnect, studio.account.id, studio.clock.now())
    await retention(studio).tidy()
    assert files(studio) == own
    assert await count(studio, "media_files") == 1
    assert await count(studio, "loose_files") == 0
    assert await count(studio, "posts") == 1
    await studio.core.store.read(media_files.get, mine)


@pytest.mark.parametrize("way", ["cleared", "skipped and old", "removed"])
async def test_a_file_goes_with_the_last_row_that_refers_to_it(studio: Studio, way: str) -> None:
    """Whoever deletes a row, whatever the reason, and however it was interrupted."""
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    found = await studio.only()

    def let_go(db: Database) -> None:
        match way:
            case "cleared":
                db.conn.execute("DELETE FROM reposts")
            case "skipped and old":
                repost_history.forget_media(db, found.id)
            case "removed":
                assert found.card_media_id
                media_files.remove(db, found.card_media_id)

    before = set(files(studio))
    await studio.core.store.write(let_go)
    expected = await studio.core.store.read(lambda db: set(media_files.unused(db, sorted(before))))
    assert expected
    await retention(studio).tidy()
    assert set(files(studio)) == before - expected


async def test_a_file_without_a_row_goes_after_a_day_and_no_other(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upload(studio)
    own = files(studio)

    def lost(name: str, age_s: float) -> str:
        path = studio.folder.root / name[:2] / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"lost")
        os.utime(path, (time.time() - age_s, time.time() - age_s))
        return str(path.relative_to(studio.folder.root))

    lost("0a" * 32, 2 * 86_400)
    lost("ff" * 32, -400 * 86_400)  # by a clock that was ahead
    young = lost("7b" * 32, 3600)
    for file in own:
        os.utime(studio.folder.root / file, (1, 1))
    listed = os.scandir

    def scandir(path: Any) -> Any:
        """List a file more, which somebody deletes in this moment."""
        if not isinstance(path, Path) or len(path.name) != 2:
            return listed(path)
        passing = path / f"{path.name}{'00' * 31}"
        passing.write_bytes(b"")
        found = list(listed(path))
        passing.unlink()
        return found

    monkeypatch.setattr(os, "scandir", scandir)
    sweeper = retention(studio)
    removed = [await sweeper.sweep_part() for _ in range(PARTS)]
    assert sum(removed) == 2
    monkeypatch.undo()
    assert files(studio) == sorted([*own, young])


async def test_a_mention_that_is_removed_meanwhile_stops_no_tidying(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    studio.clock.advance(31 * DAY)
    store, read = studio.core.store, studio.core.store.read

    async def read_and_lose(operation: Any, *given: Any) -> Any:
        found = await read(operation, *given)
        if operation is repost_history.with_old_media:
            seen.append(len(found))
            await store.write(lambda db: db.conn.execute("DELETE FROM reposts"))
        return found

    seen: list[int] = []
    monkeypatch.setattr(store, "read", read_and_lose)
    assert await retention(studio).tidy() == 0
    assert seen == [1, 0]


async def test_a_file_that_comes_back_meanwhile_stays(studio: Studio) -> None:
    """The same bytes are let go of and taken in again before the sweep."""
    first = await upload(studio)
    await studio.core.store.write(media_files.remove, first)
    second = await upload(studio)
    assert await count(studio, "loose_files") > 0
    await retention(studio).tidy()
    media = await studio.core.store.read(media_files.get, second)
    assert studio.folder.path(media.storage_path).exists()


@pytest.mark.parametrize("ahead", [45 * DAY, 365 * DAY])
async def test_a_clock_that_is_wrong_deletes_nothing(studio: Studio, ahead: timedelta) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    before = files(studio)
    studio.clock.advance(ahead)
    for _ in range(3):
        assert await retention(studio).tidy() == 0
    assert files(studio) == before
    studio.clock.advance(31 * DAY - ahead)
    assert await retention(studio).tidy() == 1


@pytest.mark.parametrize(
    "path", ["../outside", "/etc/passwd", "ab/../../outside", "ab/..", "incoming/x", "", "ab/a\n"]
)
async def test_a_path_that_leads_out_is_none(studio: Studio, path: str) -> None:
    outside = studio.folder.root.parent / "outside"
    outside.write_text("stays")

    def forge(db: Database) -> None:
        db.conn.execute("INSERT INTO loose_files VALUES (?)", (path,))

    await studio.core.store.write(forge)
    with pytest.raises(NotFound):
        studio.folder.path(path)
    with trio.fail_after(DEADLOCK_S):
        await retention(studio).tidy()
    assert outside.read_text() == "stays"
