"""Making a post of what was uploaded: `configure`. Every success publishes a new one."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.private import post_fields as read
from sandbox.private.form import json_value
from sandbox.private.media import media_json
from sandbox.private.refused import Refused
from sandbox.private.stickers import is_web_address, mentions_in, others_in, placed_stickers
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.draft import Draft, Part, Upload
from sandbox.world.person import Person
from sandbox.world.probe import Kind
from sandbox.world.published import Product

_LONGEST_STORY_S = 60.5
_CHILDREN = range(2, 21)


async def validate_link(call: Call, viewer: Person) -> Response:
    """Whether a story may link to an address."""
    if is_web_address(call.form.get("url")):
        return Response.ok()
    return Response.fail(400, "The link is not valid")


async def story(call: Call, viewer: Person) -> Response:
    """`media/configure_to_story/`: a photo, or with `?video=1` a video."""
    upload = _upload(call, viewer, _asked_kind(call))
    if (upload.probe.duration or 0) > _LONGEST_STORY_S:
        raise Refused("The video is too long for a story")
    stickers = placed_stickers(call.form, "tap_models")
    draft = Draft(
        owner=viewer,
        route="private",
        product="story",
        parts=[upload],
        caption=str(call.form.get("caption") or ""),
        mentions=mentions_in(stickers, call.world),
        reel_mentions=placed_stickers(call.form, "reel_mentions"),
        stickers=others_in(stickers, call.world),
        upload_id=upload.upload_id,
        extra=call.form,
    )
    return _publish(call, draft, [upload])


async def feed(call: Call, viewer: Person) -> Response:
    """`media/configure/`: a photo in the grid, or with `?video=1` a video."""
    return _single(call, viewer, "feed", _asked_kind(call))


async def reel(call: Call, viewer: Person) -> Response:
    """`media/configure_to_clips/`: a Reel."""
    return _single(call, viewer, "reel", "video")


async def album(call: Call, viewer: Person) -> Response:
    """`media/configure_sidecar/`: several photos and videos as one post."""
    uploads, parts = _children(call, viewer)
    draft = _post_draft(call, viewer, "carousel", parts)
    return _publish(call, draft, uploads)


def _single(call: Call, viewer: Person, product: Product, kind: Kind) -> Response:
    upload = _upload(call, viewer, kind)
    if kind == "video" and upload.cover is None:
        raise Refused("There is no cover for this video")
    draft = _post_draft(call, viewer, product, [_tagged(call, upload, call.form)])
    return _publish(call, draft, [upload])


def _post_draft(call: Call, viewer: Person, product: Product, parts: Sequence[Part]) -> Draft:
    return Draft(
        owner=viewer,
        route="private",
        product=product,
        parts=parts,
        caption=read.caption(call.form),
        collaborators=read.coauthors(call.form, call.world),
        location_id=read.location_id(call.form),
        upload_id=str(call.form.get("upload_id") or ""),
        extra=call.form,
    )


def _children(call: Call, viewer: Person) -> tuple[list[Upload], list[Part]]:
    given = call.form.get("children_metadata")
    listed = json_value(given) if isinstance(given, str) else given
    if not isinstance(listed, list) or len(listed) not in _CHILDREN:
        raise Refused("children_metadata has to hold 2 to 20 children")
    uploads, parts = [], []
    for child in listed:
        if not isinstance(child, dict):
            raise Refused("children_metadata holds something that is no child")
        upload = _found(call, viewer, child.get("upload_id"))
        uploads.append(upload)
        parts.append(_tagged(call, upload, child))
    return uploads, parts


def _tagged(call: Call, upload: Upload, form: JsonObject) -> Part:
    tags = read.user_tags(form, call.world)
    return Part(file=upload.file, probe=upload.probe, cover=upload.cover, tags=tags)


def _asked_kind(call: Call) -> Kind:
    return "video" if call.request.query.get("video") == "1" else "photo"


def _upload(call: Call, viewer: Person, kind: Kind) -> Upload:
    upload = _found(call, viewer, call.form.get("upload_id"))
    if upload.probe.kind != kind:
        raise Refused(f"This upload is a {upload.probe.kind}")
    return upload


def _found(call: Call, viewer: Person, upload_id: object) -> Upload:
    upload = call.world.library.uploads.get((viewer.pk, str(upload_id)))
    if upload is None:
        raise Refused("Nothing was uploaded under this upload_id")
    return upload


def _publish(call: Call, draft: Draft, uploads: Sequence[Upload]) -> Response:
    put_off = [_is_put_off(upload) for upload in uploads]  # every one counts each attempt
    if any(put_off):
        return Response.fail(202, "Transcode not finished yet.")
    media = call.world.publish(draft)
    return Response.ok({"media": media_json(media, call.world), "upload_id": draft.upload_id or ""})


def _is_put_off(upload: Upload) -> bool:
    if upload.probe.kind != "video":
        return False
    if upload.polls_left is None:
        upload.polls_left = upload.owner.transcode_polls
    upload.polls_left -= 1
    return upload.polls_left >= 0
