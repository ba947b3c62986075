"""The service that notices what needs a person, and when that is over; the outbox tells it.

What is open is compared with what is so: nothing is missed that happened while nobody looked, and
nothing is noticed twice.
"""

from __future__ import annotations

import logging
import math
import shutil
from datetime import datetime
from pathlib import Path

import trio

from ground.changes import Change, Subject
from ground.clock import Clock
from notices.needs import Room, needs_of, settles_at
from storage import notices, users, webhooks
from storage.errors import is_passing
from storage.notices import Notice
from storage.store import Database, Store

logger = logging.getLogger(__name__)
# What comes with time alone, such as a token's end or a full disk; and clocks may be set.
_LOOK_AGAIN_S = 900.0
_AFTER_TROUBLE_S = 60.0
_CONCERNED = (Subject.ACCOUNT, Subject.LOGIN, Subject.CONFIG, Subject.POST, Subject.REPOST)


class Watch:
    """The service."""

    def __init__(self, store: Store, clock: Clock, folder: Path, *, least_free: int) -> None:
        """`least_free`: bytes that have to be free where `folder` is."""
        self._store = store
        self._clock = clock
        self._folder = folder
        self._least_free = least_free
        self._changed = trio.Event()
        self._has_readers = False
        store.changes.subscribe(self._note, Subject.WEBHOOK, *_CONCERNED)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Notice what needs the people who want to be told. Runs until cancelled."""
        task_status.started()
        while True:
            changed = self._changed
            try:
                wait_s = await self._look()
            except Exception as error:
                if not (is_passing(error) or isinstance(error, OSError)):
                    raise
                logger.warning("notices wait reason=%r", error)
                wait_s = _AFTER_TROUBLE_S
            with trio.move_on_after(wait_s):
                await changed.wait()

    def _note(self, change: Change) -> None:
        if self._has_readers or change.subject is Subject.WEBHOOK:
            self._changed.set()
            self._changed = trio.Event()

    async def _look(self) -> float:
        """Look after everybody who is told; returns for how long nothing comes by itself."""
        told, is_any_untold = await self._store.read(_readers)
        self._has_readers = bool(told)
        if is_any_untold:
            await self._store.write(notices.forget_untold)
        if not told:
            return math.inf
        usage = await trio.to_thread.run_sync(shutil.disk_usage, self._folder)
        room = Room(free=usage.free, least=self._least_free)
        wait_s = _LOOK_AGAIN_S
        for user_id in told:
            try:
                wait_s = min(wait_s, await self._look_after(user_id, room))
            except Exception as error:
                if is_passing(error):
                    raise
                # One person's rows are no reason to tell nobody else.
                logger.exception("notices broke user=%s", user_id)
        return wait_s

    async def _look_after(self, user_id: str, room: Room) -> float:
        now = self._clock.now()
        if await self._store.read(_differs, user_id, now, room):
            await self._store.write(note, user_id, now, room)
        settles = await self._store.read(settles_at, user_id, now)
        return math.inf if settles is None else (settles - now).total_seconds()


def _readers(db: Database) -> tuple[list[str], bool]:
    return webhooks.people_told(db), notices.any_untold(db)


def note(db: Database, user_id: str, now: datetime, room: Room) -> None:
    """Note what has begun to need a user, and what has ended."""
    begun, ended = _difference(db, user_id, now, room)
    for notice in ended:
        notices.end(db, notice, now)
    for notice in begun:
        notices.add(db, notice)
    if begun or ended:
        logger.info("notices user=%s begun=%d ended=%d", user_id, len(begun), len(ended))


def _differs(db: Database, user_id: str, now: datetime, room: Room) -> bool:
    return any(_difference(db, user_id, now, room))


def _difference(
    db: Database, user_id: str, now: datetime, room: Room
) -> tuple[list[Notice], list[Notice]]:
    user = users.find(db, user_id)
    known = notices.open_of(db, user_id)
    needs = [] if user is None else needs_of(db, user, now, room, known)
    wanted, had = {need.key for need in needs}, {notice.key for notice in known}
    begun = [
        Notice(
            user_id=user_id,
            account_id=need.account_id,
            key=need.key,
            text=need.text,
            remedy=need.remedy,
            deadline=need.deadline,
            covers_until=need.covers_until,
            opened_at=now,
        )
        for need in needs
        if need.key not in had
    ]
    return begun, [notice for notice in known if notice.key not in wanted]
