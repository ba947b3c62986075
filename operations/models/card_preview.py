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
