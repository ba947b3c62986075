"""Deliveries: how far one post has come on its way to Instagram.

A post has at most one open delivery. Its step is committed before the outward act it names
(`PUBLISHING`) or after the act that it records (`UPLOADED`, `PUBLISHED`), so that after a
crash the row says what may have happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import uuid4

from sqlite_utils import Database

from storage import records


class RouteName(StrEnum):
    PRIVATE = "PRIVATE"
    GRAPH = "GRAPH"


class Step(StrEnum):
    """CREATED: nothing is at Instagram. UPLOADED: bytes are, nobody sees them.
    PUBLISHING: the post may be live. PUBLISHED: it is."""

    CREATED = "CREATED"
    UPLOADED = "UPLOADED"
    PUBLISHING = "PUBLISHING"
    PUBLISHED = "PUBLISHED"


class PageStep(StrEnum):
    """The cross-post to a Facebook Page. POSTING: it may be there; it is never repeated."""

    POSTING = "POSTING"
    POSTED = "POSTED"
    FAILED = "FAILED"


class Outcome(StrEnum):
    PUBLISHED = "PUBLISHED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a post on its way: its upload id or container, and whether that is ready.

    `uri` is where the bytes of a resumable upload go.
    """

    id: str
    ready: bool = False
    uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    TABLE: ClassVar[str] = "deliveries"
    id: str
    post_id: str
    route: RouteName
    step: Step
    upload_id: str | None = None
    container_id: str | None = None
    pieces: list[dict[str, Any]] | None = None
    files: list[dict[str, str]] | None = None
    content: str | None = None
    own_media_before: list[str] | None = None
    publishing_at: datetime | None = None
    # Instagram's own time before that, where it was told: ours may be set meanwhile.
    their_time: datetime | None = None
    media_id: str | None = None
    page_step: PageStep | None = None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    outcome: Outcome | None = None

    def pieces_made(self) -> list[Piece]:
        """Return how far the files have come, in order; files not begun are missing."""
        return [Piece(**piece) for piece in self.pieces or ()]

    @property
    def is_prepared(self) -> bool:
        """Whether everything is at Instagram that is needed to make it live."""
        return self.is_named and all(piece.ready for piece in self.pieces_made())

    @property
    def is_named(self) -> bool:
        """Whether it is known what Instagram calls what is sent."""
        return self.upload_id is not None or self.container_id is not None

    @property
    def was_sent(self) -> bool:
        """Whether something was sent that may have made it live, also where that was in vain."""
        return self.publishing_at is not None or self.step not in (Step.CREATED, Step.UPLOADED)

    @property
    def begins_with_video(self) -> bool:
        """Whether the first file that is sent is a video."""
        return any(file["mime"].startswith("video/") for file in (self.files or ())[:1])


def open_for(
    db: Database, post_id: str, route: RouteName, now: datetime, *, content: str | None = None
) -> Delivery:
    """Return the post's open delivery, made on the first call for that `content`."""
    found = find_open(db, post_id)
    if found is not None:
        return found
    delivery = Delivery(
        id=str(uuid4()),
        post_id=post_id,
        route=route,
        step=Step.CREATED,
        content=content,
        created_at=now,
        updated_at=now,
    )
    records.insert(db, delivery)
    return delivery


def find_open(db: Database, post_id: str) -> Delivery | None:
    """Return the post's open delivery, or None."""
    return records.fetch_one(db, Delivery, "WHERE post_id = ? AND closed_at IS NULL", (post_id,))


def find(db: Database, delivery_id: str) -> Delivery | None:
    """Return one delivery, or None."""
    return records.fetch_one(db, Delivery, "WHERE id = ?", (delivery_id,))


def has_ended(db: Database, post_id: str, route: RouteName, outcome: Outcome) -> bool:
    """Say whether a delivery of the post on that route has ended so."""
    found = records.fetch_one(
        db, Delivery, "WHERE post_id = ? AND route = ? AND outcome = ?", (post_id, route, outcome)
    )
    return found is not None


def sent_of(db: Database, post_id: str) -> list[Delivery]:
    """Return the newest deliveries of a post that were sent and are not known to be live."""
    return records.fetch(
        db,
        Delivery,
        "WHERE post_id = ? AND publishing_at IS NOT NULL AND outcome IS NOT 'PUBLISHED'"
        " AND (upload_id IS NOT NULL OR container_id IS NOT NULL)"
        " ORDER BY rowid DESC LIMIT 3",
        (post_id,),
    )


def in_doubt(db: Database, post_id: str) -> Delivery | None:
    """Return the post's delivery of which nobody knows what became, None where there is none.

    Others may seem to be newer, by a clock that was ahead when they were opened.
    """
    return records.fetch_one(
        db,
        Delivery,
        "WHERE post_id = ? AND outcome = 'UNKNOWN' ORDER BY rowid DESC",
        (post_id,),
    )


def advance(
    db: Database, /, delivery_id: str, step: Step, now: datetime, **changes: object
) -> Delivery:
    """Commit a step with what is known at that step."""
    records.update(db, Delivery, delivery_id, step=step, updated_at=now, **changes)
    return records.get(db, Delivery, delivery_id)


def start_over(db: Database, delivery_id: str, now: datetime) -> Delivery:
    """Forget what was prepared at Instagram: nothing of it can be published any more."""
    return advance(
        db, delivery_id, Step.CREATED, now, upload_id=None, container_id=None, pieces=None
    )


def close(db: Database, delivery_id: str, outcome: Outcome, now: datetime) -> None:
    """End a delivery; a later attempt opens a new one."""
    records.update(db, Delivery, delivery_id, closed_at=now, updated_at=now, outcome=outcome)


def settle_unknown(db: Database, delivery_id: str, now: datetime) -> None:
    """Note that what was `UNKNOWN` is not live: it is over."""
    db.conn.execute(
        "UPDATE deliveries SET outcome = 'WITHDRAWN', updated_at = ?"
        " WHERE id = ? AND outcome = 'UNKNOWN'",
        (records.encode(now), delivery_id),
    )


def reopen(db: Database, delivery_id: str, route: RouteName, now: datetime) -> None:
    """Open an `UNKNOWN` delivery again, so that its outcome is asked by `route` before anything."""
    records.update(
        db, Delivery, delivery_id, closed_at=None, updated_at=now, outcome=None, route=route
    )
