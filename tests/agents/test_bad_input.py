"""What agents and networks do wrong: each is answered in words, and nothing goes out twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from sandbox import Sandbox
from sandbox.wire.faults import Fault, Status
from storage import posts
from storage.posts import PostStatus
from tests.agents.talking import called, connected, refused
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.posting import API, photo_id, until
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio
from webhooks.targets import Targets

_NOT_ZONED = "2099-01-01T09:00"


async def test_what_names_no_moment_is_nobodys_to_guess(served: Served) -> None:
    media = await photo_id(served)
    async with connected(served) as client:
        draft = (await called(client, "save_post", media=[media]))["id"]
        for at in (_NOT_ZONED, "tomorrow", "", "2099-13-01T00:00Z", "1e400", "2099-01-01"):
            items = [{"post_id": draft, "at": at}]
            wrong: dict[str, dict[str, Any]] = {
                "schedule_posts": {"request_id": "x", "items": items},
                "change_post": {"post_id": draft, "action": "reschedule", "at": at},
                "set_reposting": {"pause_until": at},
                "list_posts": {"until": at},
                "list_mentions": {"since": at},
            }
            for name, arguments in wrong.items():
                no = await refused(client, name, **arguments)
                assert no["code"] in ("VALIDATION_ERROR", "MISSING_PARAM"), (name, at, no)
        zones = ("Mars/Base", "../../etc/passwd", "", "UTC\0")
        for zone in zones:
            items = [{"post_id": draft, "at": _NOT_ZONED}]
            no = await refused(client, "schedule_posts", request_id="x", items=items, timezone=zone)
            assert no["code"] == "VALIDATION_ERROR"
        # The hour that a clock jumps over, and one that it has twice, are told as what they become.
        for at, utc in (("2099-03-29T02:30", "01:30"), ("2099-10-25T02:30", "00:30")):
            tried = await called(
                client, "schedule_posts", request_id="y", dry_run=True, timezone="Europe/Berlin",
                items=[{"post_id": draft, "at": at}],
            )  # fmt: skip
            assert utc in tried["items"][0]["at"]
        assert (await served.call("GET", f"{API}/schedule")).body["total"] == 0


async def test_twenty_at_once_publish_once(served: Served) -> None:
    media = await photo_id(served)
    headers = {"Authorization": f"Bearer {served.key}", "MCP-Protocol-Version": "2025-11-25"}
    headers["Accept"] = "application/json, text/event-stream"
    arguments = {"request_id": "one", "content": {"media": [media]}, "wait_s": 0}
    params = {"name": "publish_now", "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    told: list[tuple[int, dict[str, Any]]] = []

    async def one() -> None:
        answer = await served.client.post("/mcp", json=body, headers=headers)
        text = answer.text.rpartition("data: ")[2] if answer.status_code == 200 else answer.text
        told.append((answer.status_code, json.loads(text)))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(one)
    ids = set()
    for status, said in told:
        if status == 429:
            assert said["code"] == "RATE_LIMITED"
            continue
        answer = said["result"]["structuredContent"]
        if said["result"].get("isError"):
            assert answer["code"] == "IDEMPOTENCY_IN_FLIGHT"
            assert "what_to_do" in answer
        else:
            ids.add(answer["id"])
    assert len(ids) == 1
    await until(served, ids.pop(), "PUBLISHED")
    assert (await served.call("GET", f"{API}/posts")).body["total"] == 1


class Killed:
    """`reprise mcp` as a client starts it, asked once, and killed with the client."""

    def __init__(self, served: Served, home: Path) -> None:
        self.served, self.home = served, home

    async def ask(
        self, arguments: dict[str, Any], until_there: Callable[[], Awaitable[bool]]
    ) -> None:
        """Ask for a publish, and be killed as soon as that is there."""
        data = self.served.studio.core.settings.data_dir
        process = await trio.lowlevel.open_process(
            [sys.executable, "-m", "daemon", "mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"REPRISE_DATA_DIR": str(data), "HOME": str(self.home), "PATH": "/usr/bin:/bin"},
        )
        assert process.stdin is not None
        about = {"protocolVersion": "2025-11-25", "capabilities": {}}
        about["clientInfo"] = {"name": "test", "version": "1"}
        for message in (
            {"id": 1, "method": "initialize", "params": about},
            {"method": "notifications/initialized"},
            {
                "id": 2,
                "method": "tools/call",
                "params": {"name": "publish_now", "arguments": arguments},
            },
        ):
            await process.stdin.send_all(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        try:
            with trio.fail_after(DEADLOCK_S):
                while not await until_there():
                    await trio.sleep(0.01)
        finally:
            with trio.CancelScope(shield=True):
                process.kill()
                await process.wait()
                await process.stdin.aclose()


@pytest.mark.acceptance
async def test_a_client_killed_in_the_middle_of_a_publish_has_one_post(
    served: Served, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "a.jpg").write_bytes(served.studio.photo(400, 500).read_bytes())
    store = served.studio.core.store
    killed = Killed(served, home)

    def there(table: str) -> Callable[[], Awaitable[bool]]:
        async def is_there() -> bool:
            return await store.read(lambda db: db[table].count) > 0

        return is_there

    content = {"media": ["~/a.jpg"], "caption": "once"}
    for table in ("media_files", "posts"):
        await killed.ask({"request_id": "one", "content": content}, there(table))
    async with connected(served) as client:
        listed = (await called(client, "list_posts"))["posts"]
        assert len(listed) == 1
        post = await until(served, listed[0]["id"], "PUBLISHED")
        assert post["caption"] == "once"
        again = await called(client, "get_post", post_id=post["id"])
        assert again["changes"][0]["via"] == "agent"
    found = await store.read(posts.get, post["id"])
    assert found.status is PostStatus.PUBLISHED
    assert (await served.call("GET", f"{API}/media")).body["total"] == 1


_PAGES = {
    "/moved": (302, b"", b"location: /photo.jpg\r\n"),
    "/circle": (302, b"", b"location: /circle\r\n"),
    "/away": (302, b"", b"location: http://169.254.169.254/latest\r\n"),
    "/file": (302, b"", b"location: file:///etc/passwd\r\n"),
    "/page": (200, b"<html>no picture</html>", b""),
    "/empty": (200, b"", b""),
    "/gone": (404, b"", b""),
    "/large": (200, b"\xff\xd8" + b"x" * 3_000_000, b""),
}


@asynccontextmanager
async def pictures(photo: bytes) -> AsyncIterator[str]:
    """Serve a photo and what is none; yields the address."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            with suppress(trio.BrokenResourceError):
                await answer(stream)

    async def answer(stream: trio.SocketStream) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive_some()
        path = head.split()[1].decode()
        status, body, more = _PAGES.get(path, (200, photo, b""))
        size = len(body) * (2 if path == "/half.jpg" else 1)
        await stream.send_all(
            b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n%s\r\n" % (status, size, more)
        )
        await stream.send_all(body)

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def test_an_address_is_fetched_where_the_settings_allow_it(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    more: dict[str, Any] = {"webhook_targets": Targets(), "max_file_size_mb": 1}
    async with (
        open_studio(sandbox, clock, tmp_path, **more) as studio,
        serve_studio(studio) as served,
        pictures(studio.photo(400, 500).read_bytes()) as url,
        connected(served) as client,
    ):
        for path in ("/photo.jpg", "/moved", "/a%20b.jpg?size=1#top"):
            added = await called(client, "add_media", sources=[url + path])
            assert added["media"][0]["kind"] == "image"
            assert added["media"][0]["width"] == 400
        for path in (
            "/circle",
            "/away",
            "/file",
            "/page",
            "/empty",
            "/gone",
            "/large",
            "/half.jpg",
        ):
            no = await refused(client, "add_media", sources=[url + path])
            assert no["code"] in ("UPLOAD_ERROR", "MEDIA_INVALID"), (path, no)
        for source in (
            served.url,
            "http://user:word@127.0.0.1/x.jpg",
            "ftp://127.0.0.1/x",
            "http://",
        ):
            no = await refused(client, "add_media", sources=[source])
            assert no["code"] == "UPLOAD_ERROR", (source, no)
        # Content by address is one upload and one post, however often it is asked for.
        arguments = {"request_id": "one", "content": {"media": [f"{url}/photo.jpg"]}}
        sent = await called(client, "publish_now", **arguments)
        again = await called(client, "publish_now", **arguments)
        assert (sent["status"], again["id"]) == ("PUBLISHED", sent["id"])
        library = (await served.call("GET", f"{API}/media")).body
        assert library["total"] == 4
        # Nothing that was refused is left lying about.
        scratch = [each for each in (tmp_path / "data" / "media").rglob("*") if each.is_file()]
        known = {Path(each["storagePath"]).name for each in library["files"]}
        assert {each.name for each in scratch if each.suffix == ".jpg"} >= known
        assert not [each for each in scratch if each.suffix in (".part", ".tmp")]


async def test_a_draft_that_was_taken_back_stays_one(served: Served) -> None:
    """The answer was lost, a person took the post back, and the agent repeats its request."""
    slow = served.studio.sandbox.faults.add(Fault(path="rupload", kind=Status(500), times=None))
    async with connected(served) as client:
        draft = (await called(client, "save_post", media=[await photo_id(served)]))["id"]
        arguments = {"request_id": "one", "post_id": draft, "wait_s": 1}
        await called(client, "publish_now", **arguments)
        with trio.fail_after(DEADLOCK_S):
            while (await served.studio.core.store.read(posts.get, draft)).error_message is None:
                await trio.sleep(0.02)
        await called(client, "change_post", post_id=draft, action="release")
        slow.remove()
        no = await refused(client, "publish_now", **arguments)
        assert (no["code"], "took it back" in no["message"]) == ("INVALID_STATUS", True)
        sent = await called(
            client, "publish_now", **{**arguments, "request_id": "two", "wait_s": 50}
        )
        assert sent["status"] == "PUBLISHED"


async def test_a_link_is_for_one_file_of_ten_minutes(served: Served) -> None:
    photo = served.studio.photo(400, 500).read_bytes()
    async with connected(served) as client:

        async def link() -> str:
            return str((await called(client, "add_media"))["upload_link"])

        told: list[int] = []
        address = await link()

        async def send() -> None:
            told.append((await served.client.put(f"{address}a.jpg", content=photo)).status_code)

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(send)
        assert sorted(told) == [201, 404, 404, 404, 404]
        late = await link()
        served.studio.clock.advance(timedelta(seconds=601))
        assert (await served.client.put(f"{late}a.jpg", content=photo)).status_code == 404
        empty = await served.client.put(f"{await link()}a.jpg", content=b"")
        assert (empty.status_code, empty.json()["code"]) == (400, "UPLOAD_ERROR")
        odd = await served.client.post(f"{await link()}..%2f..%2fetc%2fx.jpg", content=photo)
        assert odd.json()["originalFilename"] == "x.jpg"
        assert (await served.client.get(await link())).status_code == 404
    assert (await served.call("GET", f"{API}/media")).body["total"] == 2


async def test_a_picture_that_is_none_is_refused_in_words(served: Served) -> None:
    async with connected(served) as client:
        for source in (b"no picture", b"\0", b"%PDF-1.4", b"GIF89a", b"\xff\xd8\xff\xe0"):
            link = (await called(client, "add_media"))["upload_link"]
            answer = await served.client.put(f"{link}x.jpg", content=source * 100)
            assert answer.status_code == 400, source
            assert answer.json()["code"] in ("MEDIA_INVALID", "UPLOAD_ERROR", "PROCESSING_FAILED")
            assert answer.json()["error"]
