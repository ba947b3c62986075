"""Instagram's own streams of Reels, where aiograpi answers an empty list to every error."""

from __future__ import annotations

from typing import Any

from aiograpi.extractors import extract_media_v1

from instagram.private.client import PrivateClient

WHERE = {
    "reels": "clips/connected/",
    "friends_reels": "clips/discover/social/",
    "explore_reels": "clips/discover/",
}
_MOST_PAGES = 20


async def reels(client: PrivateClient, which: str, most: int, last_pk: int) -> list[Any]:
    """Return at most so many Reels of a stream, those before the one with `last_pk`."""
    found: list[Any] = []
    cursor = ""
    for _ in range(_MOST_PAGES):
        answer = await client.private_request(WHERE[which], data=" ", params={"max_id": cursor})
        name = "items_with_ads" if "items_with_ads" in answer else "items"
        for item in answer[name]:
            media = item.get("media")
            if media and last_pk and str(media["pk"]) == str(last_pk):
                return found
            if media:
                found.append(extract_media_v1(media))
        paging = answer.get("paging_info") or {}
        if len(found) >= most or not paging.get("more_available") or paging["max_id"] == cursor:
            break
        cursor = paging["max_id"]
    return found[:most]
