"""The outbox: what happened becomes messages, and each is tried until its receiver has it.

At least once: a message that was sent when the daemon died is sent again. Receivers know it by its
id. One message is on its way to a receiver at a time, and no receiver waits for another.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

import trio

from ground.changes import Change, Subject
from ground.clock import Clock
from storage import secrets, webhooks
from storage.errors import Misplaced
from storage.events import Event
from storage.store import Database, Store
from storage.vault import Vault
from storage.webhooks import DeliveryStatus, Webhook, WebhookDelivery
from webhooks.sending import Messenger, Told
from webhooks.signing import signed
from webhooks.targets import Targets

logger = logging.getLogger(__name__)
CURRENT, PREVIOUS = "current", "previous"
# How long after its try before each try comes; about 76 hours in all.
WAITS_S = (0, 5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
_JITTER = 0.1
_GIVEN_UP_AFTER_S = 5 * 86_400
_GONE = 410
_LOOK_AGAIN_S = 3600.0  # a wall clock may be set while one waits for it

Render = Callable[[Database, Webhook, Event], tuple[str, str] | None]
Wanted = Callable[[str], Collection[str]]


class Outbox:
    """The webhook service."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Clock,
        targets: Targets,
        *,
        render: Render,
        wanted: Wanted,
    ) -> None:
        """`render` makes type and body of an event's message to a webhook, None where it is not
        for it; `wanted` the `subject.STATE` of a webhook's types."""
        self._store = store
        self._vault = vault
        self._clock = clock
        self._targets = targets
        self._render = render
        self._wanted = wanted
        self._told = frozenset(wanted(""))
        self._changed = trio.Event()
        self._couriers: dict[str, _Courier] = {}
        store.changes.subscribe(self._note, *Subject)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Tell every webhook what happens. Runs until cancelled."""
        async with Messenger(self._targets) as messenger, trio.open_nursery() as nursery:
            self._couriers.clear()
            task_status.started()
            while True:
                changed = self._changed
                await self._dispatch(messenger, nursery)
                await changed.wait()

    async def _dispatch(self, messenger: Messenger, nursery: trio.Nursery) -> None:
        """Give each webhook's courier what is new for it; begin and end couriers."""
        found = {each.id: each for each in await self._store.read(webhooks.enabled)}
        for gone in self._couriers.keys() - found.keys():
            self._couriers.pop(gone).scope.cancel()
        more = bool(found)
        while more:
            more = await self._store.write(self._take_up, found, self._clock.now())
        for webhook_id in found:
            courier = self._couriers.get(webhook_id)
            if courier is None:
                courier = self._couriers[webhook_id] = _Courier(self, messenger, webhook_id)
                nursery.start_soon(courier.run)
            courier.wake()

    def _take_up(self, db: Database, found: Mapping[str, Webhook], now: datetime) -> bool:
        more = False
        for webhook in found.values():

            def render(db: Database, event: Event, to: Webhook = webhook) -> tuple[str, str] | None:
                return self._render(db, to, event)

            changes = list(self._wanted(webhook.types))
            more |= webhooks.take_up(db, webhook.id, changes, render, now)
        return more

    def _note(self, change: Change) -> None:
        is_told = f"{change.subject}.{change.state}" in self._told
        if change.subject is Subject.WEBHOOK or (self._couriers and is_told):
            self._changed.set()
            self._changed = trio.Event()

    async def deliver(self, messenger: Messenger, delivery: WebhookDelivery) -> None:
        """Try one message, and record how that ended."""
        webhook = await self._store.read(webhooks.get, delivery.webhook_id)
        now = self._clock.now()
        try:
            keys = await self._store.read(secrets.of_webhook, self._vault, webhook.id)
        except Misplaced as moved:
            await self._store.write(webhooks.disable, webhook.id, now, str(moved))
            return
        body = delivery.body.encode()
        headers = signed(delivery.id, body, int(now.timestamp()), _valid(keys, webhook, now))
        began = self._clock.monotonic()
        told = await messenger.send(webhook.url, body, headers)
        took_ms = int((self._clock.monotonic() - began) * 1000)
        await self._store.write(self._record, delivery, told, took_ms, self._clock.now())

    def _record(
        self, db: Database, delivery: WebhookDelivery, told: Told, took_ms: int, now: datetime
    ) -> None:
        tries = delivery.tries + 1
        if told.is_success:
            status, due_at = DeliveryStatus.DELIVERED, None
        elif tries >= len(WAITS_S) or told.status == _GONE:
            status, due_at = DeliveryStatus.FAILED, None
        else:
            wait_s = WAITS_S[tries] * random.uniform(1 - _JITTER, 1 + _JITTER)
            due_at = now + timedelta(seconds=max(wait_s, told.wait_s or 0))
            status = DeliveryStatus.PENDING
        webhook = webhooks.record_try(
            db,
            delivery,
            status,
            now=now,
            due_at=due_at,
            http_status=told.status,
            took_ms=took_ms,
            answer=told.words or None,
        )
        logger.info(
            "webhook id=%s try=%d status=%s state=%s",
            delivery.webhook_id,
            tries,
            told.status,
            status,
        )
        if webhook is None or told.is_success:
            return
        if told.status == _GONE:
            webhooks.disable(db, webhook.id, now, "its receiver said that it is gone (410)")
        elif webhook.failing_s >= _GIVEN_UP_AFTER_S:
            webhooks.disable(db, webhook.id, now, "nothing reached it for five days")

    async def next_for(self, webhook_id: str) -> tuple[WebhookDelivery | None, float]:
        """Return the next message to a webhook and for how many seconds it has to wait."""
        found = await self._store.read(webhooks.next_due, webhook_id)
        if found is None or found.due_at is None:
            return found, 0.0
        wait_s = (found.due_at - self._clock.now()).total_seconds()
        # One that has to wait longer than any does was put off by a clock that was wrong.
        return found, wait_s if wait_s <= 2 * max(WAITS_S) else 0.0


class _Courier:
    """Brings one webhook its messages, one after the other."""

    def __init__(self, outbox: Outbox, messenger: Messenger, webhook_id: str) -> None:
        self._outbox = outbox
        self._messenger = messenger
        self._webhook_id = webhook_id
        self._woken = trio.Event()
        self.scope = trio.CancelScope()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        with self.scope:
            while True:
                self._woken = trio.Event()
                delivery, wait_s = await self._outbox.next_for(self._webhook_id)
                if delivery is None:
                    await self._woken.wait()
                elif wait_s > 0:
                    with trio.move_on_after(min(wait_s, _LOOK_AGAIN_S)):
                        await self._woken.wait()
                else:
                    await self._outbox.deliver(self._messenger, delivery)


def _valid(keys: dict[str, str], webhook: Webhook, now: datetime) -> list[str]:
    """Return the secrets to sign with: the present one, and its predecessor for a while."""
    found = [keys[CURRENT]] if CURRENT in keys else []
    if PREVIOUS in keys and webhook.old_secret_until and now < webhook.old_secret_until:
        found.append(keys[PREVIOUS])
    return found
