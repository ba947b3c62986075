"""Parts of files: what was asked for where it is there, and never a broken answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.errors import ApiError
from api.files import wanted_part
from sandbox import Sandbox
from tests.support.clock import TestClock
from tests.support.graph import connect, serve_publicly
from tests.support.odd_requests import request
from tests.support.posting import publish, upload
from tests.support.raw_http import RawAnswer, RawClient
from tests.support.served import Served

SIZE = 5000
HUGE = "9" * 6000
WHOLE = (
    "", "foo=1-2", "bytes", "bytes=", "bytes=-", "bytes=--5", "bytes=a-b", "bytes=9-1", "bytes=5",
    "bytes=0-0,2-2", "bytes=0-1, -1", "bytes=,", "bytes=+1-2", "bytes=0x1-2", "bytes=1.5-2",
    "bytes: 0-4", "0-4", "bytes 0-4", "bytes=0 0-4", "BITS=0-4", "bytes=\u0661-\u0662",
)  # fmt: skip
PARTS = {
    "bytes=0-4": (0, 5), "bytes=5-": (5, SIZE), "bytes=-5": (SIZE - 5, SIZE), "bytes=0-0": (0, 1),
    f"bytes=0-{SIZE - 1}": (0, SIZE), f"bytes=0-{SIZE}": (0, SIZE), "bytes=0-999999": (0, SIZE),
    f"bytes={SIZE - 1}-": (SIZE - 1, SIZE), "bytes=-999999999": (0, SIZE), "Bytes=1-2": (1, 3),
    " bytes = 1 - 2 ": (1, 3), "bytes=0-99999999999999999999": (0, SIZE), "bytes=-1": (4999, SIZE),
    f"bytes=0-{HUGE}": (0, SIZE), f"bytes=-{HUGE}": (0, SIZE), "bytes=0000001-02": (1, 3),
    "bytes=" + "0" * 6000 + "-0": (0, 1),
}  # fmt: skip
NO_PART = (
    f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=999999999-", "bytes=-0", f"bytes={HUGE}-",
    f"bytes={HUGE}-{HUGE}",
)  # fmt: skip


def test_what_is_asked_for() -> None:
    for asked in WHOLE:
        assert wanted_part(asked, SIZE) is None, asked[:50]
    for asked, part in PARTS.items():
        assert wanted_part(asked, SIZE) == part, asked[:50]
    for asked in NO_PART:
        with pytest.raises(ApiError) as refused:
            wanted_part(asked, SIZE)
        assert refused.value.status == 416, asked[:50]
        assert refused.value.headers == {"Content-Range": f"bytes */{SIZE}"}


@pytest.fixture
async def public(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Served]:
    async with serve_publicly(sandbox, clock, tmp_path) as served:
        yield served


async def files(served: Served) -> dict[str, str]:
    """Return a path of each kind of file that is served."""
    sandbox = served.studio.sandbox
    graph = await connect(served)
    graph.processing_s = 3600
    media = (await upload(served, served.studio.photo(1080, 1080))).body
    body = {"mediaType": "IMAGE", "mediaFileId": media["id"]}
    await publish(served, {"accountId": served.studio.account.id, **body})
    await sandbox.ledger.wait_until(lambda: bool(sandbox.world.graph.containers))
    (container,) = sandbox.world.graph.containers.values()
    return {
        "upload": media["previewUrl"],
        "page": "/api/docs/swagger-ui.css",
        "link": container.parameters["image_url"].removeprefix("https://media.example"),
    }


async def test_every_file_is_served_in_parts(public: Served) -> None:
    client = RawClient(public.url)
    for kind, path in (await files(public)).items():

        async def ask(*headers: str, method: str = "GET", path: str = path) -> RawAnswer:
            bearer = f"Authorization: Bearer {public.key}"
            answer = await client.ask(request(path, bearer, *headers, method=method))
            assert answer.is_open
            return answer

        whole = await ask()
        size = len(whole.body)
        assert (whole.status, whole.headers["accept-ranges"]) == (200, "bytes")
        assert "content-range" not in whole.headers
        for asked, (begin, end) in {
            "bytes=0-4": (0, 5), "bytes=-5": (size - 5, size),
            f"bytes={size - 5}-": (size - 5, size),
            f"bytes=100-{size + 1_048_575}": (100, size), "bytes=-999999999": (0, size),
            "bytes=0-99999999999999999999": (0, size), f"bytes=7-{HUGE}": (7, size),
        }.items():  # fmt: skip
            part = await ask(f"Range: {asked}")
            assert (part.status, part.body) == (206, whole.body[begin:end]), (kind, asked[:40])
            assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
        for asked in ("foo=1-2", "bytes=", "bytes=9-1", "bytes=0-0,2-2", "bytes=x", "\xff"):
            answer = await ask(f"Range: {asked}")
            assert (answer.status, answer.body) == (200, whole.body), (kind, asked)
        for asked in (f"bytes={size}-", "bytes=999999999-", f"bytes={HUGE}-", "bytes=-0"):
            answer = await ask(f"Range: {asked}")
            assert answer.status == 416, (kind, asked[:40])
            assert answer.headers["content-range"] == f"bytes */{size}"
            assert set(json.loads(answer.body)) == {"error", "code", "status"}
        head = await ask("Range: bytes=0-4", method="HEAD")
        assert (head.status, head.headers["content-length"]) == (200, str(size))
        tag, changed = whole.headers["etag"], whole.headers["last-modified"]
        for known_as, status in {
            tag: 206, changed.title().replace("Gmt", "GMT"): 206, f"W/{tag}": 200, '"other"': 200,
            "Thu, 01 Jan 1970 00:00:00 GMT": 200, "nonsense": 200,
            "Fri, 01 Jan 2100 00:00:00 GMT": 200,
        }.items():  # fmt: skip
            answer = await ask("Range: bytes=0-4", f"If-Range: {known_as}")
            assert answer.status == status, (kind, known_as)
        assert (await ask("If-Range: x")).status == 200
        assert (await ask(f"If-None-Match: {tag}", "Range: bytes=0-4")).status == 304
        assert (await ask(f"If-None-Match: {tag}", "Range: bytes=999999999-")).status == 304
        assert (await ask('If-Match: "other"', "Range: bytes=0-4")).status == 412
