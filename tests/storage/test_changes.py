"""A change is written in its effect's transaction, and told after the commit, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlite_utils import Database

from ground.changes import Change, Subject
from storage import events, users
from storage.store import open_store
from tests.support.clock import TestClock


async def test_listeners_hear_after_the_commit_and_of_nothing_else(tmp_path: Path) -> None:
    clock = TestClock()
    async with open_store(tmp_path / "reprise.db") as store:
        owner = await store.write(users.ensure_owner, clock.now())
        heard: list[Change] = []
        store.changes.subscribe(heard.append, Subject.POST, Subject.ACCOUNT)

        def record(db: Database, subject: Subject, state: str, fails: bool = False) -> None:
            events.record(
                db, subject, "it", state, user_id=owner.id, account_id="a", now=clock.now()
            )
            assert heard == []  # nobody is told of what may still be undone
            if fails:
                raise ValueError

        with pytest.raises(ValueError):
            await store.write(record, Subject.POST, "LOST", fails=True)
        await store.write(record, Subject.REPOST, "NOT_ASKED_FOR")
        assert heard == []
        await store.write(record, Subject.POST, "QUEUED")
        assert [(change.subject, change.state) for change in heard] == [("post", "QUEUED")]
        await store.write(users.ensure_owner, clock.now())
        assert len(heard) == 1
        rows = await store.read(events.of_subject, Subject.POST, "it")
        assert [row.state for row in rows] == ["QUEUED"]


async def test_ids_are_never_used_again(tmp_path: Path) -> None:
    clock = TestClock()
    async with open_store(tmp_path / "reprise.db") as store:
        owner = await store.write(users.ensure_owner, clock.now())

        def record(db: Database) -> int:
            events.record(
                db, Subject.POST, "it", "X", user_id=owner.id, account_id=None, now=clock.now()
            )
            (found,) = db.conn.execute("SELECT max(id) FROM events").fetchone()
            return int(found)

        first = await store.write(record)
        await store.write(lambda db: db.conn.execute("DELETE FROM events"))
        assert await store.write(record) > first
