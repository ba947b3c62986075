"""Reading a document of another installation or tool: all is checked before anything is kept.

Pure but for the types: rows become records, what cannot be read is a problem that names its place,
and what is not known is reported, not guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from moving.checks import check_secrets
from moving.rows import RowReader, moment_in, rows_along
from storage import along
from storage.accounts import Account
from storage.deliveries import Delivery
from storage.document import FORMAT, KINDS, VERSION, DocumentList, plain
from storage.foreign import Unread
from storage.media_files import MediaFile
from storage.secrets import AccountSecret

_SHOWN_PROBLEMS = 20
_NOWHERE = {plain(name) for name in ("format", "version", "exportedAt", "stoppedAt", "total",
                                     "page", "limit", "hasMore", "userId")}  # fmt: skip


class NotImported(Exception):
    """The document cannot be taken; the message lists what is wrong, and nothing was stored."""

    def __init__(self, problems: list[str]) -> None:
        more = len(problems) - _SHOWN_PROBLEMS
        shown = problems[:_SHOWN_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
        super().__init__("Nothing was imported: " + "; ".join(shown))


@dataclass
class Plan:
    """The document's rows as records, by the name of their kind, and what is beside them."""

    # Whose all of it becomes.
    user_id: str = ""
    rows: dict[str, list[Any]] = field(default_factory=dict)
    media_of_post: dict[str, list[str | None]] = field(default_factory=dict)
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What protects an account and is not in the document.
    left_out: dict[str, list[str]] = field(default_factory=dict)
    # Posts that a cloud sends by itself.
    in_cloud: set[str] = field(default_factory=set)
    paused_until: dict[str, datetime] = field(default_factory=dict)
    # What goes along with the accounts, by the name of its list: see `storage.along`.
    along: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    # Of our own export alone: all of its rows are as they are stored here.
    is_ours: bool = False
    written_at: datetime | None = None
    # Since when nothing goes out there, because its user said so.
    stopped_at: datetime | None = None

    @cached_property
    def media(self) -> dict[str, MediaFile]:
        """The media rows by their ids."""
        return {row.id: row for row in self.rows.get("mediaFiles", ())}

    @cached_property
    def deliveries_of(self) -> dict[str, list[Delivery]]:
        """How far each post had come, oldest first."""
        found: dict[str, list[Delivery]] = {}
        for row in self.rows.get("deliveries", ()):
            found.setdefault(row.post_id, []).append(row)
        return found

    def numbers_of(self, account: Account) -> set[str]:
        """Return what an account is known by at Instagram, whatever it is called."""
        login = self.secrets.get(account.id, {}).get("login")
        return {account.ig_user_id, login.private_pk if login else ""} - {""}

    @cached_property
    def told_of(self) -> set[str]:
        """The posts and mentions whose events are there."""
        return {row.subject_id for row in self.rows.get("events", ())}


@dataclass(slots=True)
class Imported:
    """How many rows of each kind came in, and what a person should know about them."""

    new: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    # What did not come along of what protects an account, a line each.
    protection: list[str] = field(default_factory=list)
    # The posts and mentions that are new here; the accounts, whose rules, and the files.
    subjects: set[str] = field(default_factory=set)
    accounts: list[str] = field(default_factory=list)
    configs: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)


