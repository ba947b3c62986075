"""The table: every row of every group, under its name and its older ones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from session_api.row import Row
from session_api.rows import (
    account,
    auth,
    comments,
    direct,
    direct_files,
    files,
    highlights,
    media,
    search,
    stories,
    system,
    tags,
    uploads,
    users,
)

GROUPS = (
    system.system,
    auth.auth,
    users.users,
    media.media,
    stories.stories,
    uploads.uploads,
    files.files,
    comments.comments,
    tags.hashtags,
    tags.locations,
    search.search,
    search.reels,
    search.music,
    highlights.highlights,
    direct.direct,
    direct_files.direct_files,
    account.account,
    account.notes,
    account.notifications,
    account.insights,
)


@cache
def rows() -> tuple[Row, ...]:
    """Return every name as a row of its own, the newer names first."""
    every = [row for group in GROUPS for row in group.rows]
    older = [
        replace(row, path=path, older=(), is_older=True) for row in every for path in row.older
    ]
    return (*every, *older)


@cache
def by_path() -> dict[str, dict[str, Row]]:
    """Return the rows by path and method."""
    found: dict[str, dict[str, Row]] = {}
    for row in rows():
        found.setdefault(row.path, {})[row.method] = row
    return found
