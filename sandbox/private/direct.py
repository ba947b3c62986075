"""Direct messages as they are read: the boxes, one chat, what is in it, and looking for people."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from sandbox.private.accounts import user_json
from sandbox.private.asked import asked, ids_in, person_of
from sandbox.private.direct_items import item_json, microseconds
from sandbox.private.form import whole_number
from sandbox.private.refused import Refused
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.thread import Box, Item, Thread
from sandbox.world.world import World

_THREADS_PER_PAGE = 20
_ITEMS_PER_THREAD = 10
_ITEMS_PER_PAGE = 20
_MOST_ITEMS = 50
_MEDIA_PER_PAGE = 20
# What every chat has in common.
_ORDINARY_THREAD: JsonObject = {
    "left_users": [],
    "is_pin": False,
    "archived": False,
    "mentions_muted": False,
    "approval_required_for_new_members": False,
    "input_mode": 0,
    "is_close_friend_thread": False,
}


def box(name: Box) -> PrivateHandler:
    """A handler that shows a page of the chats in a box, the liveliest first."""

    async def show(call: Call, viewer: Person) -> Response:
        query = call.request.query
        threads = [thread for thread in _threads(call, viewer) if thread.box == name]
        if query.get("selected_filter") == "unread":
            threads = [thread for thread in threads if thread.unread]
        if query.get("selected_filter") == "flagged":
            threads = [thread for thread in threads if thread.flagged]
        if query.get("folder") == "1":
            threads = []  # nobody has moved a chat to the general folder
        return _page_of_threads(call, viewer, threads)

    return show


async def thread(call: Call, viewer: Person) -> Response:
    """One chat with a page of its messages, newest first."""
    found = thread_of(call, viewer, call.args[0])
    limit = call.number("limit", _ITEMS_PER_PAGE, _MOST_ITEMS)
    cursor = call.request.query.get("cursor")
    return Response.ok({"thread": thread_json(found, call.world, limit, cursor)})


async def by_participants(call: Call, viewer: Person) -> Response:
    """The chat with exactly these people, if there is one."""
    people = [
        person_of(call, viewer, pk) for pk in ids_in(asked(call, "recipient_users"), "recipients")
    ]
    found = call.world.chats.with_people(viewer, people)
    if found is None:
        return Response.ok({"users": [user_json(person) for person in people]})
    limit = call.number("limit", _ITEMS_PER_PAGE, _MOST_ITEMS)
    shown = thread_json(found, call.world, limit)
    return Response.ok({**shown, "thread": shown})


async def media(call: Call, viewer: Person) -> Response:
    """The photos, videos and posts in a chat, newest first."""
    found = thread_of(call, viewer, call.args[0])
    before = whole_number(call.request.query.get("max_timestamp"))
    listed = []
    for item in found.newest_first():
        shown = item_json(item, found, call.world)
        content = shown if isinstance(shown, dict) else {}
        one = content.get("media") or content.get("media_share")
        one = one or content.get("visual_media", {}).get("media")
        if one and (before is None or microseconds(item.at) < before):
            listed.append({"media": one, "timestamp": microseconds(item.at), "item_id": item.id})
    page = listed[:_MEDIA_PER_PAGE]
    return Response.ok({"items": page, "more_available": len(listed) > len(page)})


async def search_messages(call: Call, viewer: Person) -> Response:
    """The messages with a text in them, each with its chat."""
    wanted = asked(call, "query").casefold()
    results = [
        {
            "matched_message_info": {"item_info": item_json(item, each, call.world)},
            "thread": thread_json(each, call.world, 1),
        }
        for each in _threads(call, viewer)
        for item in each.newest_first()
        if item.content is not None and wanted in item.content.text.casefold()
    ]
    found = {"message_search_result_items": results, "has_more": False}
    return Response.ok({"message_search_results": found})


async def search_people(call: Call, viewer: Person) -> Response:
    """Whom one might write to, by a text in their name."""
    if call.request.query.get("mode") not in ("universal", "raven"):
        raise Refused("Invalid parameter: mode")
    ties = call.world.ties
    people = [
        person
        for person in call.world.people.search(call.request.query.get("query", ""))
        if person is not viewer and not ties.has("blocks", person, viewer)
    ]
    ranked = [{"user": user_json(person)} for person in people[:30]]
    return Response.ok({"ranked_recipients": ranked, "expires": 15, "filtered": False})


async def presence(call: Call, viewer: Person) -> Response:
    """Whether some people are online; who is unknown is left out."""
    pks = ids_in(call.form.get("request_data"), "request_data")
    found = (call.world.people.find(pk=whole_number(pk) or 0) for pk in pks)
    return Response.ok({"user_presence": _presence(call, [each for each in found if each])})


async def active_presence(call: Call, viewer: Person) -> Response:
    """Who of those the viewer writes with is online."""
    people = [person for each in _threads(call, viewer) for person in each.others]
    active = [person for person in people if person.profile.is_online]
    return Response.ok({"user_presence": _presence(call, active)})


def _presence(call: Call, people: Sequence[Person]) -> JsonObject:
    now = int(call.world.now() * 1000)
    return {
        str(person.pk): {"is_active": person.profile.is_online, "last_activity_at_ms": now}
        for person in people
    }


def thread_of(call: Call, viewer: Person, thread_id: object) -> Thread:
    """One of the viewer's chats by either of its ids, the hidden ones included."""
    for each in call.world.chats.threads:
        if each.viewer is viewer and str(thread_id) in (each.id, each.v2_id):
            return each
    raise Refused("Thread does not exist", 404)


