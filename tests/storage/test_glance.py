"""Reads without a thread: the same answers, and never a wait in the event loop."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage import users
from storage.errors import Unavailable
from storage.store import open_store

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


async def test_a_glance_sees_what_was_just_written_and_writes_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path / "reprise.db") as store:
        owner = await store.write(users.ensure_owner, NOW)
        assert await store.glance(users.ensure_owner, NOW) == owner
        with pytest.raises(Unavailable, match="readonly"):
            await store.glance(lambda db: db.conn.execute("DELETE FROM users"))


async def test_a_glance_that_would_have_to_wait_becomes_a_read(tmp_path: Path) -> None:
    threads: list[int] = []

    def busy_at_first(db: Database) -> str:
        threads.append(threading.get_ident())
        if len(threads) == 1:
            raise sqlite3.OperationalError("database is locked")
        return "read"

    async with open_store(tmp_path / "reprise.db") as store:
        assert await store.glance(busy_at_first) == "read"
    assert threads[0] == threading.get_ident()
    assert threads[1] != threads[0]
    with pytest.raises(Unavailable):
        await store.glance(users.ensure_owner, NOW)
