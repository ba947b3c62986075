"""What a backup says of itself in its last member; written by `storage.backup`.

Read as what a stranger may have written: whatever is not as it was written is `Damaged`, in our
own words, before anything that it names is used.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeGuard

from storage.backup import DATABASE, FORMAT, KEY, MEDIA, VERSION, Member
from storage.errors import Damaged, Unusable
from storage.files import is_kept
from storage.opening import check_known
from storage.times import from_text, to_text

_FOLDER = re.compile(rf"{MEDIA}(/[0-9a-f]{{2}})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIELDS = {"path", "size", "sha256"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest whose every value is what it may be; what it tells of was not looked at."""

    created_at: datetime
    files: list[Member]
    # Media, or folders of them, that could not be read when it was made.
    unreadable: tuple[str, ...]


def read_manifest(content: bytes, source: Path) -> Manifest:
    """Return the manifest of a backup.

    Raises `Damaged` where it is none, and `Unusable` where a newer Reprise wrote it.
    """
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Damaged(f"{source} has a list of its files that cannot be read")
    if said.get("format") != FORMAT:
        raise Damaged(f"{source} is no backup of Reprise")
    if not _is_count(version := said.get("version")):
        raise _odd(source, "its version")
    if version > VERSION:
        raise Unusable(f"{source} was written by a newer Reprise; upgrade this installation")
    schema = said.get("schema")
    if not _is_list_of_texts(schema):
        raise _odd(source, "its schema")
    check_known(schema, f"The backup {source}")
    return Manifest(
        _time(said.get("createdAt"), source),
        _files(said.get("files"), source),
        _unreadable(said.get("unreadable", []), source),
    )


def is_ours(path: str) -> bool:
    """Say whether a member of that name is unpacked."""
    return path in (DATABASE, KEY) or is_medium(path)


def is_medium(path: str) -> bool:
    """Say whether a member of that name is a file of the media."""
    return path.startswith(f"{MEDIA}/") and is_kept(path.removeprefix(f"{MEDIA}/"))


def _time(value: Any, source: Path) -> datetime:
    try:
        moment = from_text(value)
        to_text(moment)  # not beyond the calendar in UTC
    except (TypeError, ValueError, OverflowError):
        raise _odd(source, "the time it was made at") from None
    return moment


def _files(value: Any, source: Path) -> list[Member]:
    if not isinstance(value, list) or not all(map(_is_member, value)):
        raise _odd(source, "a file it lists")
    return [Member(**one) for one in value]


def _is_member(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and set(one) == _FIELDS
        and isinstance(one["path"], str)
        and _is_count(one["size"])
        and isinstance(one["sha256"], str)
        and _SHA256.fullmatch(one["sha256"]) is not None
    )


def _unreadable(value: Any, source: Path) -> tuple[str, ...]:
    if not _is_list_of_texts(value):
        raise _odd(source, "what it misses")
    for name in value:
        if not _FOLDER.fullmatch(name) and not is_medium(name):
            raise Damaged(f"{source} misses {name[:200]!r}, which no backup has")
    return tuple(value)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_list_of_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _odd(source: Path, what: str) -> Damaged:
    return Damaged(f"{source} is damaged: {what} cannot be read")
