"""Whether a downloaded mention may go out as far as the user's own wishes go.

Filters decide before approval, and again until its post exists: what the user changes meanwhile
holds. The rails come after that.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ground.clock import Clock
from instagram import errors
from repost import echo, filters, guard, limits, parking, rails, stumbles
from repost.filters import Author
from repost.hours import sleeping_until
from repost.redating import redated
from storage import authors, facts, repost_configs, repost_lists, reposts, trusted_time
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostLimit, RepostStatus
from storage.store import Database, Store
from storage.wrong_clock import SLACK, is_ahead, is_awaited, is_recent

if TYPE_CHECKING:
    from instagram.private.api import PrivateApi

logger = logging.getLogger(__name__)

FOLLOWERS_KNOWN_FOR = timedelta(days=1)
# Of thousands that wait each would be a transaction of its own.
_AT_ONCE = 100
_ASK_AGAIN_AFTER = timedelta(hours=1)
# A story is over a day after it was taken.
LONGEST_LEFT = timedelta(hours=25)
_UNDECIDED = (RepostStatus.DOWNLOADED, RepostStatus.WAITING_APPROVAL, RepostStatus.QUEUED)


class Decider:
    """Applies filters and approval, and learns what the filters need to know."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def decide(self, api: PrivateApi, repost: Repost) -> Repost:
        """Return the mention with what was decided: QUEUED when the rails may let it out.

        Raises `InstagramError`s that concern the whole account; the mention keeps its state.
        """
        decided = await self._store.write(_decide_if_known, repost.id, self._clock.now())
        if decided is None:
            decided = await self._learn_followers(api, repost)
        if decided is None:
            decided = await self._store.write(decide, repost.id, self._clock.now())
        return decided

    async def decide_waiting(self, listed: Sequence[Repost]) -> list[Repost]:
        """Decide about those that wait for a person, many at once; returns the others.

        Among the others are those that need a request first, or met an error: each alone.
        """
        others: list[Repost] = []
        for begin in range(0, len(listed), _AT_ONCE):
            chunk = listed[begin : begin + _AT_ONCE]
            try:
                left = await self._store.write(_still_open, chunk, self._clock.now())
            except Exception as error:
                if not stumbles.is_of_one(error):
                    raise
                left = list(chunk)
            others += left
        return others

    async def _learn_followers(self, api: PrivateApi, repost: Repost) -> Repost | None:
        """Read how many follow the author; returns the mention if that has to wait."""
        now = self._clock.now()
        if is_awaited(repost.held_until, repost.updated_at, now, guard.CLOCK_ERROR):
            return repost
        config = await self._store.read(repost_configs.get, repost.account_id)
        wakes_at = sleeping_until(config, now)
        if wakes_at is not None:
            reason = "The author's followers are counted after the sleep window"
            return await self._store.write(_wait, repost, reason, wakes_at, now)
        try:
            count = await api.follower_count(repost.author_pk)
        except (errors.Gone, errors.Unreachable, errors.Refused, errors.NotReady) as error:
            # Nothing here is final: the story is saved, and 72 h end the asking.
            reason = f"The author's followers could not be counted: {error.reason}"
            return await self._store.write(_wait, repost, reason, now + _ASK_AGAIN_AFTER, now)
        except errors.AccountOnHold:
            raise  # nothing was asked
        except errors.InstagramError as trouble:
            await self._store.write(_wait_behind_others, repost, trouble.reason, now)
            raise
        await self._store.write(authors.save_followers, repost.author_pk, count, now)
        return None


def _decide_if_known(db: Database, repost_id: str, now: datetime) -> Repost | None:
    """Decide in one transaction; None where the author's followers are to be counted first."""
    return None if _lacks_followers(db, repost_id, now) else decide(db, repost_id, now)


def _still_open(db: Database, listed: Sequence[Repost], now: datetime) -> list[Repost]:
    return [
        repost
        for repost in listed
        if repost.status is not RepostStatus.WAITING_APPROVAL
        or _decide_if_known(db, repost.id, now) is None
    ]


def decide(db: Database, repost_id: str, now: datetime) -> Repost:
    """Apply age, filters and approval to a mention in one transaction; returns it."""
    repost = reposts.get(db, repost_id)
    config = repost_configs.find(db, repost.account_id)
    if config is None or repost.status not in _UNDECIDED or repost.post_id is not None:
        return repost
    repost = redated(db, repost, now)
    stale_at = repost.mentioned_at + guard.MAX_HELD
    if is_stale(db, repost, now):
        return reposts.change(
            db, repost_id, RepostStatus.EXPIRED, now=now, reason=_why_expired(repost)
        )
    refused = refusal(db, config, repost)
    if refused is not None:
        return _skip(db, repost, refused, now)
    if repost.status is RepostStatus.WAITING_APPROVAL:
        return repost
    repost = _listened(db, repost)
    waits_for = why_approval(db, config, repost)
    if waits_for is not None and repost.approved_at is None:
        return reposts.change(
            db,
            repost_id,
            RepostStatus.WAITING_APPROVAL,
            now=now,
            reason=waits_for,
            held_until=stale_at,
        )
    if repost.status is RepostStatus.DOWNLOADED:
        return reposts.change(db, repost_id, RepostStatus.QUEUED, now=now)
    return repost


