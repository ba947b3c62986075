"""Whose a row is: the one question that every operation asks before anything else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sqlite_utils import Database

Owned = Literal[
    "accounts",
    "posts",
    "media_files",
    "reposts",
    "api_keys",
    "webhooks",
    "webhook_deliveries",
    "recipients",
]
# Who is limited to some accounts; None is nobody.
Accounts = Collection[str] | None

_RECEIVERS = "webhooks"  # where people are reached are rows of it

# Media belong to no account, but what only others' posts and reposts show is theirs.
_SHOWN_ELSEWHERE = (
    "EXISTS (SELECT 1 FROM post_media JOIN posts ON posts.id = post_id"
    " WHERE media_file_id = media_files.id AND NOT coalesce({posts}, FALSE))"
    " OR EXISTS (SELECT 1 FROM reposts WHERE card_media_id = media_files.id AND NOT {reposts})"
)


def owns(
    db: Database, table: Owned, user_id: str, identifier: str, accounts: Accounts = None
) -> bool:
    """Say whether a row of that table is there, belongs to the user, and is within `accounts`."""
    limit = {
        "accounts": within(accounts, "id"),
        "posts": within(accounts),
        "reposts": within(accounts),
        "media_files": media_within(accounts),
        "api_keys": "",
        "webhooks": f" AND kind = 'webhook'{_webhook_within(accounts)}",
        "recipients": f" AND kind = 'person'{_webhook_within(accounts)}",
        "webhook_deliveries": " AND EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = webhook_id"  # noqa: S608
        f" AND kind = 'webhook'{_webhook_within(accounts)})",
    }[table]
    source = _RECEIVERS if table == "recipients" else table
    row = db.conn.execute(
        f"SELECT 1 FROM {source} WHERE id = :id AND user_id = :user{limit}",  # noqa: S608 - never from outside
        {"id": identifier, "user": user_id, **named(accounts)},
    ).fetchone()
    return row is not None


def within(accounts: Accounts, column: str = "account_id") -> str:
    """Return the condition, as ` AND …`, that a row is of one of the accounts; see `named`."""
    return "" if accounts is None else f" AND {_is_one_of(accounts, column)}"


def media_within(accounts: Accounts) -> str:
    """Return the condition, as ` AND …`, that no other account shows a media file."""
    if accounts is None:
        return ""
    elsewhere = _SHOWN_ELSEWHERE.format(
        posts=_is_one_of(accounts, "posts.account_id"),
        reposts=_is_one_of(accounts, "reposts.account_id"),
    )
    return f" AND NOT ({elsewhere})"


def _webhook_within(accounts: Accounts) -> str:
    """Return the condition that a webhook hears of no account beside these."""
    if accounts is None:
        return ""
    beyond = _is_one_of(accounts, "value")
    return (
        " AND webhooks.account_ids IS NOT NULL AND NOT EXISTS"  # noqa: S608
        f" (SELECT 1 FROM json_each(webhooks.account_ids) WHERE NOT {beyond})"
    )


def named(accounts: Accounts) -> dict[str, str]:
    """Return the parameters of those conditions."""
    return {f"account{number}": each for number, each in enumerate(accounts or ())}


def _is_one_of(accounts: Collection[str], column: str) -> str:
    return f"{column} IN ({', '.join(f':{name}' for name in named(accounts))})"
