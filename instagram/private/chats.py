"""Writing into chats: only to people who have written themselves.

A first message to a stranger is what accounts are reported for, so there is none by session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiograpi.mixins.note import NoteAudience

from instagram import errors
from instagram.private.client import PrivateClient

_STRANGER = (
    "Only who has written to this account is written to: send to `thread_ids` of a chat that is "
    "there, or wait for a message"
)


async def known_threads(
    client: PrivateClient, user_ids: Sequence[int], thread_ids: Sequence[int]
) -> list[int]:
    """Return the chats to write into; raises `NotAsked` for people who never wrote."""
    if bool(user_ids) == bool(thread_ids):
        raise errors.NotAsked("Name either user_ids or thread_ids")
    if thread_ids:
        return list(thread_ids)
    thread = await _thread_with(client, user_ids)
    if thread is None or not _somebody_wrote(thread):
        raise errors.NotAsked(_STRANGER)
    return [int(thread["thread_id"])]


async def check_known(client: PrivateClient, user_ids: Sequence[int]) -> None:
    """Raise `NotAsked` unless everybody of these has written."""
    for user_id in user_ids:
        await known_threads(client, [user_id], [])


async def _thread_with(client: PrivateClient, user_ids: Sequence[int]) -> dict[str, Any] | None:
    found = await client.direct_thread_by_participants(list(user_ids))
    thread = found.get("thread") or found
    return thread if thread.get("thread_id") else None


def _somebody_wrote(thread: dict[str, Any]) -> bool:
    return any(
        isinstance(item, dict) and item.get("is_sent_by_viewer") is False
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
