"""Who hears of what changed: told once, after the commit that made it true.

A change is a row in `events`, written in the transaction of its effect. Those who act on changes
(the scheduler, the repost engine, the status line, streams) subscribe here; nobody wakes anybody
by hand. A listener that missed one reads on by its cursor, so an announcement may be lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    """What a change is about."""

    POST = "post"
    REPOST = "repost"
    ACCOUNT = "account"
    LOGIN = "login"
    CONFIG = "config"
    JOB = "job"
    DAEMON = "daemon"
    WEBHOOK = "webhook"
    NOTICE = "notice"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is different now: a post that is PUBLISHED, an account that is CONNECTED."""

    subject: Subject
    subject_id: str
    user_id: str
    account_id: str | None
    state: str


Listener = Callable[[Change], None]


class Changes:
    """Tells every change to those who asked for its subject, in the order of the commits."""

    def __init__(self) -> None:
        self._listeners: defaultdict[Subject, list[Listener]] = defaultdict(list)

    def subscribe(self, listener: Listener, *subjects: Subject) -> None:
        """Have `listener` called, at once and in the event loop, with each change of these.

        It must not raise and not take long: it notes something and sets an event.
        """
        for subject in subjects:
            self._listeners[subject].append(listener)

    def announce(self, changes: Iterable[Change]) -> None:
        """Tell what a committed transaction has changed."""
        for change in changes:
            for listener in self._listeners[change.subject]:
                listener(change)
