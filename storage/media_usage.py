"""Which posts show an upload, and uploads chosen by that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from storage import records
from storage.media_files import MediaFile
from storage.owners import Accounts, media_within, named
from storage.posts import PostStatus

_SHOWN = 5
_PLANNED = ("SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING")


@dataclass(slots=True)
class Usage:
    """Who shows a file: the newest few posts with their states, and how many there are."""

    posts: list[tuple[str, PostStatus]] = field(default_factory=list)
    count: int = 0
    is_planned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which of a user's uploads; what is None does not matter."""

    user_id: str
    kind: str | None = None
    is_unused: bool = False
    text: str | None = None
    accounts: Accounts = None

    def clause(self) -> str:
        """Return the conditions."""
        more = ""
        if self.kind is not None:
            more += " AND substr(mime_type, 1, 5) = :kind"
        if self.is_unused:
            more += (
                " AND NOT EXISTS (SELECT 1 FROM post_media WHERE media_file_id = media_files.id)"
            )
        if self.text is not None:
            more += " AND instr(lower(original_filename), lower(:text)) > 0"
        return f"user_id = :user AND origin = 'UPLOAD'{more}{media_within(self.accounts)}"

    def parameters(self) -> dict[str, object]:
        """Return what the conditions name."""
        chosen = {"user": self.user_id, "kind": self.kind, "text": self.text}
        return {**chosen, **named(self.accounts)}


def page(db: Database, chosen: Chosen, *, limit: int, offset: int) -> list[MediaFile]:
    """Return the chosen uploads, newest first."""
    return records.fetch_readable(
        db,
        MediaFile,
        f"WHERE {chosen.clause()} ORDER BY created_at DESC, id LIMIT :limit OFFSET :offset",
        {**chosen.parameters(), "limit": limit, "offset": offset},
    )


def total(db: Database, chosen: Chosen) -> tuple[int, int]:
    """Return how many there are, and how many bytes they take."""
    row = db.conn.execute(
        "SELECT count(*), coalesce(sum(file_size), 0) FROM media_files"  # noqa: S608 - our own words
        f" WHERE {chosen.clause()}",
        records.encoded(chosen.parameters()),
    ).fetchone()
    return int(row[0]), int(row[1])


def of(db: Database, media_ids: Sequence[str]) -> dict[str, Usage]:
    """Return who shows each of the files."""
    found = {media_id: Usage() for media_id in media_ids}
    rows = db.conn.execute(
        "SELECT DISTINCT media_file_id, post_id, status FROM json_each(?)"
        " JOIN post_media ON media_file_id = value JOIN posts ON posts.id = post_id"
        " ORDER BY created_at DESC, post_id",
        (records.encode(list(media_ids)),),
    )
    for media_id, post_id, status in rows:
        used = found[media_id]
        used.count += 1
        used.is_planned = used.is_planned or status in _PLANNED
        if len(used.posts) < _SHOWN:
            used.posts.append((post_id, PostStatus(status)))
    return found
