"""Uploaded files."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    Field,
)

from operations.models.base import (
    Moment,
    Schema,
    Uuid,
)


class MediaFile(Schema):
    id: Uuid
    original_filename: str
    storage_path: str
    mime_type: str
    file_size: int
    width: int | None
    height: int | None
    duration_seconds: float | None
    aspect_ratio: str | None
    is_valid: bool
    validation_errors: str | None
    thumbnail_path: str | None
    processed_path: str | None
    created_at: Moment
    preview_url: str | None
    public_url: str | None
    thumbnail_url: str | None
    thumbnail_preview_url: str | None


class MediaList(Schema):
    files: list[MediaFile]
    total: int
    has_more: bool


class MediaQuery(Schema):
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=2**62)
    type: Literal["image", "video"] | None = None
