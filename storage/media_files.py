"""Media files as rows; their bytes are in `storage.files`, named by content."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlite_utils import Database

from storage import records, renditions
from storage.owners import Accounts, media_within, named, within


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


def find(db: Database, media_id: str) -> MediaFile | None:
    """Return one media file, or None."""
    return records.fetch_one(db, MediaFile, "WHERE id = ?", (media_id,))


def shown(db: Database, media_id: str) -> MediaFile | None:
    """Return one media file as far as it is there and can be read; nothing is sent by it."""
    found = records.fetch_readable(db, MediaFile, "WHERE id = ?", (media_id,))
    return found[0] if found else None


def shown_of_post(db: Database, post_id: str) -> list[MediaFile]:
    """Return as `of_post` does, without what cannot be read; nothing is sent by it."""
    return records.fetch_readable(db, MediaFile, _OF_POST, (post_id,))


def of_post(db: Database, post_id: str) -> list[MediaFile]:
    """Return a post's media in order; files deleted since are left out."""
    return records.fetch(db, MediaFile, _OF_POST, (post_id,))


_OF_POST = "JOIN post_media ON media_file_id = media_files.id WHERE post_id = ? ORDER BY position"


def page(
    db: Database,
    user_id: str,
    kind: str | None,
    *,
    limit: int,
    offset: int,
    accounts: Accounts = None,
) -> list[MediaFile]:
    """Return uploads newest first; `kind` is image, video or None for both."""
    return records.fetch_readable(
        db,
        MediaFile,
        f"WHERE {_uploads(kind)}{media_within(accounts)}"
        " ORDER BY created_at DESC, id LIMIT :limit OFFSET :offset",
        {"user": user_id, "kind": kind, "limit": limit, "offset": offset, **named(accounts)},
    )


def total(db: Database, user_id: str, kind: str | None, *, accounts: Accounts = None) -> int:
    """Return how many uploads there are."""
    row = db.conn.execute(
        f"SELECT count(*) FROM media_files WHERE {_uploads(kind)}{media_within(accounts)}",  # noqa: S608 - a constant
        {"user": user_id, "kind": kind, **named(accounts)},
    ).fetchone()
    return int(row[0])


def mime_type_at(db: Database, user_id: str, path: str, accounts: Accounts = None) -> str | None:
    """Return what the user has at a stored path, None where nothing is his or within `accounts`.

    It is a file's or a rendition's type, and JPEG for a thumbnail. Files are named by their
    content, so that several users may have the same one.
    """
    # Found by its path alone: with the plus no index by owner is used, which reads all that is his.
    file = f"+user_id = :user{media_within(accounts)}"
    repost = f"+user_id = :user{within(accounts, '+account_id')}"
    row = db.conn.execute(
        f"SELECT mime_type FROM media_files WHERE storage_path = :path AND {file}"  # noqa: S608 - constants
        " UNION ALL SELECT renditions.mime_type FROM renditions"
        " JOIN media_files ON media_files.id = renditions.media_file_id"
        f" WHERE stored_path = :path AND {file}"
        f" UNION ALL SELECT 'image/jpeg' FROM media_files WHERE thumbnail_path = :path AND {file}"
        f" UNION ALL SELECT 'image/jpeg' FROM reposts WHERE preview_path = :path AND {repost}"
        f" UNION ALL SELECT NULL FROM reposts WHERE media_path = :path AND {repost} LIMIT 1",
        {"path": path, "user": user_id, **named(accounts)},
    ).fetchone()
    if row is None:
        return None
    # A story as it was downloaded has no row of its own; its suffix is that of its content.
    return row[0] or mimetypes.guess_type(path)[0] or "application/octet-stream"


def remove(db: Database, media_id: str) -> list[str]:
    """Delete a file's row; returns the paths on disk that nothing else refers to any more.

    Its renditions go with it. Posts keep their place for it, empty. Raises `NotFound`.
    """
    media = get(db, media_id)
    paths = renditions.paths_of(db, media_id)
    paths |= {media.storage_path, media.thumbnail_path or "", media.processed_path or ""}
    db.conn.execute("DELETE FROM media_files WHERE id = ?", (media_id,))
    return unused(db, paths)


def remove_cards_of(db: Database, account_id: str) -> None:
    """Delete the rows of an account's cards, also of those that were published.

    Their files are loose then, and upkeep deletes them.
    """
    db.conn.execute(
        "DELETE FROM media_files WHERE origin = 'REPOST' AND id IN ("
        " SELECT card_media_id FROM reposts WHERE account_id = ?1 AND card_media_id IS NOT NULL"
        " UNION SELECT media_file_id FROM posts JOIN post_media ON post_id = posts.id"
        " WHERE account_id = ?1 AND media_file_id IS NOT NULL)",
        (account_id,),
    )


def unused(db: Database, paths: Iterable[str]) -> list[str]:
    """Return those of the stored paths that no row refers to."""
    return sorted(path for path in paths if path and not is_used(db, path))


def keep_only_thumbnail(db: Database, media: MediaFile) -> set[str]:
    """Let a file's thumbnail stand for it from now on; returns the paths that it let go."""
    if media.thumbnail_path is None or media.storage_path == media.thumbnail_path:
        return set()
    paths = renditions.paths_of(db, media.id) | {media.storage_path}
    db.conn.execute("DELETE FROM renditions WHERE media_file_id = ?", (media.id,))
    records.update(
        db,
        MediaFile,
        media.id,
        storage_path=media.thumbnail_path,
        mime_type="image/jpeg",
        sha256=media.thumbnail_path.rpartition("/")[2].partition(".")[0],
    )
    return paths


def _uploads(kind: str | None) -> str:
    clause = "user_id = :user AND origin = 'UPLOAD'"
    return clause if kind is None else f"{clause} AND substr(mime_type, 1, 5) = :kind"


def is_used(db: Database, path: str) -> bool:
    """Say whether any row refers to that stored path."""
    row = db.conn.execute(
        "SELECT 1 FROM media_files WHERE storage_path = ?1 OR thumbnail_path = ?1"
        " OR processed_path = ?1 UNION ALL SELECT 1 FROM renditions WHERE stored_path = ?1"
        " UNION ALL SELECT 1 FROM reposts WHERE media_path = ?1"
        " UNION ALL SELECT 1 FROM reposts WHERE preview_path = ?1 LIMIT 1",
        (path,),
    ).fetchone()
    return row is not None
