"""Webhooks: who is told of what happens, and what was told."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from ground.changes import Subject
from operations.event_types import PATTERN, kinds_of
from operations.models.api_keys import AccountLimit
from operations.models.base import Instant, Moment, Schema, Uuid
from operations.models.posts import Post
from operations.models.reposts import RepostItem
from storage.webhooks import DeliveryStatus

_PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
# No user and password: they would end up in logs.
_URL = rf"^https?://(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::{_PORT})?(?:[/?][!-~]*)?$"


def _is_url(value: str) -> str:
    if not re.fullmatch(_URL, value):
        raise ValueError("no address such as https://example.com/hook, without user and password")
    return value


def _are_types(value: str) -> str:
    if value:
        kinds_of(value)
    return value


WebhookUrl = Annotated[
    str, Field(max_length=2000, json_schema_extra={"pattern": _URL}), AfterValidator(_is_url)
]
TypeList = Annotated[
    str,
    Field(max_length=2000, json_schema_extra={"pattern": f"^$|{PATTERN}"}),
    AfterValidator(_are_types),
]


class WebhookError(Schema):
    """Why something failed; the codes are those of docs/errors.md."""

    code: str
    error: str | None


class WebhookData(Schema):
    """What happened: `sequence` rises, `post` or `repost` is what it is about as it is now.

    `post`, `repost` and `error` are there where there is one.
    """

    sequence: int
    account_id: Uuid | None
    subject: Subject
    subject_id: str
    state: str
    reason: str | None
    via: str | None
    post: Post | None = Field(default=None, exclude_if=lambda found: found is None)
    repost: RepostItem | None = Field(default=None, exclude_if=lambda found: found is None)
    error: WebhookError | None = Field(default=None, exclude_if=lambda found: found is None)


class WebhookMessage(Schema):
    """What a webhook is told, after Standard Webhooks; `type` as in docs/events.md."""

    type: str
    timestamp: Moment
    data: WebhookData


class WebhookRequest(Schema):
    """`types` such as `post.published,repost.*`, empty for all; `accountIds` null for all."""

    url: WebhookUrl
    types: TypeList = ""
    account_ids: AccountLimit = None


class Webhook(Schema):
    """`lastFailedAt` is null again once it has heard something."""

    id: Uuid
    url: str
    types: str
    account_ids: list[Uuid] | None
    created_at: Moment
    disabled_at: Moment | None
    disabled_reason: str | None
    last_failed_at: Moment | None
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
