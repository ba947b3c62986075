"""Rows as frozen dataclasses: the one place that knows how values become columns.

A record class names its table in `TABLE`, its primary key is the first field, and
every field is a column. Nested values (lists, dicts) are JSON text.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar

from sqlite_utils import Database

from storage.errors import NotFound, Unfit, Unreadable
from storage.garbled import Garbled
from storage.times import from_text, to_text


class Record(Protocol):
    """A frozen dataclass stored one row each."""

    TABLE: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Record)
Parameters = Sequence[object] | Mapping[str, object]
Decoder = Callable[[Any], object]

logger = logging.getLogger(__name__)
_MOST_NAMED = 1000
_named = set[str]()


def fetch(db: Database, cls: type[R], clause: str = "", parameters: Parameters = ()) -> list[R]:
    """Return the records that `clause` (everything after the table name) selects.

    Raises `Unreadable` where a value of one is none of its column.
    """
    return [_record(cls, values) for values in fetch_stored(db, cls, clause, parameters)]


def fetch_readable(
    db: Database, cls: type[R], clause: str = "", parameters: Parameters = ()
) -> list[R]:
    """Return the same without rows that cannot be read, which the log names, each once.

    For what belongs to many, so that one row is not everybody's trouble. Not where a row that is
    left out would let something go out twice.
    """
    return readable(cls, fetch_stored(db, cls, clause, parameters))


def readable(cls: type[R], rows: Iterable[dict[str, Any]]) -> list[R]:
    """Return the records of rows that `fetch_stored` gave, without those that cannot be read."""
    found = []
    for values in rows:
        try:
            found.append(_record(cls, values))
        except Unreadable as error:
            if str(error) not in _named and len(_named) < _MOST_NAMED:
                _named.add(str(error))
                logger.error("%s", error)
    return found


def _record(cls: type[R], values: dict[str, Any]) -> R:
    try:
        if Garbled in map(type, values.values()):
            raise ValueError("a text that is none")
        for name, decode in _decoders(cls):
            if values[name] is not None:
                values[name] = decode(values[name])
    except (ValueError, TypeError, RecursionError) as error:
        raise Unreadable(cls.TABLE, str(values[_columns(cls)[0]])) from error
    return cls(**values)


def flaw_in(cls: type[Record], values: Mapping[str, Any]) -> str | None:
    """Return the column for which a stored row cannot be read, None where it can."""
    for name, value in values.items():
        if type(value) is Garbled:
            return name
    for name, decode in _decoders(cls):
        try:
            if values[name] is not None:
                decode(values[name])
        except (ValueError, TypeError, RecursionError):
            return name
    return None


def columns_of(cls: type[Record]) -> tuple[str, ...]:
    """Return the columns of a record's table, its primary key first."""
    return _columns(cls)


def fetch_stored(
    db: Database, cls: type[Record], clause: str = "", parameters: Parameters = ()
) -> list[dict[str, Any]]:
    """Return the fields of the same records as they are stored: times and JSON as texts.

    For what is only shown: reading these texts and writing them again would cost more than
    all the rest of a list.
    """
    columns = _columns(cls)
    rows = db.conn.execute(f"{_select(cls)} {clause}", encoded(parameters))
    return [dict(zip(columns, row, strict=True)) for row in rows]


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


def get_stored(db: Database, cls: type[Record], identifier: str) -> dict[str, Any]:
    """Return the record with that primary key as it is stored; raises `NotFound`."""
    found = fetch_stored(db, cls, f"WHERE {_columns(cls)[0]} = ?", (identifier,))
    if not found:
        raise NotFound(_kind(cls), identifier)
    return found[0]


def stored(record: Record) -> dict[str, Any]:
    """Return the fields of a record as `fetch_stored` would."""
    return {name: encode(getattr(record, name)) for name in _columns(type(record))}


def insert(db: Database, record: Record) -> None:
    """Store a new record; raises `sqlite3.IntegrityError` where a constraint forbids it."""
    values = stored(record)
    db.conn.execute(_insertion(record.TABLE, *values), list(values.values()))


def insert_new(db: Database, record: Record, *, known_by: str) -> bool:
    """Store a record unless there is one with the same `known_by`, the columns of one constraint.

    False when there is. Raises `sqlite3.IntegrityError` where any other constraint forbids it.
    """
    values = stored(record)
    cursor = db.conn.execute(
        f"{_insertion(record.TABLE, *values)} ON CONFLICT ({known_by}) DO NOTHING",
        list(values.values()),
    )
    return cursor.rowcount == 1


@contextmanager
def fitting() -> Iterator[None]:
    """Raise `Unfit` for a row that a constraint forbids, where rows come from elsewhere."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise Unfit("A row does not fit to the others") from error


def update(db: Database, /, cls: type[R], identifier: str, **changes: object) -> None:
    """Change the named columns of one record; raises `NotFound`."""
    if not changes:
        get(db, cls, identifier)
        return
    values = [encode(value) for value in changes.values()]
    if not db.conn.execute(_change(cls, *changes), [*values, identifier]).rowcount:
        raise NotFound(_kind(cls), identifier)


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


def encoded(parameters: Parameters) -> Parameters:
    """Return a statement's parameters as columns hold them."""
    if isinstance(parameters, Mapping):
        return {name: encode(value) for name, value in parameters.items()}
    return [encode(value) for value in parameters]


def _kind(cls: type[Record]) -> str:
    return cls.TABLE.removesuffix("s").replace("_", " ")


@cache
def _columns(cls: type[Record]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


@cache
def _select(cls: type[Record]) -> str:
    return f"SELECT {', '.join(_columns(cls))} FROM {cls.TABLE}"  # noqa: S608 - constants


# By hand: sqlite-utils reads the schema anew for each row that it writes.
@cache
def _insertion(table: str, *columns: str) -> str:
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - constants


@cache
def _change(cls: type[Record], *columns: str) -> str:
    key = _columns(cls)[0]
    changed = ", ".join(f"{name} = ?" for name in columns)
    return f"UPDATE {cls.TABLE} SET {changed} WHERE {key} = ?"  # noqa: S608 - constants


@cache
def _decoders(cls: type[Record]) -> list[tuple[str, Decoder]]:
    """Return the columns whose values are not what SQLite gives."""
    hints = typing.get_type_hints(cls)
    chosen = ((name, _decoder(hints[name])) for name in _columns(cls))
    return [(name, decode) for name, decode in chosen if decode is not None]


def _decoder(hint: Any) -> Decoder | None:
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
    return None
