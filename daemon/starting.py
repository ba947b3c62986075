"""A start that meets what passes, as a full disk or a database that is locked, waits for it.

A service manager gives a service up for good that ends a few times shortly after its start.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from daemon.notify import Notifier
from ground.shortage import is_shortage, told
from storage.errors import Unavailable, is_passing

logger = logging.getLogger(__name__)
AGAIN_S = 5.0
# Half of what the unit gives a start, and more than a fifth of the time in which five may fail.
LONGEST_S = 300.0


async def patiently(
    run: Callable[[Callable[[], None]], Awaitable[None]], notifier: Notifier
) -> None:
    """Run until that ends; begin anew where only a passing trouble ended it before it was ready.

    `run` calls what it is given when it is ready: from then on all that it raises is raised. So is
    the trouble that has not passed after five minutes.
    """
    since, last, is_ready = trio.current_time(), "", False

    def ready() -> None:
        nonlocal is_ready
        is_ready = True

    while True:
        try:
            await run(ready)
        except Exception as error:
            trouble = _only_error(error)
            if is_ready or not is_passing(trouble):
                raise
            reason = told(trouble) if is_shortage(trouble) else str(trouble)
            if trio.current_time() - since > LONGEST_S:
                raise Unavailable(reason) from error
        else:
            return
        if reason != last:
            logger.warning("the start waits reason=%s", reason)
            notifier.status(f"The start waits: {reason}")
            last = reason
        await trio.sleep(AGAIN_S)


def _only_error(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
