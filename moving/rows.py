"""One row of a document on its way to a record; what cannot be one is a problem with its place."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from moving import checks as import_checks
from storage import along, records
from storage.document import DocumentList, columns, plain
from storage.posts import Post
from storage.repost_configs import RepostConfig

_MOMENT: TypeAdapter[datetime] = TypeAdapter(datetime)
_DEFAULTS: dict[str, dict[str, Any]] = {"mediaFiles": {"origin": "UPLOAD", "sha256": ""}}
_LISTS = {"user_tags", "collaborators", "story_mentions", "alt_texts", "validation_errors"}
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


class RowReader:
    """Reads the rows of one kind."""

    def __init__(self, kind: DocumentList, problems: list[str], unknown: Counter[str]) -> None:
        self._kind = kind
        self._problems = problems
        self._unknown = unknown

    def read(self, row: object, where: str, user_id: str) -> tuple[Any, dict[str, Any]] | None:
        """Return the record and what is beside it, or None with a problem noted."""
        if not isinstance(row, Mapping):
            self._problems.append(f"{where} is no object")
            return None
        values: dict[str, Any] = dict(_DEFAULTS.get(self._kind.name, {}))
        if "user_id" in {one.name for one in fields(self._kind.record)}:
            values["user_id"] = user_id
        beside: dict[str, Any] = {}
        known = {_plain_column(column): column for column in columns(self._kind)}
        for name, value in row.items():
            column = known.get(plain(str(name)))
            if column is not None:
                values[column] = value
            elif plain(str(name)) in self._kind.derived:
                beside[plain(str(name))] = value
            elif plain(str(name)) != "userid":
                self._unknown[f"{self._kind.name}.{name}"] += 1
        record = self._record(values, where)
        return None if record is None else (record, beside)

    def _record(self, values: dict[str, Any], where: str) -> Any:
        if self._kind.record is Post:
            values["account_id"] = values.get("instagram_account_id")
        if "id" in columns(self._kind):
            try:
                values["id"] = str(UUID(str(values.get("id"))))
            except ValueError:
                self._problems.append(f"{where}.id: {values.get('id')!r} is no UUID")
                return None
        try:
            # Half a character, as `"\\ud83d"` in JSON, cannot be stored.
            json.dumps(values, ensure_ascii=False, default=str).encode()
            record = _adapter(self._kind.record).validate_python(
                {name: _given(value, name) for name, value in values.items()}
            )
            record = import_checks.in_utc(record)
            if isinstance(record, RepostConfig):
                record = self._usable(record)
            import_checks.check(record)
        except ValidationError as invalid:
            for one in invalid.errors(include_url=False):
                place = ".".join(str(part) for part in one["loc"])
                self._problems.append(f"{where}.{place}: {one['msg']}")
            return None
        except (ValueError, OverflowError, RecursionError) as error:
            self._problems.append(f"{where}: {_WORDS.get(type(error), error)}")
            return None
        return record

    def _usable(self, config: RepostConfig) -> RepostConfig:
        """Return the settings, without looks of a form that only the other tool knows."""
        if import_checks.has_signature_of_another_form(config):
            self._unknown["storyRepostConfigs.signatureOverlay, of another form"] += 1
            return replace(config, signature_overlay=None)
        return config


# Of errors whose own words tell a person nothing.
_WORDS: dict[type[Exception], str] = {
    UnicodeEncodeError: "half a character is in it",
    json.JSONDecodeError: "a list in it is no JSON",
    OverflowError: "a time or a number in it is too large",
    RecursionError: "it is nested deeper than any row",
}


def rows_along(name: str, rows: object, problems: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a list of `storage.along`, checked."""
    record = along.RECORDS[name]
    if not isinstance(rows, list):
        problems.append(f"{name} is no list")
        return []
    good = []
    for number, row in enumerate(rows):
        try:
            json.dumps(row, ensure_ascii=False).encode()
            if not all(one is None or isinstance(one, str) for one in dict(row).values()):
                raise TypeError("a value is no text")
            checked = import_checks.in_utc(_adapter(record).validate_python(row))
            import_checks.check(checked)
        except (ValueError, TypeError, OverflowError, RecursionError):
            problems.append(f"{name}[{number}] is no row of it, or a value of it cannot be")
            continue
        _, names = along.LISTS[name]
        good.append({column: records.encode(getattr(checked, column)) for column in names})
    return good


def moment_in(value: object) -> datetime:
    """Return a time of a document; raises `ValueError` or `OverflowError`."""
    moment = _MOMENT.validate_python(value)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _adapter(record: type[Any]) -> TypeAdapter[Any]:
    if record not in _ADAPTERS:  # making one takes longer than reading a hundred rows
        _ADAPTERS[record] = TypeAdapter(record)
    return _ADAPTERS[record]


def _plain_column(column: str) -> str:
    return "instagramaccountid" if column == "account_id" else plain(column)


def _given(value: object, name: str) -> object:
    # The contract has these as texts with JSON in them.
    if name in _LISTS and isinstance(value, str):
        return json.loads(value) if value.strip() else None
    return value
