"""Files: downloads, from Instagram's own hosts alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import trio

from instagram.download import check_media_url
from instagram.private.stories import shown_story
from serving.answer import Answer
from session_api.given import Malformed
from session_api.question import Question
from session_api.row import Given, Group, Rail

files = Group("Files")
_PIECE = 256 * 1024
_MEDIA_KIND = {"photo": 1, "video": 2, "clip": 2, "igtv": 2}
_ALBUM = 8
# Generators of clients know this one, and take it for all of them.
ANY_FILE = "application/octet-stream"
# What Instagram's hosts deliver, by how its address ends.
TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".webp": "image/webp",
    ".png": "image/png",
}


async def _by_url(question: Question) -> Answer:
    _check_place(question.given)
    return await _fetched(question, question.given["url"])


async def _by_number(question: Question) -> Answer:
    _check_place(question.given)
    given = question.given
    if question.row.path.startswith("/story"):
        number = str(given["story_pk"])

        async def read(client: Any) -> Any:
            return await shown_story(client, number)
    else:
        number = str(given["media_pk"])

        async def read(client: Any) -> Any:
            return await client.media_info_v1(number)

    found = await question.run(read)
    wanted = question.row.path.strip("/").partition("/")[0]
    kind = _MEDIA_KIND.get(wanted)
    if kind is not None and found.media_type != kind:
        raise Malformed(f"This is no {wanted}")
    url = found.video_url if found.media_type == _MEDIA_KIND["video"] else found.thumbnail_url
    return await _fetched(question, str(url))


async def _fetched(question: Question, url: str) -> Answer:
    target = question.around.house.library.scratch()
    try:
        size = await question.api.download(url, target)
        file = await trio.open_file(target, "rb")
    finally:
        # What is open is sent to its end; nothing is left behind, whoever leaves meanwhile.
        with trio.CancelScope(shield=True):
            await trio.Path(target).unlink(missing_ok=True)
    return _sent(file, size, TYPES.get(_ending(url), ANY_FILE))


def _sent(file: Any, size: int, kind: str) -> Answer:
    async def pieces() -> AsyncIterator[bytes]:
        async with file:
            while piece := await file.read(_PIECE):
                yield piece

    return Answer(pieces(), headers={"Content-Type": kind, "Content-Length": str(size)})


def _ending(url: str) -> str:
    return Path(url.partition("?")[0]).suffix.lower()


def _check_place(given: Given) -> None:
    if not given["returnFile"] or given["folder"]:
        raise Malformed("Files are only sent: a client chooses no place on this machine")


_WHERE = "folder, returnFile:bool=true"
_TWO = "2: where it is, then the file"
for _kind in ("video", "clip", "igtv", "photo"):
    files.row(
        "GET", f"/{_kind}/download", f"media_pk*:i, {_WHERE}", None, "file", Rail.READ,
        f"The file of a {_kind}", handler=_by_number, sends=_TWO,
    )  # fmt: skip
files.row(
    "GET", "/story/download", f"story_pk*:i, filename, {_WHERE}", None, "file", Rail.READ,
    "The file of a story", handler=_by_number, sends=_TWO,
)  # fmt: skip
for _kind in ("video", "clip", "igtv", "photo", "story"):
    files.row(
        "GET", f"/{_kind}/download/by/url", f"url*:uri, filename, {_WHERE}", None, "file",
        Rail.READ, "The file at an address of Instagram's", handler=_by_url,
    )  # fmt: skip
files.row(
    "GET", "/track/download/by/url", f"url*:uri, filename, {_WHERE}", None, "file", Rail.READ,
    "The sound at an address of Instagram's", handler=_by_url,
)  # fmt: skip


async def _album(question: Question) -> Answer:
    _check_place(question.given)
    urls: list[str] = question.given.get("urls") or []
    number = "album"
    if not urls:
        number = str(question.given["media_pk"])

        async def read(client: Any) -> Any:
            return await client.media_info_v1(number)

        found = await question.run(read)
        if found.media_type != _ALBUM:
            raise Malformed("This is no album")
        urls = [str(each.video_url or each.thumbnail_url) for each in found.resources]
    for url in urls:
        check_media_url(url)  # all of them, before one is fetched
    return await _packed(question, urls, number)


async def _packed(question: Question, urls: Sequence[str], name: str) -> Answer:
    """Fetch files and answer with one archive that holds them in their order."""
    scratch = question.around.house.library.scratch
    packed, files = scratch(), [scratch() for _ in urls]
    try:
        for url, file in zip(urls, files, strict=True):
            await question.api.download(url, file)
        names = [
            f"{name}_{number}{_ending(url) if _ending(url) in TYPES else '.jpg'}"
            for number, url in enumerate(urls, start=1)
        ]
        await trio.to_thread.run_sync(_pack, packed, list(zip(files, names, strict=True)))
        size = (await trio.Path(packed).stat()).st_size
        opened = await trio.open_file(packed, "rb")
    finally:
        with trio.CancelScope(shield=True):
            for each in (packed, *files):
                await trio.Path(each).unlink(missing_ok=True)
    return _sent(opened, size, "application/zip")


def _pack(target: Path, files: Sequence[tuple[Path, str]]) -> None:
    target.touch(mode=0o600)
    with ZipFile(target, "w") as archive:  # stored: pictures and films are packed already
        for path, name in files:
            archive.write(path, name)


files.row(
    "GET", "/album/download", f"media_pk*:i, {_WHERE}", None, "[file]", Rail.READ,
    "The files of an album, in one ZIP", handler=_album,
    sends="3 to 21: where they are, then each",
)  # fmt: skip
files.row(
    "GET", "/album/download/by/urls", f"urls*[..20], {_WHERE}", None, "[file]", Rail.READ,
    "The files at some addresses of Instagram's, in one ZIP", handler=_album,
    sends="1 to 20: each file",
)  # fmt: skip
