"""A full life: rows in every state, with a value in every column, and the files they name."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlite_utils import Database

from ground.changes import Subject
from publish.content import fingerprint
from sandbox.world.sample_media import make_photo
from storage import media_files, records, secrets
from storage.accounts import Account
from storage.authors import AuthorRule, Verdict
from storage.credentials import Credentials
from storage.deliveries import Delivery, Outcome, RouteName, Step
from storage.events import Event
from storage.files import MediaFolder
from storage.jobs import Job, JobStatus, JobType
from storage.media_files import MediaFile, Origin
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.renditions import Rendition
from storage.repost_configs import PollStatus, PublishRoute, RepostConfig
from storage.reposts import Repost, RepostLimit, RepostStatus
from storage.secrets import AccountSecret
from storage.troubles import Trouble, TroubleKind
from storage.vault import Vault

T = TypeVar("T")
_SPECIAL: Mapping[str, Any] = {
    "user_tags": [{"username": "anna", "x": 0.25, "y": 0.5, "userId": "7"}],
    "collaborators": ["bert"],
    "alt_texts": ["a red cup", None],
    "story_mentions": [{"username": "carla", "x": 0.5, "y": 0.5}],
    "story_stickers": [{"type": "hashtag", "name": "sea"}],
    "pieces": [{"id": "1", "ready": True, "uri": None}],
    "files": [{"path": "ab/c", "mime": "image/jpeg"}],
    "own_media_before": ["1_2"],
    "card_sticker": {"x": 0.5, "y": 0.5},
    "limits": (RepostLimit.FEW.value,),
    "chat_backlog": (
        {
            "source": "inbox", "thread": "1", "cursor": "c", "until": "2026-11-01T00:00:00.000Z",
        },
    ),
    "required_words": ("sea",),
    "excluded_words": ("rain",),
    "validation_errors": ["too wide for a Reel"],
    "timezone": "Europe/Madrid",
    "template": "classic",
    "kind": "photo",
    "login_method": "facebook",
    "signature_overlay": '{"text": "via @{username}"}',
}  # fmt: skip


class Life:
    """Fills a database for one user, and every column of each row."""

    def __init__(self, db: Database, vault: Vault, folder: MediaFolder, user: str, now: datetime):
        self._db, self._vault, self._folder, self._user = db, vault, folder, user
        self._now = now
        self._count = count(1)
        self.files: list[MediaFile] = []

    def fill(self) -> None:
        """Store rows of all kinds and states."""
        for name in ("studio", "second"):
            self.fill_of(name)

    def fill_of(self, name: str) -> Account:
        """Store rows of all kinds and states of one account."""
        account = self._row(Account, username=name, ig_user_id=f"17{next(self._count)}")
        self._account(account)
        self.files = [self._media(origin) for origin in Origin]
        self._posts(account)
        self._reposts(account)
        return account

    def row(self, cls: type[T], **given: Any) -> T:
        """Return a record with a value in every field."""
        hints = typing.get_type_hints(cls)
        made = {
            one.name: given.get(one.name, self._value(one.name, hints[one.name]))
            for one in fields(cls)  # type: ignore[arg-type]
        }
        return cls(**made)

    def _row(self, cls: type[T], **given: Any) -> T:
        record = self.row(cls, **given)
        records.insert(self._db, record)  # type: ignore[arg-type]
        return record

    def _value(self, name: str, hint: Any) -> Any:
        if name in _SPECIAL:
            return _SPECIAL[name]
        if typing.get_origin(hint) in (typing.Union, types.UnionType):
            hint = next(arm for arm in typing.get_args(hint) if arm is not type(None))
        number = next(self._count)
        if name == "user_id":
            return self._user
        if name == "id":
            return number if hint is int else str(UUID(int=number, version=4))
        if hint is datetime:
            return self._now - timedelta(minutes=number)
        if hint is bool:
            return True
        if hint in (int, float):
            return number % 7 + 1
        if isinstance(hint, type) and issubclass(hint, Enum):
            return next(iter(hint))
        return f"{name} {number}"

    def _account(self, account: Account) -> None:
        self._row(
            RepostConfig, account_id=account.id, publish_route=PublishRoute.PRIVATE,
            last_poll_status=PollStatus.SUCCESS, daily_repost_limit=3, poll_interval_hours=6,
        )  # fmt: skip
        self._row(Credentials, account_id=account.id)
        for name in AccountSecret:
            secrets.put(self._db, self._vault, account.id, name, '{"proxy": "http://a:b@c:1"}')
        for kind in [*TroubleKind, *TroubleKind]:  # Instagram says the same of each
            self._row(Trouble, id=None, account_id=account.id, kind=kind, reason=kind.value)
        for verdict in Verdict:
            self._row(AuthorRule, account_id=account.id, verdict=verdict)
        at, free_at = self._now, self._now + timedelta(minutes=5)
        self._db.conn.execute(
            "INSERT INTO lanes VALUES (?, ?, ?)",
            (account.id, records.encode(at), records.encode(free_at)),
        )

    def _media(self, origin: Origin) -> MediaFile:
        paths = [self._file() for _ in range(3)]
        media = self._row(
            MediaFile, origin=origin, sha256=Path(paths[0]).stem, storage_path=paths[0],
            thumbnail_path=paths[1], processed_path=paths[2], mime_type="image/jpeg",
            file_size=self._folder.path(paths[0]).stat().st_size,
        )  # fmt: skip
        self._row(Rendition, media_file_id=media.id, stored_path=paths[0], mime_type="image/jpeg")
        return media

    def _file(self) -> str:
        scratch = self._folder.scratch(".jpg")
        make_photo(scratch, 270, 480, seed=next(self._count))
        return self._folder.adopt(scratch, ".jpg").path

    def _posts(self, account: Account) -> None:
        for status in PostStatus:
            for media_type in MediaType:
                for source in SourceType:
                    self._post(account, status, media_type, source)

    def _post(
        self, account: Account, status: PostStatus, media_type: MediaType, source: SourceType
    ) -> None:
        post = self._row(
            Post, account_id=account.id, instagram_account_id=account.id, status=status,
            media_type=media_type, source_type=source,
            is_scheduled=status is PostStatus.SCHEDULED,
            scheduled_for=self._now + timedelta(days=1),
            # What waits in a cloud comes from there, and not by moving.
            cloudflare_job_id="in-the-cloud" if status is PostStatus.PUBLISHED else None,
        )  # fmt: skip
        media = [self.files[0].id, None if status is PostStatus.PUBLISHED else self.files[1].id]
        self._db.conn.executemany(
            "INSERT INTO post_media VALUES (?, ?, ?)",
            [(post.id, position, one) for position, one in enumerate(media)],
        )
        self._event(Subject.POST, post.id, status)
        open_step = {
            PostStatus.QUEUED: Step.CREATED,
            PostStatus.PROCESSING: Step.UPLOADED,
            PostStatus.PUBLISHING: Step.PUBLISHING,
        }.get(status)
        if open_step is not None or status is PostStatus.SCHEDULED:
            self._row(
                Job, status=JobStatus.PENDING, type=JobType.PUBLISH, account_id=account.id,
                post_id=post.id, run_at=post.scheduled_for, repeat_key=None,
            )  # fmt: skip
        content = fingerprint(post, media_files.of_post(self._db, post.id))
        for outcome in self._outcomes(status):
            self._row(
                Delivery, post_id=post.id, route=RouteName.GRAPH, outcome=outcome, content=content
            )
        if open_step is not None:
            self._row(
                Delivery, post_id=post.id, step=open_step, closed_at=None, outcome=None,
                content=content,
            )  # fmt: skip

    def _outcomes(self, status: PostStatus) -> Iterator[Outcome]:
        if status is PostStatus.FAILED:
            yield from (Outcome.REFUSED, Outcome.WITHDRAWN, Outcome.UNKNOWN)
            # The latest is the one that a retry goes by.
        elif status is PostStatus.PUBLISHED:
            yield Outcome.PUBLISHED

    def _reposts(self, account: Account) -> None:
        for status in RepostStatus:
            for source in ("inbox", "own_feed"):
                repost = self._row(
                    Repost, account_id=account.id, status=status, source=source,
                    media_path=self._file(), preview_path=self._file(),
                    card_media_id=self.files[1].id,
                )  # fmt: skip
                if status is not RepostStatus.PUBLISHED:
                    records.update(self._db, Repost, repost.id, post_id=None)
                self._event(Subject.REPOST, repost.id, status)
        self._db.conn.execute(
            "INSERT INTO repost_slots (account_id, at, post_id) VALUES (?, ?, 'p')",
            (account.id, records.encode(self._now)),
        )

    def _event(self, subject: Subject, subject_id: str, state: str) -> None:
        self._row(Event, id=None, subject=subject, subject_id=subject_id, state=state)


Rows = dict[str, list[dict[str, Any]]]


def everything(db: Database) -> Rows:
    """Return every row of every table, by table."""
    tables = db.conn.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
        " ORDER BY name"
    ).fetchall()
    found: Rows = {}
    for (table,) in tables:
        cursor = db.conn.execute(f"SELECT * FROM {table}")
        names = [one[0] for one in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
        found[table] = sorted(rows, key=lambda row: [str(row[name]) for name in names])
    return found
