"""What a caller may be allowed to do: every operation names one scope."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One permission. `posts:write` is drafts and edits; what lets something out is another."""

    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"
    LOGINS_WRITE = "logins:write"
    MEDIA_READ = "media:read"
    MEDIA_WRITE = "media:write"
    POSTS_READ = "posts:read"
    POSTS_WRITE = "posts:write"
    POSTS_PUBLISH = "posts:publish"
    POSTS_DELETE = "posts:delete"
    REPOSTS_READ = "reposts:read"
    REPOSTS_DECIDE = "reposts:decide"
    REPOSTS_WRITE = "reposts:write"
    EVENTS_READ = "events:read"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    SYSTEM_READ = "system:read"