def expire_anew(db: Database, account_id: str, now: datetime) -> None:
    """Take back what has expired by a clock that was ahead, as the time of it tells.

    It may as well be this clock that is behind. Where Instagram has told a later time, it is; what
    is saved waits until Instagram's time has confirmed this one, for it would go out however old
    it is. Whether a story is over, Instagram says at the next look.
    """
    if trusted_time.is_behind(db, now):
        return
    is_confirmed = trusted_time.is_confirmed(db, now)
    for repost in repost_lists.expired_after(db, account_id, now + SLACK):
        if repost.media_path is None:
            state, ends_at = RepostStatus.DETECTED, repost.expires_at
            may = ends_at <= now + LONGEST_LEFT
        else:
            state, ends_at = RepostStatus.DOWNLOADED, repost.mentioned_at + guard.MAX_HELD
            may = is_confirmed and not is_ahead(repost.mentioned_at, now)
        if may and ends_at > now:
            logger.info("expired by a wrong clock, and taken back id=%s", repost.id)
            reposts.change(db, repost.id, state, now=now)


def is_stale(db: Database, repost: Repost, now: datetime) -> bool:
    """Say whether a mention is no news any more, by a clock that can be believed."""
    return now > repost.mentioned_at + guard.MAX_HELD and trusted_time.is_believed(db, now)


def refusal(db: Database, config: RepostConfig, repost: Repost) -> str | None:
    """Return why the user's filters keep a mention out, or None; keeps its author's id.

    They are about other people's stories. What a person approved, or always wants, is stopped by
    the deny list alone.
    """
    if repost.is_own:
        return None if config.auto_repost_enabled else "Sharing your own posts is switched off"
    if (echoed := echo.refusal(db, repost)) is not None:
        return echoed
    authors.recognise(db, config.account_id, repost.author_username, repost.author_pk)
    rules, author = authors.rules_of(db, config.account_id), _author(db, repost)
    if repost.approved_at is not None or filters.is_always(rules, author):
        return filters.denial(rules, author)
    return (
        filters.author_refusal(rules, author)
        or filters.word_refusal(config, repost.caption)
        or filters.follower_refusal(config, author)
    )


def _listened(db: Database, repost: Repost) -> Repost:
    """Return a mention with its limit where it may be a repost that was made here."""
    if repost.is_own or RepostLimit.ECHO in repost.limits or not echo.may_be_made_here(db, repost):
        return repost
    found = limits.ordered((*repost.limits, RepostLimit.ECHO))
    return reposts.edit(db, repost.id, limits=found)


def why_approval(db: Database, config: RepostConfig, repost: Repost) -> str | None:
    """Return why a mention waits for a person, None when it may go out by itself."""
    if limits.holding(repost):
        return limits.reason(repost)
    if parking.is_in_doubt(repost, facts.find(db, facts.DATA_CAME_IN)):
        return parking.REASON
    if not config.approval_required or _is_always(db, repost):
        return None
    return "It waits for your approval"


def _is_always(db: Database, repost: Repost) -> bool:
    rules = authors.rules_of(db, repost.account_id)
    return not repost.is_own and filters.is_always(rules, _author(db, repost))


def refuse_unseen(db: Database, repost: Repost, now: datetime) -> Repost:
    """Skip a mention whose author is kept out, before a request is spent on its story."""
    repost = reposts.get(db, repost.id)
    # Without the author's name the lists can only tell once the story was read.
    if repost.is_own or repost.status is not RepostStatus.DETECTED:
        return repost
    repost = redated(db, repost, now)
    if (echoed := echo.refusal(db, repost)) is not None:
        return _skip(db, repost, echoed, now)
    if not repost.author_username:
        return repost
    authors.recognise(db, repost.account_id, repost.author_username, repost.author_pk)
    rules = authors.rules_of(db, repost.account_id)
    refused = filters.author_refusal(rules, _author(db, repost))
    return repost if refused is None else _skip(db, repost, refused, now)


def _lacks_followers(db: Database, repost_id: str, now: datetime) -> bool:
    repost = reposts.get(db, repost_id)
    config = repost_configs.find(db, repost.account_id)
    if config is None or not config.minimum_followers or repost.is_own:
        return False
    if repost.status not in _UNDECIDED or repost.post_id or repost.approved_at is not None:
        return False
    rules = authors.rules_of(db, config.account_id)
    if filters.author_refusal(rules, _author(db, repost)) or _is_always(db, repost):
        return False
    if filters.word_refusal(config, repost.caption):
        return False
    known = authors.followers_of(db, repost.author_pk)
    if known is None:
        return True
    is_new = repost.status is RepostStatus.DOWNLOADED
    return is_new and not is_recent(known.read_at, now, FOLLOWERS_KNOWN_FOR)


def _author(db: Database, repost: Repost) -> Author:
    known = authors.followers_of(db, repost.author_pk)
    return Author(
        pk=repost.author_pk,
        username=repost.author_username,
        followers=known.followers if known else None,
    )


def _why_expired(repost: Repost) -> str:
    if repost.status is RepostStatus.WAITING_APPROVAL:
        return "Nobody approved it within 72 h"
    return f"It was held back for more than 72 h: {repost.reason or 'no longer news'}"


def _wait(db: Database, repost: Repost, reason: str, until: datetime, now: datetime) -> Repost:
    current = reposts.get(db, repost.id)
    if current.status is not repost.status:
        return current  # the user has decided meanwhile
    return reposts.change(db, repost.id, current.status, now=now, reason=reason, held_until=until)


def _wait_behind_others(db: Database, repost: Repost, reason: str, now: datetime) -> None:
    _wait(db, repost, reason, rails.others_go_first_until(db, repost.account_id, now), now)


def _skip(db: Database, repost: Repost, reason: str, now: datetime) -> Repost:
    current = reposts.get(db, repost.id)
    if current.status is not repost.status or current.post_id is not None:
        return current
    logger.info("repost skipped id=%s reason=%s", repost.id, reason)
    return reposts.change(db, repost.id, RepostStatus.SKIPPED, now=now, reason=reason)
