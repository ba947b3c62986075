"""Media files as rows; their bytes are in `storage.files`, named by content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlite_utils import Database

from storage import records


class Origin(StrEnum):
    UPLOAD = "UPLOAD"
    REPOST = "REPOST"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """One image or video; paths are relative to the media folder."""

    TABLE: ClassVar[str] = "media_files"
    id: str
    user_id: str
    origin: Origin
    original_filename: str
    sha256: str
    storage_path: str
    mime_type: str
    file_size: int
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    aspect_ratio: str | None = None
    is_valid: bool = True
    validation_errors: list[str] | None = None
    thumbnail_path: str | None = None
    processed_path: str | None = None
    created_at: datetime

    @property
    def is_video(self) -> bool:
        return self.mime_type.startswith("video/")


def add(db: Database, media: MediaFile) -> None:
    """Store the row of a file that is on disk already."""
    records.insert(db, media)


def get(db: Database, media_id: str) -> MediaFile:
    """Return one media file; raises `NotFound`."""
    return records.get(db, MediaFile, media_id)


def of_post(db: Database, post_id: str) -> list[MediaFile]:
    """Return a post's media in order; files deleted since are left out."""
    return records.fetch(
        db,
        MediaFile,
        "JOIN post_media ON media_file_id = media_files.id WHERE post_id = ? ORDER BY position",
        (post_id,),
    )
