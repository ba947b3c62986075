"""The copy on the Facebook Page: a step of its own that never touches the Instagram post.

It is sent at most once: the Page cannot be asked reliably whether it has a post, and a missing
copy is better than two.
"""

from __future__ import annotations

import logging
from typing import Any

import tenacity
import trio

from instagram import errors
from instagram.graph.api import GraphApi
from instagram.graph.gateway import GraphGateway
from instagram.graph.objects import Page
from publish.media_links import MediaLinks
from publish.record import DeliveryRecord
from storage.deliveries import PageStep, RouteName
from storage.posts import MediaType, Post

logger = logging.getLogger(__name__)
_Columns = dict[str, Any]
_MAYBE = "Published on Instagram; whether the Facebook Page has it is unknown: look there"
_NOT = "Published on Instagram, but not on the Facebook Page: "


class CrossPoster:
    """Puts what is live on Instagram on the account's Page too."""

    def __init__(self, gateway: GraphGateway, links: MediaLinks, *, pace: float) -> None:
        self._gateway = gateway
        self._links = links
        self._again = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(errors.Unavailable),
            stop=tenacity.stop_after_attempt(3),
            wait=tenacity.wait_fixed(5 * pace),
            sleep=trio.sleep,
            reraise=True,
        )

    async def post(self, post: Post, record: DeliveryRecord) -> tuple[PageStep | None, _Columns]:
        """Return how far the copy came, and the post's columns that this changes.

        Both are for the caller to record at once. Never raises `InstagramError`s.
        """
        row = record.row
        if row.page_step is PageStep.POSTING:
            return row.page_step, {"error_message": _MAYBE}
        if row.page_step is not None:
            return row.page_step, {}
        if row.route is not RouteName.GRAPH or post.media_type is MediaType.STORIES:
            why = "that takes the official API, and no story"
            return PageStep.FAILED, {"error_message": f"{_NOT}{why}"}
        try:
            return PageStep.POSTED, await self._send(post, record)
        except errors.InstagramError as error:
            logger.warning("no page post post=%s reason=%s", post.id, error.reason)
            if isinstance(error, errors.Unavailable) and error.maybe_applied:
                return PageStep.POSTING, {"error_message": _MAYBE}
            return PageStep.FAILED, {"error_message": f"{_NOT}{error.reason}"}

    async def _send(self, post: Post, record: DeliveryRecord) -> _Columns:
        api = self._gateway.account(post.instagram_account_id)
        page: Page = await self._again(api.page)
        edge, parameters = _content(post, await self._url(record))
        await record.advance(record.step, page_step=PageStep.POSTING)
        post_id = await _posted(api, page, edge, parameters)
        logger.info("page post post=%s page=%s", post.id, page.id)
        return {
            "facebook_post_id": post_id,
            "facebook_permalink": f"https://www.facebook.com/{post_id}",
        }

    async def _url(self, record: DeliveryRecord) -> str:
        return await self._links.checked_url(record.row.id, 0)


async def _posted(api: GraphApi, page: Page, edge: str, parameters: dict[str, str]) -> str:
    try:
        return await api.post_on_page(page, edge, parameters)
    except errors.RateLimited as limited:
        # Not known to have had no effect; nothing is repeated.
        raise errors.Unavailable(limited.reason, maybe_applied=True) from limited


def _content(post: Post, url: str) -> tuple[str, dict[str, str]]:
    text = post.caption or ""
    if post.media_type is MediaType.REELS:
        return "videos", {"file_url": url, "description": text}
    return "photos", {"url": url, "message": text}
