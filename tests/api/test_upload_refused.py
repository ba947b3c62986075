"""Uploads that are refused: each with its code, and none leaves anything behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import trio

from tests.media import samples
from tests.support.limits import DEADLOCK_S
from tests.support.odd_requests import request
from tests.support.posting import (
    API,
    upload,
)
from tests.support.served import Served, serve_studio
from tests.support.studio import Studio
from tests.support.tiny_server import receive_all

MEDIA = f"{API}/media"


def on_disk(served: Served) -> list[Path]:
    return sorted(path for path in served.studio.folder.root.rglob("*") if path.is_file())


async def raw(served: Served, content: bytes, content_type: str) -> tuple[int, Any]:
    answer = await served.call(
        "POST", f"{MEDIA}/upload", content=content, headers={"Content-Type": content_type}
    )
    return answer.status, answer.body


async def test_what_cannot_be_used_is_refused_and_leaves_nothing(
    served: Served, tmp_path: Path
) -> None:
    before = on_disk(served)
    photo = served.studio.photo(400, 500).read_bytes()
    video = samples.make_video(tmp_path / "v.mp4", seconds=1).read_bytes()
    for content, status, code in [
        (b"", 400, "UPLOAD_ERROR"),
        (b"just some text", 400, "MEDIA_INVALID"),
        (b"GIF89a" + b"\0" * 100, 400, "MEDIA_INVALID"),
        (b"%PDF-1.7\n", 400, "MEDIA_INVALID"),
        (photo[: len(photo) // 3], 422, "PROCESSING_FAILED"),
        (b"\xff\xd8\xff" + b"\0" * 500, 422, "PROCESSING_FAILED"),
        (video[: len(video) // 2], 422, "VIDEO_PROCESSING_FAILED"),
    ]:
        file = tmp_path / "file"
        file.write_bytes(content)
        answer = await upload(served, file)
        assert (answer.status, answer.body["code"]) == (status, code), content[:20]
        assert answer.body["status"] == status
    assert on_disk(served) == before
    assert (await served.call("GET", MEDIA)).body["total"] == 0


async def test_bodies_that_are_no_upload(served: Served) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="%s"; filename="x.jpg"\r\n\r\nabc\r\n'
    form = "multipart/form-data; boundary=b"
    for content, content_type, code in [
        (b"{}", "application/json", "UNSUPPORTED_MEDIA_TYPE"),
        (b"abc", "image/jpeg", "UNSUPPORTED_MEDIA_TYPE"),
        (b"abc", "multipart/form-data", "UNSUPPORTED_MEDIA_TYPE"),
        (b"", form, "UPLOAD_ERROR"),
        (b"no boundary at all", form, "UPLOAD_ERROR"),
        (part % b"file", form, "UPLOAD_ERROR"),  # broke off: the end is missing
        (part % b"image" + b"--b--\r\n", form, "UPLOAD_ERROR"),
        (part % b"file" + part % b"file" + b"--b--\r\n", form, "UPLOAD_ERROR"),
        (b"--b\r\nNonsense\r\n\r\nabc\r\n--b--\r\n", form, "UPLOAD_ERROR"),
        (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n', form,
         "UPLOAD_ERROR"),
        (b"--b\r\n" + b"X-Endless: " + b"x" * 5_000_000, form, "UPLOAD_ERROR"),
    ]:  # fmt: skip
        status, body = await raw(served, content, content_type)
        assert body["code"] == code, content[:60]
        assert status == body["status"] == (415 if code.startswith("UNSUPPORTED") else 400)
    assert on_disk(served) == []


async def test_files_over_the_limit_are_refused(studio: Studio, tmp_path: Path) -> None:
    settings = replace(studio.core.settings, max_file_size_mb=1)
    limited = replace(studio, core=replace(studio.core, settings=settings))
    async with serve_studio(limited) as served:
        for size, status, code in [
            (1024 * 1024, 400, "MEDIA_INVALID"),  # the limit itself is within
            (1024 * 1024 + 1, 413, "UPLOAD_ERROR"),
            (30_000_000, 413, "UPLOAD_ERROR"),
        ]:
            file = tmp_path / "large.jpg"
            file.write_bytes(b"x" * size)
            answer = await upload(served, file)
            assert (answer.status, answer.body["code"]) == (status, code)
            assert answer.body["status"] == status
        for length in (30_000_000, 10**19):  # no disk has room for it: that is not the disk's fault
            said = await post_raw(served, f"{MEDIA}/upload", length)
            assert said.startswith(b"HTTP/1.1 413 "), said
            assert b"UPLOAD_ERROR" in said
        assert on_disk(served) == []


async def post_raw(served: Served, path: str, length: int) -> bytes:
    """Announce a body and send nothing of it; returns the answer."""
    key = f"Authorization: Bearer {served.key}"
    kind = "Content-Type: multipart/form-data; boundary=b"
    sent = request(path, key, kind, f"Content-Length: {length}", "Connection: close", method="POST")
    async with await trio.open_tcp_stream("127.0.0.1", served.client.base_url.port or 0) as stream:
        await stream.send_all(sent)
        with trio.fail_after(DEADLOCK_S):
            return await receive_all(stream)
