"""The one asyncio loop that aiograpi lives in, open for the daemon's whole life."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

import trio_asyncio

logger = logging.getLogger(__name__)


@asynccontextmanager
async def open_instagram_loop() -> AsyncIterator[None]:
    """Open the loop; whoever uses Instagram must end before this does.

    Two repairs without which the daemon hangs or dies:
    `call_later` is clamped to zero, because curl_cffi passes libcurl's -1 on and
    trio-asyncio asserts against it, which loses the wake-up that finishes a transfer;
    and stray asyncio errors are logged, because trio-asyncio raises them out of the loop.
    """
    async with trio_asyncio.open_loop() as loop:
        call_later: Callable[..., asyncio.TimerHandle] = loop.call_later

        def call_later_clamped(
            delay: float, callback: Callable[..., object], *args: Any, **kwargs: Any
        ) -> asyncio.TimerHandle:
            return call_later(max(0.0, delay), callback, *args, **kwargs)

        loop.call_later = call_later_clamped
        loop.set_exception_handler(_log)
        yield


@contextmanager
def hidden() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Hide the loop from this task and those that it starts; yield what shows it for a while.

    Libraries that take a running asyncio loop for their own leave tasks in it, which poll for ever.
    """
    loop = trio_asyncio.current_loop.get(None)
    token = trio_asyncio.current_loop.set(None)

    @contextmanager
    def shown() -> Iterator[None]:
        token = trio_asyncio.current_loop.set(loop)
        try:
            yield
        finally:
            trio_asyncio.current_loop.reset(token)

    try:
        yield shown
    finally:
        trio_asyncio.current_loop.reset(token)


def _log(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    logger.warning(
        "stray asyncio error message=%r error=%s", context.get("message"), type(error).__name__
    )
