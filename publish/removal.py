"""Deleting a published post from Instagram, and from the history with it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from instagram.errors import InstagramError
from instagram.graph.gateway import GraphGateway
from instagram.private.gateway import PrivateGateway
from publish.rules import RuleBroken
from storage import jobs, posts
from storage.posts import MediaType, Post, PostStatus
from storage.store import Database, Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of it: `error` is None when Instagram deleted the post."""

    error: str | None
    permalink: str | None


class Remover:
    """Deletes posts from Instagram."""

    def __init__(
        self,
        store: Store,
        private: PrivateGateway,
        graph: GraphGateway,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._private = private
        self._graph = graph
        self._now = now

    async def remove(self, post_id: str) -> Removal:
        """Delete at Instagram, then clear the history whatever Instagram said.

        Raises `NotFound`, and `RuleBroken` for posts that cannot be deleted there.
        """
        post = await self._store.read(_deletable, post_id)
        assert post.ig_media_id is not None
        error: str | None = None
        try:
            if not await self._delete(post, post.ig_media_id):
                error = "Instagram did not delete it"
        except InstagramError as refused:
            error = refused.reason
        await self._store.write(posts.archive, post_id, self._now())
        logger.info("deleted post=%s at_instagram=%s", post_id, error is None)
        return Removal(error, post.ig_permalink)

    async def _delete(self, post: Post, media_id: str) -> bool:
        # A media id is one of the route's that made it.
        if post.published_via_private_api:
            return await self._private.account(post.instagram_account_id).delete_media(media_id)
        return await self._graph.account(post.instagram_account_id).delete(media_id)


def _deletable(db: Database, post_id: str) -> Post:
    post = posts.get(db, post_id)
    if post.status is not PostStatus.PUBLISHED:
        raise RuleBroken("INVALID_STATUS", f"It is not published, it is {post.status}")
    if post.media_type is MediaType.STORIES:
        raise RuleBroken(
            "STORIES_CANNOT_DELETE", "Stories end by themselves after 24 h; delete them in the app"
        )
    if post.ig_media_id is None:
        raise RuleBroken("NO_MEDIA_ID", "Instagram's id of this post is not known")
    if jobs.open_for_post(db, post_id) is not None:
        # Its permalink is still asked for, or its copy is on the way to the Page.
        raise RuleBroken("INVALID_STATUS", "It has just gone live; wait until that is complete")
    return post
