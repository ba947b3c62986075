"""Direct messages: the inbox, message requests, one chat, and how a mention looks in them."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from sandbox.private import cdn
from sandbox.private.accounts import user_json
from sandbox.private.failures import Status
from sandbox.private.stories import story_json
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.story import Story
from sandbox.world.thread import Item, MentionShape, Thread
from sandbox.world.world import World

_THREADS_PER_PAGE = 20
_ITEMS_PER_THREAD = 10
_ITEMS_PER_PAGE = 20
_MOST_ITEMS = 50
# What every chat of two people has in common.
_ORDINARY_THREAD: JsonObject = {
    "thread_type": "private",
    "left_users": [],
    "admin_user_ids": [],
    "last_seen_at": {},
    "muted": False,
    "is_pin": False,
    "named": False,
    "canonical": True,
    "archived": False,
    "folder": 0,
    "vc_muted": False,
    "is_group": False,
    "mentions_muted": False,
    "approval_required_for_new_members": False,
    "input_mode": 0,
    "read_state": 0,
    "is_close_friend_thread": False,
}
_NO_SUCH_THREAD = Status(404, {"message": "Thread does not exist", "status": "fail"})


async def inbox(call: Call, viewer: Person) -> Response:
    """A page of chats, the liveliest first, each with its newest messages."""
    return _page_of_threads(call, viewer, [t for t in _threads(call, viewer) if t.box == "inbox"])


async def pending_inbox(call: Call, viewer: Person) -> Response:
    """A page of message requests."""
    return _page_of_threads(call, viewer, [t for t in _threads(call, viewer) if t.box == "pending"])


async def spam_inbox(call: Call, viewer: Person) -> Response:
    """The hidden requests, of which there are none."""
    return _page_of_threads(call, viewer, [])


async def thread(call: Call, viewer: Person) -> Response:
    """One chat with a page of its messages, newest first."""
    found = _find(call, viewer)
    if found is None:
        return _NO_SUCH_THREAD.response()
    limit = call.number("limit", _ITEMS_PER_PAGE, _MOST_ITEMS)
    cursor = call.request.query.get("cursor")
    return Response.ok({"thread": _thread_json(found, call.world, limit, cursor)})


async def approve(call: Call, viewer: Person) -> Response:
    """Move a message request to the inbox."""
    found = _find(call, viewer)
    if found is None:
        return _NO_SUCH_THREAD.response()
    found.box = "inbox"
    return Response.ok()


def _threads(call: Call, viewer: Person) -> list[Thread]:
    own = (thread for thread in call.world.chats.threads if thread.viewer is viewer)
    return sorted(own, key=_thread_key, reverse=True)


def _find(call: Call, viewer: Person) -> Thread | None:
    return next((t for t in _threads(call, viewer) if call.args[0] in (t.id, t.v2_id)), None)


def _thread_key(thread: Thread) -> tuple[int, str]:
    return _microseconds(thread.last_activity_at), thread.id


def _item_key(item: Item) -> tuple[int, str]:
    return _microseconds(item.at), item.id


def _page_of_threads(call: Call, viewer: Person, threads: Sequence[Thread]) -> Response:
    limit = call.number("limit", _THREADS_PER_PAGE, _THREADS_PER_PAGE)
    older = _read_cursor(call.request.query.get("cursor"))
    if older is not None:
        threads = [thread for thread in threads if _thread_key(thread) < older]
    page = threads[:limit]
    has_older = len(threads) > limit
    items = call.number("thread_message_limit", _ITEMS_PER_THREAD, _MOST_ITEMS)
    pending = sum(thread.box == "pending" for thread in _threads(call, viewer))
    return Response.ok(
        {
            "viewer": user_json(viewer),
            "inbox": {
                "threads": [_thread_json(thread, call.world, items) for thread in page],
                "has_older": has_older,
                # Clients go on for as long as there is a cursor, so the last page has none.
                "oldest_cursor": _cursor(_thread_key(page[-1])) if has_older else None,
                "unseen_count": 0,
                "unseen_count_ts": _microseconds(call.world.now()),
                "blended_inbox_enabled": False,
            },
            "pending_requests_total": pending,
            "seq_id": 40065,
            "snapshot_at_ms": int(call.world.now() * 1000),
        }
    )


def _thread_json(thread: Thread, world: World, limit: int, cursor: str | None = None) -> JsonObject:
    items = thread.newest_first()
    older = _read_cursor(cursor)
    if older is not None:
        items = [item for item in items if _item_key(item) < older]
    page = items[:limit]
    has_older = len(items) > limit
    return {
        "thread_id": thread.id,
        "thread_v2_id": thread.v2_id,
        "thread_title": thread.other.username,
        "users": [user_json(thread.other)],
        "inviter": user_json(thread.other),
        "viewer_id": thread.viewer.pk,
        "items": [item_json(item, thread, world) for item in page],
        "has_older": has_older,
        "has_newer": cursor is not None,
        "oldest_cursor": _cursor(_item_key(page[-1])) if has_older else None,
        "newest_cursor": _cursor(_item_key(page[0])) if page else None,
        "last_activity_at": _microseconds(thread.last_activity_at),
        "pending": thread.box == "pending",
        **_ORDINARY_THREAD,
    }


def item_json(item: Item, thread: Thread, world: World) -> object:
    """A message as it reads now: a mention loses its link when its story is gone."""
    if item.mention is None:
        return item.raw
    story, shape = item.mention.story, item.mention.shape
    own = item.author is thread.viewer
    common: JsonObject = {
        "item_id": item.id,
        "user_id": item.author.pk,
        "timestamp": _microseconds(item.at),
        "client_context": str(6_900_000_000_000_000_000 + int(item.id) % 10**15),
        "is_sent_by_viewer": own,
    }
    gone = story.is_gone(world.now())
    if shape is MentionShape.LEGACY_REEL_SHARE:
        mentioned = thread.other if own else thread.viewer
        share = _reel_share(story, mentioned, world, gone=gone)
        return {**common, "item_type": "reel_share", "reel_share": share}
    who = "You mentioned them in your" if own else "Mentioned you in their"
    name = "generic_xma" if shape is MentionShape.GENERIC_XMA else "xma_reel_mention"
    return {
        **common,
        "item_type": "xma_reel_mention",
        "auxiliary_text": f"{who} story",
        name: [_xma(story, gone, with_query=shape is MentionShape.GENERIC_XMA)],
    }


def _xma(story: Story, gone: bool, *, with_query: bool) -> JsonObject:
    target = f"https://www.instagram.com/stories/{story.owner.username}/{story.pk}"
    if with_query:
        target += f"?reel_id={story.owner.pk}&reel_owner_id={story.owner.pk}"
    return {
        "target_url": None if gone else target,
        "preview_url": None if gone else cdn.photo_url(story, small=True),
        "preview_url_mime_type": "image/jpeg",
        "title_text": "",
        "header_title_text": story.owner.username,
        "header_icon_url": cdn.avatar_url(story.owner),
    }


def _reel_share(story: Story, mentioned: Person, world: World, *, gone: bool) -> JsonObject:
    return {
        "text": "",
        "type": "mention",
        "mentioned_user_id": mentioned.pk,
        "reel_owner_id": story.owner.pk,
        "reel_id": story.owner.pk,
        "reel_type": "user_reel",
        "is_reel_persisted": False,
        "media": story_json(story, world, with_files=not gone),
    }


def _microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000)


def _cursor(key: tuple[int, str]) -> str:
    """A place in a sorted list as opaque text."""
    return base64.urlsafe_b64encode(f"{key[0]}:{key[1]}".encode()).decode()


def _read_cursor(cursor: str | None) -> tuple[int, str] | None:
    """The place a cursor stands for; None, the beginning, for what is no cursor of ours."""
    if not cursor:
        return None
    try:
        at, _, number = base64.urlsafe_b64decode(cursor).decode().partition(":")
        return int(at), number
    except ValueError:
        return None
