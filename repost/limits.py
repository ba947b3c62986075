"""What keeps a mention from going out by itself, in words for the person who decides.

A story that was meant for few, or that may be no mention of a person at all, waits for one.
"""

from __future__ import annotations

from collections.abc import Iterable

from storage.reposts import Repost, RepostLimit

_WORDS = {
    RepostLimit.CLOSE_FRIENDS: "Its author shows it to close friends only",
    RepostLimit.FEW: "Its author shows it to a chosen few only",
    RepostLimit.NO_RESHARE: "Its author does not allow it to be reshared",
    RepostLimit.PAID: "Somebody pays its author for it, which a repost would not say",
    RepostLimit.SENSITIVE: "Instagram marks it as sensitive",
    RepostLimit.PRIVATE_AUTHOR: "Its author's account is private",
    RepostLimit.ECHO: "It looks like a repost of one of your own stories",
    RepostLimit.UNSURE: (
        "It came in a message of a kind that is not known, and the story does not say that it "
        "mentions you"
    ),
    RepostLimit.UNNAMED: "Its author's name is not known, so its card would name nobody",
}
# The account follows a private author who mentions it: that is told, and stops nothing.
_TOLD_ONLY = (RepostLimit.PRIVATE_AUTHOR,)
_HOLDING = tuple(limit for limit in RepostLimit if limit not in _TOLD_ONLY)


def ordered(limits: Iterable[str]) -> tuple[str, ...]:
    """Return limits as they are stored: each once, in the order in which they are told."""
    found = set(limits)
    return tuple(limit.value for limit in RepostLimit if limit.value in found)


def holding(repost: Repost) -> bool:
    """Say whether a mention only goes out when a person approves it."""
    return any(limit in repost.limits for limit in _HOLDING)


def reason(repost: Repost) -> str:
    """Return why a mention waits for a person because of its limits."""
    return f"{_told(repost, _HOLDING)}: it goes out only if you approve it"


def warning(repost: Repost) -> str | None:
    """Return what a person should know before a mention goes out, None when there is nothing."""
    return _told(repost, tuple(RepostLimit)) or None


def _told(repost: Repost, chosen: tuple[RepostLimit, ...]) -> str:
    return "; ".join(_WORDS[limit] for limit in chosen if limit in repost.limits)
