"""Everything at once: what an export and a backup take from the store."""

from __future__ import annotations

from typing import Any

from operations.models.base import Schema


class ExportRequest(Schema):
    """With secrets the document holds passwords, sessions and tokens in the clear."""

    with_secrets: bool = False


class Exported(Schema):
    """The document of docs/moving.md."""

    document: dict[str, Any]


class DatabaseCopy(Schema):
    """Where a copy of the database lies, for whoever asked to take away."""

    path: str
