"""A card that is drawn without posting it."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    Field,
)

from operations.models.base import (
    AccountId,
    MediaId,
    Schema,
)
from operations.models.repost_settings import (
    SignatureOverlay,
)
from repost.layout import Template


class CardPreviewRequest(Schema):
    """What `POST /story-repost/preview` takes; what is absent is as `accountId` is configured."""

    media_file_id: MediaId
    account_id: AccountId | None = None
    username: str | None = Field(default=None, min_length=1, max_length=30)
    template: Template | None = None
    signature_overlay: SignatureOverlay | None = None


class RepostPreviewRequest(Schema):
    template: Template | None = None


class LookRequest(Schema):
    """What a card would look like on the account's last story that is kept, or on a sample.

    What is absent is as the account is set; a `signatureOverlay` of null is no line at all.
    """

    account_id: AccountId
    sample: Literal["last", "tall", "wide", "dark", "bright", "video"] = "last"
    username: str | None = Field(default=None, min_length=1, max_length=30)
    template: Template | None = None
    signature_overlay: SignatureOverlay | None = None


class Look(Schema):
    """A small picture of a card; `image` is a `data:` URL, `sample` what it was drawn on."""

    template: Template
    sample: Literal["last", "tall", "wide", "dark", "bright", "video"]
    image: str


class StickerPlace(Schema):
    """Where the mention sticker goes: its centre and its size in shares of the story."""

    x: float
    y: float
    width: float
    height: float


class CardPreview(Schema):
    """A card that was not posted; `image` is a `data:` URL; of a video, one picture."""

    kind: Literal["photo", "video"]
    template: Template
    image: str
    width: int
    height: int
    sticker: StickerPlace | None
