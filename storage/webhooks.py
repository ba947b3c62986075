"""Receivers and their outbox: who is told of which events, what was said, what became of it.

A receiver is another program (a webhook), or where a person is reached (`ReceiverKind.PERSON`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from ground.changes import Subject
from storage import events, records
from storage.events import Event

KEPT = 1000  # finished messages of one webhook
_AT_ONCE = 100
_DAY_S = 86_400


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class ReceiverKind(StrEnum):
    WEBHOOK = "webhook"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    TABLE: ClassVar[str] = "webhooks"
    id: str = field(default_factory=lambda: str(uuid4()))
    user_id: str
    url: str = field(repr=False)  # it may hold a key of the receiver's
    types: str = ""
    account_ids: list[str] | None = None
    cursor: int
    old_secret_until: datetime | None = None
    failing_s: int = 0
    last_failed_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    created_at: datetime
    kind: ReceiverKind = ReceiverKind.WEBHOOK
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """One message; its id is the same for every try."""

    TABLE: ClassVar[str] = "webhook_deliveries"
    id: str = field(default_factory=lambda: str(uuid4()))
    user_id: str
    webhook_id: str
    event_id: int
    type: str
    body: str = field(repr=False)
    status: DeliveryStatus = DeliveryStatus.PENDING
    tries: int = 0
    due_at: datetime | None
    created_at: datetime
    tried_at: datetime | None = None
    http_status: int | None = None
    took_ms: int | None = None
    answer: str | None = None
    begun_at: datetime | None = None


Render = Callable[[Database, Event], tuple[str, str] | None]


def add(
    db: Database,
    *,
    user_id: str,
    url: str,
    types: str,
    account_ids: list[str] | None,
    now: datetime,
    kind: ReceiverKind = ReceiverKind.WEBHOOK,
    name: str | None = None,
) -> Webhook:
    """Add a receiver, which hears of what happens from now on."""
    newest = events.after(db, user_id, None, limit=1).cursor
    webhook = Webhook(
        user_id=user_id,
        url=url,
        types=types,
        account_ids=account_ids,
        cursor=newest,
        created_at=now,
        kind=kind,
        name=name,
    )
    records.insert(db, webhook)
    _tell(db, webhook, "ADDED", now)
    return webhook


def get(db: Database, webhook_id: str) -> Webhook:
    """Return one webhook; raises `NotFound`."""
    return records.get(db, Webhook, webhook_id)


def find(db: Database, webhook_id: str) -> Webhook | None:
    """Return one webhook, or None where it is gone."""
    return records.fetch_one(db, Webhook, "WHERE id = ?", (webhook_id,))


def of_user(db: Database, user_id: str, kind: ReceiverKind = ReceiverKind.WEBHOOK) -> list[Webhook]:
    """Return a user's receivers of a kind, oldest first."""
    return records.fetch_readable(
        db, Webhook, "WHERE user_id = ? AND kind = ? ORDER BY created_at, id", (user_id, kind)
    )


def people_told(db: Database) -> list[str]:
    """Return the ids of the users who are told what needs them."""
    rows = db.conn.execute(
        "SELECT DISTINCT user_id FROM webhooks WHERE kind = 'person' AND disabled_at IS NULL"
    )
    return [user_id for (user_id,) in rows]


def disabled_of(db: Database, user_id: str) -> list[Webhook]:
    """Return a user's receivers of every kind that were given up."""
    return records.fetch_readable(
        db,
        Webhook,
        "WHERE user_id = ? AND disabled_at IS NOT NULL ORDER BY created_at, id",
        (user_id,),
    )


def enabled(db: Database) -> list[Webhook]:
    """Return every receiver that is to be told."""
    return records.fetch_readable(db, Webhook, "WHERE disabled_at IS NULL ORDER BY created_at, id")


def remove(db: Database, webhook_id: str, now: datetime) -> None:
    """Remove a webhook with all that it was to be told."""
    _tell(db, get(db, webhook_id), "REMOVED", now)
    for table in ("webhook_deliveries", "webhook_secrets"):
        db.conn.execute(f"DELETE FROM {table} WHERE webhook_id = ?", (webhook_id,))  # noqa: S608
    db.conn.execute("DELETE FROM webhooks WHERE id = ?", (webhook_id,))


