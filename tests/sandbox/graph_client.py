"""A client of the Graph API for these tests, and the host from which Meta fetches media."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import trio

from sandbox import Sandbox
from sandbox.world.graph_account import GraphAccount
from sandbox.world.graph_container import Stage
from tests.sandbox.clients import plain_client

PUBLIC = "https://media.example"


@dataclass
class MediaHost:
    """Serves files over plain HTTP/1.1, one request per connection."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    content_type: str = "application/octet-stream"
    asked: list[str] = field(default_factory=list)
    hangs: bool = False

    def put(self, file: Path) -> str:
        """Offer a file; its public address is returned."""
        self.files[f"/{file.name}"] = file.read_bytes()
        return f"{PUBLIC}/{file.name}"

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (piece := await stream.receive_some(4096)):
                    return
                head += piece
            path = head.split()[1].decode()
            self.asked.append(path)
            if self.hangs:
                await trio.sleep_forever()
            with suppress(trio.BrokenResourceError):  # when the file is larger than is taken
                await stream.send_all(self._answer(path))

    def _answer(self, path: str) -> bytes:
        if path in self.redirects:
            return _message(302, b"", f"location: {self.redirects[path]}\r\n")
        status = self.statuses.get(path, 200 if path in self.files else 404)
        return _message(status, self.files.get(path, b""), f"content-type: {self.content_type}\r\n")


def _message(status: int, body: bytes, headers: str) -> bytes:
    head = f"HTTP/1.1 {status} OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{headers}"
    return head.encode() + b"\r\n" + body


@asynccontextmanager
async def open_media_host(sandbox: Sandbox) -> AsyncIterator[MediaHost]:
    """A media host on loopback that the sandbox takes for `PUBLIC`."""
    host = MediaHost("")
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, host.serve, 0, host="127.0.0.1"))
        host.address = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        sandbox.world.map_public_url(PUBLIC, host.address)
        yield host
        nursery.cancel_scope.cancel()


class Graph:
    """Calls with an account's token; every answer is the JSON, and errors are answers too."""

    def __init__(self, sandbox: Sandbox, account: GraphAccount, client: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.account = account
        self.client = client
        self.base = f"https://graph.{account.login_method}.com/v26.0"

    async def get(self, path: str, **query: object) -> Any:
        return (await self.send("GET", path, params=query)).json()

    async def post(self, path: str, **form: object) -> Any:
        return (await self.send("POST", path, data=form)).json()

    async def delete(self, path: str) -> Any:
        return (await self.send("DELETE", path)).json()

    async def send(
        self, method: str, path: str, token: str | None = None, **more: Any
    ) -> httpx.Response:
        token = self.account.token if token is None else token
        headers = {"authorization": f"Bearer {token}"}
        return await self.client.request(method, f"{self.base}/{path}", headers=headers, **more)

    async def create(self, **form: object) -> str:
        """A container; the test fails if it is refused."""
        answer = await self.post(f"{self.account.ig_user_id}/media", **form)
        assert "id" in answer, answer
        return str(answer["id"])

    async def processed(self, container: str) -> str:
        """Wait for a container to be processed, and ask for its status code."""
        known = self.sandbox.world.graph.containers[container]
        await self.sandbox.ledger.wait_until(
            lambda: known.stage(self.sandbox.world.now()) is not Stage.IN_PROGRESS
        )
        return str((await self.get(container, fields="status_code"))["status_code"])

    async def made(self, **form: object) -> str:
        """A container that has FINISHED."""
        container = await self.create(**form)
        assert await self.processed(container) == "FINISHED"
        return container

    async def publish(self, container: str) -> Any:
        return await self.post(f"{self.account.ig_user_id}/media_publish", creation_id=container)

    async def published(self, **form: object) -> str:
        """A post that is live: its id."""
        answer = await self.publish(await self.made(**form))
        assert "id" in answer, answer
        return str(answer["id"])


@asynccontextmanager
async def open_graph(sandbox: Sandbox, account: GraphAccount) -> AsyncIterator[Graph]:
    async with plain_client(sandbox) as client:
        yield Graph(sandbox, account, client)


def code(answer: Any) -> tuple[int, int | None]:
    """The code and the subcode of an error."""
    error = answer["error"]
    assert error["message"]
    assert error["fbtrace_id"]
    return error["code"], error.get("error_subcode")
