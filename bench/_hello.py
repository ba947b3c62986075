"""The smallest Quart-Trio app, alone on its transport: `python -m bench._hello stock|ours PORT`."""

from __future__ import annotations

import sys
from functools import partial

import trio
from hypercorn.config import Config
from hypercorn.trio import serve as serve_by_hypercorn
from quart_trio import QuartTrio

from api.listen import open_sockets, serve


async def run(transport: str, port: int) -> None:
    """Serve until killed."""
    app = QuartTrio("hello")

    @app.get("/")
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    if transport == "stock":
        config = Config()
        config.bind = [f"127.0.0.1:{port}"]
        await serve_by_hypercorn(app, config)
    else:
        await serve(app, open_sockets("127.0.0.1", port), shutdown=trio.Event(), grace_s=1)


if __name__ == "__main__":
    trio.run(partial(run, sys.argv[1], int(sys.argv[2])))
