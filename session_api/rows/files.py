"""Files: downloads, from Instagram's own hosts alone, and the uploads that are not served yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import trio

from serving.answer import Answer
from session_api.given import Malformed
from session_api.question import Question
from session_api.row import Given, Group, Rail

files = Group("Files")
_PIECE = 256 * 1024
_NO_UPLOADS = (
    "Uploads by session are not served yet: every post goes out by one door, POST "
    "/api/v1/media/upload and /api/v1/posts/publish, which sends each once"
)
_MEDIA_KIND = {"photo": 1, "video": 2, "clip": 2, "igtv": 2}


async def _by_url(question: Question) -> Answer:
    _check_place(question.given)
    return await _fetched(question, question.given["url"])


async def _by_number(question: Question) -> Answer:
    _check_place(question.given)
    given = question.given
    if question.row.path.startswith("/story"):
        number = str(given["story_pk"])

        async def read(client: Any) -> Any:
            return await client.story_info_v1(number)
    else:
        number = str(given["media_pk"])

        async def read(client: Any) -> Any:
            return await client.media_info_v1(number)

    found = await question.api.run(f"session.{question.row.name}", read)
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

    async def pieces() -> AsyncIterator[bytes]:
        async with file:
            while piece := await file.read(_PIECE):
                yield piece

    is_video = url.partition("?")[0].endswith((".mp4", ".mov", ".m4v"))
    kind = "video/mp4" if is_video else "image/jpeg"
    return Answer(pieces(), headers={"Content-Type": kind, "Content-Length": str(size)})


def _check_place(given: Given) -> None:
    if not given["returnFile"] or given["folder"]:
        raise Malformed("Files are only sent: a client chooses no place on this machine")


_WHERE = "folder, returnFile:bool=true"
for _kind in ("video", "clip", "igtv", "photo"):
    files.row(
        "GET", f"/{_kind}/download", f"media_pk*:i, {_WHERE}", None, "file", Rail.READ,
        f"The file of a {_kind}", handler=_by_number,
    )  # fmt: skip
files.row(
    "GET", "/story/download", f"story_pk*:i, filename, {_WHERE}", None, "file", Rail.READ,
    "The file of a story", handler=_by_number,
)  # fmt: skip
for _kind in ("video", "clip", "igtv", "photo", "story"):
    files.row(
        "GET", f"/{_kind}/download/by/url", f"url*:uri, filename, {_WHERE}", None, "file",
        Rail.READ, "The file at an address of Instagram's", handler=_by_url,
    )  # fmt: skip
for _kind in ("story", "video", "photo", "igtv", "clip"):
    _gives = "Story" if _kind == "story" else "Media"
    files.row(
        "POST", f"/{_kind}/upload", "", None, _gives, Rail.PUBLISH, f"Publish a {_kind}",
        absent=_NO_UPLOADS,
    )  # fmt: skip
    files.row(
        "POST", f"/{_kind}/upload/by/url", "", None, _gives, Rail.PUBLISH,
        f"Publish a {_kind} from an address", absent=_NO_UPLOADS,
    )  # fmt: skip
files.row(
    "POST", "/album/upload", "", None, "Media", Rail.PUBLISH, "Publish an album",
    absent=_NO_UPLOADS,
)  # fmt: skip
files.row(
    "PATCH", "/media", "", None, "Dict", Rail.PUBLISH, "Change a post of this account",
    absent="Posts are not changed by session yet; change them in the app",
)  # fmt: skip
for _path in ("/album/download", "/album/download/by/urls"):
    files.row(
        "GET", _path, "", None, "[file]", Rail.READ, "The files of an album",
        absent="Albums are not fetched as one; fetch each by /photo/download/by/url",
    )  # fmt: skip
