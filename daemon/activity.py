"""What the daemon is doing, in one line for `systemctl status`, told when it changes."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo

import trio

from daemon.notify import Notifier
from ground.changes import Subject
from ground.clock import Clock
from storage import tallies
from storage.errors import StorageError
from storage.store import Store
from storage.tallies import Doing
from storage.times import local_of

logger = logging.getLogger(__name__)
AT_MOST_EVERY_S = 1.0


class StatusLine:
    """Tells the service manager what it hears of."""

    def __init__(self, store: Store, notifier: Notifier, clock: Clock) -> None:
        self._store = store
        self._notifier = notifier
        self._clock = clock
        self._changed = trio.Event()
        store.changes.subscribe(lambda _change: self.changed(), *Subject)

    def changed(self) -> None:
        """Note that something may be different now."""
        self._changed.set()

    async def run(self, services: Callable[[], Mapping[str, str]]) -> None:
        """Tell what is new, at most once a second. Runs until cancelled."""
        told, told_at = "", -math.inf
        while True:
            await self._changed.wait()
            await trio.sleep_until(told_at + AT_MOST_EVERY_S)
            self._changed, told_at = trio.Event(), trio.current_time()
            try:
                doing = await self._store.glance(tallies.doing, self._clock.now())
                line = sentence(doing, services(), self._clock.now(), None)
            except StorageError as unreadable:
                line = str(unreadable)
            except Exception:  # the daemon is not to end for a word about it
                logger.exception("the status line is not known")
                continue
            if line != told:
                self._notifier.status(line)
                told = line


def sentence(doing: Doing, services: Mapping[str, str], now: datetime, zone: tzinfo | None) -> str:
    """Return what the daemon does; times are those of `zone`, None being the machine's own."""
    parts = [_counted(doing.accounts, "account") if doing.accounts else "no account connected"]
    if doing.publishing:
        parts.append(f"publishing {_counted(doing.publishing, 'post')}")
    if doing.next_post_at is not None:
        parts.append(f"next post {_when(doing.next_post_at, now, zone)}")
    if doing.waiting_for_approval:
        parts.append(f"{_counted(doing.waiting_for_approval, 'repost')} to be approved")
    if (held := doing.held) is not None:
        reason = held.reason[0].lower() + held.reason[1:]
        until = _when(held.until, now, zone)
        parts.append(f"{_counted(held.count, 'repost')} held until {until} ({reason})")
    parts += [
        f"{name} is being restarted" for name, state in services.items() if state == "backoff"
    ]
    return ", ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _when(moment: datetime, now: datetime, zone: tzinfo | None) -> str:
    local, today = local_of(moment, zone), local_of(now, zone)
    if moment <= now:
        return "now"
    if local.date() == today.date():
        return f"{local:%H:%M}"
    near = local.date() - today.date() < timedelta(days=7)
    return f"{local:%a %H:%M}" if near else f"{local:%Y-%m-%d %H:%M}"
