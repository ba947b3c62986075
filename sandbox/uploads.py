"""Sending media in, and making stories of it. As strict as the real service, or stricter."""

from __future__ import annotations

import math

import trio

from sandbox.call import Call
from sandbox.form import json_object, json_value, whole_number
from sandbox.ledger import Mention, Published
from sandbox.message import JsonObject, Response
from sandbox.person import Person
from sandbox.probe import BadMedia, Probe, check_photo, check_video
from sandbox.stories import media_json
from sandbox.world import Upload, World

_LONGEST_STORY_S = 60.0
_TOLERANCE_S = 0.5


class Refused(Exception):
    """The request is wrong; the message says what about it."""


async def video_offset(call: Call, viewer: Person) -> Response:
    """How much of a video has arrived: nothing yet, since uploads are not resumed."""
    return Response.json(200, {"offset": 0})


async def photo(call: Call, viewer: Person) -> Response:
    """The bytes of a photo: a JPEG that decodes."""
    return await _receive(call, viewer, "photo")


async def video(call: Call, viewer: Person) -> Response:
    """The bytes of a video: an MP4 that plays to its end and is short enough for a story."""
    return await _receive(call, viewer, "video")


async def _receive(call: Call, viewer: Person, kind: str) -> Response:
    try:
        upload_id = _upload_id(call)
        path = call.world.new_upload_path(".jpg" if kind == "photo" else ".mp4")
        await trio.to_thread.run_sync(call.request.body.save, path)
        check = check_photo if kind == "photo" else check_video
        facts = await trio.to_thread.run_sync(check, path)
        if (facts.duration or 0) > _LONGEST_STORY_S + _TOLERANCE_S:
            raise BadMedia(f"{facts.duration:.1f} s are too long for a story")
    except (Refused, BadMedia) as error:
        return Response.fail(400, str(error))
    call.world.uploads[viewer.pk, upload_id] = Upload(viewer, upload_id, path, facts)
    return Response.ok({"upload_id": upload_id, "xsharing_nonces": {}})


def _upload_id(call: Call) -> str:
    """The upload id from the parameters, after a look at everything else in the headers."""
    headers = call.request.headers
    params = json_object(headers.get("x-instagram-rupload-params", ""))
    if params is None or whole_number(params.get("upload_id")) is None:
        raise Refused("X-Instagram-Rupload-Params without an upload_id")
    if headers.get("x-entity-length") != str(call.request.body.size):
        raise Refused("X-Entity-Length is not the length of the body")
    if headers.get("x-entity-name") != call.args[0]:
        raise Refused("X-Entity-Name is not the name in the address")
    if headers.get("offset") != "0":
        raise Refused("Offset is not 0")
    return str(params["upload_id"])


async def configure_to_story(call: Call, viewer: Person) -> Response:
    """Make an upload a story. Every success publishes a new one, also of the same upload."""
    form = call.form
    upload = call.world.uploads.get((viewer.pk, str(form.get("upload_id"))))
    try:
        if upload is None:
            raise Refused("Nothing was uploaded under this upload_id")
        if (upload.probe.kind == "video") != (call.request.query.get("video") == "1"):
            raise Refused(f"This upload is a {upload.probe.kind}")
        mentions = _mentions(form, call.world)
        reel_mentions = _stickers(form, "reel_mentions")
    except Refused as error:
        return Response.fail(400, str(error))
    if _is_put_off(upload):
        return Response.fail(202, "Transcode not finished yet.")
    return _publish(call, upload, mentions, reel_mentions)


def _is_put_off(upload: Upload) -> bool:
    if upload.probe.kind != "video":
        return False
    if upload.polls_left is None:
        upload.polls_left = upload.owner.transcode_polls
    upload.polls_left -= 1
    return upload.polls_left >= 0


def _publish(
    call: Call, upload: Upload, mentions: tuple[Mention, ...], reel_mentions: list[JsonObject]
) -> Response:
    # No await in here: the story and its entry in the ledger come about together.
    caption = str(call.form.get("caption") or "")
    people = tuple(call.world.person(mention.username) for mention in mentions)
    story = call.world.publish(upload, people, caption)
    facts: Probe = upload.probe
    call.ledger.post(
        Published(
            account=upload.owner.username,
            pk=story.pk,
            upload_id=upload.upload_id,
            kind=facts.kind,
            file=upload.file,
            width=facts.width,
            height=facts.height,
            duration=facts.duration,
            mentions=mentions,
            reel_mentions=reel_mentions,
            caption=caption,
            extra=call.form,
            at=story.taken_at,
        )
    )
    return Response.ok({"media": media_json(story), "upload_id": upload.upload_id})


def _mentions(form: JsonObject, world: World) -> tuple[Mention, ...]:
    found = []
    for sticker in _stickers(form, "tap_models"):
        if sticker.get("type") != "mention":
            continue
        person = world.find_person(pk=whole_number(sticker.get("user_id")))
        if person is None:
            raise Refused(f"tap_models mentions an unknown user {sticker.get('user_id')}")
        x, y, width, height = (float(sticker[name]) for name in ("x", "y", "width", "height"))
        found.append(Mention(person.username, person.pk, x, y, width, height))
    return tuple(found)


def _stickers(form: JsonObject, field: str) -> list[JsonObject]:
    """A list of stickers from its JSON, each with a place and a size; empty if not given."""
    if not form.get(field):
        return []
    stickers = json_value(form[field])
    if not isinstance(stickers, list):
        raise Refused(f"{field} is not a list in JSON")
    for sticker in stickers:
        if not isinstance(sticker, dict):
            raise Refused(f"{field} holds something that is no sticker")
        for name in ("x", "y", "width", "height"):
            if not _is_number(sticker.get(name)):
                raise Refused(f"{field}: {name} is not a number")
    return stickers


def _is_number(value: object) -> bool:
    # In JSON true is no number, and there is neither infinity nor "not a number".
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
