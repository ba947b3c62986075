"""Every reader of a field takes any value, and gives only what can be stored and shown."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime

import pytest

from instagram import fields
from instagram.repair import repaired
from tests.support.wrong import MISSING, NO_TOKENS, WRONG

READERS: list[Callable[[object], object]] = [
    fields.identifier,
    fields.first_identifier,
    fields.number_of,
    fields.moment,
    fields.username,
    fields.first_username,
    fields.text,
    fields.numeric,
]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_what_is_read_can_be_stored(read: Callable[[object], object]) -> None:
    db = sqlite3.connect(":memory:")
    for name, wrong in WRONG.items():
        if wrong is MISSING:
            continue
        answer = json.loads(repaired(json.dumps({"field": wrong}).encode()))
        value = read(answer["field"])
        stored = value.isoformat() if isinstance(value, datetime) else value
        assert db.execute("SELECT ?", (stored,)).fetchone() == (stored,), name
    db.close()


@pytest.mark.parametrize("token", NO_TOKENS, ids=repr)
def test_what_no_header_takes_is_no_token(token: object) -> None:
    assert not fields.is_token(token)


def test_a_token_is_one() -> None:
    assert fields.is_token("EAAG" + "x" * 200 + "ZDZD")
    assert fields.is_token("IGAA-_.|~%3D")


@pytest.mark.parametrize("wrong", [value for value in WRONG.values() if value is not MISSING])
def test_lists_and_objects_are_read_for_what_they_are(wrong: object) -> None:
    assert isinstance(dict(fields.mapping(wrong)), dict)
    assert all(isinstance(entry, dict) for entry in fields.entries(wrong))
    assert all(fields.addresses([{"url": wrong, "width": wrong, "height": wrong}, wrong]))
