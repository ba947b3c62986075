"""Notices (additive): where people are told what needs them, and when they want quiet."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ground.refusal import ErrorCode, Refusal
from notices.child import opened
from notices.people import ADDRESS
from notices.services import NoAddress, masked
from operations import models
from operations.operation import Ask, act, read, write
from operations.resources import Resource
from operations.scopes import Scope
from operations.webhooks import log_of, within
from storage import notices, secrets, webhooks
from storage.store import Database
from storage.webhooks import ReceiverKind
from webhooks.targets import Targets

AT_MOST = 20
# What a notice can be about.
_TELLS_OF = (Scope.ACCOUNTS_READ, Scope.POSTS_READ, Scope.REPOSTS_READ)


@act(
    models.Recipient,
    scope=Scope.WEBHOOKS_WRITE,
    takes=models.NotifyRequest,
    refuses=[ErrorCode.INVALID_PARAM, ErrorCode.INVALID_STATUS, ErrorCode.NOT_FOUND],
)
async def create_recipient(ask: Ask[models.NotifyRequest]) -> models.Recipient:
    """Add an address where somebody is told what needs them: a login, a failed post, a full disk.

    The first one hears of what needs them now. Nobody can make one that hears more than they may
    read themselves.
    """
    asked = ask.given
    for scope in _TELLS_OF:
        ask.actor.require(scope)
    ask.actor.require_grant(ask.actor.scopes, asked.account_ids)
    try:
        async with opened(Targets()) as teller:
            await teller.check(asked.url)
    except NoAddress as wrong:
        raise Refusal(ErrorCode.INVALID_PARAM, f"It is {wrong}") from None
    return await ask.house.store.write(_add, ask)


def _add(db: Database, ask: Ask[models.NotifyRequest]) -> models.Recipient:
    asked = ask.given
    if len(webhooks.of_user(db, ask.user_id, ReceiverKind.PERSON)) >= AT_MOST:
        raise Refusal(ErrorCode.INVALID_STATUS, f"There are {AT_MOST} already; remove one first")
    added = webhooks.add(
        db,
        user_id=ask.user_id,
        url=masked(asked.url),
        types="",
        account_ids=asked.account_ids,
        now=ask.now,
        kind=ReceiverKind.PERSON,
        name=asked.name,
    )
    secrets.put_of_webhook(db, ask.house.vault, added.id, ADDRESS, asked.url)
    return ask.done(db, _shown(added))


@read(models.RecipientList, scope=Scope.WEBHOOKS_READ)
def list_recipients(db: Database, ask: Ask[None]) -> models.RecipientList:
    """List where somebody is told, oldest first; those that were given up say why."""
    found = webhooks.of_user(db, ask.user_id, ReceiverKind.PERSON)
    return models.RecipientList(
        recipients=[_shown(each) for each in found if within(ask.actor, each.account_ids)]
    )


@write(
    models.Success,
    scope=Scope.WEBHOOKS_WRITE,
    on=Resource.RECIPIENT,
    refuses=[ErrorCode.NOT_FOUND],
)
def delete_recipient(db: Database, ask: Ask[None]) -> models.Success:
    """Remove an address, with its log and what it was still to be told."""
    webhooks.remove(db, ask.id, ask.now)
    return models.Success()


@write(
    models.Recipient,
    scope=Scope.WEBHOOKS_WRITE,
    on=Resource.RECIPIENT,
    refuses=[ErrorCode.NOT_FOUND],
)
def enable_recipient(db: Database, ask: Ask[None]) -> models.Recipient:
    """Tell an address again that was given up."""
    return _shown(webhooks.enable(db, ask.id, ask.now))


@write(
    models.Success,
    scope=Scope.WEBHOOKS_WRITE,
    on=Resource.RECIPIENT,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS],
)
def send_test_notice(db: Database, ask: Ask[None]) -> models.Success:
    """Send a test notice, also in quiet hours; the log shows what came of it."""
    if webhooks.get(db, ask.id).disabled_at is not None:
        raise Refusal(ErrorCode.INVALID_STATUS, "It was given up; enable it first")
    webhooks.test(db, ask.id, ask.now)
    return models.Success()


@read(
    models.WebhookDeliveryList,
    scope=Scope.WEBHOOKS_READ,
    takes=models.WebhookDeliveryQuery,
    on=Resource.RECIPIENT,
    refuses=[ErrorCode.NOT_FOUND],
)
def list_notices_told(
    db: Database, ask: Ask[models.WebhookDeliveryQuery]
) -> models.WebhookDeliveryList:
    """Return what an address was told or is to be told, newest first; it is kept for 30 days."""
    return log_of(db, ask)


@read(models.QuietHours, scope=Scope.WEBHOOKS_READ)
def get_quiet_hours(db: Database, ask: Ask[None]) -> models.QuietHours:
    """Return when only what cannot wait is told."""
    return _shown_hours(notices.quiet_hours(db, ask.user_id))


@write(models.QuietHours, scope=Scope.WEBHOOKS_WRITE, takes=models.QuietHoursRequest)
def set_quiet_hours(db: Database, ask: Ask[models.QuietHoursRequest]) -> models.QuietHours:
    """Let what can wait be told after the quiet hours.

    What cannot wait is told at once: where something is lost for good before they end.
    """
    _require_all_accounts(ask)
    hours = notices.QuietHours(user_id=ask.user_id, **ask.given.model_dump())
    notices.keep_quiet_hours(db, hours)
    return _shown_hours(hours)


@write(models.QuietHours, scope=Scope.WEBHOOKS_WRITE)
def end_quiet_hours(db: Database, ask: Ask[None]) -> models.QuietHours:
    """Let everything be told at once."""
    _require_all_accounts(ask)
    notices.forget_quiet_hours(db, ask.user_id)
    return _shown_hours(None)


def _require_all_accounts(ask: Ask[Any]) -> None:
    # They are the person's: a key that is limited to some accounts silences no others.
    ask.actor.require_grant(ask.actor.scopes, None)


def _shown(receiver: webhooks.Webhook) -> models.Recipient:
    return models.Recipient.model_validate({**asdict(receiver), "service": receiver.url})


def _shown_hours(hours: notices.QuietHours | None) -> models.QuietHours:
    if hours is None:
        return models.QuietHours(begins=None, ends=None, timezone=None)
    return models.QuietHours(begins=hours.begins, ends=hours.ends, timezone=hours.timezone)
