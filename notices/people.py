"""How people are told: all that is due in one message, not in their quiet hours, never twice."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import trio

from ground.changes import Subject
from ground.clock import Clock
from notices.child import opened
from notices.quiet import quiet_until
from storage import notices, secrets, webhooks
from storage.errors import Misplaced, NotFound, Unreadable
from storage.events import Event
from storage.notices import ENDED, OPENED
from storage.store import Database, Store
from storage.times import from_text, to_text
from storage.vault import Vault
from storage.webhooks import Webhook, WebhookDelivery
from webhooks.sending import Told
from webhooks.targets import Targets

ADDRESS = "address"
_AT_ONCE = 10
_TEST = f"{Subject.WEBHOOK}.TEST"


class People:
    """The `Manner` of those who are told by a service such as ntfy, Telegram or mail."""

    def __init__(self, store: Store, vault: Vault, clock: Clock, targets: Targets) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._targets = targets

    def wanted(self, _: str, /) -> Collection[str]:
        return {f"{Subject.NOTICE}.{OPENED}", f"{Subject.NOTICE}.{ENDED}", _TEST}

    def render(self, db: Database, receiver: Webhook, event: Event) -> tuple[str, str] | None:
        if event.subject is Subject.WEBHOOK:
            is_own = event.subject_id == receiver.id
            said = {"text": "This is a test: here Reprise tells you what needs you"}
            return ("notice.test", json.dumps({**said, "urgent": True})) if is_own else None
        if receiver.account_ids is not None and event.account_id not in receiver.account_ids:
            return None
        try:
            notice = notices.get(db, event.subject_id)
            if event.state != OPENED:
                return _ending(db, receiver, notice)
        except (
            NotFound,
            Unreadable,
        ):  # nobody was told any more, meanwhile; or nobody can say what
            return None
        deadline = None if notice.deadline is None else to_text(notice.deadline)
        said = {"text": notice.text, "remedy": notice.remedy}
        return "notice.opened", json.dumps({**said, "deadline": deadline})

    async def tell(
        self, receiver: Webhook, first: WebhookDelivery
    ) -> tuple[Sequence[WebhookDelivery], Told]:
        if not await self._store.write(_due, receiver, first, self._clock.now()):
            return [], Told(None, "")
        kept = await self._store.read(secrets.of_webhook, self._vault, receiver.id)
        if ADDRESS not in kept:
            raise Misplaced("its address is lost; remove it and add it again")
        try:
            return await self._tell(receiver, first, kept[ADDRESS])
        except OSError:  # of this machine, which lacks something for now
            return [first], Told(None, "the child process for notices does not start")

    async def _tell(
        self, receiver: Webhook, first: WebhookDelivery, address: str
    ) -> tuple[Sequence[WebhookDelivery], Told]:
        async with opened(self._targets) as teller:
            # From here on it is done to its end, also while the daemon stops: what was told and
            # not noted would be told again.
            with trio.CancelScope(shield=True):
                now = self._clock.now()
                messages = await self._store.write(_begin, receiver, first, now)
                if not messages:
                    return [], Told(None, "")
                title, body = worded(messages)
                told = await teller.tell(address, title, body)
        return [replace(message, begun_at=now) for message in messages], told

    async def __aenter__(self) -> People:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


def worded(messages: Sequence[WebhookDelivery]) -> tuple[str, str]:
    """Return title and text of one message that says all of these."""
    said = [(message, json.loads(message.body)) for message in messages]
    title = "Reprise"
    if len(said) > 1:
        title = f"Reprise: {len(said)} notices"
    return title, "\n\n".join(_words(message, facts) for message, facts in said)


def _words(message: WebhookDelivery, facts: dict[str, Any]) -> str:
    text = str(facts["text"])
    if message.type == "notice.ended":
        text = f"Over: {text}"
    if message.begun_at is not None:
        text = f"Perhaps you know this already. {text}"
    return f"{text}\n→ {facts['remedy']}" if facts.get("remedy") else text


def _ending(db: Database, receiver: Webhook, notice: notices.Notice) -> tuple[str, str] | None:
    """Return the message that something is over; None where it was never told that it began."""
    event_id = notices.opening_event(db, notice.id)
    began = None if event_id is None else webhooks.of_event(db, receiver.id, event_id)
    if began is None or began.status is webhooks.DeliveryStatus.FAILED:
        return None
    if began.status is webhooks.DeliveryStatus.PENDING and began.begun_at is None:
        webhooks.drop(db, began.id)
        return None
    return "notice.ended", json.dumps({"text": notice.text})


def _due(
    db: Database, receiver: Webhook, first: WebhookDelivery, now: datetime
) -> list[WebhookDelivery]:
    """Return what is to be told now; what can wait for the end of quiet hours does."""
    found = webhooks.due_of(db, receiver.id, now, _AT_ONCE)
    if not found:  # the first was put off by a clock that was wrong, or need not be told any more
        found = webhooks.pending(db, first.id)
    end = quiet_until(notices.quiet_hours(db, receiver.user_id), now)
    if end is None:
        return found
    waits = [message for message in found if not _is_urgent(message, end)]
    webhooks.put_off(db, [message.id for message in waits], end)
    return [message for message in found if _is_urgent(message, end)]


def _begin(
    db: Database, receiver: Webhook, first: WebhookDelivery, now: datetime
) -> list[WebhookDelivery]:
    """Return what is told now, as it was before; from now on it may have been told."""
    found = _due(db, receiver, first, now)
    webhooks.begin(db, [message.id for message in found], now)
    return found


def _is_urgent(message: WebhookDelivery, quiet_until: datetime) -> bool:
    facts = json.loads(message.body)
    deadline = facts.get("deadline")
    return bool(facts.get("urgent")) or (
        deadline is not None and from_text(deadline) <= quiet_until
    )
