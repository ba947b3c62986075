"""Rows that cannot be read, for `reprise doctor`: each table looked through, for so long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from storage import records
from storage.account_sessions import AccountSession
from storage.accounts import Account
from storage.api_keys import ApiKey
from storage.authors import AuthorRule, Followers
from storage.browser_sessions import BrowserSession, LoginCode
from storage.cloud import CloudWorker
from storage.credentials import Challenge, Credentials
from storage.deliveries import Delivery
from storage.events import Event
from storage.facts import Fact
from storage.handovers import CloudLane, Handover
from storage.jobs import Job
from storage.media_files import MediaFile
from storage.notices import Notice, QuietHours
from storage.posts import Post
from storage.renditions import Rendition
from storage.repost_configs import RepostConfig
from storage.reposts import Repost
from storage.times import legible
from storage.troubles import Trouble
from storage.users import User
from storage.webhooks import Webhook, WebhookDelivery

# Those by which most is decided first, and the long ones last.
KINDS: tuple[type[records.Record], ...] = (
    Account, Credentials, Challenge, RepostConfig, Trouble, AuthorRule, User, ApiKey, Webhook,
    CloudWorker, CloudLane, Handover, Fact, QuietHours, AccountSession, BrowserSession, LoginCode,
    Job, Post, Delivery, Repost, MediaFile, Rendition, Notice, Followers, WebhookDelivery,
    Event,
)  # fmt: skip
# Tables without a record, and their times.
TIMES = {"lanes": ("account_id", "set_at", "free_at"), "repost_slots": ("id", "at")}
# Whose key opens something.
_SECRET = {"account_sessions", "browser_sessions", "login_codes"}
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class IllegibleRow:
    """A row that cannot be read; `key` is None where it is a secret."""

    table: str
    key: str | None
    column: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and whether everything was looked at."""

    rows: list[IllegibleRow]
    is_all: bool


def look_through(db: Database, *, limit_s: float, most: int = 20) -> Looked:
    """Look for rows that cannot be read, `most` of them, for no longer than `limit_s` seconds."""
    ends_at = time.monotonic() + limit_s
    found = list[IllegibleRow]()
    for number, unread in enumerate(_all(db)):
        if unread is not None:
            found.append(unread)
        if len(found) >= most or (number % _AT_ONCE == 0 and time.monotonic() > ends_at):
            return Looked(found, is_all=False)
    return Looked(found, is_all=True)


def _all(db: Database) -> Iterator[IllegibleRow | None]:
    for kind in KINDS:
        columns = records.columns_of(kind)
        for row in db.conn.execute(f"SELECT {', '.join(columns)} FROM {kind.TABLE}"):  # noqa: S608
            values = dict(zip(columns, row, strict=True))
            flaw = records.flaw_in(kind, values)
            yield None if flaw is None else _named(kind.TABLE, row[0], flaw)
    for table, (key, *times) in TIMES.items():
        for row in db.conn.execute(f"SELECT {', '.join((key, *times))} FROM {table}"):  # noqa: S608
            flaws = (name for name, at in zip(times, row[1:], strict=True) if legible(at) is None)
            flaw = next(flaws, None)
            yield None if flaw is None else _named(table, row[0], flaw)


def _named(table: str, key: object, column: str) -> IllegibleRow:
    return IllegibleRow(table, None if table in _SECRET else str(key)[:64], column)
