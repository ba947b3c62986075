"""The account's own new posts and Reels, shared to its story like mentions.

A post becomes a row beside the mentions: the same rails, caps and approval let it out, and a
row is unique per account and post, so that none is shared twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from ground.clock import Clock
from ground.hold import Hold
from instagram import errors
from instagram.audience import Limit
from repost import guard
from repost.limits import ordered
from storage import credentials, repost_configs, reposts, trusted_time
from storage.credentials import Credentials
from storage.repost_configs import PollStatus, RepostConfig
from storage.reposts import OWN_FEED, Repost, RepostStatus
from storage.store import Database, Store
from storage.wrong_clock import is_ahead

if TYPE_CHECKING:
    from instagram.private.api import PrivateApi
    from instagram.private.feed import FeedPost

logger = logging.getLogger(__name__)

# What says something about the request and nothing about the account.
_PASSING = (errors.Unreachable, errors.Refused, errors.Gone, errors.NotReady)


@dataclass(frozen=True, slots=True)
class FeedScan:
    """How many new posts were found, and when the next scan is due by itself."""

    found: int
    due: datetime | None


class OwnFeed:
    """Scans the accounts' own feeds, one request each time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def scan(self, api: PrivateApi, account_id: str) -> FeedScan:
        """Scan for new posts if it is time, under the rails of scans of the inbox.

        Raises `InstagramError`s that concern the whole account.
        """
        config, login = await self._store.read(_settings, account_id)
        if (
            config is None
            or login is None
            or not (config.is_enabled and config.auto_repost_enabled)
        ):
            return FeedScan(0, None)
        held = self._held(config, login)
        if held is not None:
            return FeedScan(0, held.until)
        found, config = await self._read(api, login)
        held = self._held(config, login)
        return FeedScan(found, held.until if held else None)

    async def _read(self, api: PrivateApi, login: Credentials) -> tuple[int, RepostConfig]:
        try:
            shown = (await api.own_posts()).read
        except _PASSING as error:
            logger.warning("own feed not read account=%s reason=%s", login.account_id, error.reason)
            return 0, await self._store.write(
                _failed, login.account_id, error.reason, self._clock.now()
            )
        return await self._store.write(_keep, login, shown, self._clock.now())

    def _held(self, config: RepostConfig, login: Credentials) -> Hold | None:
        now = self._clock.now()
        looked_at = config.last_auto_sync_at
        as_poll = replace(
            config,
            # A look in the future was made by a clock that was wrong.
            backlog_cursor=None,
            chat_backlog=(),
            partial_looks=0,
            last_poll_at=looked_at if looked_at and looked_at <= now else None,
            last_poll_status=PollStatus.FAILED if config.auto_sync_failures else PollStatus.SUCCESS,
            consecutive_failures=config.auto_sync_failures,
        )
        return guard.may_poll(as_poll, login.session_started_at, now, self._clock.pace)


def switched(
    db: Database, config: RepostConfig, *, was_on: bool, now: datetime
) -> dict[str, object]:
    """Return what follows for a configuration when sharing own posts is switched on or off."""
    if config.auto_repost_enabled == was_on:
        return {}
    # By a clock that is behind, posts of before would be new.
    since = trusted_time.at_least(db, now) if config.auto_repost_enabled else None
    return {"auto_repost_since": since, "auto_sync_failures": 0, "last_auto_sync_error": None}


def _settings(db: Database, account_id: str) -> tuple[RepostConfig | None, Credentials | None]:
    return repost_configs.find(db, account_id), credentials.find(db, account_id)


def _keep(
    db: Database, login: Credentials, shown: Sequence[FeedPost], now: datetime
) -> tuple[int, RepostConfig]:
    config = repost_configs.get(db, login.account_id)
    since = config.auto_repost_since
    latest = trusted_time.at_least(db, now)
    config = repost_configs.change(
        db,
        login.account_id,
        now=now,
        # Switched on by a clock that was ahead: nothing is new by that one, for as long.
        auto_repost_since=latest if since is not None and is_ahead(since, latest) else since,
        last_auto_sync_at=now,
        auto_sync_failures=0,
        last_auto_sync_error=None,
    )
    new = [post for post in shown if _is_new(post, config, login, now, latest)]
    found = sum(reposts.add_new(db, _first_seen(post, config, login, now)) for post in new)
    logger.info("own feed read account=%s found=%d", login.account_id, found)
    return found, config


def _is_new(
    post: FeedPost, config: RepostConfig, login: Credentials, now: datetime, latest: datetime
) -> bool:
    since = config.auto_repost_since
    is_own = post.owner_pk == login.private_pk  # a collaborator's is in the grid as well
    # One of the future is of a time that Instagram tells wrongly: whether it is new, is not known.
    is_told = not is_ahead(post.taken_at, latest)
    is_news = is_told and now - post.taken_at <= guard.MAX_HELD
    return since is not None and is_own and is_news and post.taken_at >= since


def _first_seen(post: FeedPost, config: RepostConfig, login: Credentials, now: datetime) -> Repost:
    return Repost(
        id=str(uuid4()),
        user_id=config.user_id,
        account_id=config.account_id,
        story_pk=post.pk,
        status=RepostStatus.DETECTED,
        source=OWN_FEED,
        author_pk=login.private_pk,
        author_username=login.ig_username,
        mentioned_at=post.taken_at,
        expires_at=post.taken_at + guard.MAX_HELD,
        detected_at=now,
        caption=post.caption or None,
        media_url=post.picture_url,
        limits=ordered(post.limits - {Limit.PRIVATE_AUTHOR}),
        created_at=now,
        updated_at=now,
    )


def _failed(db: Database, account_id: str, reason: str, now: datetime) -> RepostConfig:
    config = repost_configs.get(db, account_id)
    return repost_configs.change(
        db,
        account_id,
        now=now,
        last_auto_sync_at=now,
        auto_sync_failures=config.auto_sync_failures + 1,
        last_auto_sync_error=reason,
    )
