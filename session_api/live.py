"""A post that is live, as aiograpi shows it: read once, and told from our own record where that
fails. What is out is never answered with an error."""

from __future__ import annotations

import logging
from typing import Any

from instagram import errors
from instagram.private import calls
from session_api.addresses import code_in
from session_api.given import Malformed
from session_api.question import Question
from storage import accounts, media_files
from storage.accounts import Account
from storage.media_files import MediaFile
from storage.posts import MediaType, Post

logger = logging.getLogger(__name__)
_KINDS = {MediaType.IMAGE: 1, MediaType.REELS: 2, MediaType.CAROUSEL: 8}


async def shown(question: Question, post: Post) -> Any:
    """Return a published post as `Media`, or `Story`."""
    store = question.around.house.store
    account = await store.read(accounts.get, question.used.account_id)
    media = await store.read(media_files.of_post, post.id)
    is_story = post.media_type is MediaType.STORIES

    async def read(client: Any) -> Any:
        number = _number(client, post)
        if is_story:
            return calls.told(await client.story_info_v1(f"{number}_{client.user_id}"))
        return calls.told(await client.media_info_v1(number))

    try:
        return await question.run(read, writes=False)
    except (errors.InstagramError, Malformed) as error:
        logger.info("live and not read back post=%s reason=%s", post.id, error)
    return calls.told(_recorded(post, account, media))


def _number(client: Any, post: Post) -> str:
    # The official API has numbers of its own; the address leads to the one that counts here.
    if not post.published_via_private_api and "/stories/" not in (post.ig_permalink or ""):
        return str(client.media_pk_from_code(code_in(post.ig_permalink or "")))
    return post.ig_media_id or ""


def _recorded(post: Post, account: Account, media: list[MediaFile]) -> Any:
    code = (post.ig_permalink or "").rstrip("/").rpartition("/")[2]
    number, owner = post.ig_media_id or "", account.ig_user_id
    said: dict[str, Any] = {
        "pk": number,
        "id": f"{number}_{owner}",
        "code": code,
        "taken_at": post.published_at,
        "user": {"pk": owner, "username": account.username},
        "sponsor_tags": [],
    }
    if post.media_type is MediaType.STORIES:
        kind = 2 if any(file.is_video for file in media) else 1
        none: dict[str, Any] = {
            name: [] for name in ("mentions", "links", "hashtags", "locations", "stickers")
        }
        return calls.built("Story", {**said, **none, "media_type": kind, "product_type": "story"})
    more: dict[str, Any] = {
        "media_type": _KINDS[post.media_type],
        "product_type": "clips" if post.media_type is MediaType.REELS else "feed",
        "like_count": 0,
        "caption_text": post.caption or "",
        "usertags": [],
    }
    return calls.built("Media", {**said, **more})
