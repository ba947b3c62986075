"""Pictures, for whoever is shown one instead of an address."""

from __future__ import annotations

from operations.models.base import Schema


class Picture(Schema):
    """A small picture; `data` is base64."""

    mime_type: str
    data: str
