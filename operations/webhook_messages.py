"""What webhooks are told: an event, and what it is about as REST would show it now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ground.changes import Subject
from operations import models, shown
from operations.event_types import TYPES, name_of, stored_kinds
from storage import posts, reposts
from storage.errors import NotFound, Unreadable
from storage.events import Event
from storage.store import Database
from storage.webhooks import Webhook

_TEST = TYPES["webhook.test"]


def wanted(types: str) -> Collection[str]:
    """Return what a webhook of these types hears of, as `subject.STATE`; always of its tests."""
    kinds = stored_kinds(types) if types else TYPES.values()
    return {f"{subject}.{state}" for subject, state in (*kinds, _TEST)}


def message_for(db: Database, webhook: Webhook, event: Event) -> tuple[str, str] | None:
    """Return type and body of an event's message; None where it is not for that webhook."""
    kind = name_of(event.subject, event.state)
    if kind is None or not _is_for(webhook, event):
        return None
    assert event.id is not None
    data = models.WebhookData(
        sequence=event.id,
        account_id=event.account_id,
        subject=event.subject,
        subject_id=event.subject_id,
        state=event.state,
        reason=event.reason,
        via=event.via,
        **_resource(db, event),
    )
    message = models.WebhookMessage(type=kind, timestamp=event.at, data=data)
    return kind, message.model_dump_json(by_alias=True)


def _is_for(webhook: Webhook, event: Event) -> bool:
    is_own = event.subject_id == webhook.id
    if event.subject is Subject.WEBHOOK:
        # Of its tests it hears alone; that one has ended, only others can hear.
        is_test = (event.subject, event.state) == _TEST
        return is_own if is_test else not is_own and webhook.account_ids is None
    return webhook.account_ids is None or event.account_id in webhook.account_ids


def _resource(db: Database, event: Event) -> dict[str, Any]:
    """Return what the event is about, and how it failed; nothing where that is gone or cannot be
    read."""
    try:
        if event.subject is Subject.POST:
            post = posts.get(db, event.subject_id)
            code, why = post.error_code, post.error_message
            error = models.WebhookError(code=code, error=why) if code else None
            return {"post": shown.post_with_media(db, post), "error": error}
        if event.subject is Subject.REPOST:
            return {"repost": shown.repost(db, reposts.get(db, event.subject_id))}
    except (NotFound, Unreadable):
        pass
    return {}
