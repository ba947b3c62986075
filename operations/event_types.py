"""What events are called on every face: a noun and what happened, such as `post.published`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from ground.changes import Subject
from storage.posts import DELETED, PostStatus
from storage.reposts import RepostStatus

Kind = tuple[Subject, str]

# What a login is to those who store it is to people what their account can do.
_OF_LOGINS = {
    "account.logged_in": (Subject.LOGIN, "LOGGED_IN"),
    "account.login_forgotten": (Subject.LOGIN, "FORGOTTEN"),
    "account.login_required": (Subject.LOGIN, "WAITS"),
    "account.held": (Subject.LOGIN, "HELD"),
    "account.freed": (Subject.LOGIN, "FREED"),
}
TYPES: Mapping[str, Kind] = MappingProxyType(
    {
        **{f"post.{status.lower()}": (Subject.POST, status.value) for status in PostStatus},
        "post.deleted": (Subject.POST, DELETED),
        **{f"repost.{status.lower()}": (Subject.REPOST, status.value) for status in RepostStatus},
        "account.connected": (Subject.ACCOUNT, "CONNECTED"),
        "account.disconnected": (Subject.ACCOUNT, "DISCONNECTED"),
        **_OF_LOGINS,
        "reposts.enabled": (Subject.CONFIG, "ENABLED"),
        "reposts.disabled": (Subject.CONFIG, "DISABLED"),
        "reposts.removed": (Subject.CONFIG, "REMOVED"),
        "sending.stopped": (Subject.CONFIG, "STOPPED"),
        "sending.resumed": (Subject.CONFIG, "RESUMED"),
        "webhook.test": (Subject.WEBHOOK, "TEST"),
        "webhook.disabled": (Subject.WEBHOOK, "DISABLED"),
        "daemon.started": (Subject.DAEMON, "STARTED"),
        "daemon.stopped": (Subject.DAEMON, "STOPPED"),
        "sandbox.begun": (Subject.SANDBOX, "BEGUN"),
        "sandbox.ended": (Subject.SANDBOX, "ENDED"),
    }
)
_WORDS = "|".join(
    re.escape(word)
    for word in (*TYPES, *dict.fromkeys(f"{name.partition('.')[0]}.*" for name in TYPES))
)
# What such a text looks like, for the OpenAPI document.
PATTERN = rf"^(?:{_WORDS})(?:,(?:{_WORDS}))*$"
_NAMES = {kind: name for name, kind in TYPES.items()}


class UnknownType(ValueError):
    """A text names a type of event that there is not."""

    def __init__(self, word: str) -> None:
        super().__init__(f"no type of event {word[:40]!r}; there are {', '.join(TYPES)}")


def kinds_of(text: str) -> tuple[Kind, ...]:
    """Return what a comma-separated text asks for; `post.*` is every type of posts.

    Raises `UnknownType`.
    """
    found: list[Kind] = []
    for word in text.split(","):
        some = [kind for name, kind in TYPES.items() if _means(word, name)]
        if not some:
            raise UnknownType(word)
        found += some
    return tuple(dict.fromkeys(found))


def stored_kinds(text: str) -> tuple[Kind, ...]:
    """Return what a stored text asks for; of a type of another release's nothing is heard here."""
    words = text.split(",")
    return tuple(kind for name, kind in TYPES.items() if any(_means(word, name) for word in words))


def name_of(subject: Subject, state: str) -> str | None:
    """Return what a change is called; None for the daemon's own, such as of its jobs."""
    return _NAMES.get((subject, state))


def _means(word: str, name: str) -> bool:
    return word == name or (word.endswith(".*") and name.startswith(word[:-1]))
