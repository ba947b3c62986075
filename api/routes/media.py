"""Uploading, listing and deleting media (contract §4.3)."""

from __future__ import annotations

from api.contract import Operations
from api.dispatch import Call
from api.errors import ApiError
from api.multipart import receive_file
from media.errors import MediaError, MediaTooLarge, RenderFailed
from media.normalise import Unsupported, VideoInvalid
from operations import models as schemas
from operations import shown as render
from storage import media_files
from storage.store import Database

operations = Operations("Media")


@operations.add(
    "POST",
    "/media/upload",
    upload=True,
    returns=schemas.MediaFile,
    status=201,
    errors=(
        "UPLOAD_ERROR",
        "MEDIA_INVALID",
        "PROCESSING_FAILED",
        "VIDEO_PROCESSING_FAILED",
        "UNSUPPORTED_MEDIA_TYPE",
    ),
)
async def upload_media(call: Call) -> schemas.MediaFile:
    """Upload one image or video in the field `file`.

    Images are normalised to upright sRGB JPEG without metadata, videos are kept as they are and
    re-encoded, where Instagram would refuse them, when a post needs it. What decodes but cannot be
    made to fit any kind of post is kept with `isValid: false` and the reasons.
    """
    library = call.context.library
    call.context.folder.check_room(call.request.content_length or 0)
    scratch = library.scratch()
    uploaded = await receive_file(call.request, scratch, call.context.max_upload_bytes)
    try:
        media = await library.take_in(scratch, uploaded.name, call.user_id)
    except MediaError as error:
        raise refusal(error) from error
    return render.media_file(media)


@operations.add("GET", "/media", query=schemas.MediaQuery, returns=schemas.MediaList)
async def list_media(call: Call) -> schemas.MediaList:
    """List uploads, newest first; the one list that takes `offset` instead of `page`."""

    def read(db: Database) -> schemas.MediaList:
        query = call.query
        files = media_files.page(
            db, call.user_id, query.type, limit=query.limit, offset=query.offset
        )
        total = media_files.total(db, call.user_id, query.type)
        return schemas.MediaList(
            files=[render.media_file(file) for file in files],
            total=total,
            has_more=query.offset + len(files) < total,
        )

    return await call.context.store.read(read)


@operations.add("GET", "/media/<id>", returns=schemas.MediaFile, errors=("NOT_FOUND",))
async def get_media(call: Call) -> schemas.MediaFile:
    """Return one media file."""
    return render.media_file(await call.context.store.read(media_files.get, call.path["id"]))


@operations.add("DELETE", "/media/<id>", returns=schemas.Success, errors=("NOT_FOUND",))
async def delete_media(call: Call) -> schemas.Success:
    """Delete a file; posts that showed it are kept without it."""
    await call.context.library.remove(call.path["id"])
    return schemas.Success()


def refusal(error: MediaError) -> ApiError:
    """Return the answer to a file that cannot be used."""
    match error:
        case Unsupported() | MediaTooLarge():
            code = "MEDIA_INVALID"
        case VideoInvalid() | RenderFailed():
            code = "VIDEO_PROCESSING_FAILED"
        case _:
            code = "PROCESSING_FAILED"
    return ApiError(code, f"The file cannot be used: {error.reason}")