def read_document(document: object, user_id: str) -> Plan:
    """Return the plan of a document; raises `NotImported` with everything that is wrong."""
    if not isinstance(document, Mapping):
        raise NotImported(["the file holds no JSON object"])
    plan, problems = Plan(user_id=user_id, is_ours=document.get("format") == FORMAT), list[str]()
    if plan.is_ours:
        _check_version(document)
        plan.written_at = _moment(document, "exportedAt")
        plan.stopped_at = _moment(document, "stoppedAt")
    names = _names()
    for name, rows in document.items():
        if plan.is_ours and name in along.LISTS:
            plan.along[name] = rows_along(name, rows, problems)
            continue
        kind = names.get(plain(str(name)))
        if kind is None or not isinstance(rows, list) or (kind.ours and not plan.is_ours):
            if kind is not None and plan.is_ours:
                problems.append(f"{name} is no list")
            elif plain(str(name)) not in _NOWHERE:
                plan.unknown[str(name)] += _rows_in(rows)
            continue
        reader = RowReader(kind, problems, plan.unknown)
        for number, row in enumerate(rows):
            found = reader.read(row, where := f"{name}[{number}]", user_id)
            if found is not None:
                plan.rows.setdefault(kind.name, []).append(found[0])
                _note(plan, kind, *found, where, problems)
    _check_together(plan, problems)
    if problems:
        raise NotImported(problems)
    return plan


def _check_version(document: Mapping[str, Any]) -> None:
    version = document.get("version", 0)
    if not isinstance(version, int):
        raise NotImported(["its version is no number"])
    if version > VERSION:
        raise NotImported(["it was written by a newer Reprise"])


def _moment(document: Mapping[str, Any], name: str) -> datetime | None:
    if document.get(name) is None:
        return None
    try:
        return moment_in(document[name])
    except (ValueError, OverflowError):
        raise NotImported([f"{name} cannot be read"]) from None


def is_known(name: str) -> bool:
    """Say whether a table or list of that name is read, wherever it comes from."""
    return plain(name) in _names()


def _names() -> dict[str, DocumentList]:
    return {name: kind for kind in KINDS for name in {plain(kind.name), *kind.also}}


def _rows_in(value: object) -> int:
    if isinstance(value, Unread):
        return int(value)
    return len(value) if isinstance(value, list) else 1


def _note(
    plan: Plan,
    kind: DocumentList,
    record: Any,
    beside: dict[str, Any],
    where: str,
    problems: list[str],
) -> None:
    """Keep what is beside a record."""
    try:
        if kind.name == "posts":
            plan.media_of_post[record.id] = _media_ids(beside)
            if record.cloudflare_job_id:
                plan.in_cloud.add(record.id)
        elif kind.name == "accounts":
            if beside.get("secrets"):
                plan.secrets[record.id] = check_secrets(beside["secrets"], record.id)
            plan.left_out[record.id] = [
                AccountSecret(name) for name in beside.get("secretsleftout") or ()
            ]
        elif until := beside.get("challengepauseuntil"):
            plan.paused_until[record.account_id] = moment_in(until)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        problems.append(f"{where}: its media, secrets or pause cannot be read")


def _media_ids(beside: Mapping[str, Any]) -> list[str | None]:
    if isinstance(ids := beside.get("mediafileids"), list):
        # None is the place of a file that was deleted.
        return [None if one is None else str(UUID(one)) for one in ids]
    return [str(UUID(one["id"])) for one in beside.get("mediafiles") or ()]


def _check_together(plan: Plan, problems: list[str]) -> None:
    for name, rows in plan.rows.items():
        if name != "events":  # they have no number of their own in a document
            problems += [f"{name}: the id {one} is there twice" for one in _twice(rows, "id")]
    accounts: list[Account] = plan.rows.get("accounts", [])
    names = [account.username.lower() for account in accounts]
    problems += [f"accounts: @{one} is there twice" for one in _repeated(names)]
    numbers = [one for account in accounts for one in plan.numbers_of(account)]
    problems += [
        f"accounts: the Instagram account {one} is there twice" for one in _repeated(numbers)
    ]
    for post_id, found in plan.deliveries_of.items():
        if sum(one.closed_at is None for one in found) > 1:
            problems.append(f"deliveries: the post {post_id} has more than one that is open")


def _twice(rows: Iterable[Any], name: str) -> list[str]:
    return _repeated([getattr(row, name) for row in rows])


def _repeated(values: Iterable[str]) -> list[str]:
    return [one for one, count in Counter(values).items() if count > 1]
