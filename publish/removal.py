"""Deleting a published post from Instagram, and from the history with it.

A lost answer, or a refusal, says nothing about whether it was deleted: that is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import trio

from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from instagram import errors
from instagram.graph.gateway import GraphGateway
from instagram.private.gateway import PrivateGateway
from publish.asking import HOLDING
from storage import jobs, posts
from storage.posts import MediaType, Post, PostStatus
from storage.store import Database, Store

logger = logging.getLogger(__name__)
# When it is asked whether it is still there, and how often in succession it has to be missing.
LOOKS_S = (0.0, 5.0, 10.0)
LOST_LOOKS_S = (0.0, 5.0, 10.0, 30.0)
_ONCE_MORE_S = 5.0
_SURE = 2


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
        clock: Clock,
    ) -> None:
        self._store = store
        self._private = private
        self._graph = graph
        self._clock = clock

    async def remove(
        self, post_id: str, *, also: Callable[[Database, Removal], object] | None = None
    ) -> Removal:
        """Delete at Instagram, then clear the history whatever Instagram said.

        `also` is done in the transaction that clears it. Raises `NotFound`, and `Refusal` for
        posts that cannot be deleted there.
        """
        post = await self._store.read(_deletable, post_id)
        assert post.ig_media_id is not None
        error = await self._delete(post, post.ig_media_id)
        done = Removal(error, post.ig_permalink)

        def clear(db: Database) -> None:
            posts.archive(db, post_id, self._clock.now())
            if also is not None:
                also(db, done)

        await self._store.write(clear)
        logger.info("deleted post=%s at_instagram=%s", post_id, error is None)
        return done

    async def _delete(self, post: Post, media_id: str) -> str | None:
        """Return why it is not known to be deleted, or None when it is."""
        error = await self._request(post, media_id)
        if error is None or not error.maybe_applied:
            return None if error is None else error.reason
        logger.warning("deletion in doubt post=%s reason=%s", post.id, error.reason)
        try:
            if await self._is_there(post, media_id, error):
                return f"{error.reason}; it is still there"
        except errors.InstagramError as unasked:
            return (
                f"{error.reason}; whether it was deleted is not known ({unasked.reason}): look at "
                "the account in the Instagram app"
            )
        # After "there is no such post": it may have been gone before.
        return "It is gone from Instagram" if isinstance(error, errors.Gone) else None

    async def _request(self, post: Post, media_id: str) -> errors.InstagramError | None:
        """Ask Instagram to delete it; returns what it said instead of doing so."""
        account_id = post.instagram_account_id
        try:
            # A media id is one of the route's that made it.
            if post.published_via_private_api:
                is_deleted = await self._private.account(account_id).delete_media(media_id)
            else:
                is_deleted = await self._graph.account(account_id).delete(media_id)
        except errors.InstagramError as error:
            return error
        if is_deleted:
            return None
        refused = errors.Refused("Instagram did not delete it")
        refused.maybe_applied = True
        return refused

    async def _is_there(self, post: Post, media_id: str, error: errors.InstagramError) -> bool:
        """Ask whether it is still there: it is gone when two looks in succession say so."""
        insists = isinstance(error, HOLDING)
        # What was answered is done or not; what was lost may still be on its way.
        left_s = list(LOST_LOOKS_S if isinstance(error, errors.Unreachable) else LOOKS_S)
        missing = 0
        # Where the last look is the first that misses it, once more: it may have shown just then.
        while left_s or missing:
            await trio.sleep((left_s.pop(0) if left_s else _ONCE_MORE_S) * self._clock.pace)
            try:
                await self._look(post, media_id, insists)
                missing = 0
            except errors.Gone:
                missing += 1
            if missing == _SURE:
                return False
        return True

    async def _look(self, post: Post, media_id: str, insists: bool) -> None:
        """Look once; raises `Gone` where it is not there, by both of two ways to see it.

        "No such post" is also what a token is told that may not see it.
        """
        account_id = post.instagram_account_id
        if post.published_via_private_api:
            private = self._private.account(account_id)
            try:
                await private.post(media_id, insists=insists)
            except errors.Gone:
                if media_id not in (await private.own_posts(insists=insists)).pks:
                    raise
            return
        graph = self._graph.account(account_id, insists=insists)
        try:
            await graph.permalink(media_id)
        except errors.Gone:
            if media_id not in [media.id for media in await graph.recent(stories=False)]:
                raise


def _deletable(db: Database, post_id: str) -> Post:
    post = posts.get(db, post_id)
    if post.status is not PostStatus.PUBLISHED:
        raise Refusal(ErrorCode.INVALID_STATUS, f"It is not published, it is {post.status}")
    if post.media_type is MediaType.STORIES:
        raise Refusal(
            ErrorCode.STORIES_CANNOT_DELETE,
            "Stories end by themselves after 24 h; delete them in the app",
        )
    if post.ig_media_id is None:
        raise Refusal(ErrorCode.NO_MEDIA_ID, "Instagram's id of this post is not known")
    if jobs.open_for_post(db, post_id) is not None:
        # Its permalink is still asked for, or its copy is on the way to the Page.
        raise Refusal(
            ErrorCode.INVALID_STATUS, "It has just gone live; wait until that is complete"
        )
    return post