def enable(db: Database, webhook_id: str, now: datetime) -> Webhook:
    """Tell a webhook again; what waits for it is tried at once."""
    records.update(
        db,
        Webhook,
        webhook_id,
        disabled_at=None,
        disabled_reason=None,
        failing_s=0,
        last_failed_at=None,
    )
    db.conn.execute(
        "UPDATE webhook_deliveries SET due_at = ? WHERE webhook_id = ? AND status = 'PENDING'",
        (records.encode(now), webhook_id),
    )
    webhook = get(db, webhook_id)
    _tell(db, webhook, "ENABLED", now)
    return webhook


def disable(db: Database, webhook_id: str, now: datetime, reason: str) -> None:
    """Tell a webhook no more; what waits for it is kept."""
    records.update(db, Webhook, webhook_id, disabled_at=now, disabled_reason=reason)
    _tell(db, get(db, webhook_id), "DISABLED", now, reason)


def keep_old_secret_until(db: Database, webhook_id: str, until: datetime | None) -> None:
    """Note until when messages are signed with the secret before the present one as well."""
    records.update(db, Webhook, webhook_id, old_secret_until=until)


def test(db: Database, webhook_id: str, now: datetime) -> None:
    """Let a webhook be told of a test, whatever it wants to hear of."""
    _tell(db, get(db, webhook_id), "TEST", now)


def take_up(
    db: Database,
    webhook_id: str,
    changes: Sequence[str],
    render: Render,
    now: datetime,
) -> bool:
    """Write a message for each event that a webhook has not seen; says whether there may be more.

    `render` returns type and body of an event's message, or None for one that is not for it.
    """
    found = records.fetch_one(db, Webhook, "WHERE id = ? AND disabled_at IS NULL", (webhook_id,))
    if found is None:
        return False
    stretch = events.after(db, found.user_id, found.cursor, changes=changes, limit=_AT_ONCE)
    for event in stretch.events:
        assert event.id is not None
        if (message := render(db, event)) is not None:
            kind, body = message
            delivery = WebhookDelivery(
                user_id=found.user_id,
                webhook_id=found.id,
                event_id=event.id,
                type=kind,
                body=body,
                due_at=now,
                created_at=now,
            )
            records.insert(db, delivery)
    records.update(db, Webhook, found.id, cursor=stretch.cursor)
    if stretch.events:
        _keep_the_last(db, found.id)
    return len(stretch.events) == _AT_ONCE


def due_of(db: Database, webhook_id: str, now: datetime, limit: int) -> list[WebhookDelivery]:
    """Return the messages to a receiver that are due, in the order of their events."""
    return records.fetch_readable(
        db,
        WebhookDelivery,
        "WHERE webhook_id = ? AND status = 'PENDING' AND due_at <= ? ORDER BY event_id LIMIT ?",
        (webhook_id, now, limit),
    )


def pending(db: Database, delivery_id: str) -> list[WebhookDelivery]:
    """Return that message where it is still to be told, else nothing."""
    return records.fetch(db, WebhookDelivery, "WHERE id = ? AND status = 'PENDING'", (delivery_id,))


def put_off(db: Database, delivery_ids: Sequence[str], until: datetime) -> None:
    """Let messages wait until a time; that is no try."""
    for delivery_id in delivery_ids:
        records.update(db, WebhookDelivery, delivery_id, due_at=until)


def begin(db: Database, delivery_ids: Sequence[str], now: datetime) -> None:
    """Note that a try of messages begins: from now on they may have been told."""
    for delivery_id in delivery_ids:
        records.update(db, WebhookDelivery, delivery_id, begun_at=now)


def of_event(db: Database, webhook_id: str, event_id: int) -> WebhookDelivery | None:
    """Return the message of an event to a receiver, or None."""
    return records.fetch_one(
        db, WebhookDelivery, "WHERE webhook_id = ? AND event_id = ?", (webhook_id, event_id)
    )


def drop(db: Database, delivery_id: str) -> None:
    """Forget a message that nobody has to be told any more."""
    db.conn.execute("DELETE FROM webhook_deliveries WHERE id = ?", (delivery_id,))


def next_due(db: Database, webhook_id: str) -> WebhookDelivery | None:
    """Return the message that is to be tried next, due or not, past those that cannot be read."""
    found = records.fetch_readable(
        db,
        WebhookDelivery,
        "WHERE webhook_id = ? AND status = 'PENDING' ORDER BY due_at, event_id LIMIT ?",
        (webhook_id, _AT_ONCE),
    )
    return found[0] if found else None


