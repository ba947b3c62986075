"""Notes: written, taken back, and shown in the inbox, where the app asks for them in GraphQL."""

from __future__ import annotations

from sandbox.private.accounts import user_json
from sandbox.private.asked import act
from sandbox.private.form import whole_number
from sandbox.private.refused import Refused
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.notes import Audience, Note
from sandbox.world.person import Person

_LONGEST = 60
_AUDIENCES: dict[int, Audience] = {0: "mutual_followers", 1: "close_friends"}
_TRAY = "InboxTrayRequest"


async def create(call: Call, viewer: Person) -> Response:
    """`notes/create_note`: a note in place of the one before."""
    act(call, viewer, "text")
    text = str(call.form["text"])
    audience = _AUDIENCES.get(whole_number(call.form.get("audience", 0)) or 0)
    if not text.strip() or len(text) > _LONGEST or audience is None:
        raise Refused(f"Notes have 1 to {_LONGEST} characters and an audience")
    note = call.world.notes.write(viewer, text, audience)
    facts = _facts(note)
    return Response.ok(
        {**facts, "id": str(note.pk), "user_id": str(viewer.pk), "user": user_json(viewer)}
    )


async def delete(call: Call, viewer: Person) -> Response:
    """`notes/delete_note/`."""
    act(call, viewer, "id")
    note = call.world.notes.of(viewer)
    if note is None or str(note.pk) != str(call.form["id"]):
        raise Refused("Note not found", 404)
    call.world.notes.remove(viewer)
    return Response.ok()


async def graphql(call: Call, viewer: Person) -> Response:
    """`/graphql/query`: the notes that the viewer is shown, which is all it is asked for."""
    if call.form.get("fb_api_req_friendly_name") != _TRAY or not call.form.get("client_doc_id"):
        raise Refused("Unknown query")
    items = [
        {
            "inbox_tray_item_id": str(note.pk),
            "inbox_tray_item_type": "note",
            "note_dict": {
                **_facts(note),
                "note_id": str(note.pk),
                "author_id": str(note.author.pk),
                "author": user_json(note.author),
            },
        }
        for note in call.world.notes.seen_by(viewer)
    ]
    field = "1$xdt_get_inbox_tray_items(request:$request)"
    return Response.ok({"data": {field: {"inbox_tray_items": items}}})


def _facts(note: Note) -> JsonObject:
    return {
        "text": note.text,
        "audience": next(number for number, name in _AUDIENCES.items() if name == note.audience),
        "created_at": int(note.at),
        "expires_at": int(note.expires_at),
        "is_emoji_only": False,
        "has_translation": False,
        "note_style": 0,
    }
