"""The backup file: whole or refused, private, and put in place without a moment in between."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import trio
from sqlite_utils import Database

from daemon import data_dir
from publish.library import MediaLibrary
from storage import backup, users
from storage.backup import NAME, write_backup
from storage.copies import copy_database
from storage.errors import Damaged, StorageError, Unavailable, Unusable
from storage.files import MediaFolder
from storage.restore import stage, swap_in
from storage.store import open_directly, open_store, transaction
from tests.support.data import files_of, ignore
from tests.support.disks import tiny_disk_at
from tests.support.studio import Studio

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def fill(directory: Path, *pictures: bytes) -> list[Path]:
    """Make a data directory with an owner and these media files; returns the files."""
    directory.mkdir()
    with open_directly(directory / "reprise.db") as db, transaction(db):
        users.ensure_owner(db, NOW)
    folder = MediaFolder(directory / "media")
    made = []
    for content in pictures:
        scratch = folder.scratch()
        scratch.write_bytes(content)
        made.append(folder.path(folder.adopt(scratch, ".jpg").path))
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    fill(directory, b"sea" * 700, b"stone" * 700, b"light" * 700)
    return directory


@pytest.fixture
def archive(data: Path, tmp_path: Path) -> Path:
    target = tmp_path / "backup.tar"
    write_backup(data, target, key=None, now=NOW, progress=ignore)
    return target


def empty(tmp_path: Path) -> Path:
    directory = tmp_path / "fresh"
    directory.mkdir()
    return directory


async def test_it_is_of_one_moment_while_the_daemon_writes(data: Path, tmp_path: Path) -> None:
    """Two tables that always change together never differ in a backup."""

    def both(db: Database, number: int) -> None:
        db.conn.execute("INSERT INTO users (id, created_at) VALUES (?, 'now')", (str(number),))
        db.conn.execute("INSERT INTO facts VALUES (?, '', 'now')", (str(number),))

    heard: list[tuple[int, int]] = []
    async with open_store(data / "reprise.db") as store:
        for number in range(5):
            await store.write(both, number)
            target = tmp_path / f"{number}.tar"
            write_backup(data, target, key=None, now=NOW, progress=lambda *step: heard.append(step))
            folder = tmp_path / f"fresh{number}"
            folder.mkdir()
            with closing(sqlite3.connect(stage(target, folder, ignore).database)) as copy:
                (count,) = copy.execute("SELECT count(*) FROM facts").fetchone()
                assert copy.execute("SELECT count(*) FROM users").fetchone() == (count + 1,)
                assert count == number + 1
    assert heard[-1][0] >= heard[-1][1] > 0


def test_its_checksum_and_mode(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.tar"
    written = write_backup(data, target, key=b"the key", now=NOW, progress=ignore)
    assert hashlib.sha256(target.read_bytes()).hexdigest() == written.sha256
    assert (written.size, written.media_files) == (target.stat().st_size, 3)
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [data, target] or {*tmp_path.iterdir()} == {data, target}
    with tarfile.open(target) as tar:
        assert {member.mode for member in tar} == {0o600}
        assert "secret.key" in tar.getnames()


def test_the_key_is_in_it_only_when_asked_for(data: Path, archive: Path) -> None:
    (data / "secret.key").write_bytes(b"the key itself")
    with tarfile.open(archive) as tar:
        assert "secret.key" not in tar.getnames()
    assert b"the key itself" not in archive.read_bytes()


def test_media_that_are_deleted_meanwhile_do_not_break_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    files = sorted(fill(data, b"sea" * 700, b"stone" * 700, b"light" * 700))

    def delete_the_last(_done: int, _total: int) -> None:
        files[-1].unlink(missing_ok=True)

    target = tmp_path / "backup.tar"
    written = write_backup(data, target, key=None, now=NOW, progress=delete_the_last)
    assert (written.media_files, written.vanished) == (2, 1)
    assert stage(target, empty(tmp_path), ignore).media_files == 2


@pytest.mark.parametrize("moment", ["before the copy", "while it is copied", "after it"])
async def test_of_every_row_the_file_is_in_it_whatever_comes_meanwhile(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """An upload, a story with its preview, and a card with its thumbnail arrive in between."""
    await studio.configure()

    async def comes() -> None:
        library = MediaLibrary(studio.core.store, studio.folder, studio.core.clock)
        scratch = studio.folder.scratch(".jpg")
        scratch.write_bytes(studio.photo(400, 500, 3).read_bytes())
        await library.take_in(scratch, "new.jpg", studio.core.owner.id)
        studio.mention(studio.friend("anna"))
        await studio.run_all()

    original = copy_database

    def copy(source: Path, target: Path) -> None:
        if moment == "before the copy":
            trio.from_thread.run(comes)
        original(source, target)
        if moment == "while it is copied":
            trio.from_thread.run(comes)
            original(source, target)  # SQLite begins anew when it was written to
        if moment == "after it":
            trio.from_thread.run(comes)

    monkeypatch.setattr(backup, "copy_database", copy)
    target = tmp_path / "backup.tar"
    directory = studio.core.settings.data_dir
    written = await trio.to_thread.run_sync(
        lambda: write_backup(directory, target, key=None, now=NOW, progress=ignore)
    )
    assert written.missing == []
    with tarfile.open(target) as tar:
        names = set(tar.getnames())
        tar.extract("reprise.db", tmp_path / "x", filter="data")
    referred = set()
    with closing(sqlite3.connect(tmp_path / "x" / "reprise.db")) as copied:
        for sql in (
            "SELECT storage_path FROM media_files UNION SELECT thumbnail_path FROM media_files",
            "SELECT stored_path FROM renditions",
            "SELECT media_path FROM reposts UNION SELECT preview_path FROM reposts",
        ):
            referred |= {f"media/{row[0]}" for row in copied.execute(sql) if row[0]}
    assert bool(referred) == (moment != "after it")
    assert referred <= names


async def test_what_is_gone_is_named(studio: Studio, tmp_path: Path) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    story = (await studio.only()).media_path
    assert story
    studio.folder.path(story).unlink()
    directory = studio.core.settings.data_dir
    target = tmp_path / "b.tar"
    written = write_backup(directory, target, key=None, now=NOW, progress=ignore)
    assert written.missing == [f"media/{story}"]


def test_media_that_the_disk_has_damaged_are_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    file, _ = fill(data, b"sea" * 700, b"stone" * 700)
    file.write_bytes(b"rotten")
    written = write_backup(data, tmp_path / "b.tar", key=None, now=NOW, progress=ignore)
    assert written.damaged == [str(file.relative_to(data))]


def test_what_the_disk_does_not_give_is_named_and_the_rest_is_saved(tmp_path: Path) -> None:
    """One that cannot be opened, one that ends too early, and a folder that cannot be listed."""
    data = tmp_path / "data"
    one, two, large, *rest = fill(
        data, b"sea" * 700, b"stone" * 700, bytes(3 << 20), *(bytes([n]) * 900 for n in range(9))
    )
    one.unlink()
    one.mkdir()
    two.unlink()
    two.parent.rmdir()
    two.parent.symlink_to(two.parent)
    cut = False

    def cut_off(done: int, _total: int) -> None:
        nonlocal cut
        if done > (1 << 20) and not cut:
            cut = True
            os.truncate(large, 2 << 20)

    target = tmp_path / "backup.tar"
    written = write_backup(data, target, key=None, now=NOW, progress=cut_off)
    assert cut
    unread = {str(path.relative_to(data)) for path in (one, two.parent, large)}
    assert {*written.unreadable} == unread
    assert (written.is_whole, written.media_files, written.damaged) == (False, len(rest), [])
    assert hashlib.sha256(target.read_bytes()).hexdigest() == written.sha256
    staged = stage(target, empty(tmp_path), ignore)
    assert ({*staged.unreadable}, staged.media_files) == (unread, len(rest))
    there = {path.name: path.read_bytes() for path in rest}
    unpacked = (staged.folder / "media").glob("??/*")
    assert {path.name: path.read_bytes() for path in unpacked} == there


def test_what_lies_beside_the_media_is_not_in_it(tmp_path: Path) -> None:
    """Also not in the way of a restore, where an older Reprise took all of a folder."""
    data = tmp_path / "data"
    (file,) = fill(data, b"sea" * 700)
    small = file.with_suffix(".144.webp")
    for path in (small, file.with_name(".DS_Store"), data / "media" / "lost+found" / "x"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"small")
    target = tmp_path / "b.tar"
    written = write_backup(data, target, key=None, now=NOW, progress=ignore)
    assert (written.media_files, written.is_whole, written.damaged) == (1, True, [])
    assert stage(target, empty(tmp_path), ignore).media_files == 1
    older = tmp_path / "older.tar"
    with tarfile.open(target) as tar, tarfile.open(older, "w") as other:
        contents = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
        manifest = json.loads(contents.pop("manifest.json"))
        for path in (small, file.with_name(".DS_Store")):
            name, digest = str(path.relative_to(data)), hashlib.sha256(b"small").hexdigest()
            contents[name] = b"small"
            manifest["files"].append({"path": name, "size": 5, "sha256": digest})
        for name, content in {**contents, "manifest.json": json.dumps(manifest).encode()}.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            other.addfile(header, io.BytesIO(content))
    (tmp_path / "again").mkdir()
    staged = stage(older, tmp_path / "again", ignore)
    assert [path.name for path in (staged.folder / "media").glob("??/*")] == [file.name]


@pytest.mark.parametrize("name", ["../x", "media/\x1b[2J", 7, "media/ab/../../x"])
def test_what_a_forged_backup_says_of_itself_is_not_believed(
    data: Path, archive: Path, tmp_path: Path, name: object
) -> None:
    forged = tmp_path / "forged.tar"
    with tarfile.open(archive) as tar, tarfile.open(forged, "w") as other:
        for one in tar:
            content = tar.extractfile(one).read()  # type: ignore[union-attr]
            if one.name == "manifest.json":
                content = json.dumps({**json.loads(content), "unreadable": [name]}).encode()
                one.size = len(content)
            other.addfile(one, io.BytesIO(content))
    with pytest.raises(Damaged):
        stage(forged, empty(tmp_path), ignore)


def test_a_damaged_database_is_not_saved_as_if_it_were_sound(data: Path, tmp_path: Path) -> None:
    content = bytearray((data / "reprise.db").read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\x17" * 4096 * 3
    (data / "reprise.db").write_bytes(content)
    with pytest.raises(Damaged, match="is damaged"):
        write_backup(data, tmp_path / "b.tar", key=None, now=NOW, progress=ignore)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def harms(size: int) -> list[Callable[[bytearray], None]]:
    def cut(at: int) -> Callable[[bytearray], None]:
        return lambda content: content.__delitem__(slice(at, None))

    def flip(at: int) -> Callable[[bytearray], None]:
        def harm(content: bytearray) -> None:
            content[at] ^= 0x20

        return harm

    places = [*range(0, size, size // 40), 1024, 2048 + 512]
    return [cut(at) for at in places if at] + [flip(at) for at in places]


def test_what_was_cut_off_or_changed_is_refused_and_touches_nothing(
    data: Path, archive: Path, tmp_path: Path
) -> None:
    """Wherever the harm is: refused, or (between files) without effect on what is restored."""
    there = files_of(data)
    whole = archive.read_bytes()
    harmed = tmp_path / "harmed.tar"
    refused, messages = 0, list[str]()
    for harm in harms(len(whole)):
        content = bytearray(whole)
        harm(content)
        harmed.write_bytes(content)
        try:
            staged = stage(harmed, data, ignore)
        except StorageError as error:
            refused += 1
            messages.append(str(error))
            left = files_of(data)
        else:
            left = there
            unpacked = files_of(staged.folder)
            assert unpacked == {name: there[name] for name in unpacked if "media" in name} | {
                "reprise.db": unpacked["reprise.db"]
            }
        assert left == there
    assert refused > 60
    assert not any("\n" in message for message in messages)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "media/../../outside", "reprise.lock", "media/link"]
)
def test_a_file_that_no_backup_has_is_refused(tmp_path: Path, name: str) -> None:
    content = b"evil"
    manifest = {
        "format": "reprise-backup",
        "version": 1,
        "createdAt": "2026-04-20T14:00:00.000Z",
        "schema": ["m0001_initial"],
        "files": [{"path": name, "size": 4, "sha256": hashlib.sha256(content).hexdigest()}],
    }
    forged = tmp_path / "forged.tar"
    with tarfile.open(forged, "w") as tar:
        for path, data in ((name, content), ("manifest.json", json.dumps(manifest).encode())):
            header = tarfile.TarInfo(path)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
    with pytest.raises(Damaged, match="no backup"):
        stage(forged, empty(tmp_path), ignore)
    assert not (tmp_path / "outside").exists()


def test_any_other_file_is_named_as_no_backup(tmp_path: Path) -> None:
    other = tmp_path / "holiday.jpg"
    other.write_bytes(b"\xff\xd8 a picture" * 1000)
    with pytest.raises(Damaged, match=r"holiday\.jpg"):
        stage(other, empty(tmp_path), ignore)


def test_a_newer_schema_is_refused(data: Path, tmp_path: Path) -> None:
    with open_directly(data / "reprise.db") as db, transaction(db):
        db.conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('reprise', 'm9999_future', 'now')"
        )
    write_backup(data, tmp_path / "b.tar", key=None, now=NOW, progress=ignore)
    for source in (tmp_path / "b.tar", data / "reprise.db"):
        fresh = tmp_path / f"for-{source.name}"
        fresh.mkdir()
        with pytest.raises(Unusable, match="newer Reprise"):
            stage(source, fresh, ignore)
        assert list(fresh.iterdir()) == []


def test_a_full_disk_is_said_before_anything_is_written(
    data: Path, tmp_path: Path, tiny_disk: Path
) -> None:
    fill(tmp_path / "large", bytes(6 << 20))
    with pytest.raises(Unavailable, match="no room"):
        write_backup(tmp_path / "large", tiny_disk / "b.tar", key=None, now=NOW, progress=ignore)
    assert list(tiny_disk.iterdir()) == []


def test_media_on_a_disk_of_their_own_are_refused_while_nothing_is_touched(
    archive: Path, tmp_path: Path
) -> None:
    """What is mounted cannot be moved aside: a swap that had begun would never end."""
    new = tmp_path / "new"
    (new / "media").mkdir(parents=True)
    with tiny_disk_at(new / "media"):
        MediaFolder(new / "media")
        with pytest.raises(Unavailable, match="a disk of its own"):
            stage(archive, new, ignore)
        assert list(new.iterdir()) == [new / "media"]
    stage(archive, new, ignore)
    swap_in(new, NOW)
    assert (new / "reprise.db").exists()


@pytest.mark.parametrize("step", range(1, 9))
def test_a_swap_that_was_interrupted_is_finished_by_the_next_command(
    data: Path, archive: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Killed before its n-th renaming: never a directory with half of each."""
    with open_directly(data / "reprise.db") as db, transaction(db):
        db.conn.execute("DELETE FROM users")
    before = files_of(data)
    stage(archive, data, ignore)
    done = 0
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        nonlocal done
        done += 1
        if done == step:
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        try:
            swap_in(data, NOW)
        except KeyboardInterrupt:
            pass
        else:
            assert step > 5  # all renamed before: marker, database, media twice
    data_dir.prepare(data)
    with open_directly(data / "reprise.db") as db:
        (count,) = db.conn.execute("SELECT count(*) FROM users").fetchone()
    if step == 1:  # nothing had begun
        assert (count, files_of(data)["reprise.db"]) == (0, before["reprise.db"])
        return
    assert count == 1
    (aside,) = data.glob("before-restore-*")
    assert files_of(aside) == {name: before[name] for name in before if name != "secret.key"}
    assert not (data / ".restore").exists()


