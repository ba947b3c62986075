"""The outbox: what happened becomes messages, and each is tried until its receiver has it.

At least once: a message that was sent when the daemon died is sent again. Receivers know it by its
id. One message is on its way to a receiver at a time, and no receiver waits for another. How a
receiver is told is its kind's `Manner`.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import trio

from ground.changes import Change, Subject
from ground.clock import Clock
from storage import webhooks
from storage.errors import NotFound, Unreadable, Unusable, is_passing
from storage.events import Event
from storage.store import Database, Store, part
from storage.webhooks import DeliveryStatus, ReceiverKind, Webhook, WebhookDelivery
from storage.wrong_clock import is_ahead
from webhooks.sending import Told

logger = logging.getLogger(__name__)
# How long after its try before each try comes; about 76 hours in all.
WAITS_S = (0, 5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
_JITTER = 0.1
_GIVEN_UP_AFTER_S = 5 * 86_400
_GONE = 410
_NOTE_S = 5.0
_FIRST_REST_S, _LONGEST_REST_S = 5.0, 300.0
_LOOK_AGAIN_S = 3600.0  # a wall clock may be set while one waits for it


class Manner(AbstractAsyncContextManager[object, None], Protocol):
    """How receivers of one kind are told; it is an async context while the outbox runs."""

    def wanted(self, types: str, /) -> Collection[str]:
        """Return the `subject.STATE` that one with these types hears of, "" being all."""

    def render(self, db: Database, receiver: Webhook, event: Event) -> tuple[str, str] | None:
        """Return type and body of an event's message; None where it is not for that receiver."""

    async def tell(
        self, receiver: Webhook, first: WebhookDelivery
    ) -> tuple[Sequence[WebhookDelivery], Told]:
        """Try `first`, and others that go with it; returns which, and how that ended.

        None of them where it has to wait: it has another time then. Raises `Unusable`.
        """


