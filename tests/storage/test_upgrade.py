"""From every earlier schema to this one, with rows in every table, and killed on the way."""

from __future__ import annotations

import importlib
import pkgutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import storage
from sandbox import Sandbox
from storage import records, secrets
from storage.migrations import migrations
from storage.store import open_directly, open_store
from storage.times import to_text
from storage.vault import Vault
from tests.storage.test_store import SCHEMA, schema_of
from tests.support.clock import TestClock
from tests.support.posting import API
from tests.support.process import ROOT, environment, reprise
from tests.support.served import serve_studio
from tests.support.studio import open_studio
from tests.support.thinned import thinned

FIRST = Path(__file__).with_name("m0001.sql")
FROZEN_AT = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)
NAMES = [migration.name for migration in migrations._migrations]


def key() -> bytes:
    return FIRST.read_text().splitlines()[1].removeprefix("-- Key: ").encode()


def make(path: Path, upto: str) -> dict[str, int]:
    """Make a database of an earlier release, with that as its newest migration; its row counts."""
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(FIRST.read_text())
        later = NAMES[NAMES.index(upto) + 1 :]
        migrations.apply(Database(connection, execute_plugins=False), stop_before=later)
        return counts(connection)


def later_rows(db: Database) -> None:
    """Add rows of tables that the first release did not have."""
    (user_id,) = db.conn.execute("SELECT id FROM users LIMIT 1").fetchone()
    times = {"user": user_id, "at": to_text(FROZEN_AT)}
    for statement in (
        "INSERT INTO idempotency_keys (user_id, caller, key, sealed, at)"
        " VALUES (:user, 'x', 'y', x'00', :at)",
        "INSERT INTO webhooks (id, user_id, url, cursor, created_at)"
        " VALUES ('hook', :user, 'http://localhost/', 0, :at)",
        "INSERT INTO webhook_deliveries"
        " (id, user_id, webhook_id, event_id, type, body, status, created_at)"
        " VALUES ('message', :user, 'hook', 1, 'post.failed', '{}', 'DELIVERED', :at)",
        "INSERT INTO notices (id, user_id, key, text, remedy, opened_at)"
        " VALUES ('notice', :user, 'disk', 'full', 'free some', :at)",
        "INSERT INTO notices (id, user_id, key, text, remedy, opened_at, ended_at)"
        " VALUES ('ended', :user, 'login/1', 'log in', 'so', :at, :at)",
        "INSERT INTO session_calls (account_id, rail, at)"
        " SELECT id, 'reads', :at FROM accounts LIMIT 1",
        "INSERT INTO cloud_worker (one, account_id, url, version, deployed_at)"
        " VALUES (1, 'a', 'https://reprise.example', '1', :at)",
        "INSERT INTO cloud_posts (post_id, account_id, lane, owner, epoch, since)"
        " SELECT id, 'a', '17841', 'LOCAL', 2, :at FROM posts LIMIT 1",
        "INSERT INTO cloud_lanes (account_id, lane) SELECT id, '17841' FROM accounts LIMIT 1",
        "INSERT INTO quiet_hours (user_id, begins, ends, timezone)"
        " VALUES (:user, '22:00', '08:00', 'UTC')",
    ):
        db.conn.execute(statement, times)


def counts(connection: Any) -> dict[str, int]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        for (name,) in tables
        if "sqlite" not in name and name != "row_counts"  # derived, and of more kinds since
    }


def record_classes() -> set[type[records.Record]]:
    found = set()
    for module in pkgutil.iter_modules(storage.__path__):
        for value in vars(importlib.import_module(f"storage.{module.name}")).values():
            if isinstance(value, type) and isinstance(getattr(value, "TABLE", None), str):
                found.add(value)
    return found


def test_the_first_schema_has_rows_everywhere(tmp_path: Path) -> None:
    found = make(tmp_path / "reprise.db", NAMES[0])
    assert len(found) > 20
    assert min(found.values()) > 0


