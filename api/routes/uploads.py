"""Uploading media (contract §4.3): the multipart body is this face's own."""

from __future__ import annotations

from api.contract import Call, Operations, perform_for
from operations import media, models
from serving.body import BoundedRequest
from serving.multipart import announced, receive_file

operations = Operations("Media")


@operations.add(
    "POST",
    "/media/upload",
    upload=True,
    returns=models.MediaFile,
    status=201,
    errors=media.upload_media.refuses,
    act=media.upload_media,
)
async def upload_media(call: Call) -> models.MediaFile:
    """Receive the file, and have it taken in."""
    assert isinstance(call.request, BoundedRequest)
    call.context.folder.check_room(announced(call.request, call.context.max_upload_bytes))
    scratch = call.context.library.scratch()
    received = await receive_file(call.request, scratch, call.context.max_upload_bytes)
    given = media.UploadedFile(path=scratch, name=received.name)
    answer: models.MediaFile = await perform_for(call, media.upload_media, given)
    return answer
