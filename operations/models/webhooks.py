"""Webhooks: who is told of what happens, and what was told."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from operations.event_types import kinds_of
from operations.models.api_keys import AccountLimit
from operations.models.base import Instant, Moment, Schema, Uuid
from storage.webhooks import DeliveryStatus


def _is_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no address that begins with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("a user or password in an address ends up in logs; use a secret path")
    _ = parts.port  # raises ValueError for one that is none
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("an address has visible ASCII characters only")
    return value


def _are_types(value: str) -> str:
    return ",".join(word.strip() for word in value.split(",")) if value and kinds_of(value) else ""


WebhookUrl = Annotated[str, Field(max_length=2000), AfterValidator(_is_url)]
TypeList = Annotated[str, Field(max_length=2000), AfterValidator(_are_types)]


class WebhookRequest(Schema):
    """`types` such as `post.published,repost.*`, empty for all; `accountIds` null for all."""

    url: WebhookUrl
    types: TypeList = ""
    account_ids: AccountLimit = None


class Webhook(Schema):
    id: Uuid
    url: str
    types: str
    account_ids: list[Uuid] | None
    created_at: Moment
    disabled_at: Moment | None
    disabled_reason: str | None
    old_secret_until: Moment | None


class WebhookList(Schema):
    webhooks: list[Webhook]


class NewWebhook(Schema):
    """`secret` is shown this once; messages are signed with it (Standard Webhooks)."""

    webhook: Webhook
    secret: str = Field(repr=False)


class WebhookDelivery(Schema):
    """One message; `answer` is the start of what its receiver answered, or why there was none."""

    id: Uuid
    webhook_id: Uuid
    event_id: int
    type: str
    status: DeliveryStatus
    tries: int
    due_at: Moment | None
    created_at: Moment
    tried_at: Moment | None
    http_status: int | None
    took_ms: int | None
    answer: str | None


class WebhookDeliveryList(Schema):
    """`next` is the `before` of the next page."""

    deliveries: list[WebhookDelivery]
    next: int | None


class WebhookDeliveryQuery(Schema):
    before: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class RecoverRequest(Schema):
    since: Instant


class Recovered(Schema):
    """How many messages are sent again."""

    count: int