@pytest.mark.parametrize("earlier", thinned(NAMES, every=4))
async def test_every_earlier_schema_comes_here_with_its_rows(tmp_path: Path, earlier: str) -> None:
    path = tmp_path / "reprise.db"
    before = make(path, earlier)
    async with open_store(path) as store:
        assert await store.read(schema_of) == SCHEMA.read_text()
        after = await store.read(lambda db: counts(db.conn))
        assert before.items() <= after.items()
        broken = await store.read(lambda db: db.conn.execute("PRAGMA foreign_key_check").fetchall())
        assert broken == []
        sound = await store.read(lambda db: db.conn.execute("PRAGMA integrity_check").fetchone())
        assert sound == ("ok",)
        await store.read(secrets.check_key, Vault(key()))
        for cls in record_classes():
            read = await store.read(records.fetch, cls)
            assert len(read) == after[cls.TABLE], cls
    pending = NAMES[NAMES.index(earlier) + 1 :]
    kept = [copy.name for copy in tmp_path.glob("*.before-*")]
    assert kept == [f"reprise.db.before-{name}" for name in pending[:1]]


async def test_the_daemon_works_with_what_came_from_the_first_release(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    clock.advance(FROZEN_AT - clock.now())
    database = tmp_path / "data" / "reprise.db"
    before = make(database, NAMES[0])
    (database.parent / "secret.key").write_bytes(key())
    async with (
        open_studio(sandbox, clock, tmp_path, logged_in=False) as studio,
        serve_studio(studio) as served,
    ):
        shown = {
            path: (await served.call("GET", f"{API}{path}")).body
            for path in ("/posts?limit=100", "/schedule", "/media", "/story-repost/history")
        }
        assert shown["/posts?limit=100"]["total"] == before["posts"]
        assert len(shown["/schedule"]["posts"]) == 1
        assert len(shown["/story-repost/history"]["reposts"]) == before["reposts"]
        body = {"accountId": studio.account.id, "mediaType": "IMAGE", "caption": "new"}
        assert (await served.call("POST", f"{API}/posts/draft", body)).status == 201


KILLED = """
import os, signal, sys
from pathlib import Path
from storage import copies
from storage.migrations import migrations
from storage.store import open_directly

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

@migrations()
def m9998_nicknames(db):
    db.conn.execute("ALTER TABLE users ADD COLUMN nickname TEXT")
    db.conn.execute("UPDATE posts SET caption = 'half'")
    if sys.argv[2] == "in the middle":
        kill()
    db.conn.execute("CREATE TABLE nicknames (id TEXT)")

if sys.argv[2] == "after the copy":
    whole = copies.copy_database
    copies.copy_database = lambda *args: (whole(*args), kill())
if sys.argv[2] == "before it is committed":
    migrations._record_applied = lambda *args: kill()
with open_directly(Path(sys.argv[1])):
    print("migrated")
"""


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "moment", ["after the copy", "in the middle", "before it is committed", "never"]
)
def test_a_change_of_schema_that_is_killed_leaves_the_old_one(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "reprise.db"
    make(path, NAMES[-1])
    with open_directly(path) as db:
        before = list(db.conn.iterdump())
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), moment],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if moment == "never":
        assert done.stdout == "migrated\n", done.stderr
        assert any("nicknames" in line for line in dump(path))
        assert dump(path.with_name("reprise.db.before-m9998_nicknames")) == before
    else:
        assert done.returncode == -signal.SIGKILL, done.stderr
        with open_directly(path) as db:
            assert list(db.conn.iterdump()) == before


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


async def test_a_daemon_on_a_newer_schema_refuses_with_one_line(tmp_path: Path) -> None:
    make(tmp_path / "data" / "reprise.db", NAMES[-1])
    with closing(sqlite3.connect(tmp_path / "data" / "reprise.db")) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('reprise', 'm9999_future', 'now')"
        )
        db.commit()
    done = await reprise("run", env=environment(tmp_path))
    assert (done.code, len(done.err.strip().splitlines())) == (2, 1)
    assert "newer Reprise (it knows m9999_future)" in done.err
