"""Direct messages and the activity inbox as raw JSON.

Raw on purpose: aiograpi's typed extractors drop the items that carry story mentions, and one
odd item makes them lose a whole page.
"""

from __future__ import annotations

from typing import Any

from instagram.private.client import PrivateClient

THREADS_A_PAGE = 20
ITEMS_A_THREAD = 10


async def inbox_page(client: PrivateClient, cursor: str | None) -> dict[str, Any]:
    """Return one page of the inbox, newest threads first."""
    params = {
        **client._direct_request_tracking_params(),
        "visual_message_return_type": "unseen",
        "thread_message_limit": str(ITEMS_A_THREAD),
        "persistentBadging": "true",
        "limit": str(THREADS_A_PAGE),
        "is_prefetching": "false",
        "fetch_reason": "initial_snapshot",
        "include_old_mrs": "false",
        "no_pending_badge": "true",
        "push_disabled": "true" if client.push_disabled else "false",
    }
    if cursor:
        params |= {"cursor": cursor, "direction": "older", "fetch_reason": "page_scroll"}
    return await _get(client, "direct_v2/inbox/", params)


async def pending_page(client: PrivateClient, cursor: str | None) -> dict[str, Any]:
    """Return one page of the message requests."""
    params = {
        "visual_message_return_type": "unseen",
        "persistentBadging": "true",
        "is_prefetching": "false",
        "request_session_id": client.request_id,
    }
    if cursor:
        params["cursor"] = cursor
    return await _get(client, "direct_v2/pending_inbox/", params)


async def thread_page(client: PrivateClient, thread_id: str, cursor: str) -> dict[str, Any]:
    """Return older items of one thread."""
    params = {
        "visual_message_return_type": "unseen",
        "direction": "older",
        "seq_id": "40065",
        "limit": "20",
        "cursor": cursor,
    }
    return await _get(client, f"direct_v2/threads/{thread_id}/", params)


async def activity(client: PrivateClient) -> dict[str, Any]:
    """Return the activity inbox, which names stories that mention the account."""
    return await _get(client, "news/inbox/", {"mark_as_seen": "False"})


async def _get(client: PrivateClient, endpoint: str, params: dict[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = await client.private_request(endpoint, params=params)
    return answer
