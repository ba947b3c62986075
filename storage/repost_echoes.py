"""Which stories are reposts that were made here, and whom an account's stories have named."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage import records
from storage.reposts import Repost

# The accounts here that are the author of a story: by Instagram's id, or by name.
_OF_THE_AUTHOR = (
    "account_id IN (SELECT account_id FROM credentials WHERE private_pk = :author"
    " UNION SELECT id FROM accounts WHERE username = :name)"
)
_NAMED = (
    " AND EXISTS (SELECT 1 FROM json_each(coalesce(posts.story_mentions, '[]')) AS named"
    " WHERE named.value ->> 'userId' = {pk} OR named.value ->> 'username' = {name})"
)


def is_made_here(db: Database, repost: Repost, since: datetime) -> bool:
    """Say whether the story is a repost that an account here has published after `since`."""
    return _any(
        db,
        f"{_OF_THE_AUTHOR} AND source_type = 'STORY_REPOST' AND published_at >= :since"
        " AND (ig_media_id = :story OR ig_permalink LIKE '%/' || :story || '/%'"
        "  OR ig_permalink LIKE '%/' || :story)",
        repost,
        since,
    )


def may_be_made_here(db: Database, repost: Repost, since: datetime) -> bool:
    """Say whether the author has a repost that names this account and may be that story."""
    me = "(SELECT {} FROM {} WHERE {} = :account)"
    named = _NAMED.format(
        pk=me.format("private_pk", "credentials", "account_id"),
        name=me.format("username", "accounts", "id"),
    )
    return _any(
        db,
        # Of whoever it is, by time: the author may have a million from before.
        f"user_id IN (SELECT id FROM users) AND created_at >= :since AND +{_OF_THE_AUTHOR}"  # noqa: S608
        " AND source_type = 'STORY_REPOST'"
        " AND ig_permalink IS NULL AND status NOT IN ('DRAFT', 'SCHEDULED')"
        f" AND (status != 'FAILED' OR error_code = 'DELIVERY_UNKNOWN'){named}",
        repost,
        since,
    )


def has_named(db: Database, repost: Repost, since: datetime) -> bool:
    """Say whether a story that the account has published after `since` names the author."""
    named = _NAMED.format(pk=":author", name=":name")
    return _any(
        db,
        "account_id = :account AND status = 'PUBLISHED' AND media_type = 'STORIES'"
        f" AND published_at >= :since{named}",
        repost,
        since,
    )


def _any(db: Database, where: str, repost: Repost, since: datetime) -> bool:
    row = db.conn.execute(
        f"SELECT 1 FROM posts WHERE {where} LIMIT 1",  # noqa: S608 - constants
        {
            "account": repost.account_id,
            "author": repost.author_pk,
            "name": repost.author_username,
            "story": repost.story_pk,
            "since": records.encode(since),
        },
    ).fetchone()
    return row is not None
