"""Uploads as a library: what each file fits, and which posts show it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from operations.models.base import Schema, Uuid
from operations.models.media import MediaFile
from storage.posts import MediaType, PostStatus


class FormatFit(Schema):
    """Whether a file fits a kind of post; `reason` says why not."""

    media_type: MediaType
    reason: str | None


class ShownIn(Schema):
    """A post that shows a file."""

    post_id: Uuid
    status: PostStatus


class LibraryFile(MediaFile):
    """A file with what it fits and the posts that show it, the newest five of `usedBy`."""

    fits: list[FormatFit]
    shown_in: list[ShownIn]
    used_by: int
    is_planned: bool


class LibraryQuery(Schema):
    """`unused` leaves out what any post shows; `text` is looked for in the files' names."""

    limit: int = Field(default=50, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=2**62)
    type: Literal["image", "video"] | None = None
    unused: bool = False
    text: str | None = Field(default=None, max_length=200)


class Library(Schema):
    """A page of the library, newest first; `bytes` is what all of the chosen files take."""

    files: list[LibraryFile]
    total: int
    bytes: int
    has_more: bool


class MediaPreviewRequest(Schema):
    """For which kind of post a file is to be shown."""

    media_type: MediaType


class MediaPreview(Schema):
    """A file as it would be sent; of a video, its first picture. `image` is a `data:` URL.

    `change` says what is done to it before it is sent.
    """

    image: str
    width: int
    height: int
    change: str


class FrameRequest(Schema):
    """How a photo is cut or padded: to `aspect`, around the focal point (`crop`) or whole on its
    own blur (`pad`). `x` and `y` are 0 (left, top) to 1 (right, bottom)."""

    aspect: Literal["4:5", "1:1", "1.91:1", "9:16"]
    mode: Literal["crop", "pad"] = "crop"
    x: float = Field(default=0.5, ge=0, le=1)
    y: float = Field(default=0.5, ge=0, le=1)
