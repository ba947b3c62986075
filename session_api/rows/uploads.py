"""Uploads: photos, films, albums and stories, as files or from an address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio

from instagram.download import is_media_url
from media.errors import MediaError
from media.render import film_photo, normalise_photo
from media.sniff import sniff
from operations.media import UploadedFile, refusal
from publish.rules import Content
from serving.multipart import UploadedFile as ReceivedFile
from session_api.door import Parcel, send
from session_api.given import Malformed
from session_api.json_fields import DECORATIONS, TAGS
from session_api.live import shown
from session_api.question import Question
from session_api.row import Field, Group, Handler, Rail, fields_of
from session_api.said import decorations, tags
from storage.posts import MediaType

uploads = Group("Files")
_FILMED_S = 15.0
_ALBUM = (2, 10)
_SMALL = (480, 480)


def _uploading(media_type: MediaType, is_film: bool | None) -> Handler:
    """`is_film`: whether the file has to be one; None where either will do."""

    async def upload(question: Question) -> Any:
        given = question.given
        is_story = media_type is MediaType.STORIES
        said = await (decorations(question) if is_story else tags(question))
        caption = "\n".join(filter(None, (given.get("title"), given.get("caption"))))

        async def fetch() -> Sequence[UploadedFile]:
            files = await _files(question)
            for number, file in enumerate(files):
                found = await trio.to_thread.run_sync(sniff, file.path)
                if is_film is not None and (found is None or found.is_video != is_film):
                    raise _wrong(question, f"It is no {'video' if is_film else 'photo'}")
                if given.get("as_video") and found is not None and found.is_photo:
                    files[number] = await _filmed(question, file)
            return files

        if given.get("upload_id"):
            question.warnings.append("`upload_id` is not sent: each upload gets one of its own")
        content = Content(media_type=media_type, caption=caption or None, **said)
        cover = await _cover(question)
        parcel = Parcel(question=question, content=content, fetch=fetch, cover=cover)
        return await shown(question, await send(parcel))

    return upload


async def _files(question: Question) -> list[UploadedFile]:
    url = question.given.get("url")
    if url is not None:
        return [await _fetched(question, url)]
    name = "files" if question.row.path.startswith("/album") else "file"
    files = [file for file in question.form.files if file.field == name]
    low, high = _ALBUM if name == "files" else (1, 1)
    if not low <= len(files) <= high:
        raise _wrong(question, f"An album has {low} to {high} files" if high > 1 else "Send one")
    return [UploadedFile(path=file.path, name=file.name) for file in files]


async def _fetched(question: Question, url: str) -> UploadedFile:
    target = _scratch(question)
    if is_media_url(url):  # from Instagram's own servers, as the account's app would
        await question.api.download(url, target)
        return UploadedFile(path=target, name=url.partition("?")[0])
    return await question.around.fetcher.fetch(url, target)


async def _filmed(question: Question, file: UploadedFile) -> UploadedFile:
    target = _scratch(question)
    try:
        await film_photo(file.path, target, _FILMED_S)
    except MediaError as error:
        raise refusal(error) from error
    return UploadedFile(path=target, name=file.name)


async def _cover(question: Question) -> Path | None:
    """Return the picture that came as a cover, verified, in a file of its own."""
    found = next((file for file in question.form.files if file.field == "thumb"), None)
    if found is None:
        return None
    target, small = _scratch(question), _scratch(question)
    try:
        await normalise_photo(found.path, target, small, _SMALL)
    except MediaError as error:
        raise Malformed([_problem("thumb", error.reason)]) from error
    return target


def _scratch(question: Question) -> Path:
    """Return a file's name that goes with the request, unless somebody has taken it."""
    path = question.around.house.library.scratch()
    question.form.files.append(ReceivedFile("", "", "", path))
    return path


def _wrong(question: Question, message: str) -> Malformed:
    fields = {each.name for each in question.row.takes}
    name = next(each for each in ("url", "files", "file") if each in fields)
    return Malformed([_problem(name, message)])


def _problem(name: str, message: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": ["body", name], "msg": message}


# What goes out for one that needs nothing looked up: a film is asked for, sent, and has a cover.
_LEAST = {"story": 4, "photo": 4, "video": 6, "clip": 6, "igtv": 6, "album": 5}
_MORE = 60
_STEPS = (
    "a look at what is there, each file, the post, and a look at it for the answer; more for each "
    "file of an album, and each link, name or place that Instagram has to be asked about"
)
_CALLED = {
    "story": "a story",
    "photo": "a photo",
    "video": "a video, as a Reel",
    "clip": "a Reel",
    "igtv": "a video, as a Reel whose caption begins with the title",
    "album": "an album of 2 to 10 photos and videos",
}


def _rows(
    kind: str, takes: str, more: tuple[Field, ...], media_type: MediaType, is_film: bool | None
) -> None:
    is_story = media_type is MediaType.STORIES
    ways = (
        [("", "files*[file]")] if kind == "album" else [("", "file*:file"), ("/by/url", "url*:uri")]
    )
    for way, source in ways:
        least = _LEAST[kind] + bool(way)
        uploads.row(
            "POST", f"/{kind}/upload{way}", (*fields_of(f"{source}, {takes}"), *more), None,
            "Story" if is_story else "Media", Rail.PUBLISH,
            f"Publish {_CALLED[kind]}{' from an address' if way else ''}, once",
            handler=_uploading(media_type, is_film), act="story" if is_story else "post",
            sends=f"{least} to {least + _MORE}: {_STEPS}",
        )  # fmt: skip


_rows("story", "as_video:bool=false, caption", DECORATIONS, MediaType.STORIES, None)
_rows("photo", "caption*, upload_id", TAGS, MediaType.IMAGE, False)
_rows("video", "caption*, thumb:file", TAGS, MediaType.REELS, True)
_rows("clip", "caption*, thumb:file", TAGS, MediaType.REELS, True)
_rows("igtv", "title*, caption*, thumb:file", TAGS, MediaType.REELS, True)
_rows("album", "caption*", TAGS, MediaType.CAROUSEL, None)
