"""Pages of media that lose nothing: aiograpi cuts them while its cursor goes on behind the cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiograpi.extractors import extract_media_v1

from instagram.private.client import PrivateClient

Page = tuple[list[Any], str]


async def posts(client: PrivateClient, user_pk: str, amount: int, cursor: str) -> Page:
    """Return a page of somebody's posts, all of what came, and the cursor of the next."""
    params = {"max_id": cursor, "count": amount, "rank_token": client.rank_token}
    answer = await client.private_request(
        f"feed/user/{int(user_pk)}/", params={**params, "ranked_content": "true"}
    )
    return _media(answer["items"]), str(answer.get("next_max_id") or "")


async def tagged(client: PrivateClient, user_pk: str, _amount: int, cursor: str) -> Page:
    """Return a page of what somebody is tagged in."""
    answer = await client.private_request(
        f"usertags/{int(user_pk)}/feed/", params={"max_id": cursor}
    )
    return _media(answer["items"]), str(answer.get("next_max_id") or "")


async def videos(client: PrivateClient, user_pk: str, amount: int, cursor: str) -> Page:
    """Return a page of somebody's videos."""
    params = {"id": f"uservideo_{int(user_pk)}", "count": amount, "max_id": cursor}
    answer = await client.private_request("igtv/channel/", params=params)
    return _media(answer["items"]), str(answer.get("max_id") or answer.get("next_max_id") or "")


async def reels(client: PrivateClient, user_pk: str, amount: int, cursor: str) -> Page:
    """Return a page of somebody's Reels."""
    data = {"target_user_id": int(user_pk), "max_id": cursor, "page_size": amount}
    answer = await client.private_request(
        "clips/user/", data={**data, "include_feed_video": "true"}
    )
    items = [each["media"] for each in answer["items"]]
    return _media(items), str((answer.get("paging_info") or {}).get("max_id") or "")


def _media(items: list[Mapping[str, Any]]) -> list[Any]:
    return [extract_media_v1(item) for item in items]
