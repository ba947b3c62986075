"""Taking back what an import brought, in one step, as long as nothing of it has been used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ground.refusal import ErrorCode, Refusal
from moving.plan import Imported
from publish.library import MediaLibrary
from storage import arrived
from storage.store import Database, Store

_STATES = {
    "mentions": arrived.mentions_as_they_are,
    "posts": arrived.posts_as_they_are,
    "rules": arrived.rules_as_they_are,
    "accounts": arrived.accounts_as_they_are,
}
_WORDS = {
    "mentions": "a mention",
    "posts": "a post",
    "rules": "the rules of an account",
    "accounts": "an account",
}


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came: each row as it was then, by kind; and the files of the media."""

    rows: Mapping[str, Mapping[str, str]]
    media: tuple[str, ...]


def remember(db: Database, done: Imported) -> TakenIn:
    """Return what an import brought, as it is now."""
    ids = {
        "mentions": done.subjects,
        "posts": done.subjects,
        "rules": done.configs,
        "accounts": done.accounts,
    }
    rows = {kind: told(db, ids[kind]) for kind, told in _STATES.items()}
    return TakenIn(rows, tuple(done.media))


async def take_out(came: TakenIn, store: Store, library: MediaLibrary) -> None:
    """Remove all of it; raises `Refusal` where something of it was used, and removes nothing then.

    What somebody has deleted meanwhile is gone already, and stops nothing.
    """

    def removed(db: Database) -> list[str]:
        for kind, told in _STATES.items():
            known = came.rows[kind]
            for row_id, state in told(db, known).items():
                if state != known[row_id] and not _has_lost_some(kind, state, known[row_id]):
                    message = f"It cannot be taken back in one step any more: {_WORDS[kind]}"
                    raise Refusal(ErrorCode.INVALID_STATUS, f"{message} of it was used or changed")
        arrived.remove(db, **came.rows)
        return arrived.unused(db, came.media)

    for media_id in await store.write(removed):
        await library.remove(media_id)


def _has_lost_some(kind: str, state: str, before: str) -> bool:
    """Whether an account is as it was, but for what was deleted of it."""
    if kind != "accounts":
        return False
    *now, posts, mentions = state.rsplit(" ", 2)
    *then, had_posts, had_mentions = before.rsplit(" ", 2)
    return now == then and int(posts) <= int(had_posts) and int(mentions) <= int(had_mentions)
