"""The official client, as agents use it: over HTTP to a served daemon, in either era."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.support.served import Served

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")


@asynccontextmanager
async def connected(
    served: Served, era: Era = "auto", key: str | None = None, **more: Any
) -> AsyncIterator[Client]:
    """Connect the official client with a key."""
    headers = {"Authorization": f"Bearer {key or served.key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=100, trust_env=False) as http:
        transport = streamable_http_client(f"{served.url}/mcp", http_client=http)
        async with Client(transport, mode=era, **more) as client:
            yield client


async def called(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that must succeed; returns what it says."""
    answer = await client.call_tool(name, arguments)
    assert not answer.is_error, answer.content
    assert isinstance(answer.structured_content, dict)
    return answer.structured_content


async def refused(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that must be refused; returns code, message and what to do."""
    answer = await client.call_tool(name, arguments)
    assert answer.is_error, answer.structured_content
    said = answer.structured_content
    assert isinstance(said, dict)
    assert set(said) >= {"code", "message", "what_to_do"}
    return said
