"""Media made to fit: what was made of a file for a use, so that it is made once.

Where a file fits as it is, its rendition is the file itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sqlite_utils import Database

from storage import records


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One form of a media file; `stored_path` is relative to the media folder."""

    TABLE: ClassVar[str] = "renditions"
    media_file_id: str
    variant: str
    stored_path: str
    sha256: str
    mime_type: str
    file_size: int
    width: int
    height: int
    duration_seconds: float | None = None


def find(db: Database, media_file_id: str, variant: str) -> Rendition | None:
    """Return that form of a media file, or None if it was never made."""
    return records.fetch_one(
        db, Rendition, "WHERE media_file_id = ? AND variant = ?", (media_file_id, variant)
    )


def save(db: Database, rendition: Rendition) -> None:
    """Store a form of a media file, in place of an earlier one of the same variant."""
    db.conn.execute(
        "DELETE FROM renditions WHERE media_file_id = ? AND variant = ?",
        (rendition.media_file_id, rendition.variant),
    )
    records.insert(db, rendition)


def paths_of(db: Database, media_file_id: str) -> set[str]:
    """Return where the forms of a media file lie."""
    rows = db.conn.execute(
        "SELECT stored_path FROM renditions WHERE media_file_id = ?", (media_file_id,)
    )
    return {row[0] for row in rows}
