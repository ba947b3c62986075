"""Comments by requests of our own: where aiograpi loses the place, loops, or fails.

It sends the cursor of a page of comments as a form, which Instagram reads as a new comment's
request, goes on until it has enough, and cannot ask whether a text is offensive at all.
"""

from __future__ import annotations

from typing import Any

from aiograpi import exceptions as ig
from aiograpi.extractors import extract_comment

from instagram import errors
from instagram.private.client import PrivateClient

_MOST_PAGES = 20
_LIKERS, _LIKERS_A_PAGE = "5f0b1f6281e72053cbc07909c8d154ae", 50


async def page(
    client: PrivateClient, media_id: str, cursor: str | None
) -> tuple[list[Any], str | None]:
    """Return a page of the comments below a post, as long as Instagram makes it."""
    params = {"min_id": cursor} if cursor else {}
    found = await client.private_request(f"media/{media_id}/comments/", params=params)
    more = found.get("has_more_headload_comments")
    comments = [extract_comment(each) for each in found["comments"]]
    return comments, found.get("next_min_id") if more else None


async def stream(client: PrivateClient, media_id: str, min_id: str, max_id: str) -> dict[str, Any]:
    """Return a page of the comments and the cursors of both directions."""
    found, before, after = await client.media_stream_comments_v1_chunk(media_id, min_id, max_id)
    return {"items": found, "min_cursor": before or "", "max_cursor": after or ""}


async def answers(client: PrivateClient, media_id: str, comment_id: str, most: int) -> list[Any]:
    """Return at most so many answers to a comment."""
    found: list[Any] = []
    params: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        where = f"media/{media_id}/comments/{comment_id}/inline_child_comments/"
        answer = await client.private_request(where, params=params)
        found += [extract_comment(each) for each in answer["child_comments"]]
        cursor = answer.get("next_min_child_cursor")
        if len(found) >= most or not cursor or not answer.get("has_more_head_child_comments"):
            break
        params = {"min_id": cursor}
    return found[:most]


async def is_offensive(client: PrivateClient, media_id: str, text: str) -> bool:
    """Return whether Instagram takes a text for one that would hurt somebody."""
    data = client.with_action_data({"media_id": media_id, "comment_text": text})
    found = await client.private_request("media/comment/check_offensive_comment/", data)
    return bool(found["is_offensive"])


async def likers(client: PrivateClient, comment_pk: str, most: int) -> list[Any]:
    """Return at most so many who like a comment; raises `Gone` where there is no such comment.

    Only the website knows. That it wants a login says nothing about the app's.
    """
    found: list[Any] = []
    client.inject_sessionid_to_public()
    more: dict[str, Any] = {}
    for _ in range(-(-most // _LIKERS_A_PAGE)):
        asked = {"comment_id": comment_pk, "first": _LIKERS_A_PAGE, **more}
        try:
            told = await client.public_graphql_request(asked, query_hash=_LIKERS)
        except ig.ClientLoginRequired as refused:
            raise errors.Refused("Instagram's website does not show it to this login") from refused
        if told["comment"] is None:
            raise errors.Gone("There is no such comment")
        liked = told["comment"]["edge_liked_by"]
        found += [edge["node"] for edge in liked["edges"]]
        page = liked.get("page_info") or {}
        if not page.get("has_next_page"):
            break
        more = {"after": page["end_cursor"]}
    return found[:most]
