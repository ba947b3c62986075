"""Reading a document of another installation or tool: all is checked before anything is kept.

Pure but for the types: rows become records, what cannot be read is a problem that names its place,
and what is not known is reported, not guessed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from api.schemas import StoryRepostSettings
from daemon.moving import FORMAT, KINDS, VERSION, Kind, columns, plain
from storage import along
from storage.credentials import Credentials
from storage.foreign import Unread
from storage.posts import Post, PostStatus
from storage.repost_configs import RepostConfig
from storage.reposts import Repost
from storage.times import to_text

_SHOWN_PROBLEMS = 20
_NOWHERE = {plain(name) for name in ("format", "version", "exportedAt", "total", "page", "limit",
                                     "hasMore", "userId")}  # fmt: skip
_SETTINGS = tuple(StoryRepostSettings.model_fields)


class NotImported(Exception):
    """The document cannot be taken; the message lists what is wrong, and nothing was stored."""

    def __init__(self, problems: list[str]) -> None:
        more = len(problems) - _SHOWN_PROBLEMS
        shown = problems[:_SHOWN_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
        super().__init__("Nothing was imported: " + "; ".join(shown))


@dataclass(slots=True)
class Plan:
    """The document's rows as records, by the name of their kind, and what is beside them."""

    rows: dict[str, list[Any]] = field(default_factory=dict)
    media_of_post: dict[str, list[str]] = field(default_factory=dict)
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Posts that a cloud sends by itself.
    in_cloud: set[str] = field(default_factory=set)
    paused_until: dict[str, datetime] = field(default_factory=dict)
    # What goes along with the accounts, by the name of its list: see `storage.along`.
    along: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)


def read_document(document: object, user_id: str) -> Plan:
    """Return the plan of a document; raises `NotImported` with everything that is wrong."""
    if not isinstance(document, Mapping):
        raise NotImported(["the file holds no JSON object"])
    if document.get("format") == FORMAT and document.get("version", 0) > VERSION:
        raise NotImported(["it was written by a newer Reprise"])
    plan, problems = Plan(), list[str]()
    names = _names()
    for name, rows in document.items():
        if document.get("format") == FORMAT and name in along.LISTS:
            plan.along[name] = _rows_along(name, rows, problems)
            continue
        kind = names.get(plain(str(name)))
        if kind is None or not isinstance(rows, list):
            # Only our own export tells which story a repost was made of.
            if plain(str(name)) not in _NOWHERE:
                plan.unknown[str(name)] += _rows_in(rows)
            continue
        if kind.record is Repost and document.get("format") != FORMAT:
            plan.unknown[str(name)] += len(rows)
            continue
        for number, row in enumerate(rows):
            reader = _RowReader(kind, f"{name}[{number}]", plan, problems)
            if (record := reader.read(row, user_id)) is not None:
                plan.rows.setdefault(kind.name, []).append(record)
    _check_ids(plan, problems)
    if problems:
        raise NotImported(problems)
    return plan


def _rows_along(name: str, rows: object, problems: list[str]) -> list[dict[str, Any]]:
    _, columns = along.LISTS[name]
    if not isinstance(rows, list):
        problems.append(f"{name} is no list")
        return []
    good = []
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or not all(
            value is None or isinstance(value, str) for value in map(row.get, columns)
        ):
            problems.append(f"{name}[{number}] is no row of it")
            continue
        try:
            for column in {"at", "until", "cleared_at", "set_at", "free_at"} & set(columns):
                if row.get(column) is not None:
                    row[column] = to_text(_MOMENT.validate_python(row[column]))
        except (ValueError, OverflowError):
            problems.append(f"{name}[{number}]: a time cannot be read")
            continue
        good.append(row)
    return good


def is_known(name: str) -> bool:
    """Say whether a table or list of that name is read, wherever it comes from."""
    return plain(name) in _names()


def _names() -> dict[str, Kind]:
    return {name: kind for kind in KINDS for name in {plain(kind.name), *kind.also}}


def _rows_in(value: object) -> int:
    if isinstance(value, Unread):
        return int(value)
    return len(value) if isinstance(value, list) else 1


