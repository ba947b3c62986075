"""The Python client of Reprise, and of every server with the same API as VoidGram's."""

from reprise_client.client import AsyncReprise, Reprise
from reprise_client.errors import (
    AnswerLost,
    Failed,
    NotAllowed,
    NotFound,
    NotRunning,
    PublishFailed,
    RateLimited,
    RepriseError,
    WebhookInvalid,
)
from reprise_client.webhooks import verify_webhook

__all__ = [
    "AnswerLost",
    "AsyncReprise",
    "Failed",
    "NotAllowed",
    "NotFound",
    "NotRunning",
    "PublishFailed",
    "RateLimited",
    "Reprise",
    "RepriseError",
    "WebhookInvalid",
    "verify_webhook",
]
