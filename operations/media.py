"""Uploading, listing and deleting media (contract §4.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, assert_never, cast

from pydantic import BaseModel, BeforeValidator

from ground.plain_text import file_name
from ground.refusal import ErrorCode, Refusal
from media.errors import (
    AnyMediaError,
    MediaError,
    MediaInvalid,
    MediaTooLarge,
    RenderFailed,
    Unsupported,
    VideoInvalid,
)
from operations import models, shown
from operations.operation import Ask, act, read
from operations.resources import Resource
from operations.scopes import Scope
from storage import media_files
from storage.media_files import MediaFile
from storage.store import Database


class UploadedFile(BaseModel):
    """A file that a face has received whole, in the folder for such; it is moved from there."""

    path: Path
    # Whatever the file is called elsewhere: also in letters that are none.
    name: Annotated[str, BeforeValidator(file_name)]


@act(
    models.MediaFile,
    scope=Scope.MEDIA_WRITE,
    takes=UploadedFile,
    refuses=[
        ErrorCode.UPLOAD_ERROR,
        ErrorCode.MEDIA_INVALID,
        ErrorCode.PROCESSING_FAILED,
        ErrorCode.VIDEO_PROCESSING_FAILED,
        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    ],
)
async def upload_media(ask: Ask[UploadedFile]) -> models.MediaFile:
    """Upload one image or video in the field `file`.

    Images are normalised to upright sRGB JPEG without metadata, videos are kept as they are and
    re-encoded, where Instagram would refuse them, when a post needs it. What decodes but cannot be
    made to fit any kind of post is kept with `isValid: false` and the reasons.
    """

    def keep(db: Database, media: MediaFile) -> None:
        ask.done(db, shown.media_file(media))

    try:
        media = await ask.house.library.take_in(
            ask.given.path, ask.given.name, ask.user_id, also=keep
        )
    except MediaError as error:
        raise refusal(error) from error
    return shown.media_file(media)


@read(models.MediaList, scope=Scope.MEDIA_READ, takes=models.MediaQuery)
def list_media(db: Database, ask: Ask[models.MediaQuery]) -> models.MediaList:
    """List uploads, newest first; the one list that takes `offset` instead of `page`."""
    query, accounts = ask.given, ask.actor.accounts_of(None)
    files = media_files.page(
        db, ask.user_id, query.type, limit=query.limit, offset=query.offset, accounts=accounts
    )
    total = media_files.total(db, ask.user_id, query.type, accounts=accounts)
    return models.MediaList(
        files=[shown.media_file(file) for file in files],
        total=total,
        has_more=query.offset + len(files) < total,
    )


@read(models.MediaFile, scope=Scope.MEDIA_READ, on=Resource.MEDIA, refuses=[ErrorCode.NOT_FOUND])
def get_media(db: Database, ask: Ask[None]) -> models.MediaFile:
    """Return one media file."""
    return shown.media_file(media_files.get(db, ask.id))


@act(models.Success, scope=Scope.MEDIA_WRITE, on=Resource.MEDIA, refuses=[ErrorCode.NOT_FOUND])
async def delete_media(ask: Ask[None]) -> models.Success:
    """Delete a file; posts that showed it are kept without it."""
    done = models.Success()
    await ask.house.library.remove(ask.id, also=lambda db: ask.done(db, done))
    return done


def refusal(error: MediaError) -> Refusal:
    """Return the answer to a file that cannot be used."""
    found = cast(AnyMediaError, error)
    match found:
        case Unsupported() | MediaTooLarge():
            code = ErrorCode.MEDIA_INVALID
        case VideoInvalid() | RenderFailed():
            code = ErrorCode.VIDEO_PROCESSING_FAILED
        case MediaInvalid():
            code = ErrorCode.PROCESSING_FAILED
        case _:
            assert_never(found)
    return Refusal(code, f"The file cannot be used: {error.reason}")
