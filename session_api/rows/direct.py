"""Direct messages. Whoever never wrote is never written to: see `instagram.private.chats`."""

from __future__ import annotations

from typing import Any

from instagram.private import chats
from session_api.given import Malformed
from session_api.row import Given, Group, Rail

direct = Group("Direct")
_FILTERS = "selected_filter:flagged|unread, box:general|primary, thread_message_limit:i[1..50]"
_TO = "user_ids[i..10], thread_ids[i..10]"
_ASKED = "1 to 11: for each chat once whether somebody has written"
_MESSAGE = "thread_id*:i, message_id*:i"
_FROM_POST = (
    "feed_timeline|feed_contextual_chain|feed_short_url|feed_contextual_self_profile"
    "|feed_contextual_profile"
)

direct.row(
    "GET", "/direct/inbox", f"{_FILTERS}, cursor",
    "direct_threads_chunk(selected_filter or None, box or None, thread_message_limit, cursor)",
    "DirectThreadPage", Rail.READ, "A page of the inbox", found_in="inbox.threads",
)  # fmt: skip
direct.row(
    "GET", "/direct/requests", "amount=20", "direct_requests(amount)", "[DirectThread]", Rail.READ,
    "The message requests", sends="1 to 20: a page each", found_in="inbox.threads",
)  # fmt: skip
direct.row(
    "GET", "/direct/pending", "cursor", "direct_pending_chunk(cursor)", "DirectThreadPage",
    Rail.READ, "A page of the message requests", found_in="inbox.threads",
)  # fmt: skip
direct.row(
    "GET", "/direct/spam", "cursor", "direct_spam_chunk(cursor)", "DirectThreadPage", Rail.READ,
    "A page of the hidden requests", found_in="inbox.threads",
)  # fmt: skip
direct.row(
    "GET", "/direct/threads", f"amount=20, {_FILTERS}",
    "direct_threads(amount, selected_filter or None, box or None, thread_message_limit)",
    "[DirectThread]", Rail.READ, "The newest chats, over as many pages as that takes",
    sends="1 to 20: a page each", found_in="inbox.threads",
)  # fmt: skip


async def _requests_answer(client: Any, given: Given) -> Any:
    if not given["approved"]:
        raise Malformed("A request is put away by DELETE /direct/thread")
    return await client.direct_pending_approve(given["thread_id"])


direct.row(
    "PATCH", "/direct/pending", "thread_id*:i, approved*:bool", None, "bool", Rail.OWN,
    "Let a message request into the inbox", step=_requests_answer,
)  # fmt: skip

# One chat
direct.row(
    "GET", "/direct/thread", "thread_id*:i, amount=20", "direct_thread(thread_id, amount)",
    "DirectThread", Rail.READ, "One chat with its newest messages",
    sends="1 to 20: a page each",
)  # fmt: skip


async def _change(client: Any, given: Given) -> Any:
    title, is_unread = given["title"], given["is_unread"]
    if bool(title) == bool(is_unread):
        raise Malformed("Send either `title` or `is_unread=true`")
    if title:
        return await client.direct_thread_update_title(given["thread_id"], title)
    return await client.direct_thread_mark_unread(given["thread_id"])


direct.row(
    "PATCH", "/direct/thread", "thread_id*:i, title, is_unread:bool", None, "bool", Rail.OWN,
    "Name a group, or mark a chat as unread", step=_change,
)  # fmt: skip
direct.row(
    "DELETE", "/direct/thread", "thread_id*:i, move_to_spam:bool=false",
    "direct_thread_hide(thread_id, move_to_spam)", "bool", Rail.OWN,
    "Put a chat away until somebody writes again",
)  # fmt: skip


async def _create(client: Any, given: Given) -> Any:
    await chats.check_known(client, given["user_ids"])
    return await client.direct_thread_create(given["user_ids"], given["title"])


direct.row(
    "POST", "/direct/thread", "user_ids*[i..10], title=", None, "str", Rail.DIRECT,
    "Begin a group of people who have all written before", step=_create,
    sends="1 to 11: for each of them once whether they have written",
)  # fmt: skip
direct.row(
    "GET", "/direct/thread/by/participants", "user_ids*[i]",
    "direct_thread_by_participants(user_ids)", "Dict", Rail.READ,
    "The chat with exactly these people",
)  # fmt: skip


async def _see_all(client: Any, given: Given) -> Any:
    return await chats.see_all(client, given["thread_id"])


direct.row(
    "PATCH", "/direct/thread/seen", "thread_id*:i", None, "bool", Rail.OWN,
    "Have seen a chat up to its newest message", step=_see_all,
    sends="1 to 2: which message is the newest",
)  # fmt: skip
direct.pair(
    "/direct/thread/mute", "thread_id*:i", "direct_thread_mute(thread_id)",
    "direct_thread_unmute(thread_id)", "bool", Rail.OWN, "Mute a chat",
)  # fmt: skip
direct.pair(
    "/direct/thread/video/call/mute", "thread_id*:i", "direct_thread_mute_video_call(thread_id)",
    "direct_thread_unmute_video_call(thread_id)", "bool", Rail.OWN,
    "Mute the video calls of a chat",
)  # fmt: skip


async def _add(client: Any, given: Given) -> Any:
    await chats.check_known(client, given["user_ids"])
    return await client.direct_thread_add_users(given["thread_id"], given["user_ids"])


