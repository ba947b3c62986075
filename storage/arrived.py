"""What an import brought: how it was when it had come, and its removal while it is still so."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlite_utils import Database


def posts_as_they_are(db: Database, ids: Iterable[str]) -> dict[str, str]:
    """Return of those posts that there are what says whether somebody used one since."""
    return _told(
        db,
        "SELECT id, status || ' ' || updated_at || ' '"
        " || (SELECT count(*) FROM jobs WHERE post_id = posts.id AND status = 'PROCESSING')"
        " || (SELECT count(*) FROM cloud_posts WHERE post_id = posts.id)"
        " FROM posts WHERE id IN (SELECT value FROM json_each(?))",
        ids,
    )


def mentions_as_they_are(db: Database, ids: Iterable[str]) -> dict[str, str]:
    """Return the same of mentions."""
    return _told(
        db,
        "SELECT id, status || ' ' || updated_at || ' ' || ifnull(post_id, '') FROM reposts"
        " WHERE id IN (SELECT value FROM json_each(?))",
        ids,
    )


def rules_as_they_are(db: Database, account_ids: Iterable[str]) -> dict[str, str]:
    """Return the same of accounts' settings."""
    return _told(
        db,
        "SELECT account_id, is_enabled || ' ' || updated_at FROM story_repost_configs"
        " WHERE account_id IN (SELECT value FROM json_each(?))",
        account_ids,
    )


def accounts_as_they_are(db: Database, ids: Iterable[str]) -> dict[str, str]:
    """Return the same of accounts: their login and token, and then how many posts and mentions."""
    return _told(
        db,
        "SELECT id, token_unproven || ' ' || ifnull(token_expires_at, '') || ' '"
        " || ifnull((SELECT last_login_at FROM credentials WHERE account_id = accounts.id), '')"
        " || ' ' || (SELECT count(*) FROM posts WHERE account_id = accounts.id)"
        " || ' ' || (SELECT count(*) FROM reposts WHERE account_id = accounts.id)"
        " FROM accounts WHERE id IN (SELECT value FROM json_each(?))",
        ids,
    )


def remove(
    db: Database,
    *,
    mentions: Iterable[str],
    posts: Iterable[str],
    rules: Iterable[str],
    accounts: Iterable[str],
) -> None:
    """Delete those rows with all that hangs on them, also what is told of them in the events."""
    subjects = [*mentions, *posts, *accounts]
    for asked, gone in (
        ("DELETE FROM reposts WHERE id IN (SELECT value FROM json_each(?))", mentions),
        ("DELETE FROM posts WHERE id IN (SELECT value FROM json_each(?))", posts),
        (
            "DELETE FROM story_repost_configs WHERE account_id IN (SELECT value FROM json_each(?))",
            rules,
        ),
        ("DELETE FROM accounts WHERE id IN (SELECT value FROM json_each(?))", accounts),
        ("DELETE FROM events WHERE subject_id IN (SELECT value FROM json_each(?))", subjects),
    ):
        db.conn.execute(asked, (json.dumps(list(gone)),))


def unused(db: Database, media_ids: Iterable[str]) -> list[str]:
    """Return those files that no post shows and no mention has as its card."""
    rows = db.conn.execute(
        "SELECT id FROM media_files WHERE id IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM post_media WHERE media_file_id = media_files.id)"
        " AND NOT EXISTS (SELECT 1 FROM reposts WHERE card_media_id = media_files.id)",
        (json.dumps(list(media_ids)),),
    )
    return [row[0] for row in rows]


def _told(db: Database, asked: str, ids: Iterable[str]) -> dict[str, str]:
    return dict(db.conn.execute(asked, (json.dumps(list(ids)),)).fetchall())
