"""Highlights: stories that are kept on the profile."""

from __future__ import annotations

from typing import Any

import orjson

from session_api.given import Malformed
from session_api.row import Given, Group, Rail

highlights = Group("Highlights")

highlights.row(
    "GET", "/highlight", "highlight_pk*", "highlight_info_v1(highlight_pk)", "Highlight", Rail.READ,
    "One highlight with its stories", older=("/highlight/info",),
)  # fmt: skip


async def _create(client: Any, given: Given) -> Any:
    crop = {"crop_rect": given["crop_rect"]} if given["crop_rect"] else {}
    if crop and len(given["crop_rect"]) != 4:
        raise Malformed("crop_rect is four numbers")
    return await client.highlight_create(
        given["title"], given["story_ids"], given["cover_story_id"], **crop
    )


highlights.row(
    "POST", "/highlight", "title*, story_ids*[], cover_story_id=, crop_rect[float]", None,
    "Highlight", Rail.PUBLISH, "Keep some of the own stories on the profile", step=_create,
    act="highlight",
)  # fmt: skip


async def _edit(client: Any, given: Given) -> Any:
    cover = _object(given["cover"]) if given["cover"] else {}
    added, removed = given["added_media_ids"], given["removed_media_ids"]
    if not (given["title"] or cover or added or removed):
        raise Malformed("Nothing is to be changed")
    return await client.highlight_edit(given["highlight_pk"], given["title"], cover, added, removed)


def _object(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Malformed("cover is not an object in JSON")
    return found


highlights.row(
    "PATCH", "/highlight", "highlight_pk*, title=, cover, added_media_ids[], removed_media_ids[]",
    None, "Highlight", Rail.PUBLISH,
    "Change title, cover (an object in JSON) or stories of a highlight", step=_edit,
    act="highlight",
)  # fmt: skip
highlights.row(
    "DELETE", "/highlight", "highlight_pk*", "highlight_delete(highlight_pk)", "bool", Rail.PUBLISH,
    "Take a highlight down", act="highlight",
)  # fmt: skip
highlights.pair(
    "/highlight/story", "highlight_pk*, story_ids*[]",
    "highlight_add_stories(highlight_pk, story_ids)",
    "highlight_remove_stories(highlight_pk, story_ids)", "Highlight", Rail.PUBLISH,
    "Add stories to a highlight", older=("/highlight/stories",),
    act="highlight",
)  # fmt: skip
