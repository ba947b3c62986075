"""Files that agents name: ids of uploads, paths, addresses, and links to send one to."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import BaseModel, Field

from agents.asking import ask, is_id, step
from agents.desk import current
from agents.tool import show, tool
from ground.refusal import ErrorCode, Refusal
from operations import media, models, pictures
from operations.attempt import Attempt
from operations.scopes import Scope

Source = Annotated[str, Field(description="A media id, a path (over stdio), or a public URL")]
RequestId = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=r"^[!-~]+$"),
    Field(description="Your name for this request. Repeating it with the same one changes nothing"),
]


class MediaView(BaseModel):
    id: str
    kind: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    problems: str | None = None


class MediaAdded(BaseModel):
    media: list[MediaView] = []
    upload_link: str | None = Field(default=None, description="For one file, for 10 minutes")
    how: str | None = None


@tool("Add pictures and videos", Scope.MEDIA_WRITE, Scope.MEDIA_READ, repeats=True)
async def add_media(
    ctx: Context,
    sources: Annotated[list[Source], Field(max_length=50)] = [],
    request_id: RequestId | None = None,
    show_media: bool = False,
) -> MediaAdded:
    """Upload files, for posts that are made later; nothing is posted. Without sources, over HTTP:
    a link to which one file can be sent."""
    if not sources:
        return _link()
    count = len(sources)
    added = [await taken(ctx, each, request_id, n, count) for n, each in enumerate(sources)]
    if show_media:
        for each in added[:4]:
            show(await ask(pictures.get_media_picture, target=each.id))
    return MediaAdded(media=[_view(each) for each in added])


async def taken(
    ctx: Context, source: str, request_id: str | None, number: int, of: int
) -> models.MediaFile:
    """Return the upload that a source is, or becomes; done once under a request's id."""
    if is_id(source):
        found: models.MediaFile = await ask(media.get_media, target=source)
        return found
    desk = current.get()
    attempt = Attempt(step(request_id, f"media{number}"))
    async with desk.files.lend(source) as given:
        made: models.MediaFile = await desk.perform(media.upload_media, given, "", attempt)
    await ctx.report_progress(number + 1, of, f"{number + 1} of {of} files are here")
    return made


def _link() -> MediaAdded:
    link = current.get().files.upload_link()
    if link is None:
        raise Refusal(ErrorCode.MISSING_PARAM, "Name the files in `sources`: paths on this machine")
    return MediaAdded(
        upload_link=link, how=f"curl -T FILE {link} answers with the media id; or send a URL"
    )


def _view(file: models.MediaFile) -> MediaView:
    return MediaView(
        id=file.id,
        kind="video" if file.mime_type.startswith("video/") else "image",
        width=file.width,
        height=file.height,
        seconds=file.duration_seconds,
        problems=file.validation_errors,
    )
