"""What is done in chats, but for sending: seen, muted, hidden, named, let in, taken back."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.private.asked import act, ids_in, other_person
from sandbox.private.direct import thread_json, thread_of
from sandbox.private.refused import Refused
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import Response
from sandbox.world.person import Person
from sandbox.world.thread import Item, Thread

_FEWEST_IN_GROUP = 2
_MOST_IN_GROUP = 32
_LONGEST_TITLE = 100


def set_on(change: Callable[[Thread], None]) -> PrivateHandler:
    """A handler that changes how the viewer sees one chat."""

    async def handler(call: Call, viewer: Person) -> Response:
        act(call, viewer)
        change(thread_of(call, viewer, call.args[0]))
        return Response.ok()

    return handler


def _set_muted(thread: Thread, value: bool) -> None:
    thread.muted = value


def _set_calls_muted(thread: Thread, value: bool) -> None:
    thread.calls_muted = value


def _approve(thread: Thread) -> None:
    thread.box = "inbox"


def _mark_unread(thread: Thread) -> None:
    thread.unread = True


mute = set_on(lambda thread: _set_muted(thread, True))
unmute = set_on(lambda thread: _set_muted(thread, False))
mute_calls = set_on(lambda thread: _set_calls_muted(thread, True))
unmute_calls = set_on(lambda thread: _set_calls_muted(thread, False))
approve = set_on(_approve)
mark_unread = set_on(_mark_unread)


async def hide(call: Call, viewer: Person) -> Response:
    """Take a chat out of the viewer's list until somebody writes again."""
    act(call, viewer)
    found = thread_of(call, viewer, call.args[0])
    found.hidden = True
    if str(call.form.get("should_move_future_requests_to_spam")).lower() == "true":
        found.box = "spam"
    return Response.ok()


async def rename(call: Call, viewer: Person) -> Response:
    """Give a group another title."""
    act(call, viewer, "title")
    found = thread_of(call, viewer, call.args[0])
    title = str(call.form["title"])
    if not found.is_group or len(title) > _LONGEST_TITLE:
        raise Refused("This chat can't have that name")
    for view in call.world.chats.views(found):
        view.title = title
    return Response.ok()


async def create_group(call: Call, viewer: Person) -> Response:
    """Begin a chat of several people."""
    act(call, viewer, "client_context", "recipient_users")
    pks = ids_in(call.form["recipient_users"], "recipient_users")
    people = [other_person(call, viewer, pk) for pk in dict.fromkeys(pks)]
    if not _FEWEST_IN_GROUP <= len(people) < _MOST_IN_GROUP:
        raise Refused("A group has 3 to 32 people")
    made = call.world.chats.open_group(viewer, people, str(call.form.get("thread_title") or ""))
    return Response.ok(thread_json(made, call.world, 1))


async def add_people(call: Call, viewer: Person) -> Response:
    """Let more people into a group."""
    act(call, viewer, "user_ids")
    found = thread_of(call, viewer, call.args[0])
    people = [other_person(call, viewer, pk) for pk in ids_in(call.form["user_ids"], "user_ids")]
    if not found.is_group or any(person in found.others for person in people):
        raise Refused("These people can't be added to this chat")
    call.world.chats.add_people(found, people)
    return Response.ok({"thread": thread_json(found, call.world, 1)})


async def see(call: Call, viewer: Person) -> Response:
    """Have seen a chat up to a message."""
    act(call, viewer, "client_context")
    found = thread_of(call, viewer, call.args[0])
    if call.form.get("action") != "mark_seen":
        raise Refused("Invalid parameter: action")
    call.world.chats.see(found, item_of(found, call.args[1]))
    return Response.ok()


async def unsend(call: Call, viewer: Person) -> Response:
    """Take one of the viewer's own messages back, for everybody."""
    act(call, viewer)
    found = thread_of(call, viewer, call.args[0])
    item = item_of(found, call.args[1])
    if item.author is not viewer:
        raise Refused("You can't unsend this message", 403)
    call.world.chats.unsend(found, item)
    return Response.ok()


async def react(call: Call, viewer: Person) -> Response:
    """Put an emoji to a message, or take it back."""
    act(call, viewer, "client_context", "item_id", "thread_ids")
    (thread_id,) = ids_in(call.form["thread_ids"], "thread_ids")[:1]
    item = item_of(thread_of(call, viewer, thread_id), str(call.form["item_id"]))
    match call.form.get("reaction_status"):
        case "created" if call.form.get("emoji"):
            item.reactions[viewer] = str(call.form["emoji"]), call.world.now()
        case "deleted":
            item.reactions.pop(viewer, None)
        case _:
            raise Refused("Invalid parameter: reaction_status")
    return Response.ok()


def item_of(thread: Thread, item_id: str) -> Item:
    """A message of a chat, or the refusal."""
    found = next((item for item in thread.items if item_id in (item.id, _raw_id(item))), None)
    if found is None:
        raise Refused("Message not found", 404)
    return found


def _raw_id(item: Item) -> object:
    """The id that a message carries which is sent exactly as it is."""
    return item.raw.get("item_id") if isinstance(item.raw, dict) else None
