"""What a caller may be allowed to do: every operation names one scope.

A key's scopes are the contract's text, comma-separated; the empty one is everything. It is known
as `None` here, so that no set of scopes, however empty, is ever taken for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from ground.refusal import ErrorCode, Refusal


class Scope(StrEnum):
    """One permission, which contains no other. `posts:write` is drafts and edits; what lets
    something out is `posts:publish`."""

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
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    INSTAGRAM_READ = "instagram:read"
    INSTAGRAM_ACT = "instagram:act"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    SYSTEM_READ = "system:read"


Scopes = frozenset[Scope] | None
EVERYTHING = ""
# `instagram:read` reads private messages too: who gives that away names it.
_READING = frozenset(
    scope for scope in Scope if scope.endswith(":read") and scope is not Scope.INSTAGRAM_READ
)
_DRAFTING = frozenset(
    {
        Scope.ACCOUNTS_READ,
        Scope.MEDIA_READ,
        Scope.MEDIA_WRITE,
        Scope.POSTS_READ,
        Scope.POSTS_WRITE,
        Scope.REPOSTS_READ,
        Scope.EVENTS_READ,
        Scope.SYSTEM_READ,
    }
)
PRESETS: Mapping[str, Scopes] = MappingProxyType(
    {
        "read-only": _READING,
        "drafts-only": _DRAFTING,
        "publisher": _DRAFTING | {Scope.POSTS_PUBLISH},
        "approver": frozenset({Scope.REPOSTS_READ, Scope.REPOSTS_DECIDE}),
        "full": None,
    }
)


class UnknownScope(ValueError):
    """A text names a scope that there is not."""

    def __init__(self, word: str) -> None:
        super().__init__(f"no scope {word[:40]!r}; there are {', '.join(Scope)}")


class InsufficientScope(Refusal):
    """The key or session may not do this; `scope` is what it would need."""

    def __init__(self, message: str, scope: Scope) -> None:
        super().__init__(ErrorCode.INSUFFICIENT_SCOPE, message)
        self.scope = scope


def scopes_of(text: str) -> Scopes:
    """Return what a text that a person wrote allows, None for everything.

    Raises `UnknownScope`.
    """
    if not text.strip():
        return None
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if word not in set(Scope):
            raise UnknownScope(word)
    return frozenset(map(Scope, words))


def stored_scopes(text: str) -> Scopes:
    """Return what a stored text allows; a scope of another release's allows nothing here."""
    return (
        frozenset(Scope(word) for word in text.split(",") if word in set(Scope)) if text else None
    )


def text_of(scopes: Scopes) -> str:
    """Return scopes as they are stored and shown: sorted, without spaces."""
    assert scopes is None or scopes, "no scopes at all would read as everything"
    return EVERYTHING if scopes is None else ",".join(sorted(scopes))