class Outbox:
    """The service that tells receivers of every kind."""

    def __init__(self, store: Store, clock: Clock, manners: Mapping[ReceiverKind, Manner]) -> None:
        self._store = store
        self._clock = clock
        self._manners = manners
        self._told = {change for manner in manners.values() for change in manner.wanted("")}
        self._changed = trio.Event()
        self._couriers: dict[str, _Courier] = {}
        self._ended: list[_Try] = []
        self._noting = trio.Lock()
        store.changes.subscribe(self._note, *Subject)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Tell every receiver what happens. Runs until cancelled."""
        async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
            for manner in self._manners.values():
                await stack.enter_async_context(manner)
            self._couriers.clear()
            task_status.started()
            rest_s = _FIRST_REST_S
            while True:
                changed = self._changed
                try:
                    await self._dispatch(nursery)
                except Exception as error:
                    if not is_passing(error):
                        raise
                    # The couriers go on with what they have.
                    logger.warning("webhooks wait reason=%r", error)
                    await trio.sleep(rest_s)
                    rest_s = min(rest_s * 2, _LONGEST_REST_S)
                else:
                    rest_s = _FIRST_REST_S
                    await changed.wait()

    async def _dispatch(self, nursery: trio.Nursery) -> None:
        """Give each receiver's courier what is new for it; begin and end couriers."""
        found = {each.id: each for each in await self._store.read(webhooks.enabled)}
        for gone in self._couriers.keys() - found.keys():
            self._couriers.pop(gone).scope.cancel()
        more = bool(found)
        while more:
            more = await self._store.write(self._take_up, found, self._clock.now())
        for receiver_id in found:
            courier = self._couriers.get(receiver_id)
            if courier is None:
                courier = self._couriers[receiver_id] = _Courier(self, receiver_id)
                nursery.start_soon(courier.run)
            courier.wake()

    def _take_up(self, db: Database, found: Mapping[str, Webhook], now: datetime) -> bool:
        more = False
        for receiver in found.values():
            try:
                with part(db):
                    more |= self._take_up_for(db, receiver, now)
            except Exception as error:
                if is_passing(error):
                    raise
                # Of one receiver alone; what it has not heard of is taken up with the next event.
                logger.exception("webhook hears of nothing id=%s", receiver.id)
        return more

    def _take_up_for(self, db: Database, receiver: Webhook, now: datetime) -> bool:
        manner = self._manners[receiver.kind]

        def render(db: Database, event: Event) -> tuple[str, str] | None:
            try:
                return manner.render(db, receiver, event)
            except Unreadable as error:  # what it tells of is lost: the next is told
                logger.error("not told event=%s receiver=%s %s", event.id, receiver.id, error)
                return None

        changes = list(manner.wanted(receiver.types))
        return webhooks.take_up(db, receiver.id, changes, render, now)

    def _note(self, change: Change) -> None:
        is_told = f"{change.subject}.{change.state}" in self._told
        if change.subject is Subject.WEBHOOK or (self._couriers and is_told):
            self._changed.set()
            self._changed = trio.Event()

    async def deliver(self, first: WebhookDelivery) -> None:
        """Try a message, and record how that ended. Raises `Unavailable`."""
        if any(first.id in each.ids for each in self._ended):
            await self._catch_up()  # what could not be recorded is not told again and again
            return
        receiver = await self._store.glance(webhooks.find, first.webhook_id)
        if receiver is None:  # removed this moment
            return
        began = self._clock.monotonic()
        try:
            tried, told = await self._manners[receiver.kind].tell(receiver, first)
        except Unusable as moved:
            now = self._clock.now()
            await self._store.write(webhooks.disable, receiver.id, now, str(moved))
            return
        except Exception as error:
            if is_passing(error):
                raise
            # One message's bug is no other receiver's: it was tried, and waits for its next try.
            logger.exception("webhook broke id=%s", receiver.id)
            tried, told = [first], Told(None, "an error in Reprise", is_unknown=True)
        took_ms = int((self._clock.monotonic() - began) * 1000)
        if tried:
            # What was told and is not noted would be told again.
            with trio.move_on_after(_NOTE_S, shield=True):
                await self._note_down(_Try(tried, told, took_ms, self._clock.now()))

    async def _note_down(self, ended: _Try) -> None:
        """Record a try, and those that ended while the last were recorded: a commit costs more than
        a try, and there is one at a time."""
        self._ended.append(ended)
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Record the tries that are not on record yet. Raises `Unavailable`."""
        async with self._noting:
            together, self._ended = self._ended, []
            if not together:
                return
            try:
                await self._store.write(_record, together)
            except BaseException:
                self._ended[:0] = together
                raise

    async def next_for(self, webhook_id: str) -> tuple[WebhookDelivery | None, float]:
        """Return the next message to a receiver and for how many seconds it has to wait."""
        found = await self._store.glance(webhooks.next_due, webhook_id)
        if found is None or found.due_at is None:
            return found, 0.0
        now = self._clock.now()
        if is_ahead(found.tried_at or found.created_at, now):  # and so is what followed from it
            return await self._store.write(webhooks.set_right, found, now), 0.0
        wait_s = (found.due_at - now).total_seconds()
        # One that has to wait longer than any does was put off by a clock that was wrong.
        return found, wait_s if wait_s <= 2 * max(WAITS_S) else 0.0


class _Courier:
    """Brings one receiver its messages, one after the other."""

    def __init__(self, outbox: Outbox, webhook_id: str) -> None:
        self._outbox = outbox
        self._webhook_id = webhook_id
        self._woken = trio.Event()
        self.scope = trio.CancelScope()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        with self.scope:
            rest_s = _FIRST_REST_S
            while True:
                try:
                    await self._go()
                    rest_s = _FIRST_REST_S
                except Exception as error:
                    if is_passing(error):
                        logger.warning("webhook waits id=%s reason=%r", self._webhook_id, error)
                    else:  # of this receiver alone
                        logger.exception("webhook waits id=%s", self._webhook_id)
                    await trio.sleep(rest_s)
                    rest_s = min(rest_s * 2, _LONGEST_REST_S)

    async def _go(self) -> None:
        """Bring the next message, or wait for it."""
        self._woken = trio.Event()
        delivery, wait_s = await self._outbox.next_for(self._webhook_id)
        if delivery is None:
            await self._woken.wait()
        elif wait_s > 0:
            with trio.move_on_after(min(wait_s, _LOOK_AGAIN_S)):
                await self._woken.wait()
        else:
            await self._outbox.deliver(delivery)


@dataclass(frozen=True, slots=True, eq=False)
class _Try:
    """A try that has ended, with the messages that it was of."""

    tried: Sequence[WebhookDelivery]
    told: Told
    took_ms: int
    at: datetime

    @property
    def ids(self) -> set[str]:
        return {delivery.id for delivery in self.tried}


def _record(db: Database, ended: Sequence[_Try]) -> None:
    for each in ended:
        try:
            with part(db):
                _record_try(db, each)
        except (NotFound, Unreadable) as error:  # meanwhile; the others' are recorded
            logger.error("webhook try not recorded id=%s %s", each.tried[0].webhook_id, error)


def _record_try(db: Database, ended: _Try) -> None:
    for delivery in ended.tried:
        _record_one(db, delivery, ended)
    receiver = webhooks.find(db, ended.tried[0].webhook_id)
    if receiver is None or ended.told.is_success:
        return
    if ended.told.status == _GONE:
        webhooks.disable(db, receiver.id, ended.at, "its receiver said that it is gone (410)")
    elif receiver.failing_s >= _GIVEN_UP_AFTER_S:
        webhooks.disable(db, receiver.id, ended.at, "nothing reached it for five days")


def _record_one(db: Database, delivery: WebhookDelivery, ended: _Try) -> None:
    tries, told = delivery.tries + 1, ended.told
    if told.is_success:
        status, due_at = DeliveryStatus.DELIVERED, None
    elif tries >= len(WAITS_S) or told.status == _GONE:
        status, due_at = DeliveryStatus.FAILED, None
    else:
        wait_s = WAITS_S[tries] * random.uniform(1 - _JITTER, 1 + _JITTER)
        due_at = ended.at + timedelta(seconds=max(wait_s, told.wait_s or 0))
        status = DeliveryStatus.PENDING
    webhooks.record_try(
        db,
        delivery,
        status,
        now=ended.at,
        due_at=due_at,
        http_status=told.status,
        took_ms=ended.took_ms,
        answer=told.words or None,
        begun_at=delivery.begun_at if told.is_unknown else None,
    )
    logger.info(
        "webhook id=%s try=%d status=%s state=%s",
        delivery.webhook_id,
        tries,
        told.status,
        status,
    )
