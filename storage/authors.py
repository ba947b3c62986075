"""Authors of stories: whose the user wants or refuses, and how many follow them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlite_utils import Database

from storage import records, reposts


class Verdict(StrEnum):
    ALLOW = "ALLOW"
    DENY = "DENY"
    ALWAYS = "ALWAYS"  # nobody is asked about their stories


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorRule:
    """An author on one of an account's lists; `author_pk` is None until a story was seen."""

    TABLE: ClassVar[str] = "author_rules"
    account_id: str
    verdict: Verdict
    username: str
    author_pk: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followers:
    """How many people followed an author when that was read last."""

    TABLE: ClassVar[str] = "author_followers"
    author_pk: str
    followers: int
    read_at: datetime


def shown_rules_of(db: Database, account_id: str) -> list[AuthorRule]:
    """Return both lists of an account as far as they can be read; nothing is decided by them."""
    clause = "WHERE account_id = ? ORDER BY username"
    return records.fetch_readable(db, AuthorRule, clause, (account_id,))


def rules_of(db: Database, account_id: str) -> list[AuthorRule]:
    """Return both lists of an account, by name; raises `Unreadable` where one may be a refusal."""
    return records.fetch(db, AuthorRule, "WHERE account_id = ? ORDER BY username", (account_id,))


def replace_rules(
    db: Database, account_id: str, verdict: Verdict, usernames: Sequence[str]
) -> None:
    """Make `usernames` one of an account's lists; who stays on it keeps the id that is known."""
    old = [rule for rule in rules_of(db, account_id) if rule.verdict is verdict]
    known = reposts.pks_of(db, account_id, usernames)
    known |= {rule.username.lower(): rule.author_pk for rule in old if rule.author_pk}
    db.conn.execute(
        "DELETE FROM author_rules WHERE account_id = ? AND verdict = ?",
        (account_id, verdict.value),
    )
    for name in {name.lower() for name in usernames}:
        rule = AuthorRule(
            account_id=account_id, verdict=verdict, username=name, author_pk=known.get(name)
        )
        records.insert(db, rule)


def rule_author(
    db: Database, account_id: str, username: str, verdict: Verdict | None
) -> str | None:
    """Let one verdict, of DENY and ALWAYS, or neither hold for an author; returns their id.

    None where no story of theirs was seen. Who is allowed stays on that list.
    """
    name = username.lower()
    pk = reposts.pks_of(db, account_id, [name]).get(name)
    db.conn.execute(
        "DELETE FROM author_rules WHERE account_id = ? AND verdict != 'ALLOW'"
        " AND (username = ? OR author_pk = ?)",
        (account_id, name, pk),
    )
    if verdict is not None:
        rule = AuthorRule(account_id=account_id, verdict=verdict, username=name, author_pk=pk)
        records.insert(db, rule)
    return pk


def recognise(db: Database, account_id: str, username: str, author_pk: str) -> None:
    """Keep the id of a listed author whose story was seen for the first time; "" is none."""
    db.conn.execute(
        "UPDATE author_rules SET author_pk = ? WHERE account_id = ? AND username = ?"
        " AND author_pk IS NULL",
        (author_pk or None, account_id, username),
    )


def followers_of(db: Database, author_pk: str) -> Followers | None:
    """Return what is known of an author's followers, however old, or None."""
    return records.fetch_one(db, Followers, "WHERE author_pk = ?", (author_pk,))


def save_followers(db: Database, author_pk: str, followers: int, now: datetime) -> None:
    """Store or renew the number of an author's followers."""
    db.conn.execute(
        "INSERT OR REPLACE INTO author_followers (author_pk, followers, read_at) VALUES (?, ?, ?)",
        (author_pk, followers, records.encode(now)),
    )
