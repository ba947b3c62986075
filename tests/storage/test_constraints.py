"""A constraint that a row breaks is that one, and never taken for another."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage import accounts, records, reposts
from storage.errors import AlreadyExists
from storage.store import open_directly
from tests.storage.test_upgrade import FROZEN_AT, NAMES, make
from tests.support.process import ROOT


def test_only_what_is_known_already_counts_as_known(tmp_path: Path) -> None:
    """A row that another constraint forbids is an error, never taken for one that is there."""
    make(tmp_path / "reprise.db", NAMES[0])
    with open_directly(tmp_path / "reprise.db") as db:
        known = records.fetch(db, reposts.Repost)[0]
        fresh = replace(known, id="new", story_pk="77")
        assert not reposts.add_new(db, replace(known, id="new"))
        wrong: list[dict[str, Any]] = [
            {"id": known.id},
            {"account_id": "nobody"},
            {"user_id": "nobody"},
            {"card_media_id": "gone"},
            {"status": "UNHEARD_OF"},
            {"author_pk": None},
        ]
        for change in wrong:
            with pytest.raises(sqlite3.IntegrityError):
                reposts.add_new(db, replace(fresh, **change))
        assert reposts.add_new(db, fresh)
        with pytest.raises(sqlite3.IntegrityError):
            accounts.add(db, user_id="nobody", username="fresh", now=FROZEN_AT)
        taken = accounts.every(db)[0]
        with pytest.raises(AlreadyExists):
            accounts.add(db, user_id=taken.user_id, username=taken.username.upper(), now=FROZEN_AT)


def test_nobody_takes_any_constraint_for_the_one_that_is_meant() -> None:
    sources = {path: path.read_text() for path in ROOT.glob("*/*.py") if path.parts[-2] != "tests"}
    guilty = [path for path, text in sources.items() if "except sqlite3.IntegrityError" in text]
    # It says that a row of an import does not fit; everywhere else it goes through to the caller.
    assert set(guilty) == {ROOT / "storage" / "records.py"}
    ignoring = [path for path, text in sources.items() if "INSERT OR IGNORE INTO" in text]
    assert ignoring == [ROOT / "storage" / "migrations.py"]  # of tables with one column
