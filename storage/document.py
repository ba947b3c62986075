"""The document of `reprise export` and `import`: what it holds and what its fields are called.

Names are those of the REST contract. VoidGram's tables have the same, so its data is read as if it
were such a document; see docs/moving.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import Enum
from typing import Any

from storage import along, credentials, posts, records, secrets, users
from storage.accounts import Account
from storage.deliveries import Delivery
from storage.events import Event
from storage.media_files import MediaFile
from storage.posts import Post
from storage.repost_configs import RepostConfig
from storage.reposts import Repost
from storage.secrets import AccountSecret
from storage.store import Database
from storage.times import to_text
from storage.vault import Vault

FORMAT = "reprise-export"
# What protects an account beside its password, and what a person is told when it stays behind.
PROTECTION = {
    AccountSecret.CLIENT_OPTIONS: "its own proxy, locale or timezone",
    AccountSecret.TOTP_SEED: "its TOTP seed",
}
# The fields that name files of the media folder.
FILES: Mapping[type[Any], tuple[str, ...]] = {
    MediaFile: ("storagePath", "thumbnailPath", "processedPath"),
    Repost: ("mediaPath", "previewPath"),
}
VERSION = 1
# All but a login that waits for a person: that person is asked anew.
_KEPT = tuple(name for name in AccountSecret if name is not AccountSecret.PENDING_LOGIN)


@dataclass(frozen=True, slots=True)
class DocumentList:
    """One list of the document: its record, other names of it, and what is not kept of it."""

    name: str
    record: type[Any]
    also: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    # Whether only our own export has it: no other tool says what went out from here.
    ours: bool = False
    # Which rows are a user's, and their order.
    owned: str = "user_id = ? ORDER BY created_at, id"


# What the contract shows of a row beside what is stored of it.
_POST = "hashtags mediaFiles mediaFileIds"
_MEDIA = "previewUrl publicUrl thumbnailUrl thumbnailPreviewUrl"
_CONFIG = (
    "igUsername repostsToday repostsTodayResetAt challengeCount30d lastChallengeAt"
    " challengePauseUntil warmUpComplete"
)


def plain(name: str) -> str:
    """Return a name without case and punctuation: `media_files` and `mediaFiles` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


# Found by the other id of the account; a number of one database.
_HIDDEN: dict[type[Any], set[str]] = {
    Post: {"account_id"},
    Event: {"id"},
    Account: {"token_unproven"},  # what is imported is to be proved anew
}


def _plain(names: str) -> frozenset[str]:
    return frozenset(plain(name) for name in names.split())


KINDS = (
    DocumentList(
        "accounts",
        Account,
        _plain("account InstagramAccount InstagramAccounts"),
        _plain("secrets secretsLeftOut"),
    ),
    DocumentList("mediaFiles", MediaFile, _plain("MediaFile files"), _plain(_MEDIA)),
    DocumentList("posts", Post, _plain("Post"), _plain(_POST)),
    DocumentList(
        "storyRepostConfigs",
        RepostConfig,
        _plain("StoryRepostConfig configs config"),
        _plain(_CONFIG),
    ),
    DocumentList("reposts", Repost, ours=True),
    DocumentList(
        "deliveries",
        Delivery,
        ours=True,
        owned="post_id IN (SELECT id FROM posts WHERE user_id = ?) ORDER BY rowid",
    ),
    # What accounts, logins and jobs went through is this installation's own.
    DocumentList(
        "events",
        Event,
        ours=True,
        owned="user_id = ? AND subject IN ('post', 'repost') AND state != 'DELETED' ORDER BY id",
    ),
)


def shown_name(column: str) -> str:
    """Return what a column is called in the document: the contract's name."""
    if column == "account_id":
        return "instagramAccountId"
    first, *rest = column.split("_")
    return first + "".join(word.capitalize() for word in rest)


def columns(kind: DocumentList) -> list[str]:
    """Return the columns of a kind that the document has."""
    hidden = {"user_id"} | _HIDDEN.get(kind.record, set())
    return [field.name for field in fields(kind.record) if field.name not in hidden]


def export(db: Database, user_id: str, now: datetime, vault: Vault | None) -> dict[str, Any]:
    """Return everything of a user as the document; secrets only where a vault opens them.

    Rows that cannot be read are left out, and counted under `unreadable`.
    """
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "exportedAt": to_text(now),
        "stoppedAt": _value(users.stopped_since(db, user_id, now)),
    }
    left_out: dict[str, int] = {}
    for kind in KINDS:
        found = records.fetch_stored(db, kind.record, f"WHERE {kind.owned}", (user_id,))
        rows = records.readable(kind.record, found)
        document[kind.name] = [_shown(kind, row) for row in rows]
        if len(rows) < len(found):
            left_out[kind.name] = len(found) - len(rows)
    for post in document["posts"]:
        post["mediaFileIds"] = posts.media_ids_of(db, post["id"])
    document |= along.export(db, user_id)
    if left_out:
        document["unreadable"] = left_out
    for account in document["accounts"]:
        opened = {} if vault is None else _secrets(db, vault, account["id"])
        if vault is not None:
            account["secrets"] = opened
        # Also one that was changed or moved in the database: it costs no other.
        account["secretsLeftOut"] = [
            name.value
            for name in (PROTECTION if vault is None else _KEPT)
            if name.value not in opened and secrets.exists(db, account["id"], name)
        ]
    return document


def left_behind(username: str, names: Iterable[str]) -> str:
    """Return what to tell a person about protection that is not in a document, or nothing."""
    what = " and ".join(words for name, words in PROTECTION.items() if name in names)
    return f"@{username}: {what} did not come along; set it before you log in" if what else ""


def media_paths(document: Mapping[str, Any]) -> list[str]:
    """Return where the document's files lie, relative to the media folder.

    They are those of the media, with their thumbnails, and the saved stories of mentions.
    """
    return sorted(
        {
            row[name]
            for kind in KINDS
            for name in FILES.get(kind.record, ())
            for row in document[kind.name]
            if row[name] is not None
        }
    )


def _shown(kind: DocumentList, row: Any) -> dict[str, Any]:
    return {shown_name(column): _value(getattr(row, column)) for column in columns(kind)}


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return to_text(value)
    return value.value if isinstance(value, Enum) else value


def _secrets(db: Database, vault: Vault, account_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        name.value: secret
        for name in _KEPT
        if (secret := secrets.usable(db, vault, account_id, name)) is not None
    }
    login = credentials.find(db, account_id)
    if login is not None:
        found["login"] = {
            field.name: _value(getattr(login, field.name))
            for field in fields(login)
            if field.name != "account_id"
        }
    return found


def put_secrets(db: Database, vault: Vault, account_id: str, found: Mapping[str, Any]) -> None:
    """Seal and store what `export` gave of an account's secrets."""
    for name in _KEPT:
        if isinstance(found.get(name.value), str):
            secrets.put(db, vault, account_id, name, found[name.value])
    if found.get("login"):
        credentials.add(db, replace(found["login"], account_id=account_id))