def _threads(call: Call, viewer: Person) -> list[Thread]:
    return sorted(call.world.chats.of(viewer), key=_thread_key, reverse=True)


def _thread_key(thread: Thread) -> tuple[int, str]:
    return microseconds(thread.last_activity_at), thread.id


def _item_key(item: Item) -> tuple[int, str]:
    return microseconds(item.at), item.id


def _page_of_threads(call: Call, viewer: Person, threads: Sequence[Thread]) -> Response:
    limit = call.number("limit", _THREADS_PER_PAGE, _THREADS_PER_PAGE)
    older = _read_cursor(call.request.query.get("cursor"))
    if older is not None:
        threads = [thread for thread in threads if _thread_key(thread) < older]
    page = threads[:limit]
    has_older = len(threads) > limit
    items = call.number("thread_message_limit", _ITEMS_PER_THREAD, _MOST_ITEMS)
    own = call.world.chats.of(viewer)
    return Response.ok(
        {
            "viewer": user_json(viewer),
            "inbox": {
                "threads": [thread_json(thread, call.world, items) for thread in page],
                "has_older": has_older,
                # Clients go on for as long as there is a cursor, so the last page has none.
                "oldest_cursor": _cursor(_thread_key(page[-1])) if has_older else None,
                "unseen_count": sum(thread.unread and thread.box == "inbox" for thread in own),
                "unseen_count_ts": microseconds(call.world.now()),
                "blended_inbox_enabled": False,
            },
            "pending_requests_total": sum(thread.box == "pending" for thread in own),
            "seq_id": 40065,
            "snapshot_at_ms": int(call.world.now() * 1000),
        }
    )


def thread_json(thread: Thread, world: World, limit: int, cursor: str | None = None) -> JsonObject:
    """A chat with some of its messages, newest first, those behind the cursor if there is one."""
    items = thread.newest_first()
    older = _read_cursor(cursor)
    if older is not None:
        items = [item for item in items if _item_key(item) < older]
    page = items[:limit]
    has_older = len(items) > limit
    return {
        "thread_id": thread.id,
        "thread_v2_id": thread.v2_id,
        "thread_title": thread.title or ", ".join(person.username for person in thread.others),
        "thread_type": "private",
        "users": [user_json(person) for person in thread.others],
        "admin_user_ids": [person.pk for person in thread.admins],
        "inviter": user_json(thread.other),
        "viewer_id": thread.viewer.pk,
        "is_group": thread.is_group,
        "canonical": not thread.is_group,
        "named": bool(thread.title),
        "muted": thread.muted,
        "vc_muted": thread.calls_muted,
        "folder": 0,
        "read_state": int(thread.unread),
        "last_seen_at": {
            str(person.pk): {
                "item_id": item.id,
                "timestamp": microseconds(at),
                "created_at": microseconds(item.at),
                "shh_seen_state": {},
            }
            for person, (item, at) in thread.seen.items()
        },
        "items": [item_json(item, thread, world) for item in page],
        "has_older": has_older,
        "has_newer": cursor is not None,
        "oldest_cursor": _cursor(_item_key(page[-1])) if has_older else None,
        "newest_cursor": _cursor(_item_key(page[0])) if page else None,
        "last_activity_at": microseconds(thread.last_activity_at),
        "pending": thread.box == "pending",
        **_ORDINARY_THREAD,
    }


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
