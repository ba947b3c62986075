"""What a client sent, as its row takes it; what it cannot be is told field by field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from session_api.json_fields import objects
from session_api.row import Field

_YES, _NO = ("true", "1", "on", "yes"), ("false", "0", "off", "no")
_LONGEST_NUMBER = 40
# What names one thing becomes a part of an address at Instagram, and may not lead to another one.
NAMES = {
    "number": r"\d{1,40}(_\d{1,40})?",
    "pk": r"\d{1,40}",
    "id": r"[A-Za-z0-9_][A-Za-z0-9_.:=-]{0,199}",
    "user": r"@*[A-Za-z0-9_][A-Za-z0-9_.]{0,99}",
    "tag": r"#?[^\s/?#%&\\.]{1,200}",
}

_NO_NAME = {
    "number": "Input should be a number, alone or with its owner's behind a _",
    "pk": "Input should be a number",
    "id": "Input should be an id",
    "user": "Input should be a username",
    "tag": "Input should be a hashtag",
}


class Malformed(Exception):
    """The input is none: `problems` as the guide's 422 lists them, or one text."""

    def __init__(self, detail: list[dict[str, Any]] | str) -> None:
        super().__init__(str(detail))
        self.detail = detail


def taken(
    fields: Iterable[Field], sent: Sequence[tuple[str, str]], place: str, files: Iterable[str] = ()
) -> dict[str, Any]:
    """Return a value for each field; raises `Malformed`. Unknown ones are ignored.

    An empty value of an optional field is absent, of a required one missing.
    """
    values, problems = {}, []
    arrived = set(files)
    for field in fields:
        texts = [value for name, value in sent if name == field.name and value.strip()]
        if field.kind == "file":
            if field.required and field.name not in arrived:
                problems.append(_missing(place, field.name))
            continue
        if not texts:
            values[field.name] = [] if field.many and field.default is None else field.default
            if field.required:
                problems.append(_missing(place, field.name))
            continue
        if not field.many and field.kind != "json":
            texts = texts[-1:]
        if field.many and field.kind != "json" and len(texts) > field.most:
            problems.append(_told(place, field.name, f"Input should be {field.most} at most"))
            continue
        read = []
        for number, text in enumerate(texts):
            try:
                read.append(_value(field, text))
            except ValueError as error:
                where = [place, field.name, *([number] if field.many else [])]
                problems.append({"type": "value_error", "loc": where, "msg": str(error)})
        if field.kind == "json":
            read = [one for several in read for one in several]
            if len(read) > 1 and not field.many:
                problems.append(_told(place, field.name, "Input should be one object"))
            read = read if field.many else read[:1]
        values[field.name] = read if field.many or field.kind == "json" else read[:1] and read[0]
    if problems:
        raise Malformed(problems)
    return values


def _told(place: str, name: str, message: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": [place, name], "msg": message}


def _missing(place: str, name: str) -> dict[str, Any]:
    return {"type": "missing", "loc": [place, name], "msg": "Field required"}


def _value(field: Field, text: str) -> Any:
    if (read := _READERS.get(field.kind)) is not None:
        return read(field, text.strip())
    if field.kind in NAMES:
        return _name(field, text.strip())
    if field.choices and text not in field.choices:
        raise ValueError(f"Input should be one of {', '.join(field.choices)}")
    if "\0" in text:
        raise ValueError("Input should have no null characters")
    return text


def _name(field: Field, text: str) -> str:
    if re.fullmatch(NAMES[field.kind], text, re.ASCII if field.kind != "tag" else 0) is None:
        raise ValueError(_NO_NAME[field.kind])
    return text.lstrip("#") if field.kind == "tag" else text


def truth(text: str) -> bool:
    """Return whether a word says yes; raises `ValueError` for one that says neither."""
    if text.lower() not in _YES + _NO:
        raise ValueError("Input should be true or false")
    return text.lower() in _YES


def _word(_field: Field, text: str) -> bool:
    return truth(text)


def _fraction(_field: Field, text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("Input should be a finite number")
    return number


def _address(_field: Field, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("Input should be an address with http or https")
    return text


def _whole(field: Field, text: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
        raise ValueError("Input should be a whole number")
    number = int(text)
    if field.low is not None and number < field.low:
        raise ValueError(f"Input should be {field.low} or more")
    if field.high is not None and number > field.high:
        raise ValueError(f"Input should be {field.high} or less")
    return number


_READERS: Mapping[str, Callable[[Field, str], Any]] = {
    "i": _whole,
    "bool": _word,
    "float": _fraction,
    "uri": _address,
    "json": objects,
}
