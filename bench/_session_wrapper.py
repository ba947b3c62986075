"""Followers over HTTP as one would write it with FastAPI around the same aiograpi.

Run: `python -m bench._session_wrapper SESSIONS PORT`. SESSIONS is a JSON file of settings,
proxy and CA by session id. A client is made at its first use and kept, with a lock of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import aiograpi
import uvicorn
from fastapi import FastAPI, Header, HTTPException

SESSIONS, PORT = Path(sys.argv[1]), int(sys.argv[2])
known: dict[str, dict[str, Any]] = json.loads(SESSIONS.read_text())
clients: dict[str, tuple[aiograpi.Client, asyncio.Lock]] = {}
app = FastAPI()


async def no_pause() -> None:
    """What aiograpi waits before some requests, and what Reprise does not at this pace."""


def client_of(session_id: str) -> tuple[aiograpi.Client, asyncio.Lock]:
    if session_id not in known:
        raise HTTPException(401, "Session not found")
    if session_id not in clients:
        stored = known[session_id]
        client = aiograpi.Client(
            settings=stored["settings"], proxy=stored["proxy"], request_timeout=0
        )
        client.private.set_verify(stored["ca"])
        client.small_delay = no_pause  # type: ignore[method-assign]
        clients[session_id] = client, asyncio.Lock()
    return clients[session_id]


@app.get("/session/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/session/user/followers")
async def followers(
    user_id: str,
    x_session_id: Annotated[str, Header()],
    amount: int = 50,
    cursor: str = "",
) -> dict[str, Any]:
    client, lock = client_of(x_session_id)
    async with lock:
        items, then = await client.user_followers_v1_chunk(user_id, amount, cursor)
    return {"items": items, "next_cursor": then or ""}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False)
