"""The queue, here and in the cloud."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from operations.models.base import (
    Moment,
    Schema,
)


class QueueCounts(Schema):
    waiting: int
    active: int
    delayed: int
    total: int


class QueueStatus(Schema):
    queue: Literal["local-sqlite"] = "local-sqlite"
    counts: QueueCounts


class CloudflareStatus(Schema):
    is_configured: bool
    is_verified: bool
    last_verified_at: Moment | None
    r2_configured: bool
    worker_configured: bool
    r2_bucket_name: str | None
    r2_public_url: str | None
    worker_url: str | None
    has_stored_api_token: bool


class CronTrigger(Schema):
    cron: str


class CronStatus(Schema):
    configured: bool
    crons: list[CronTrigger]
    has_cron: bool
    last_cron_run: Moment | None
    modified_on: Moment | None = Field(alias="modified_on")


class KvKey(Schema):
    name: str


class KvQuery(Schema):
    prefix: str | None = None


class KvList(Schema):
    configured: bool
    keys: list[KvKey]
    key_count: int
    meta_values: dict[str, str]


class CloudflareDiagnostics(Schema):
    version: str
    has_encryption_key: bool
    last_cron_run: Moment | None
    scheduled_count: int
    repost_config_count: int
    pending_repost_count: int
    completed_count: int
    failed_count: int
    recent_jobs: list[Any]
    timestamp: Moment
    offline: bool
    offline_reason: str


class CloudDeployRequest(Schema):
    """`account` is a Cloudflare account's id or name, where the token is for several; `domain` an
    address of one's own that leads to the Worker, "" for none, null for what is there;
    `replace` removes a Worker of another installation; `new_token` gives it a new bearer token."""

    api_token: str | None = Field(default=None, min_length=1, repr=False)
    account: str | None = None
    domain: str | None = Field(default=None, pattern="^(https://[^/?#@]+)?$")
    keep_token: bool = False
    replace: bool = False
    new_token: bool = False


class CloudDeployed(Schema):
    url: str
    version: str
    is_new: bool
    media_in: Literal["r2", "worker"]
    domain: str | None = None
    steps: list[str] = []


class CloudProbe(Schema):
    """Whether Meta could fetch from the Worker, under which address, and why not."""

    address: str
    fetched: bool
    reason: str | None
    at: Moment


class CloudRemoveRequest(Schema):
    api_token: str | None = Field(default=None, repr=False)
    at_once: bool = False
    empty_bucket: bool = False


class CloudRemoved(Schema):
    """What is left at Cloudflare, in words: a bucket with media in it."""

    success: bool = True
    left: list[str] = []
