"""Every change of state as a row: what history shows today and a stream can tell tomorrow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlite_utils import Database

from storage import records


class Subject(StrEnum):
    POST = "post"
    REPOST = "repost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    TABLE: ClassVar[str] = "events"
    id: int | None = None
    user_id: str
    subject: Subject
    subject_id: str
    state: str
    reason: str | None
    at: datetime


def of_subject(db: Database, subject: Subject, subject_id: str) -> list[Event]:
    """Return a subject's changes of state, oldest first."""
    return records.fetch(
        db, Event, "WHERE subject_id = ? AND subject = ? ORDER BY id", (subject_id, subject)
    )
