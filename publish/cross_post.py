"""The copy on the Facebook Page: a step of its own that never touches the Instagram post.

It is sent at most once: a missing copy is better than two. What became of it is asked, whatever was
answered; only what the Page does not show after a refusal counts as refused.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import tenacity
import trio

from ground import shortage
from ground.clock import Clock
from instagram import errors
from instagram.fields import read_of
from instagram.graph.gateway import GraphGateway
from instagram.graph.objects import FacebookPage
from publish.media_links import MediaLinks
from publish.recognition import CLOCK_SLACK
from publish.record import DeliveryRecord
from storage import posts, users
from storage.deliveries import Delivery, PageStep, RouteName
from storage.posts import MediaType, Post
from storage.store import Database, Store

logger = logging.getLogger(__name__)
# When a Page is asked about a copy, one look after the other.
_LOOKS_S = (0.0, 15.0, 30.0)
# A copy of what is longer out than this is old news, as a repost is.
_LONGEST_LATE = timedelta(hours=72)
# Facebook tells times in whole seconds.
_ROUNDING = timedelta(seconds=2)
# What an answer brings upon the account must not keep us from asking what became of the copy.
_HOLDING = (errors.AccountTrouble, errors.RateLimited, errors.TokenExpired)
# Before anything is sent: what is said once of the Page is asked again.
_SAID_ONCE = (errors.Unreachable, errors.Unexplained, errors.Gone)
_Columns = dict[str, Any]
_MAYBE = "Published on Instagram; whether the Facebook Page has it is unknown: look there"
_NOT = "Published on Instagram, but not on the Facebook Page: "


class CrossPoster:
    """Puts what is live on Instagram on the account's Page too."""

    def __init__(
        self, store: Store, gateway: GraphGateway, links: MediaLinks, clock: Clock
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._links = links
        self._clock = clock
        self._looks_s = [wait_s * clock.pace for wait_s in _LOOKS_S]
        self._again = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(_SAID_ONCE),
            stop=tenacity.stop_after_attempt(3),
            wait=tenacity.wait_fixed(5 * clock.pace),
            sleep=trio.sleep,
            reraise=True,
        )

    async def post(self, post: Post, record: DeliveryRecord) -> tuple[PageStep | None, _Columns]:
        """Return how far the copy came, and the post's columns that this changes.

        Both are for the caller to record at once. Never raises `InstagramError`s.
        """
        row = record.row
        if row.page_step is PageStep.POSTING:
            return await self._in_doubt(post, record, None)
        if row.page_step is not None:
            return row.page_step, {}
        if row.route is not RouteName.GRAPH or post.media_type is MediaType.STORIES:
            why = "that takes the official API, and no story"
            return PageStep.FAILED, {"error_message": f"{_NOT}{why}"}
        try:
            return PageStep.POSTED, await self._send(post, record)
        except errors.InstagramError as raised:
            error = raised
        logger.warning("no page post post=%s reason=%s", post.id, error.reason)
        if error.maybe_applied:
            return await self._in_doubt(post, record, error)
        if isinstance(error, errors.Unreachable):
            shortage.check()  # what this machine lacks costs no copy: it is sent later
        return PageStep.FAILED, {"error_message": f"{_NOT}{error.reason}"}

    async def _send(self, post: Post, record: DeliveryRecord) -> _Columns:
        api = self._gateway.account(post.instagram_account_id)
        page: FacebookPage = await self._again(api.page)
        if (why := await self._store.read(self._why_not, post, record.row)) is not None:
            raise errors.Refused(why)
        edge, parameters = _content(post, await self._url(record))
        await record.advance(record.step, page_step=PageStep.POSTING)
        post_id = await api.post_on_page(page, edge, parameters)
        logger.info("page post post=%s page=%s", post.id, page.id)
        return _columns(post_id)

    def _why_not(self, db: Database, post: Post, row: Delivery) -> str | None:
        """Return why nobody wants the copy any more, or None; it may be weeks since it was live."""
        if users.is_stopped(db, post.user_id):
            return "you stopped everything"
        sent_at, now = row.their_time or row.publishing_at, self._gateway.their_time
        if sent_at is None or (now or self._clock.now()) - sent_at <= _LONGEST_LATE:
            return None
        return f"it has been out since {sent_at:%Y-%m-%d %H:%M} UTC, and this machine was off"

    async def _in_doubt(
        self, post: Post, record: DeliveryRecord, error: errors.InstagramError | None
    ) -> tuple[PageStep, _Columns]:
        """Ask the Page; `error` is what was answered, None where a crash has swallowed that."""
        try:
            found = await self._find(post, record, insists=isinstance(error, _HOLDING))
        except errors.InstagramError as unasked:
            logger.warning("page not asked post=%s reason=%s", post.id, unasked.reason)
            return PageStep.POSTING, {"error_message": _MAYBE}
        if found is not None:
            return PageStep.POSTED, _columns(found)
        if error is None or isinstance(error, (errors.Unreachable, errors.RateLimited)):
            # It may still be fetched or processed: not shown is not the same as not there.
            return PageStep.POSTING, {"error_message": _MAYBE}
        return PageStep.FAILED, {"error_message": f"{_NOT}{error.reason}"}

    async def _find(self, post: Post, record: DeliveryRecord, *, insists: bool) -> str | None:
        """Return the id of the one copy that the Page shows since it was sent, or None.

        Raises `Unreachable` where more than one could be it, or none surely is.
        """
        api = self._gateway.account(post.instagram_account_id, insists=insists)
        page = await api.page()
        # Sent by our clock, shown by Facebook's, which it has just told.
        theirs = self._gateway.their_time
        wrong_by = timedelta() if theirs is None else self._clock.now() - theirs
        if abs(wrong_by) <= CLOCK_SLACK:
            wrong_by = timedelta()
        since = record.row.updated_at - wrong_by - _ROUNDING
        said = read_of(post.caption or "")
        others = await self._store.read(posts.page_post_ids, post.instagram_account_id)
        for wait_s in self._looks_s:
            await trio.sleep(wait_s)
            alike = [
                shown
                for shown in await api.page_posts(page)
                if shown.at >= since - CLOCK_SLACK
                and read_of(shown.text) == said
                # A video's copy is known by the video's id, which ends that of its post.
                and others.isdisjoint((shown.id, shown.id.rpartition("_")[2]))
            ]
            if len(alike) == 1 and alike[0].at >= since:
                return alike[0].id
            if alike:  # somebody's own hand, or ours by another clock
                raise errors.Unreachable("The Page shows what may be the copy or another post")
        return None

    async def _url(self, record: DeliveryRecord) -> str:
        return await self._links.checked_url(record.row.id, 0)


def _columns(post_id: str) -> _Columns:
    return {
        "facebook_post_id": post_id,
        "facebook_permalink": f"https://www.facebook.com/{post_id}",
        "error_message": None,
    }


def _content(post: Post, url: str) -> tuple[str, dict[str, str]]:
    text = post.caption or ""
    if post.media_type is MediaType.REELS:
        return "videos", {"file_url": url, "description": text}
    return "photos", {"url": url, "message": text}
