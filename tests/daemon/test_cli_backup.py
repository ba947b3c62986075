"""`reprise backup`, `restore` and `rotate-key` as a person runs them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon import data_dir
from tests.support.data import Commands
from tests.support.process import environment, running

TOKEN = "IGAAxGivenByMeta"


@pytest.fixture
def reprise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    return Commands(environment(tmp_path), monkeypatch, capsys)


def connect(reprise: Commands) -> None:
    words = ("account", "add", "--username", "studio", "--access-token-stdin")
    done = reprise(*words, stdin=f"{TOKEN}\n")
    assert done.code == 0, done.err


@pytest.mark.acceptance
async def test_a_backup_of_a_running_daemon(
    reprise: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, document = tmp_path / "backup.tar", tmp_path / "export.json"
    await trio.to_thread.run_sync(connect, reprise)
    connect_to = sqlite3.connect

    def elsewhere(database: str, *more: Any, **named: Any) -> sqlite3.Connection:
        assert not str(database).split("?")[0].endswith("/data/reprise.db")
        opened: sqlite3.Connection = connect_to(database, *more, **named)
        return opened

    async with running(reprise.env, tmp_path / "log") as daemon:
        monkeypatch.setattr(sqlite3, "connect", elsewhere)
        told = reprise("export", str(document), "--with-secrets")
        assert told.code == 0, told.err
        (account,) = json.loads(document.read_text())["accounts"]
        assert account["secrets"]
        saved = reprise("backup", str(archive), "--json")
        assert saved.code == 0, saved.err
        assert [each for each in (tmp_path / "data" / "media").rglob("*") if each.is_file()] == []
        assert saved.json["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
        for words in (("restore", str(archive), "--force"), ("rotate-key",)):
            refused = reprise(*words)
            assert refused.code == 2
            assert "Another Reprise uses" in refused.err
        assert await daemon.stop() == 0


def test_a_life_with_backups(reprise: Commands, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar"
    nothing = reprise("backup", str(archive))
    assert (nothing.code, len(nothing.err.strip().splitlines())) == (1, 1)
    connect(reprise)
    assert str(archive) in reprise("backup", str(archive)).out
    again = reprise("backup", str(archive))
    assert again.code == 2
    assert "exists already" in again.err

    assert "Sealed 1 secrets" in reprise("rotate-key").out
    refused = reprise("restore", str(archive))
    assert refused.code == 1
    assert "--force" in refused.err
    told = reprise("restore", str(archive), "--force")
    assert "kept in" in told.out
    assert "The key is wrong" in told.err  # sealed with the one before
    for words in (("rotate-key",), ("account", "add", "--username", "b", "--access-token-stdin")):
        wrong = reprise(*words, stdin=TOKEN)
        assert (wrong.code, len(wrong.err.strip().splitlines())) == (2, 1)
        assert "rotate-key --lost" in wrong.err
    assert reprise("rotate-key", "--lost", "--yes", "--json").json == {"forgotten": 1}
    assert "Sealed 0 secrets" in reprise("rotate-key").out


def test_a_backup_that_is_not_whole_says_so_then_and_later(
    reprise: Commands, tmp_path: Path
) -> None:
    connect(reprise)
    name = f"media/ab/ab{'0' * 62}.jpg"
    (tmp_path / "data" / name).mkdir(parents=True)  # which no reading gives
    saved = reprise("backup", str(tmp_path / "backup.tar"))
    assert (saved.code, "not whole" in saved.err, name in saved.err) == (3, True, True)
    told = reprise("backup", str(tmp_path / "again.tar"), "--json")
    assert (told.code, told.json["unreadable"]) == (3, [name])
    restored = reprise("restore", str(tmp_path / "again.tar"), "--force", "--json")
    assert (restored.code, restored.json["unreadable"]) == (0, [name])
    assert name in reprise("restore", str(tmp_path / "backup.tar"), "--force").err


def test_with_its_key_a_backup_is_complete(reprise: Commands, tmp_path: Path) -> None:
    connect(reprise)
    archive = tmp_path / "backup.tar"
    saved = reprise("backup", str(archive), "--with-key")
    assert "whoever reads it has the accounts" in saved.err
    (tmp_path / "data" / "secret.key").unlink()
    restored = reprise("restore", str(archive), "--force", "--json")
    assert restored.json["key"] == "fits"
    assert reprise("rotate-key", "--json").json == {"sealed": 1}


def test_a_key_that_systemd_keeps_is_rotated_through_files(
    reprise: Commands, tmp_path: Path
) -> None:
    connect(reprise)
    old, new = tmp_path / "old.key", tmp_path / "new.key"
    (tmp_path / "data" / "secret.key").rename(old)
    explained = reprise("rotate-key")
    assert explained.code == 1
    assert "systemd" in explained.err
    files = ("--old-key", str(old), "--new-key", str(new))
    assert reprise("rotate-key", *files, "--json").json == {"sealed": 1}
    assert new.stat().st_mode & 0o777 == 0o600
    back = ("--old-key", str(new), "--new-key", str(tmp_path / "data" / "secret.key"))
    assert reprise("rotate-key", *back, "--json").json == {"sealed": 1}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["backup", "/no/such/folder/b.tar"], "no folder"),
        (["restore", "/no/such/file"], "does not exist"),
        (["rotate-key", "--old-key", __file__], "together"),
        (["rotate-key", "--old-key", __file__, "--new-key", __file__], "cannot be used"),
    ],
)
def test_wrong_use_is_one_clear_error(reprise: Commands, words: list[str], line: str) -> None:
    connect(reprise)
    done = reprise(*words)
    assert done.code == 2
    assert line in done.err


def test_a_backup_among_the_media_is_refused(reprise: Commands, tmp_path: Path) -> None:
    connect(reprise)
    data_dir.prepare(tmp_path / "data" / "media")
    assert reprise("backup", str(tmp_path / "data" / "media")).code == 2
