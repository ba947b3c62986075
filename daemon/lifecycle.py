"""How the daemon's life goes on from outside: signals, and what its service manager hears."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable

import trio

from daemon.activity import StatusLine
from daemon.notify import Notifier, feed_watchdog
from daemon.supervisor import Supervisor

logger = logging.getLogger(__name__)


async def heed_signals(
    stop: trio.Event,
    notifier: Notifier,
    reload: Callable[[], None],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Set `stop` on SIGTERM and SIGINT, and `reload` on SIGHUP. Runs until cancelled.

    In a terminal SIGHUP says that its window was closed, and ends the daemon as well.
    """
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        task_status.started()
        async for number in signals:
            if number == signal.SIGHUP and not _in_a_terminal():
                notifier.reloading()
                reload()
                notifier.ready()
                continue
            logger.info("stopping signal=%s", signal.Signals(number).name)
            notifier.stopping()
            stop.set()


async def keep_told(
    notifier: Notifier, supervisor: Supervisor, line: StatusLine, stop: trio.Event
) -> None:
    """Tell the service manager that the daemon is alive and what it does, until `stop` is set."""
    if not notifier.is_heard:
        return
    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed_watchdog, notifier, supervisor.proofs, name="watchdog")
        nursery.start_soon(line.run, supervisor.states, name="status line")
        await stop.wait()
        nursery.cancel_scope.cancel()


def _in_a_terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
