"""Every reader of a field takes any value, and gives only what can be stored and shown."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime

import pytest

from instagram import fields, repair
from instagram.mentioned import Box
from instagram.private.stories import parse_story
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


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (" Look\r\nhere \n\n", "Look\nhere"),
        ("Gru\u0308\u00dfe\u00a0\u2028aus", "Gr\u00fc\u00dfe aus"),
        ("a\u0007b\ufeff", "a\ufffdb"),
        ("\u200b\u200d ", ""),
    ],
)
def test_captions_are_compared_by_what_is_read_of_them(typed: str, shown: str) -> None:
    assert fields.read_of(typed) == fields.read_of(shown)
    assert fields.read_of(typed) != fields.read_of(f"{shown}!")


def test_what_needs_no_repair_is_told_from_what_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that is left alone reads as one that went through the repair."""
    deep = [b"[" * n + b"1" + b"]" * n for n in (199, 200, 201, 900)]
    hidden = b'["]",' * 300 + b"1" + b',"["]' * 300
    pieces = [
        *(
            b'"a\\u0007b"',
            b'"\\u007f"',
            b'"\\u0085"',
            b'"\\b"',
            b'"\\\\b"',
            b'"\x7f"',
            b'"\xc2\x85"',
        ),
        *(b'"\\ud83d\\ude00"', b'"\\ud83d"', b'"\xff"', b'"plain [{ \\" ]"', b'"\xf0\x9f\x98\x80"'),
        *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"1" * 20),
        *(
            b"1" * 5000,
            b"1e999",
            b"1e-999",
            b"NaN",
            b"-0",
            b"1.5",
            b"true",
            b"null",
            b"{}",
            b'"\n"',
        ),
        *(*deep, hidden, *(json.dumps(w).encode() for w in WRONG.values() if w is not MISSING)),
    ]
    bodies = [form % piece for piece in pieces for form in (b"[%s]", b'{"a": %s}', b"{%s: [1]}")]
    alone = [json.loads(repaired(body)) if _is_json(body) else repaired(body) for body in bodies]
    kept = sum(repaired(body) is body for body in bodies)
    assert len(pieces) < kept < len(bodies)
    monkeypatch.setattr(repair, "_is_fit", lambda body: False)
    for body, read in zip(bodies, alone, strict=True):
        assert (json.loads(repaired(body)) if _is_json(body) else repaired(body)) == read, body


def _is_json(body: bytes) -> bool:
    try:
        json.loads(repaired(body))
    except ValueError:
        return False
    return True


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


def test_the_owner_of_a_story_is_a_person_and_never_the_story_itself() -> None:
    told = {"pk": 5, "id": "5", "taken_at": 1_760_000_000}
    found = parse_story(told, of={"user": {"pk": 7, "username": "anna"}})
    assert found is not None
    assert (found.owner_pk, found.owner_username) == ("7", "anna")
    found = parse_story({**told, "id": "5_8"})
    assert found is not None
    assert found.owner_pk == "8"


def test_a_place_is_read_as_a_number_and_as_a_text() -> None:
    place = {"user": {"pk": 42}, "x": "0.5", "y": 0.25, "width": "0.4", "height": "0.04375"}
    found = parse_story({"pk": 5, "reel_mentions": [place]})
    assert found is not None
    assert found.mentions == (Box("42", 0.5, 0.25, 0.4, 0.04375),)