def test_what_a_killed_backup_left_goes_with_the_next_one(data: Path, tmp_path: Path) -> None:
    """As large as the data each, and hidden; but not what another one is writing."""
    folder = tmp_path / "usb"
    folder.mkdir()
    write = partial(write_backup, data, key=None, now=NOW, progress=ignore)
    seen = list[str]()

    def copied_by_daemon(target: Path) -> None:
        copy_database(data / "reprise.db", target)
        write(folder / NOW.replace(day=2).strftime(NAME))  # meanwhile
        seen.extend(path.name for path in folder.iterdir() if path.name.startswith("."))

    left = f".{NOW.replace(day=3).strftime(NAME)}"
    for name in (f"{left}.unfinished", f"{left}.database", f".{left}.database.unfinished"):
        (folder / name).write_bytes(bytes(700))
    write(folder / NOW.strftime(NAME), copy=copied_by_daemon)
    ours = f".{NOW.strftime(NAME)}"
    assert sorted(seen) == [f"{ours}.database", f"{ours}.unfinished"]
    assert sorted(path.name for path in folder.iterdir()) == [
        NOW.replace(day=day).strftime(NAME) for day in (1, 2)
    ]
    stage(folder / NOW.strftime(NAME), empty(tmp_path), ignore)


def test_what_a_killed_restore_left_goes_with_the_next_command(data: Path, archive: Path) -> None:
    before = files_of(data)
    stage(archive, data, ignore)
    data_dir.prepare(data)
    with data_dir.held(data):
        assert not (data / ".restore").exists()
    assert files_of(data) == before


@pytest.mark.parametrize(
    "marker", [b"", b"\xff", b"[]", b'{"aside": 5}', b'{"aside": "../out"}', b"[" * 100_000]
)
def test_a_swap_whose_marker_the_disk_has_damaged_is_finished(
    data: Path, archive: Path, marker: bytes
) -> None:
    before = files_of(data)
    stage(archive, data, ignore)
    (data / ".restore" / "ready.json").write_bytes(marker)
    data_dir.prepare(data)
    assert not (data / ".restore").exists()
    (aside,) = data.glob("before-restore-*")
    assert files_of(aside)["reprise.db"] == before["reprise.db"]
