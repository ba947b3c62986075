"""Archives and databases made to harm: refused before a byte of them is unpacked or run."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sqlite3
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from moving import files
from moving.plan import NotImported
from storage import foreign, restore
from storage.backup import write_backup
from storage.errors import Damaged, StorageError
from storage.manifest import read_manifest
from storage.restore import stage
from tests.storage.test_backup import NOW, empty, fill
from tests.storage.test_upgrade import NAMES, make
from tests.support.data import files_of, ignore
from tests.support.thinned import thinned
from tests.support.wrong import PYTHONS_WORDS

MEDIA = "media/ab/" + "0" * 64
HUGE = 3_000_000_000


def listed(name: str, content: bytes, size: int | None = None) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"path": name, "size": len(content) if size is None else size, "sha256": digest}


class Forger:
    """Builds archives out of the members of a real one."""

    def __init__(self, directory: Path) -> None:
        fill(directory / "data", b"sea" * 700)
        write_backup(directory / "data", directory / "good.tar", key=None, now=NOW, progress=ignore)
        with tarfile.open(directory / "good.tar") as tar:
            self.database = self._read(tar, "reprise.db")
            self.manifest = json.loads(self._read(tar, "manifest.json"))
        self.path = directory / "forged.tar"
        self.files: list[dict[str, Any]] = []
        self._tar = tarfile.open(self.path, "w", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    @staticmethod
    def _read(tar: tarfile.TarFile, name: str) -> bytes:
        member = tar.extractfile(name)
        assert member is not None
        return member.read()

    def add(self, name: str, content: bytes, **more: Any) -> None:
        header = tarfile.TarInfo(name)
        header.size = len(content)
        for key, value in more.items():
            setattr(header, key, value)
        self._tar.addfile(header, io.BytesIO(content) if header.isreg() else None)
        self.files.append(listed(name, content))

    def sparse(self, name: str) -> None:
        """A member of a few bytes that unpacks to three gigabytes."""
        table = b"1\n%d\n0\n" % HUGE
        self.add(
            name,
            table + bytes(512 - len(table) % 512),
            pax_headers={
                "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": name,
                "GNU.sparse.realsize": str(HUGE),
            },
        )  # fmt: skip
        self.files[-1]["size"] = HUGE

    def end(self, change: Callable[[Any], Any] = lambda manifest: manifest) -> Path:
        content = json.dumps(change(self.manifest | {"files": self.files})).encode()
        self.add("manifest.json", content)
        self._tar.close()
        return self.path

    def end_as_it_is(self) -> Path:
        self._tar.close()
        return self.path


@pytest.fixture
def forger(tmp_path: Path) -> Iterator[Forger]:
    made = Forger(tmp_path)
    yield made
    made.end_as_it_is()


def refused(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    """Stage it; it must be refused in one short line, and nothing of it may be left."""
    fresh = empty(tmp_path)
    if monkeypatch is not None:
        monkeypatch.setattr(restore, "_extract", unpacked)
    with pytest.raises(StorageError) as error:
        stage(source, fresh, ignore)
    assert list(fresh.iterdir()) == []
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600
    assert not PYTHONS_WORDS.search(str(error.value)), error.value
    assert not (tmp_path / "outside").exists()
    return str(error.value)


def unpacked(*_: object) -> None:
    raise AssertionError("it was unpacked before it was refused")


def test_the_forger_can_make_a_good_one(forger: Forger, tmp_path: Path) -> None:
    forger.add("reprise.db", forger.database)
    assert stage(forger.end(), empty(tmp_path), ignore).media_files == 0


@pytest.mark.parametrize("what", ["media", "manifest", "database"])
def test_sparse_members_are_never_unpacked(
    forger: Forger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    if what != "database":
        forger.add("reprise.db", forger.database)
    if what == "manifest":
        forger.sparse("manifest.json")
        source = forger.end_as_it_is()
    else:
        forger.sparse(MEDIA if what == "media" else "reprise.db")
        source = forger.end()
    monkeypatch.setattr(restore, "_content", unpacked)
    refused(source, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
     tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE, tarfile.CONTTYPE],
)  # fmt: skip
def test_only_plain_files_are_unpacked(
    forger: Forger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: bytes
) -> None:
    forger.add("reprise.db", forger.database)
    if kind == tarfile.CONTTYPE:  # a plain file by another name
        forger.add(MEDIA, b"", type=tarfile.FIFOTYPE)
    else:
        forger.add(MEDIA, b"", type=kind, linkname="/etc/passwd")
    refused(forger.end(), tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "name",
    ["../outside", "/tmp/outside", "media/ab/../../../outside", "secret.key/../x", "ready.json",
     "media/zz/" + "0" * 64, "reprise.db-wal", MEDIA + "..", "reprise.db\nx", "reprise.lock",
     "media/incoming/x", "./reprise.db", "REPRISE.DB", "copies/reprise.db", MEDIA + "/x",
     "config.toml", "x" * 5000],
)  # fmt: skip
def test_no_other_name_is_unpacked(
    forger: Forger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    forger.add("reprise.db", forger.database)
    forger.add(name, b"x")
    refused(forger.end(), tmp_path, monkeypatch)


@pytest.mark.parametrize("twice", ["reprise.db", MEDIA, "manifest.json"])
def test_no_name_is_there_twice(
    forger: Forger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, twice: str
) -> None:
    forger.add("reprise.db", forger.database)
    for content in (b"one", b"two"):
        if twice != "reprise.db":
            forger.add(twice, content)
    if twice == "reprise.db":
        forger.add(twice, forger.database)
    refused(forger.end(), tmp_path, monkeypatch)


MANIFESTS: dict[str, Callable[[Any], Any]] = {
    "a list": lambda _: [1],
    "null": lambda _: None,
    "a number": lambda _: 7,
    "deep": lambda made: made | {"x": json.loads("[" * 900 + "]" * 900)},
    "files of another kind": lambda made: made | {"files": [[1]]},
    "files that are none": lambda made: made | {"files": 5},
    "no files": lambda made: {name: made[name] for name in made if name != "files"},
    "a schema of objects": lambda made: made | {"schema": [{}]},
    "a schema that is none": lambda made: made | {"schema": 5},
    "a version in words": lambda made: made | {"version": "x"},
    "a time that is none": lambda made: made | {"createdAt": 5},
    "a time without a zone or sense": lambda made: made | {"createdAt": "yesterday"},
    "a time without a zone": lambda made: made | {"createdAt": "2026-01-01T12:00:00"},
    "a day": lambda made: made | {"createdAt": "2026-01-01"},
    "a size that is negative": lambda made: made | {"files": [made["files"][0] | {"size": -1}]},
    "more of a file": lambda made: made | {"files": [made["files"][0] | {"mode": 0o777}]},
}


@pytest.mark.parametrize("what", MANIFESTS)
def test_a_list_of_files_of_any_other_form_is_refused(
    forger: Forger, tmp_path: Path, what: str
) -> None:
    forger.add("reprise.db", forger.database)
    source = forger.end(MANIFESTS[what])
    if what == "deep":  # deep, but readable, and nothing reads it
        stage(source, empty(tmp_path), ignore)
        return
    refused(source, tmp_path)


WRONG: list[Any] = [
    None, True, -1, 1.5, float("nan"), 10**400, "", "x\ud83d", [], [None], [{}], {}, {"a": 1},
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "media/ab/../../x",
]  # fmt: skip


def test_any_wrong_value_in_it_is_refused_in_our_own_words(forger: Forger, tmp_path: Path) -> None:
    """Of whatever is read: of itself, and of each file that it lists."""
    forger.add("reprise.db", forger.database)
    whole = forger.manifest | {"files": forger.files}
    source = tmp_path / "named.tar"
    read_manifest(json.dumps(whole).encode(), source)
    told = []
    for name in ("format", "version", "schema", "createdAt", "unreadable", "files"):
        bad = [whole | {name: wrong} for wrong in WRONG]
        if name == "files":
            (one,) = whole["files"]
            bad += [whole | {"files": [one | {part: wrong}]} for part in one for wrong in WRONG] + [
                whole | {"files": [{k: v for k, v in one.items() if k != part}]} for part in one
            ]
        for made in bad:
            if made in (whole | {"unreadable": []}, whole | {"files": []}, whole | {"schema": []}):
                continue  # that may be, as far as the list tells
            try:
                read_manifest(json.dumps(made).encode(), source)
            except StorageError as error:
                told.append(str(error))
            else:
                # Any text is a name and any number a size, until the members are compared.
                ((part, _),) = made["files"][0].items() - one.items()
                assert part in ("path", "size"), made
    assert len(told) > 100
    for line in told:
        assert line.startswith((f"{source} ", f"The backup {source} "))
        assert not PYTHONS_WORDS.search(line), line


def test_what_unpacks_to_much_is_not_even_looked_into(forger: Forger, tmp_path: Path) -> None:
    """A header is read into memory whole; compressed, 60 kB of a file are 64 MB of it."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 64 << 20
    bomb = header.tobuf(tarfile.USTAR_FORMAT) + bytes(64 << 20)
    plain, packed = tmp_path / "plain.tar", tmp_path / "bomb.tar.gz"
    plain.write_bytes(bomb)
    packed.write_bytes(gzip.compress(bomb, 1))
    del bomb
    for source in (plain, packed):
        tracemalloc.start()
        refused(source, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
        tracemalloc.stop()
        (tmp_path / "fresh").rmdir()


def test_more_files_than_any_backup_has_are_not_counted(
    forger: Forger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "_MOST_MEMBERS", 20)
    forger.add("reprise.db", forger.database)
    for number in range(30):
        forger.add(f"media/ab/{number:064x}", b"")
    assert "more files" in refused(forger.end(), tmp_path)


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"a":' * 100_000, b"\xff", b"", b"NaN"])
def test_a_list_of_files_that_no_parser_likes_is_refused(
    forger: Forger, tmp_path: Path, content: bytes
) -> None:
    forger.add("reprise.db", forger.database)
    forger.add("manifest.json", content)
    refused(forger.end_as_it_is(), tmp_path)


# What a database may bring along that runs, or is not ours, when it is opened, checked or migrated.
DATABASES = {
    "a trigger": "CREATE TRIGGER evil AFTER INSERT ON facts BEGIN DELETE FROM users; END",
    "a trigger of ours, changed": "DROP TRIGGER posts_counted_in; CREATE TRIGGER posts_counted_in"
    " AFTER INSERT ON posts BEGIN DELETE FROM users; END",
    "a trigger on the record": "CREATE TRIGGER evil AFTER INSERT ON _sqlite_migrations"
    " BEGIN DELETE FROM users; END",
    "a table more": "CREATE TABLE more (x)",
    "a virtual table": "CREATE VIRTUAL TABLE more USING fts5(x)",
    "a table less": "PRAGMA foreign_keys = OFF; DROP TABLE events",
    "a view for a table": "PRAGMA foreign_keys = OFF; ALTER TABLE facts RENAME TO f2;"
    " CREATE VIEW facts AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
    " SELECT n AS name, n AS value, n AS at FROM c",
    "a computed column": "ALTER TABLE facts ADD COLUMN evil TEXT"
    " AS (hex(zeroblob(10000000))) VIRTUAL",
    "a column more": "ALTER TABLE facts ADD COLUMN more TEXT",
    "a check": "PRAGMA foreign_keys = OFF; DROP TABLE facts; CREATE TABLE facts (name TEXT"
    " PRIMARY KEY, value TEXT NOT NULL, at TEXT NOT NULL,"
    " CHECK (hex(zeroblob(10000000)) != name)) STRICT, WITHOUT ROWID",
    "a default": "DROP TABLE login_codes; CREATE TABLE login_codes (hash TEXT PRIMARY KEY,"
    " user_id TEXT NOT NULL REFERENCES users, expires_at TEXT NOT NULL,"
    " used_at TEXT DEFAULT (hex(zeroblob(9)))) STRICT",
    "an index with an expression": "CREATE INDEX evil ON facts (hex(zeroblob(10000000)))",
    "an index of ours, changed": "DROP INDEX posts_newest;"
    " CREATE INDEX posts_newest ON posts (hex(zeroblob(10000000)))",
    "an index less": "DROP INDEX deliveries_one_open",
    "a constraint less": "PRAGMA foreign_keys = OFF; DROP TABLE lanes; CREATE TABLE lanes"
    " (account_id TEXT PRIMARY KEY, set_at TEXT NOT NULL, free_at TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID",
    "a schema that lies": "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
    " replace(sql, 'STRICT', '') WHERE name = 'facts'",
}


@pytest.mark.parametrize("way", ["archive", "copy"])
@pytest.mark.parametrize("what", DATABASES)
def test_only_a_database_of_our_own_making_is_let_in(
    forger: Forger, tmp_path: Path, what: str, way: str
) -> None:
    file = tmp_path / "reprise-20260601T120000Z.db"
    file.write_bytes(forger.database)
    with closing(sqlite3.connect(file)) as db:
        db.executescript(DATABASES[what])
    if way == "archive":
        forger.add("reprise.db", file.read_bytes())
        file = forger.end()
    assert "than Reprise makes" in (said := refused(file, tmp_path)) or "did not make" in said


@pytest.mark.parametrize("way", ["archive", "copy"])
def test_only_a_sound_database_is_let_in(forger: Forger, tmp_path: Path, way: str) -> None:
    """In one that is not, a value of a few bytes may be without an end."""
    file = tmp_path / "reprise-20260601T120000Z.db"
    file.write_bytes(forger.database)
    with closing(sqlite3.connect(file)) as db:
        db.executescript(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage ="
            " (SELECT rootpage FROM sqlite_schema WHERE name = 'posts') WHERE name = 'events'"
        )
    if way == "archive":
        forger.add("reprise.db", file.read_bytes())
        file = forger.end()
    assert "is damaged" in refused(file, tmp_path)


@pytest.mark.parametrize("content", [b"", b"noise" * 2000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_what_is_no_database_is_refused(forger: Forger, tmp_path: Path, content: bytes) -> None:
    forger.add("reprise.db", content)
    refused(forger.end(), tmp_path)


@pytest.mark.parametrize("earlier", thinned(NAMES, every=4))
def test_every_earlier_schema_is_of_our_own_making(tmp_path: Path, earlier: str) -> None:
    file = tmp_path / "reprise-20260601T120000Z.db"
    make(file, earlier)
    assert stage(file, empty(tmp_path), ignore).database.exists()


TABLE = "Post"
FOREIGN = {
    "computed": "CREATE TABLE Post (id TEXT, caption TEXT AS (hex(zeroblob(9))));"
    "INSERT INTO Post (id) VALUES ('1'), ('2')",
    "stored": "CREATE TABLE Post (id TEXT, caption TEXT AS (upper(id)) STORED);"
    "INSERT INTO Post (id) VALUES ('1')",
    "virtual": "CREATE VIRTUAL TABLE Post USING fts5(id); INSERT INTO Post VALUES ('1')",
    "default": "CREATE TABLE Post (id TEXT); INSERT INTO Post WITH RECURSIVE c(n) AS (SELECT 1"
    " UNION ALL SELECT n + 1 FROM c LIMIT 300) SELECT n FROM c;"
    f"ALTER TABLE Post ADD COLUMN caption TEXT DEFAULT '{'x' * 200_000}'",
    "columns": "CREATE TABLE Post (id TEXT); INSERT INTO Post WITH RECURSIVE c(n) AS (SELECT 1"
    " UNION ALL SELECT n + 1 FROM c LIMIT 20000) SELECT n FROM c;"
    + ";".join(f"ALTER TABLE Post ADD COLUMN c{number}" for number in range(150)),
    "huge": "CREATE TABLE Post (id TEXT, caption TEXT);"
    "INSERT INTO Post VALUES ('1', hex(zeroblob(20000000)))",
    "no text": "CREATE TABLE Post (id TEXT);INSERT INTO Post VALUES (CAST(x'ff00ff' AS TEXT))",
}


def wanted(name: str) -> bool:
    return name == TABLE


def foreign_database(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
    return path


@pytest.mark.parametrize("what", FOREIGN)
def test_only_plain_tables_of_others_are_read(tmp_path: Path, what: str) -> None:
    path = foreign_database(tmp_path / "other.db", FOREIGN[what])
    before = files_of(tmp_path)
    with pytest.raises(Damaged):
        foreign.read_tables(path, wanted)
    assert files_of(tmp_path) == before


def test_what_is_not_asked_for_is_not_even_read(tmp_path: Path) -> None:
    path = foreign_database(
        tmp_path / "other.db",
        'CREATE TABLE "a""b" (x); INSERT INTO "a""b" VALUES (1), (2);'
        "CREATE TABLE c (x TEXT, y AS (hex(zeroblob(10000000)))); INSERT INTO c (x) VALUES (1);"
        "CREATE TABLE t (x); CREATE VIEW Post AS WITH RECURSIVE c(n) AS"
        " (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n AS id FROM c;"
        "CREATE VIRTUAL TABLE f USING fts5(id);",
    )
    found = foreign.read_tables(path, wanted)
    assert {name: found[name] for name in ('a"b', "c", "t")} == {'a"b': 2, "c": 1, "t": 0}
    assert "Post" not in found


def test_a_name_in_quotes_is_read_as_it_is(tmp_path: Path) -> None:
    path = foreign_database(
        tmp_path / "other.db",
        'CREATE TABLE "Po""st" ("a""b" TEXT, "c d" INT); INSERT INTO "Po""st" VALUES (\'x\', 1)',
    )
    assert foreign.read_tables(path, lambda _: True) == {'Po"st': [{'a"b': "x", "c d": 1}]}


@pytest.mark.parametrize("limit", ["rows", "time"])
def test_no_more_is_read_than_a_person_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    path = foreign_database(
        tmp_path / "other.db",
        "CREATE TABLE Post (id TEXT); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1"
        " FROM c LIMIT 2000) INSERT INTO Post SELECT n FROM c",
    )
    if limit == "rows":
        monkeypatch.setattr(foreign, "_MOST_ROWS", 1999)
    else:
        monkeypatch.setattr(foreign, "_LIMIT_S", -1.0)
        monkeypatch.setattr(foreign, "_STEPS_BETWEEN_LOOKS", 10)
    with pytest.raises(Damaged):
        foreign.read_tables(path, wanted)


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, '{"a":' * 100_000, '{"posts": [{"id": NaN}]}', '{"posts": [{"id": Infinity}]}',
     '{"posts": [{"id": ' + "9" * 5000 + "}]}", "{"],
    ids=["deep", "deep objects", "NaN", "Infinity", "huge", "cut off"],
)  # fmt: skip
def test_a_document_that_is_none_is_refused_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "document.json"
    file.write_text(text)
    with pytest.raises(NotImported):
        files.read_file(file, "it")


def test_a_document_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "document.json"
    file.write_text('\ufeff{"posts": []}')
    assert files.read_file(file, "it") == {"posts": []}


def test_a_document_of_any_size_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "document.json"
    file.write_text("{}" + " " * 100)
    monkeypatch.setattr(files, "LARGEST_DOCUMENT", 50)
    with pytest.raises(NotImported, match="larger"):
        files.read_file(file, "it")
