"""Sending media in (`rupload`). As strict as the real service, or stricter."""

from __future__ import annotations

from dataclasses import replace

import trio

from sandbox.private.form import json_object, whole_number
from sandbox.private.refused import Refused
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.draft import Upload
from sandbox.world.person import Person
from sandbox.world.probe import BadMedia, Probe, check_photo, check_video
from sandbox.world.world import World

# What the parameters of an upload say it is for, and how many seconds that may have.
_LONGEST_S = (("for_album", 60.0), ("is_sidecar", 60.0), ("is_clips_video", 15 * 60.0))
_LONGEST_FEED_VIDEO_S = 60 * 60.0
_TOLERANCE_S = 0.5


async def settings(call: Call, viewer: Person) -> Response:
    """How a Reel should be encoded: as it is."""
    return Response.ok({"upload_settings": {}})


async def video_offset(call: Call, viewer: Person) -> Response:
    """How much of a video has arrived: nothing yet, since uploads are not resumed."""
    return Response.json(200, {"offset": 0})


async def photo(call: Call, viewer: Person) -> Response:
    """The bytes of a photo, or of a video's cover: a JPEG that decodes."""
    return await _receive(call, viewer, "photo")


async def video(call: Call, viewer: Person) -> Response:
    """The bytes of a video: an MP4 that plays to its end and is short enough for its purpose."""
    return await _receive(call, viewer, "video")


async def _receive(call: Call, viewer: Person, kind: str) -> Response:
    try:
        params = _params(call)
        path = call.world.new_upload_path(".jpg" if kind == "photo" else ".mp4")
        await trio.to_thread.run_sync(call.request.body.save, path)
        check = check_photo if kind == "photo" else check_video
        facts = await trio.to_thread.run_sync(check, path)
        _check_length(facts, params)
    except BadMedia as error:
        return Response.fail(400, str(error))
    upload_id = str(params["upload_id"])
    _keep(call.world, Upload(owner=viewer, upload_id=upload_id, file=path, probe=facts))
    return Response.ok({"upload_id": upload_id, "xsharing_nonces": {}})


def _keep(world: World, upload: Upload) -> None:
    """Keep the upload; a photo under the id of a video becomes its cover, in either order."""
    key = upload.owner.pk, upload.upload_id
    before = world.library.uploads.get(key)
    if before is None or before.probe.kind == upload.probe.kind:
        world.library.uploads[key] = upload
    elif upload.probe.kind == "photo":
        before.cover = upload.file
    else:
        world.library.uploads[key] = replace(upload, cover=before.file)


def _check_length(facts: Probe, params: JsonObject) -> None:
    longest = _LONGEST_FEED_VIDEO_S
    for name, seconds in _LONGEST_S:
        if params.get(name) == "1":
            longest = seconds
    if (facts.duration or 0) > longest + _TOLERANCE_S:
        raise BadMedia(f"{facts.duration:.1f} s are too long for this")


def _params(call: Call) -> JsonObject:
    """The parameters with an upload id, after a look at everything else in the headers."""
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
    return params