class _RowReader:
    """One row on its way to a record."""

    def __init__(self, kind: Kind, where: str, plan: Plan, problems: list[str]) -> None:
        self._kind = kind
        self._where = where
        self._plan = plan
        self._problems = problems

    def read(self, row: object, user_id: str) -> Any:
        """Return the record, or None with a problem noted."""
        if not isinstance(row, Mapping):
            self._problems.append(f"{self._where} is no object")
            return None
        values: dict[str, Any] = {"user_id": user_id, **_DEFAULTS.get(self._kind.name, {})}
        beside: dict[str, Any] = {}
        known = {_plain_column(self._kind, column): column for column in columns(self._kind)}
        for name, value in row.items():
            column = known.get(plain(str(name)))
            if column is not None:
                values[column] = value
            elif plain(str(name)) in self._kind.derived:
                beside[plain(str(name))] = value
            elif plain(str(name)) != "userid":
                self._plan.unknown[f"{self._kind.name}.{name}"] += 1
        record = self._record(values)
        if record is not None:
            self._note(record, beside)
        return record

    def _record(self, values: dict[str, Any]) -> Any:
        if self._kind.record is Post:
            values["account_id"] = values.get("instagram_account_id")
        try:
            values["id"] = str(UUID(str(values.get("id"))))
        except ValueError:
            self._problems.append(f"{self._where}.id: {values.get('id')!r} is no UUID")
            return None
        try:
            # Half a character, as `"\\ud83d"` in JSON, cannot be stored.
            json.dumps(values, ensure_ascii=False, default=str).encode()
            record = _adapter(self._kind.record).validate_python(
                {name: _given(value, name) for name, value in values.items()}
            )
            if isinstance(record, RepostConfig):
                record = self._usable(record)
        except ValidationError as invalid:
            for one in invalid.errors(include_url=False):
                place = ".".join(str(part) for part in one["loc"])
                self._problems.append(f"{self._where}.{place}: {one['msg']}")
            return None
        except ValueError as error:
            self._problems.append(f"{self._where}: {error}")
            return None
        naive = {
            one.name: moment.replace(tzinfo=UTC)
            for one in fields(record)
            if isinstance(moment := getattr(record, one.name), datetime) and moment.tzinfo is None
        }
        return replace(record, **naive) if naive else record

    def _usable(self, config: RepostConfig) -> RepostConfig:
        """Return the settings, without looks of a form that only the other tool knows."""
        settings = {name: getattr(config, name, None) for name in _SETTINGS}
        try:
            StoryRepostSettings.model_validate(settings)
        except ValidationError as invalid:
            wrong = {one["loc"][0] for one in invalid.errors()}
            if "signature_overlay" not in wrong:
                raise
            self._plan.unknown["storyRepostConfigs.signatureOverlay, of another form"] += 1
            return self._usable(replace(config, signature_overlay=None))
        return config

    def _note(self, record: Any, beside: dict[str, Any]) -> None:
        try:
            if self._kind.name == "posts":
                self._plan.media_of_post[record.id] = _media_ids(beside)
                if beside.get("cloudflarejobid"):
                    self._plan.in_cloud.add(record.id)
            elif self._kind.name == "accounts" and beside.get("secrets"):
                self._plan.secrets[record.id] = _checked_secrets(beside["secrets"], record.id)
            elif until := beside.get("challengepauseuntil"):
                moment = _MOMENT.validate_python(until)
                self._plan.paused_until[record.account_id] = (
                    moment if moment.tzinfo else moment.replace(tzinfo=UTC)
                )
        except (ValueError, TypeError, KeyError):
            self._problems.append(f"{self._where}: its media, secrets or pause cannot be read")


_MOMENT: TypeAdapter[datetime] = TypeAdapter(datetime)
_DEFAULTS: dict[str, dict[str, Any]] = {"mediaFiles": {"origin": "UPLOAD", "sha256": ""}}
_LISTS = {"user_tags", "collaborators", "story_mentions", "validation_errors"}
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(record: type[Any]) -> TypeAdapter[Any]:
    return _ADAPTERS.setdefault(record, TypeAdapter(record))


def _plain_column(kind: Kind, column: str) -> str:
    return "instagramaccountid" if column == "account_id" else plain(column)


def _given(value: object, name: str) -> object:
    # The contract has these as texts with JSON in them.
    if name in _LISTS and isinstance(value, str):
        return json.loads(value) if value.strip() else None
    return value


def _media_ids(beside: Mapping[str, Any]) -> list[str]:
    if isinstance(ids := beside.get("mediafileids"), list):
        return [str(UUID(one)) for one in ids if one is not None]
    return [str(UUID(one["id"])) for one in beside.get("mediafiles") or ()]


def _checked_secrets(found: Mapping[str, Any], account_id: str) -> dict[str, Any]:
    checked = dict(found)
    if checked.get("login"):
        login = {**checked["login"], "account_id": account_id}
        checked["login"] = TypeAdapter(Credentials).validate_python(login)
    return checked


def _check_ids(plan: Plan, problems: list[str]) -> None:
    for name, rows in plan.rows.items():
        twice = [one for one, count in Counter(row.id for row in rows).items() if count > 1]
        problems += [f"{name}: the id {one} is there twice" for one in twice]


def outcome(
    post: Post, now: datetime, *, connected: bool, media_there: bool, in_cloud: bool
) -> tuple[Post, str | None]:
    """Return a post as it is stored here, and why if it is not as it was.

    Only what lies in the future, and can be sent from here, stays scheduled; nothing that was due
    or on its way is ever sent by itself.
    """
    ended = post.published_at or post.updated_at
    match post.status:
        case PostStatus.DRAFT:
            return post, None
        case PostStatus.PUBLISHED | PostStatus.FAILED:
            return replace(post, completed_at=post.completed_at or ended), None
        case PostStatus.SCHEDULED if post.scheduled_for is not None and post.scheduled_for > now:
            if connected and media_there and not in_cloud:
                return replace(post, is_scheduled=True), None
            why = (
                "the cloud sends it" if in_cloud
                else "its media are missing" if connected
                else "its account is missing"
            )  # fmt: skip
            draft = replace(post, status=PostStatus.DRAFT, is_scheduled=False, scheduled_for=None)
            return draft, f"scheduled posts became drafts: {why}"
    failed = replace(
        post,
        status=PostStatus.FAILED,
        error_code="DELIVERY_UNKNOWN",
        error_message=_UNSURE,
        completed_at=now,
    )
    return failed, "posts that were due or on their way are parked as failed"


_UNSURE = (
    "It was due or on its way before it was imported, and may have gone out. Look at the account "
    "in the Instagram app before you retry"
)
