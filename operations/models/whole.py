"""Everything at once: what an export and a backup take from the store."""

from __future__ import annotations

from typing import Any

from operations.models.base import Moment, Schema


class ExportRequest(Schema):
    """With secrets the document holds passwords, sessions and tokens in the clear."""

    with_secrets: bool = False


class Exported(Schema):
    """The document of docs/moving.md."""

    document: dict[str, Any]


class DatabaseCopy(Schema):
    """Where a copy of the database lies, for whoever asked to take away."""

    path: str


class ImportRows(Schema):
    """One list of a document: how many of its rows are new, and how many here already."""

    name: str
    new: int
    known: int


class ImportSeen(Schema):
    """What an import brings or has brought; `leftOut` is what is not known here."""

    ticket: str
    name: str
    rows: list[ImportRows]
    notes: list[str]
    left_out: list[str]


class ImportWaiting(Schema):
    """`taken` is what came last, as long as it can be taken back in one step."""

    waiting: ImportSeen | None
    taken: ImportSeen | None = None
    taken_back_until: Moment | None = None


class ImportTicket(Schema):
    ticket: str
