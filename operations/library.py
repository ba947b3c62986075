"""The library: uploads with what they fit and who shows them; how they look, and other cuts."""

from __future__ import annotations

from base64 import b64encode

import trio

from ground.refusal import ErrorCode, Refusal
from media.errors import MediaError
from media.render import frame_photo
from operations import models, shown
from operations.media import refusal
from operations.operation import Ask, act, read
from operations.resources import Resource
from operations.scopes import Scope
from publish import rules
from storage import media_files, media_usage
from storage.media_files import MediaFile
from storage.media_usage import Usage
from storage.posts import MediaType
from storage.store import Database

_CANVASES = {"4:5": (1080, 1350), "1:1": (1080, 1080), "1.91:1": (1080, 566), "9:16": (1080, 1920)}
_SPOILED = (
    ErrorCode.NOT_FOUND,
    ErrorCode.MEDIA_INVALID,
    ErrorCode.PROCESSING_FAILED,
    ErrorCode.VIDEO_PROCESSING_FAILED,
)


@read(models.Library, scope=Scope.MEDIA_READ, takes=models.LibraryQuery)
def list_library(db: Database, ask: Ask[models.LibraryQuery]) -> models.Library:
    """List uploads with what each fits and where it is used, newest first (additive)."""
    query = ask.given
    chosen = media_usage.Chosen(
        user_id=ask.user_id,
        kind=query.type,
        is_unused=query.unused,
        text=query.text or None,
        accounts=ask.actor.accounts_of(None),
    )
    files = media_usage.page(db, chosen, limit=query.limit, offset=query.offset)
    total, size = media_usage.total(db, chosen)
    used = media_usage.of(db, [file.id for file in files])
    return models.Library(
        files=[_in_library(file, used[file.id]) for file in files],
        total=total,
        bytes=size,
        has_more=query.offset + len(files) < total,
    )


@read(models.LibraryFile, scope=Scope.MEDIA_READ, on=Resource.MEDIA, refuses=[ErrorCode.NOT_FOUND])
def get_library_file(db: Database, ask: Ask[None]) -> models.LibraryFile:
    """Return one upload with what it fits and where it is used (additive)."""
    return _in_library(media_files.get(db, ask.id), media_usage.of(db, [ask.id])[ask.id])


@act(
    models.Success,
    scope=Scope.MEDIA_WRITE,
    on=Resource.MEDIA,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS],
)
async def remove_from_library(ask: Ask[None]) -> models.Success:
    """Delete a file unless a post that is planned or going out shows it (additive).

    Drafts and what went out keep their place for it, empty.
    """
    done = models.Success()

    def refuse_planned(db: Database) -> None:
        if media_usage.of(db, [ask.id])[ask.id].is_planned:
            raise Refusal(
                ErrorCode.INVALID_STATUS,
                "A post that is planned shows this file: change or cancel that post first",
            )

    await ask.house.library.remove(ask.id, first=refuse_planned, also=lambda db: ask.done(db, done))
    return done


@act(
    models.MediaPreview,
    scope=Scope.MEDIA_READ,
    on=Resource.MEDIA,
    takes=models.MediaPreviewRequest,
    refuses=_SPOILED,
)
async def preview_media(ask: Ask[models.MediaPreviewRequest]) -> models.MediaPreview:
    """Show a file as it would be sent in that kind of post (additive); nothing is sent.

    It is the publisher that prepares it. Of a video its first picture is shown.
    """
    house = ask.house
    media = await house.store.glance(media_files.get, ask.id)
    if found := rules.problems(media, rules.USES[ask.given.media_type]):
        raise Refusal(ErrorCode.MEDIA_INVALID, f"The file: {found[0]}")
    try:
        async with house.preparation.look(media, ask.given.media_type) as seen:
            data = await trio.Path(seen.path).read_bytes()
    except FileNotFoundError:
        raise Refusal(ErrorCode.NOT_FOUND, "The media file was deleted") from None
    except MediaError as error:
        raise refusal(error) from error
    return models.MediaPreview(
        image=f"data:image/jpeg;base64,{b64encode(data).decode()}",
        width=seen.width,
        height=seen.height,
        change=seen.change,
    )


@act(
    models.LibraryFile,
    scope=Scope.MEDIA_WRITE,
    on=Resource.MEDIA,
    takes=models.FrameRequest,
    refuses=_SPOILED,
)
async def frame_media(ask: Ask[models.FrameRequest]) -> models.LibraryFile:
    """Make a further photo of a photo: cut to a shape around a point, or whole on its own blur.

    Additive. The photo itself stays as it is; a post shows the further one by its own id.
    """
    house, asked = ask.house, ask.given
    media = await house.store.glance(media_files.get, ask.id)
    if media.is_video:
        raise Refusal(ErrorCode.MEDIA_INVALID, "A video goes out whole: only photos are cut")
    made = house.library.scratch()
    try:
        await frame_photo(
            house.folder.path(media.storage_path),
            made,
            _CANVASES[asked.aspect],
            is_padded=asked.mode == "pad",
            focus=(asked.x, asked.y),
        )

        def keep(db: Database, kept: MediaFile) -> None:
            ask.done(db, _in_library(kept, Usage()))

        name = f"{media.original_filename} {asked.aspect}"
        kept = await house.library.take_in(made, name, ask.user_id, also=keep)
    except FileNotFoundError:
        raise Refusal(ErrorCode.NOT_FOUND, "The media file was deleted") from None
    except MediaError as error:
        raise refusal(error) from error
    finally:
        with trio.CancelScope(shield=True):
            await trio.Path(made).unlink(missing_ok=True)
    return _in_library(kept, Usage())


def _in_library(file: MediaFile, used: Usage) -> models.LibraryFile:
    fits = []
    for media_type in MediaType:
        found = rules.problems(file, rules.USES[media_type])
        fits.append(models.FormatFit(media_type=media_type, reason=found[0] if found else None))
    return models.LibraryFile(
        **shown.media_file(file).model_dump(),
        fits=fits,
        shown_in=[models.ShownIn(post_id=post_id, status=state) for post_id, state in used.posts],
        used_by=used.count,
        is_planned=used.is_planned,
    )
