"""Every kind of wrong value in every place of a JSON document, one at a time."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

MISSING = object()


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


WRONG: dict[str, Any] = {
    "missing": MISSING,
    "null": None,
    "true": True,
    "zero": 0,
    "negative": -1,
    "a float": 1.5,
    "not a number": float("nan"),
    "infinite": float("inf"),
    "beyond 64 bits": 10**30,
    "400 digits": int("9" * 400),
    "a date beyond": 10**17,
    "empty text": "",
    "a text": "somebody",
    "digits in a text": "17",
    "400 digits in a text": "9" * 400,
    "half an emoji": "hi \ud83d",
    "a NUL": "nul\0name",
    "an escape sequence": "\x1b[2J\x1b]0;owned\x07",
    "a line of its own": "x\nERROR forged",
    "a path": "../../etc/passwd",
    "a long text": "a" * 100_000,
    "an address that is none": "https://a b..fbcdn.net/\x01",
    "an address that httpx refuses": "https://" + "a" * 64 + ".fbcdn.net/x.jpg",
    "an address with a tab": "\thttps://scontent-sandbox.cdninstagram.com/v/1.jpg",
    "another host": "https://evil.example/stories/eve/12/",
    "another scheme": "file:///etc/passwd",
    "an empty list": [],
    "a list": [None, 7, "x", {}],
    "a list of objects": [{"pk": 1}, {"url": "https://evil.example/"}],
    "an empty object": {},
    "an object": {"pk": {"pk": {}}, "url": 5},
    "deeply nested": _nested(400),
}


def places(document: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where every value of a document is, the document itself apart."""
    inner: Any = document.items() if isinstance(document, dict) else ()
    if isinstance(document, list):
        inner = enumerate(document)
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def spoiled(document: Any, path: tuple[Any, ...], value: object) -> Any:
    """Return a copy of a document with one value replaced, or taken away."""
    whole = copy.deepcopy(document)
    parent = whole
    for key in path[:-1]:
        parent = parent[key]
    if value is MISSING:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return whole


def sweep(document: Any, *, every: int = 1) -> Iterator[tuple[str, Any]]:
    """Yield a name and a spoiled copy for every place and value, or for every nth of them.

    `every` is best no divisor of the number of values: then each place and each value is met.
    """
    for number, path in enumerate(places(document)):
        for index, (name, value) in enumerate(WRONG.items()):
            if (number * len(WRONG) + index) % every == 0:
                where = ".".join(map(str, path))
                yield f"{where} = {name}", spoiled(document, path, value)


# What a person may paste for a token, and no header takes as one.
NO_TOKENS: list[object] = [
    "", " ", "a b", " EAAG", "EAAG ", "EAAG-tökén", "äöü€", "a\r\nX-Evil: 1", "EAAG\n", "a\tb",
    "a\u0000b", "a\u007fb", "a\u00a0b", "\ufeffEAAG", "EAAG\u200b", "x" * 4097, None, 7, ["EAAG"],
]  # fmt: skip


# What no person can do anything with, in a line that says what is wrong.
PYTHONS_WORDS = re.compile(
    r"subscriptable|unhashable|iterable|argument|attribute|isoformat|NoneType|supported between"
    r"|Error"
    r"|codec|surrogate|delimiter|Expecting|recursion|mapping|header|not a valid|set_int_max"
    r"|out of range|year \S+ is|'(format|version|schema|files|createdAt)'"
)
