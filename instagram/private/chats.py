"""Writing into chats: only to people who have written themselves.

A first message to a stranger is what accounts are reported for, so there is none by session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from aiograpi.mixins.note import NoteAudience

from ground.hold import Hold
from instagram import errors
from instagram.private.client import PrivateClient

_STRANGERS = Hold(
    "session_stranger",
    "Only who has written to this account is written to, and nobody in this chat has lately: "
    "0 messages a day go to strangers",
    None,
)
_A_LOOK = {
    "visual_message_return_type": "unseen",
    "direction": "older",
    "seq_id": "40065",
    "limit": "20",
}


@dataclass(slots=True)
class _Known:
    """The chats of an account in which somebody else has written, also by the people in them."""

    threads: set[int] = field(default_factory=set)
    by_people: dict[frozenset[int], int] = field(default_factory=dict)


_KNOWN: WeakKeyDictionary[PrivateClient, _Known] = WeakKeyDictionary()


async def known_threads(
    client: PrivateClient, user_ids: Sequence[int], thread_ids: Sequence[int]
) -> list[int]:
    """Return the chats to write into; raises `AccountOnHold` for people who never wrote.

    Each chat is looked at once, and remembered with the client.
    """
    if bool(user_ids) == bool(thread_ids):
        raise errors.NotAsked("Name either user_ids or thread_ids")
    known = _KNOWN.setdefault(client, _Known())
    people = frozenset(user_ids)
    if people and people not in known.by_people:
        thread = await _thread_with(client, user_ids)
        if thread is None or not _somebody_wrote(client, thread):
            raise errors.AccountOnHold(_STRANGERS)
        known.by_people[people] = int(thread["thread_id"])
        known.threads.add(known.by_people[people])
    if people:
        return [known.by_people[people]]
    for thread_id in thread_ids:
        if thread_id not in known.threads:
            answer = await client.private_request(f"direct_v2/threads/{thread_id}/", params=_A_LOOK)
            if not _somebody_wrote(client, answer.get("thread") or {}):
                raise errors.AccountOnHold(_STRANGERS)
            known.threads.add(thread_id)
    return list(thread_ids)


async def writable(client: PrivateClient, query: str, mode: Any) -> list[Any]:
    """Return the people whom Instagram offers to write to; raises `Unreachable`.

    aiograpi leaves out whoever it cannot read, as it does chats and people of Facebook.
    """
    found: list[Any] = await client.direct_search(query, mode)
    offered = client.last_json.get("ranked_recipients")
    for each in offered if isinstance(offered, list) else ():
        is_chat = isinstance(each, dict) and "user" not in each
        person = each.get("user") if isinstance(each, dict) else None
        if not is_chat and not (isinstance(person, dict) and "username" in person):
            raise errors.Unreachable("Instagram's answer names somebody in an unknown form")
    return found


async def check_known(client: PrivateClient, user_ids: Sequence[int]) -> None:
    """Raise `AccountOnHold` unless everybody of these has written."""
    for user_id in user_ids:
        await known_threads(client, [user_id], [])


async def _thread_with(client: PrivateClient, user_ids: Sequence[int]) -> dict[str, Any] | None:
    found = await client.direct_thread_by_participants(list(user_ids))
    thread = found.get("thread") or found
    return thread if thread.get("thread_id") else None


def _somebody_wrote(client: PrivateClient, thread: dict[str, Any]) -> bool:
    """Say whether somebody else has written; that a chat was named or joined is no message."""
    return any(
        isinstance(item, dict)
        and item.get("is_sent_by_viewer") is False
        and str(item.get("user_id")) != str(client.user_id)
        and item.get("item_type") != "action_log"
        for item in thread.get("items") or []
    )


async def see_all(client: PrivateClient, thread_id: int) -> bool:
    """Have seen a chat up to its newest message; nothing is to be seen in an empty one."""
    newest = await client.direct_messages(thread_id, 1)
    if not newest:
        return True
    seen: bool = await client.direct_message_seen(thread_id, newest[0].id)
    return seen


async def write_note(client: PrivateClient, text: str, audience: int) -> Any:
    """Write a note for those who follow each other (0) or for close friends (1)."""
    return await client.create_note(text, NoteAudience(audience))