def set_right(db: Database, delivery: WebhookDelivery, now: datetime) -> WebhookDelivery:
    """Let a message that a clock dated ahead be due now; returns it as it is then."""
    times = {"due_at": now, "created_at": min(delivery.created_at, now)}
    if delivery.tried_at is not None:
        times["tried_at"] = min(delivery.tried_at, now)
    records.update(db, WebhookDelivery, delivery.id, **times)
    return replace(delivery, **times)  # type: ignore[arg-type]


def record_try(
    db: Database,
    delivery: WebhookDelivery,
    status: DeliveryStatus,
    *,
    now: datetime,
    due_at: datetime | None,
    http_status: int | None,
    took_ms: int,
    answer: str | None,
    begun_at: datetime | None = None,
) -> None:
    """Record how a try ended; nothing where its webhook is gone.

    `begun_at` is given where nobody knows whether it was told.
    """
    webhook = find(db, delivery.webhook_id)
    if webhook is None:
        return
    records.update(
        db,
        WebhookDelivery,
        delivery.id,
        status=status,
        tries=delivery.tries + 1,
        due_at=due_at,
        tried_at=now,
        http_status=http_status,
        took_ms=took_ms,
        answer=answer,
        begun_at=begun_at,
    )
    if status is DeliveryStatus.DELIVERED:
        if webhook.failing_s or webhook.last_failed_at is not None:
            records.update(db, Webhook, webhook.id, failing_s=0, last_failed_at=None)
    else:
        failing_s = webhook.failing_s + _since(webhook.last_failed_at, now)
        records.update(db, Webhook, webhook.id, failing_s=failing_s, last_failed_at=now)


def deliveries(
    db: Database, webhook_id: str, *, before: int | None = None, limit: int
) -> list[WebhookDelivery]:
    """Return messages to a webhook, newest event first."""
    return records.fetch_readable(
        db,
        WebhookDelivery,
        "WHERE webhook_id = ? AND event_id < ? ORDER BY event_id DESC LIMIT ?",
        (webhook_id, 2**63 - 1 if before is None else before, limit),
    )


def delivery(db: Database, delivery_id: str) -> WebhookDelivery:
    """Return one message; raises `NotFound`."""
    return records.get(db, WebhookDelivery, delivery_id)


def redeliver(db: Database, delivery_id: str, now: datetime) -> WebhookDelivery:
    """Send a message again, from the first try on, as the same message."""
    records.update(
        db, WebhookDelivery, delivery_id, status=DeliveryStatus.PENDING, tries=0, due_at=now
    )
    found = delivery(db, delivery_id)
    _tell(db, get(db, found.webhook_id), "REDELIVERED", now)
    return found


def recover(db: Database, webhook_id: str, since: datetime, now: datetime) -> int:
    """Send every message again that was given up since then; returns how many."""
    again = db.conn.execute(
        "UPDATE webhook_deliveries SET status = 'PENDING', tries = 0, due_at = ?"
        " WHERE webhook_id = ? AND status = 'FAILED' AND created_at >= ?",
        (records.encode(now), webhook_id, records.encode(since)),
    ).rowcount
    if again:
        _tell(db, get(db, webhook_id), "REDELIVERED", now)
    return again


def _since(last: datetime | None, now: datetime) -> int:
    # In pieces of a day at most, so that neither a pause of ours nor a wrong clock ends a webhook.
    if last is None or now <= last:
        return 0
    return min(int((now - last) / timedelta(seconds=1)), _DAY_S)


def _keep_the_last(db: Database, webhook_id: str) -> None:
    # Some at a time: thousands at once would keep everybody's next event waiting.
    db.conn.execute(
        "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries"
        " WHERE webhook_id = ?1 AND status <> 'PENDING'"
        " AND event_id <= (SELECT event_id FROM webhook_deliveries WHERE webhook_id = ?1"
        " ORDER BY event_id DESC LIMIT 1 OFFSET ?2) ORDER BY event_id LIMIT ?3)",
        (webhook_id, KEPT, 2 * _AT_ONCE),
    )


def _tell(
    db: Database, webhook: Webhook, state: str, now: datetime, reason: str | None = None
) -> None:
    events.record(
        db,
        Subject.WEBHOOK,
        webhook.id,
        state,
        user_id=webhook.user_id,
        account_id=None,
        now=now,
        reason=reason,
    )
