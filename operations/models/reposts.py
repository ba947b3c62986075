"""Mentions and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from operations.models.base import (
    AccountId,
    Id,
    Instant,
    Moment,
    RepostId,
    Schema,
    Uuid,
    _plus,
    whole,
)
from repost.layout import Template
from storage.reposts import RepostLimit, RepostStatus


class RepostItem(Schema):
    id: Uuid
    account_id: Uuid
    status: RepostStatus
    reason: str | None
    held_until: Moment | None
    original_username: str
    kind: str | None
    story_pk: str
    source: str
    mentioned_at: Moment
    expires_at: Moment
    post_id: Uuid | None
    permalink: str | None
    created_at: Moment
    updated_at: Moment
    caption: str | None
    # Files of the daemon, for a key or a session: a still of the story, the story, the card.
    preview_url: str | None
    story_url: str | None
    card_url: str | None
    thumbnail_url: str | None  # a small WebP of the card, or of the story before there is one
    # What is to be known before it goes out, and the same in words: close friends, no resharing…
    limits: list[RepostLimit]
    warning: str | None
    template: Template | None = None  # of its card, where another was chosen than the account's


class PendingRepost(RepostItem):
    """What a person needs to decide about a mention; it is dropped at `decide_before`."""

    username: str
    decide_before: Moment
    author_followers: int | None


class PendingQuery(Schema):
    """`after` is the last id of a page."""

    account_id: AccountId | None = None
    limit: int | None = Field(default=None, ge=1, le=200)
    after: RepostId | None = None


class PendingReposts(Schema):
    """`next` is the `after` of the next page, null on the last one.

    `asOf` is the newest event that there was: a decision about `all` takes it, so as not to be
    about what has come since.
    """

    reposts: list[PendingRepost]
    next: Uuid | None = None
    as_of: int = 0


class Decision(Schema):
    """Either `ids`, or `all` with or without an `accountId`.

    With `asOf` (additive) `all` are those that waited when somebody looked (`asOf` of
    `GET /story-repost/pending`) and have not changed since, the oldest thousand at most.
    """

    ids: list[Id] | None = Field(default=None, min_length=1, max_length=1000)
    all: bool | None = None
    account_id: AccountId | None = None
    as_of: int | None = Field(default=None, ge=0, le=2**53)

    _whole = field_validator("as_of", mode="before")(whole)

    @model_validator(mode="after")
    def _names_some(self) -> Decision:
        if bool(self.ids) == bool(self.all):
            raise ValueError("send either `ids` or `all`: true")
        if self.ids and self.account_id is not None:
            raise ValueError("`accountId` goes with `all`")
        if self.ids and self.as_of is not None:
            raise ValueError("`asOf` goes with `all`")
        return self


class Reconsidering(Schema):
    repost_ids: list[RepostId] = Field(min_length=1, max_length=1000)


class RefusedDecision(Schema):
    id: Uuid
    reason: str


class Decided(Schema):
    """`cameSince` (additive) says how many wait that came, or came back, after `asOf`."""

    decided: list[RepostItem]
    refused: list[RefusedDecision]
    came_since: int | None = None


class PassedOver(Schema):
    """An account that was not scanned, and why."""

    account_id: Uuid
    reason: str


class ScanResult(Schema):
    detected: int
    pending: int
    items: list[RepostItem]
    requests: int
    passed_over: list[PassedOver]


class RepostEvent(Schema):
    state: RepostStatus
    reason: str | None
    at: Moment
    via: str | None = None  # additive: how somebody asked for it, null for the daemon's own


class RepostDetails(RepostItem):
    """A mention with every change of its state, oldest first.

    `look` is the same as long as its card looks the same; who approves may send it back.
    """

    events: list[RepostEvent]
    look: str | None = None


class Approval(Schema):
    """With the `look` that was seen (additive), a card that looks otherwise is not approved."""

    look: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class CardChoice(Schema):
    """Another template for one mention's card; null is the account's again."""

    template: Template | None


REPOST_GROUPS: Mapping[str, tuple[RepostStatus, ...]] = MappingProxyType(
    {
        "waiting": (RepostStatus.WAITING_APPROVAL,),
        "moving": (RepostStatus.QUEUED, RepostStatus.DOWNLOADED, RepostStatus.DETECTED),
        "out": (RepostStatus.PUBLISHED,),
        "skipped": (RepostStatus.SKIPPED,),
        "missed": (RepostStatus.FAILED, RepostStatus.EXPIRED),
    }
)


class RepostQuery(Schema):
    """`since` (inclusive) and `until` are times of detection; `after` is the last id of a page.

    `group` (additive) is several states at once, as a person thinks of them.
    """

    account_id: AccountId | None = None
    status: RepostStatus | None = None
    group: Literal["waiting", "moving", "out", "skipped", "missed"] | None = None
    since: Annotated[Instant, BeforeValidator(_plus)] | None = None
    until: Annotated[Instant, BeforeValidator(_plus)] | None = None
    limit: int = Field(default=100, ge=1, le=200)
    after: RepostId | None = None


class RepostHistory(Schema):
    """`next` is the `after` of the next page, null on the last one."""

    reposts: list[RepostItem]
    next: Uuid | None = None