direct.row(
    "POST", "/direct/thread/user", "thread_id*:i, user_ids*[i..10]", None, "bool", Rail.DIRECT,
    "Let people who have written before into a group", step=_add,
    sends="1 to 11: for each of them once whether they have written",
)  # fmt: skip

# Messages
direct.row(
    "GET", "/direct/messages", "thread_id*:i, amount=20", "direct_messages(thread_id, amount)",
    "[DirectMessage]", Rail.READ, "The newest messages of a chat",
    sends="1 to 20: a page each",
)  # fmt: skip


async def _search(client: Any, given: Given) -> Any:
    found = await client.direct_message_search(given["query"])
    return [{"message": message, "thread": thread} for message, thread in found]


direct.row(
    "GET", "/direct/messages/search", "query*", None, "[Dict]", Rail.READ,
    "The messages with a text in them, each with its chat", step=_search,
    found_in="message_search_results.message_search_result_items",
)  # fmt: skip
direct.row(
    "GET", "/direct/message", f"{_MESSAGE}, amount=20",
    "direct_message(thread_id, message_id, amount)", "DirectMessage", Rail.READ,
    "One of the newest messages of a chat", sends="1 to 20: a page each",
)  # fmt: skip
direct.row(
    "DELETE", "/direct/message", _MESSAGE, "direct_message_delete(thread_id, message_id)", "bool",
    Rail.DIRECT, "Take one of the own messages back",
)  # fmt: skip
direct.row(
    "PATCH", "/direct/message/seen", _MESSAGE, "direct_message_seen(thread_id, message_id)", "bool",
    Rail.OWN, "Have seen a chat up to a message",
)  # fmt: skip
direct.pair(
    "/direct/message/like", f"{_MESSAGE}, client_context",
    "direct_message_like(thread_id, message_id, client_context)",
    "direct_message_unlike(thread_id, message_id, client_context)", "bool", Rail.DIRECT,
    "Like a message",
)  # fmt: skip
direct.pair(
    "/direct/message/reaction",
    f'{_MESSAGE}, emoji="❤", client_context, action_source="double_tap", target_item_type',
    "direct_send_reaction(thread_id, message_id, emoji, client_context, action_source, "
    "target_item_type)",
    "direct_delete_reaction(thread_id, message_id, emoji, client_context, action_source, "
    "target_item_type)",
    "bool", Rail.DIRECT, "Put an emoji to a message",
)  # fmt: skip


async def _write(client: Any, given: Given) -> Any:
    to = await chats.known_threads(client, given["user_ids"], given["thread_ids"])
    return await client.direct_send(
        given["text"], thread_ids=to, send_attribute=given["send_attribute"]
    )


direct.row(
    "POST", "/direct/message",
    f"text*, {_TO}, send_attribute:message_button|inbox_search=message_button", None,
    "DirectMessage", Rail.DIRECT, "Write to people who have written before", step=_write,
    sends=_ASKED,
)  # fmt: skip


async def _share_post(client: Any, given: Given) -> Any:
    to = await chats.known_threads(client, given["user_ids"], [])
    return await client.direct_media_share(
        given["media_id"],
        thread_ids=to,
        send_attribute=given["send_attribute"],
        media_type=given["media_type"],
    )


direct.row(
    "POST", "/direct/media",
    f"media_id*, user_ids*[i..10], send_attribute:{_FROM_POST}=feed_timeline, "
    "media_type:photo|video=photo",
    None, "DirectMessage", Rail.DIRECT, "Send a post to people who have written before",
    step=_share_post, sends=_ASKED,
)  # fmt: skip


async def _share_profile(client: Any, given: Given) -> Any:
    to = await chats.known_threads(client, given["user_ids"], given["thread_ids"])
    return await client.direct_profile_share(given["user_id"], thread_ids=to)


direct.row(
    "POST", "/direct/profile", f"user_id*:pk, {_TO}", None, "DirectMessage", Rail.DIRECT,
    "Send a profile to people who have written before", step=_share_profile,
    sends=_ASKED,
)  # fmt: skip


async def _share_story(client: Any, given: Given) -> Any:
    to = await chats.known_threads(client, given["user_ids"], given["thread_ids"])
    return await client.direct_story_share(given["story_id"], thread_ids=to)


direct.row(
    "POST", "/direct/story", f"story_id*, {_TO}", None, "DirectMessage", Rail.DIRECT,
    "Send a story to people who have written before", step=_share_story,
    sends=_ASKED,
)  # fmt: skip


# People and media
async def _writable(client: Any, given: Given) -> Any:
    return await chats.writable(client, given["query"], given["mode"])


direct.row(
    "GET", "/direct/search", 'query*, mode:raven|universal="universal"', None, "[UserShort]",
    Rail.READ, "Whom one might write to, by a text in their name", step=_writable,
    found_in="ranked_recipients",
)  # fmt: skip


async def _presence(client: Any, given: Given) -> Any:
    if given["user_ids"]:
        return await client.direct_users_presence(given["user_ids"])
    return await client.direct_active_presence()


direct.row(
    "GET", "/direct/presence", "user_ids[i]", None, "Dict", Rail.READ,
    "Whether these people are online; without any, who of all is", step=_presence,
)  # fmt: skip
direct.row(
    "GET", "/direct/media", "thread_id*:i, amount=20", "direct_media(thread_id, amount)",
    "[DirectMedia]", Rail.READ, "The photos, videos and posts of a chat",
    sends="1 to 20: a page each",
)  # fmt: skip
