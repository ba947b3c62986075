"""What a post says and shows, as one fingerprint: a delivery sends what it was opened for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from storage.media_files import MediaFile
from storage.posts import Post

_SAID = (
    "instagram_account_id",
    "media_type",
    "caption",
    "location_id",
    "location_name",
    "user_tags",
    "collaborators",
    "story_mentions",
    "story_stickers",
    "cross_post_to_facebook",
)


def fingerprint(post: Post, media: Sequence[MediaFile]) -> str:
    """Return the same text for the same content; ids that people are resolved to change nothing."""
    said = [_plain(getattr(post, name)) for name in _SAID]
    # Only where there are any: of posts without them it stays what it was before there were.
    said += [post.alt_texts] if post.alt_texts else []
    shown = [(file.id, file.sha256) for file in media]
    return sha256(json.dumps([said, shown], sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items() if name != "userId"}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
