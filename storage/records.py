"""Rows as frozen dataclasses: the one place that knows how values become columns.

A record class names its table in `TABLE`, its primary key is the first field, and
every field is a column. Nested values (lists, dicts) are JSON text.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar, cast

from sqlite_utils import Database
from sqlite_utils.db import NotFoundError, Table

from storage.errors import NotFound
from storage.times import from_text, to_text


class Record(Protocol):
    """A frozen dataclass stored one row each."""

    TABLE: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Record)
Parameters = Sequence[object] | Mapping[str, object]
Decoder = Callable[[Any], object]


def fetch(db: Database, cls: type[R], clause: str = "", parameters: Parameters = ()) -> list[R]:
    """Return the records that `clause` (everything after the table name) selects."""
    columns = _columns(cls)
    sql = f"SELECT {', '.join(columns)} FROM {cls.TABLE} {clause}"  # noqa: S608 - constants
    rows = db.conn.execute(sql, _encoded(parameters))
    return [_decode(cls, columns, row) for row in rows]


def fetch_one(db: Database, cls: type[R], clause: str, parameters: Parameters = ()) -> R | None:
    """Return the first record that `clause` selects, or None."""
    found = fetch(db, cls, f"{clause} LIMIT 1", parameters)
    return found[0] if found else None


def get(db: Database, cls: type[R], identifier: str) -> R:
    """Return the record with that primary key; raises `NotFound`."""
    key = fields(cls)[0].name
    found = fetch_one(db, cls, f"WHERE {key} = ?", (identifier,))
    if found is None:
        raise NotFound(_kind(cls), identifier)
    return found


def insert(db: Database, record: Record) -> None:
    """Store a new record; raises `sqlite3.IntegrityError` where a constraint forbids it."""
    row = {field.name: encode(getattr(record, field.name)) for field in fields(record)}
    cast("Table", db[record.TABLE]).insert(row)


def update(db: Database, /, cls: type[R], identifier: str, **changes: object) -> None:
    """Change the named columns of one record; raises `NotFound`."""
    encoded = {name: encode(value) for name, value in changes.items()}
    try:
        cast("Table", db[cls.TABLE]).update(identifier, encoded)
    except NotFoundError:
        raise NotFound(_kind(cls), identifier) from None


def encode(value: object) -> object:
    """Return `value` as SQLite stores it."""
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def _encoded(parameters: Parameters) -> Parameters:
    if isinstance(parameters, Mapping):
        return {name: encode(value) for name, value in parameters.items()}
    return [encode(value) for value in parameters]


def _kind(cls: type[Record]) -> str:
    return cls.TABLE.removesuffix("s").replace("_", " ")


def _decode(cls: type[R], columns: Mapping[str, Decoder], row: Sequence[Any]) -> R:
    pairs = zip(columns.items(), row, strict=True)
    return cls(
        **{name: None if value is None else decode(value) for (name, decode), value in pairs}
    )


@cache
def _columns(cls: type[Record]) -> dict[str, Decoder]:
    hints = typing.get_type_hints(cls)
    return {field.name: _decoder(hints[field.name]) for field in fields(cls)}


def _decoder(hint: Any) -> Decoder:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(arm for arm in typing.get_args(hint) if arm is not type(None))
    origin = typing.get_origin(hint) or hint
    if origin is datetime:
        return from_text
    if origin is bool:
        return bool
    if origin in (list, dict, Mapping, Sequence):
        return json.loads
    if origin is tuple:
        return lambda text: tuple(json.loads(text))
    if isinstance(origin, type) and issubclass(origin, Enum):
        return origin
    return lambda value: value
