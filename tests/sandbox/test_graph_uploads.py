from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from sandbox import Sandbox
from sandbox.wire.faults import BrokenUpload, Fault, Reset
from tests.sandbox.clients import open_tunnel, plain_client
from tests.sandbox.graph_client import Graph, code

pytestmark = pytest.mark.acceptance


class Upload:
    """A resumable upload of one file."""

    def __init__(self, graph: Graph, answer: dict[str, Any], file: Path) -> None:
        self.graph = graph
        self.container: str = answer["id"]
        self.uri: str = answer["uri"]
        self.content = file.read_bytes()
        self.token = {"authorization": f"OAuth {graph.account.token}"}

    async def offset(self) -> int:
        answer = await self.graph.client.get(self.uri, headers=self.token)
        return int(answer.json()["offset"])

    def headers(self, start: int) -> dict[str, str]:
        return {**self.token, "offset": str(start), "file_size": str(len(self.content))}

    async def send(
        self, start: int, end: int | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        content = self.content[start:end]
        fields = self.headers(start) | (headers or {})
        return await self.graph.client.post(self.uri, content=content, headers=fields)


@pytest.fixture
async def upload(facebook: Graph, clip: Path) -> Upload:
    path = f"{facebook.account.ig_user_id}/media"
    answer = await facebook.post(path, media_type="REELS", upload_type="resumable", caption="up")
    return Upload(facebook, answer, clip)


async def test_a_video_is_uploaded(sandbox: Sandbox, facebook: Graph, upload: Upload) -> None:
    assert upload.uri == f"https://rupload.facebook.com/ig-api-upload/v26.0/{upload.container}"
    assert await upload.offset() == 0
    shown = await facebook.get(upload.container, fields="status_code,video_status")
    assert shown["status_code"] == "IN_PROGRESS"
    assert (await upload.send(0)).json()["success"] is True
    assert await facebook.processed(upload.container) == "FINISHED"
    assert "id" in await facebook.publish(upload.container)
    [post] = sandbox.ledger.published
    assert post.file.read_bytes() == upload.content
    assert (post.product, post.caption) == ("reel", "up")
    assert not sandbox.ledger.unknown


async def test_a_broken_upload_is_resumed(
    sandbox: Sandbox, facebook: Graph, upload: Upload
) -> None:
    fault = Fault(path="ig-api-upload", method="POST", kind=BrokenUpload(bytes=10_000))
    sandbox.faults.add(fault)
    with pytest.raises(httpx.TransportError):
        await upload.send(0)
    assert await upload.offset() == 10_000
    wrong = (await upload.send(0)).json()["debug_info"]
    assert wrong["type"] == "OffsetInvalidError"
    some = (await upload.send(10_000, 30_000)).json()["debug_info"]
    assert (some["type"], some["retriable"]) == ("PartialRequestError", True)
    assert (await upload.send(30_000)).status_code == 200
    assert await facebook.processed(upload.container) == "FINISHED"
    assert (await upload.send(len(upload.content))).status_code == 400


@pytest.mark.parametrize("alpn", ["http/1.1", "h2"])
async def test_what_arrived_before_the_line_broke_is_kept(
    sandbox: Sandbox, upload: Upload, alpn: str
) -> None:
    half = len(upload.content) // 2

    async def pieces() -> Any:
        yield upload.content[:half]
        await trio.sleep_forever()

    http = {"http1": alpn != "h2", "http2": alpn == "h2"}
    async with plain_client(sandbox, **http) as client:
        with trio.move_on_after(0.5):
            await client.post(upload.uri, content=pieces(), headers=upload.headers(0))
    await sandbox.ledger.wait_for("ig-api-upload")
    await sandbox.ledger.wait_until(
        lambda: sandbox.ledger.requests[-1].method == "POST" and _received(sandbox, upload) > 0
    )
    assert await upload.offset() == _received(sandbox, upload) <= half
    assert (await upload.send(await upload.offset())).status_code == 200


def _received(sandbox: Sandbox, upload: Upload) -> int:
    transfer = sandbox.world.graph.containers[upload.container].transfer
    assert transfer is not None
    return transfer.received


async def test_other_requests_that_break_off_have_no_effect(
    sandbox: Sandbox, facebook: Graph
) -> None:
    async with open_tunnel(sandbox, "graph.facebook.com", "http/1.1") as stream:
        path = f"/{facebook.account.ig_user_id}/media_publish"
        head = f"POST {path} HTTP/1.1\r\nhost: graph.facebook.com\r\ncontent-length: 99\r\n\r\nx="
        await stream.send_all(head.encode())
    await facebook.get("me")
    assert [entry.method for entry in sandbox.ledger.requests] == ["GET"]


@pytest.mark.parametrize(
    "headers",
    [
        {"offset": "5"},
        {"offset": "-1"},
        {"file_size": "0"},
        {"file_size": "100"},
        {"file_size": "999999999999"},
    ],
)
async def test_wrong_headers(upload: Upload, headers: dict[str, str]) -> None:
    answer = await upload.send(0, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["debug_info"]["retriable"] is False
    assert await upload.offset() == 0


async def test_an_upload_belongs_to_its_account(sandbox: Sandbox, upload: Upload) -> None:
    other = sandbox.world.connect_graph(sandbox.world.add_person("other"), login_method="facebook")
    upload.token = {"authorization": f"OAuth {other.token}"}
    assert code((await upload.send(0)).json()) == (100, 33)
    upload.token = {}
    assert code((await upload.send(0)).json()) == (104, None)


async def test_bytes_that_are_no_video(facebook: Graph, upload: Upload) -> None:
    upload.content = b"nothing" * 100
    assert (await upload.send(0)).status_code == 200
    assert await facebook.processed(upload.container) == "ERROR"


async def test_the_answer_to_an_upload_is_lost(
    sandbox: Sandbox, facebook: Graph, upload: Upload
) -> None:
    sandbox.faults.add(Fault(path="ig-api-upload", kind=Reset(after_effect=True)))
    with pytest.raises(httpx.TransportError):
        await upload.send(0)
    assert await upload.offset() == len(upload.content)
    assert await facebook.processed(upload.container) == "FINISHED"
