"""Sending into chats: text, shared posts and stories, photos, videos, and what somebody says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import trio

from sandbox.private.asked import act, ids_in, media_of, other_person, person_of
from sandbox.private.direct import thread_of
from sandbox.private.direct_acts import item_of
from sandbox.private.direct_items import microseconds
from sandbox.private.form import json_value, whole_number
from sandbox.private.refused import Refused
from sandbox.private.stickers import is_web_address
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import Response
from sandbox.world.person import Person
from sandbox.world.post import Post
from sandbox.world.probe import BadMedia, Probe, check_photo, check_video
from sandbox.world.story import Story
from sandbox.world.thread import Attachment, Content, FileKind, Thread, Voice

RUPLOAD_HOST = "rupload.facebook.com"
_LONGEST_TEXT = 1000
_KINDS: dict[str, FileKind] = {"image": "image", "video": "video", "audio": "audio"}
_SUFFIXES: dict[FileKind, str] = {"image": ".jpg", "video": ".mp4", "audio": ".m4a"}
_CHECKS: dict[FileKind, Callable[[Path], Probe]] = {"image": check_photo, "video": check_video}

# What a message is to be, from the form that sends it.
Reader = Callable[[Call, Person], Content]


def broadcast(read: Reader) -> PrivateHandler:
    """A handler that sends what `read` makes of the form, to chats or to people."""

    async def send(call: Call, viewer: Person) -> Response:
        act(call, viewer, "client_context")
        threads = _recipients(call, viewer)
        content = read(call, viewer)
        item, *_ = [call.world.chats.send(thread, content) for thread in threads]
        return Response.ok(
            {
                "action": "item_ack",
                "status_code": "200",
                "payload": {
                    "client_context": content.context,
                    "item_id": item.id,
                    "timestamp": str(microseconds(item.at)),
                    "thread_id": threads[0].id,
                },
            }
        )

    return send


def _recipients(call: Call, viewer: Person) -> Sequence[Thread]:
    """The chats that a message goes to: either those named, or the one with those people."""
    named = json_value(call.form.get("thread_ids") or "[]")
    people = json_value(call.form.get("recipient_users") or "[]")
    if bool(named) == bool(people):
        raise Refused("Name either thread_ids or recipient_users")
    if named:
        threads = [thread_of(call, viewer, pk) for pk in ids_in(named, "thread_ids")]
        _check_blocks(call, viewer, [person for each in threads for person in each.others])
        return threads
    to = [other_person(call, viewer, pk) for pk in ids_in(people, "recipient_users")]
    _check_blocks(call, viewer, to)
    chats = call.world.chats
    found = chats.with_people(viewer, to)
    if found is not None:
        return [found]
    if len(to) > 1:
        return [chats.open_group(viewer, to, "")]
    return [chats.thread_between(viewer, to[0])]


def _check_blocks(call: Call, viewer: Person, people: Sequence[Person]) -> None:
    ties = call.world.ties
    if any(ties.has("blocks", viewer, each) or ties.has("blocks", each, viewer) for each in people):
        raise Refused("You can't message this account", 403)


def _context(call: Call) -> str:
    return str(call.form["client_context"])


def text(call: Call, viewer: Person) -> Content:
    """A text, which may answer a message of the same chat."""
    said = str(call.form.get("text") or "")
    if not said.strip() or len(said) > _LONGEST_TEXT:
        raise Refused(f"Messages have 1 to {_LONGEST_TEXT} characters")
    answered = None
    if call.form.get("replied_to_item_id"):
        (thread,) = _recipients(call, viewer)
        answered = item_of(thread, str(call.form["replied_to_item_id"]))
    return Content(text=said, context=_context(call), answers=answered)


def link(call: Call, viewer: Person) -> Content:
    """A text with addresses in it, which stand beside it once more."""
    said = str(call.form.get("link_text") or "")
    links = ids_in(call.form.get("link_urls"), "link_urls")
    if not said or not all(is_web_address(url) and url in said for url in links):
        raise Refused("Invalid parameter: link_urls")
    return Content(text=said, links=tuple(links), context=_context(call))


def post(call: Call, viewer: Person) -> Content:
    shared = media_of(call, viewer, call.form.get("media_id"))
    if not isinstance(shared, Post):
        raise Refused("Invalid media_id")
    return Content(about=shared, context=_context(call))


def story(call: Call, viewer: Person) -> Content:
    shared = media_of(call, viewer, call.form.get("story_media_id"))
    if not isinstance(shared, Story) or str(call.form.get("reel_id")) != str(shared.pk):
        raise Refused("Invalid media_id")
    return Content(about=shared, context=_context(call))


def profile(call: Call, viewer: Person) -> Content:
    shared = person_of(call, viewer, call.form.get("profile_user_id"))
    return Content(about=shared, context=_context(call))


def photo(call: Call, viewer: Person) -> Content:
    return _picture(call, viewer, "image")


def video(call: Call, viewer: Person) -> Content:
    return _picture(call, viewer, "video")


def _picture(call: Call, viewer: Person, kind: str) -> Content:
    found = _attachment(call, viewer, kind)
    assert found.probe is not None
    shot = call.world.library.keep_file(found.file, found.probe)
    return Content(about=shot, context=_context(call))


def voice(call: Call, viewer: Person) -> Content:
    found = _attachment(call, viewer, "audio")
    waveform = json_value(call.form.get("waveform"))
    if not isinstance(waveform, list) or not all(isinstance(v, int | float) for v in waveform):
        raise Refused("Invalid parameter: waveform")
    pk = call.world.library.keep_sound(found.file)
    return Content(about=Voice(pk, found.file, tuple(waveform)), context=_context(call))


def _attachment(call: Call, viewer: Person, kind: str) -> Attachment:
    number = whole_number(call.form.get("attachment_fbid")) or 0
    found = call.world.chats.attachments.get((viewer, number))
    if found is None or found.kind != kind:
        raise Refused("Nothing was uploaded under this attachment_fbid")
    return found


async def offset(call: Call, viewer: Person) -> Response:
    """How much of a file has arrived: nothing yet, since these uploads are not resumed."""
    return Response.json(200, {"offset": 0})


async def receive(call: Call, viewer: Person) -> Response:
    """The bytes of a photo, a video or a sound for a chat."""
    name = call.args[1]
    kind = _KINDS.get(call.args[0])
    headers = call.request.headers
    if kind is None:
        raise Refused("Unknown kind of upload", 404)
    if headers.get("x-entity-length") != str(call.request.body.size):
        raise Refused("X-Entity-Length is not the length of the body")
    if headers.get("x-entity-name") != name or headers.get("offset") != "0":
        raise Refused("X-Entity-Name is not the name in the address, or Offset is not 0")
    path = call.world.new_upload_path(_SUFFIXES[kind])
    await trio.to_thread.run_sync(call.request.body.save, path)
    check = _CHECKS.get(kind)
    try:
        facts = await trio.to_thread.run_sync(check, path) if check else None
    except BadMedia as error:
        raise Refused(str(error)) from None
    attachment = Attachment(kind=kind, file=path, probe=facts)
    return Response.json(200, {"media_id": call.world.chats.new_attachment(viewer, attachment)})
