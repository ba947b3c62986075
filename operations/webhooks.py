"""Webhooks (additive): other programs that are told of what happens."""

from __future__ import annotations

from dataclasses import asdict

from ground.changes import Subject
from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.actor import Actor
from operations.event_types import TYPES, kinds_of
from operations.operation import Ask, read, write
from operations.resources import Resource
from operations.scopes import Scope
from storage import secrets, webhooks
from storage.errors import Unusable
from storage.store import Database
from webhooks.programs import CURRENT, OVERLAP, PREVIOUS
from webhooks.signing import new_secret

AT_MOST = 50
_READS = {
    Subject.POST: Scope.POSTS_READ,
    Subject.REPOST: Scope.REPOSTS_READ,
    Subject.CONFIG: Scope.REPOSTS_READ,
    Subject.ACCOUNT: Scope.ACCOUNTS_READ,
    Subject.LOGIN: Scope.ACCOUNTS_READ,
}


@write(
    models.NewWebhook,
    scope=Scope.WEBHOOKS_WRITE,
    takes=models.WebhookRequest,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS],
)
def create_webhook(db: Database, ask: Ask[models.WebhookRequest]) -> models.NewWebhook:
    """Add an address that is told of what happens from now on; `secret` is shown this once.

    It can be told no more than whoever adds it may read.
    """
    asked = ask.given
    _require(ask.actor, asked)
    if len(webhooks.of_user(db, ask.user_id)) >= AT_MOST:
        raise Refusal(ErrorCode.INVALID_STATUS, f"There are {AT_MOST} already; remove one first")
    added = webhooks.add(
        db,
        user_id=ask.user_id,
        url=asked.url,
        types=asked.types,
        account_ids=asked.account_ids,
        now=ask.now,
    )
    secret = new_secret()
    secrets.put_of_webhook(db, ask.house.vault, added.id, CURRENT, secret)
    return models.NewWebhook(webhook=_shown(added), secret=secret)


@read(models.WebhookList, scope=Scope.WEBHOOKS_READ)
def list_webhooks(db: Database, ask: Ask[None]) -> models.WebhookList:
    """List webhooks, oldest first; those that were given up say why."""
    found = webhooks.of_user(db, ask.user_id)
    mine = [each for each in found if within(ask.actor, each.account_ids)]
    return models.WebhookList(webhooks=[_shown(each) for each in mine])


@write(
    models.Success,
    scope=Scope.WEBHOOKS_WRITE,
    on=Resource.WEBHOOK,
    refuses=[ErrorCode.NOT_FOUND],
)
def delete_webhook(db: Database, ask: Ask[None]) -> models.Success:
    """Remove a webhook, with its log and what it was still to be told."""
    webhooks.remove(db, ask.id, ask.now)
    return models.Success()


@write(
    models.Webhook, scope=Scope.WEBHOOKS_WRITE, on=Resource.WEBHOOK, refuses=[ErrorCode.NOT_FOUND]
)
def enable_webhook(db: Database, ask: Ask[None]) -> models.Webhook:
    """Tell a webhook again that was given up; what waits for it is tried at once."""
    return _shown(webhooks.enable(db, ask.id, ask.now))


@write(
    models.Success,
    scope=Scope.WEBHOOKS_WRITE,
    on=Resource.WEBHOOK,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS],
)
def send_webhook_test(db: Database, ask: Ask[None]) -> models.Success:
    """Tell a webhook of a test (`webhook.test`); the log shows what came of it."""
    if webhooks.get(db, ask.id).disabled_at is not None:
        raise Refusal(ErrorCode.INVALID_STATUS, "It was given up; enable it first")
    webhooks.test(db, ask.id, ask.now)
    return models.Success()


@write(
    models.NewWebhook,
    scope=Scope.WEBHOOKS_WRITE,
    on=Resource.WEBHOOK,
    refuses=[ErrorCode.NOT_FOUND],
)
def rotate_webhook_secret(db: Database, ask: Ask[None]) -> models.NewWebhook:
    """Make a new secret, shown this once; for 24 hours the old one signs as well."""
    vault = ask.house.vault
    try:
        old = secrets.of_webhook(db, vault, ask.id).get(CURRENT)
    except Unusable:  # changed or moved in the database: it has signed nothing since
        old = None
    secret = new_secret()
    if old is not None:
        secrets.put_of_webhook(db, vault, ask.id, PREVIOUS, old)
    secrets.put_of_webhook(db, vault, ask.id, CURRENT, secret)
    webhooks.keep_old_secret_until(db, ask.id, ask.now + OVERLAP)
    return models.NewWebhook(webhook=_shown(webhooks.get(db, ask.id)), secret=secret)


@read(
    models.WebhookDeliveryList,
    scope=Scope.WEBHOOKS_READ,
    takes=models.WebhookDeliveryQuery,
    on=Resource.WEBHOOK,
    refuses=[ErrorCode.NOT_FOUND],
)
def list_webhook_deliveries(
    db: Database, ask: Ask[models.WebhookDeliveryQuery]
) -> models.WebhookDeliveryList:
    """Return what a webhook was told or is to be told, newest first; it is kept for 30 days."""
    return log_of(db, ask)


@write(
    models.WebhookDelivery,
    scope=Scope.WEBHOOKS_WRITE,
    on=Resource.WEBHOOK_DELIVERY,
    refuses=[ErrorCode.NOT_FOUND],
)
def redeliver_webhook(db: Database, ask: Ask[None]) -> models.WebhookDelivery:
    """Send a message again, under the same id."""
    return _shown_delivery(webhooks.redeliver(db, ask.id, ask.now))


@write(
    models.Recovered,
    scope=Scope.WEBHOOKS_WRITE,
    takes=models.RecoverRequest,
    on=Resource.WEBHOOK,
    refuses=[ErrorCode.NOT_FOUND],
)
def recover_webhook(db: Database, ask: Ask[models.RecoverRequest]) -> models.Recovered:
    """Send every message again that was given up since a time."""
    return models.Recovered(count=webhooks.recover(db, ask.id, ask.given.since, ask.now))


def log_of(db: Database, ask: Ask[models.WebhookDeliveryQuery]) -> models.WebhookDeliveryList:
    """Return what a receiver of any kind was told."""
    query = ask.given
    found = webhooks.deliveries(db, ask.id, before=query.before, limit=query.limit + 1)
    page = found[: query.limit]
    return models.WebhookDeliveryList(
        deliveries=[_shown_delivery(each) for each in page],
        next=page[-1].event_id if len(found) > len(page) else None,
    )


def within(actor: Actor, account_ids: list[str] | None) -> bool:
    """Say whether a receiver hears of no account that the actor may not see."""
    return actor.accounts is None or (
        account_ids is not None and actor.accounts.issuperset(account_ids)
    )


def _require(actor: Actor, asked: models.WebhookRequest) -> None:
    for subject, _ in kinds_of(asked.types) if asked.types else TYPES.values():
        if subject in _READS:
            actor.require(_READS[subject])
    actor.require_grant(actor.scopes, asked.account_ids)


def _shown(webhook: webhooks.Webhook) -> models.Webhook:
    return models.Webhook.model_validate(asdict(webhook))


def _shown_delivery(delivery: webhooks.WebhookDelivery) -> models.WebhookDelivery:
    return models.WebhookDelivery.model_validate(asdict(delivery))
