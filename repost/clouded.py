"""Reposts that the cloud is to send: whether they still may, until when, and what comes back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ground.clock import Clock
from ground.refusal import Refusal
from repost import approval, handover, planning, rails, taking_back, terms
from repost.configuring import REMOVED
from repost.deciding import decide
from storage import posts, repost_configs, repost_slots, reposts
from storage.posts import Post
from storage.reposts import RepostStatus
from storage.store import Database

logger = logging.getLogger(__name__)
_DECIDED_ANEW = "what was decided of it has changed"
_AND = ". "
_THERE = "The cloud had it before this data came here"
_SENT_THEN = "The cloud sends it then, also while this machine is off"
_DECISIONS: Mapping[Any, approval.Decision] = {
    approval.SKIP["act"]: approval.skip,
    approval.RECONSIDER["act"]: approval.reconsider,
}


@dataclass(frozen=True, slots=True)
class Clouded:
    """What `cloud` asks of reposts; each is part of a transaction."""

    clock: Clock

    def stays_because(self, db: Database, post: Post, now: datetime) -> str | None:
        """Return why a repost may not go out at its time by what is known now, or None."""
        repost = reposts.of_post(db, post.id)
        if repost is None or repost.status is not RepostStatus.QUEUED or post.scheduled_for is None:
            return _DECIDED_ANEW
        config = repost_configs.find(db, repost.account_id)
        if config is None:
            return REMOVED
        is_so = terms.hold(db, config, repost, now)
        if not is_so or repost.card_look != terms.look_of(config, repost):
            return _DECIDED_ANEW
        if (held := rails.account_held(db, config, now)) is not None:
            return held.reason
        at, pace = post.scheduled_for, self.clock.pace
        held = rails.hours_held(db, config, at, pace, but=post.id)
        return None if held is None else held.reason

    def ends_at(self, db: Database, post: Post) -> datetime | None:
        """Return from when on nobody may send a repost by itself, None where it has no time."""
        repost = reposts.of_post(db, post.id)
        config = None if repost is None else repost_configs.find(db, repost.account_id)
        if repost is None or config is None or post.scheduled_for is None:
            return post.scheduled_for
        return planning.end_of(config, repost.mentioned_at, post.scheduled_for)

    def story_of(self, db: Database, post: Post) -> str | None:
        """Return which story a repost is of."""
        repost = reposts.of_post(db, post.id)
        return None if repost is None else repost.story_pk

    def adopt(
        self, db: Database, account_id: str, story: str, post_id: str, at: datetime, now: datetime
    ) -> Post | None:
        """Let a mention have the post that the cloud may send of it; returns that.

        A post of its own, which waits here, is given up. None where there is no such mention, it is
        out, or is being sent here: that is told by what becomes of it.
        """
        repost = reposts.of_story(db, account_id, story)
        config = repost_configs.find(db, account_id)
        if repost is None or config is None or repost.status is RepostStatus.PUBLISHED:
            return None
        if repost.post_id is not None and not taking_back.withdraw(db, repost):
            return None
        post = replace(handover.post_of(repost, config, now, at), id=post_id)
        posts.add(db, post, [])
        repost_slots.take(db, account_id, post.id, at)
        reposts.change(db, repost.id, RepostStatus.QUEUED, now=now, reason=_THERE, post_id=post.id)
        return post

    def is_let_go(self, db: Database, post: Post, now: datetime) -> None:
        """Say of a mention that the cloud sends it at its time."""
        _say(db, post, _SENT_THEN, now)

    def stays_here(self, db: Database, post: Post, why: str, now: datetime) -> None:
        """Say of a mention that this machine has to send it at its time, and why."""
        _say(db, post, planning.FROM_HERE.format(why=why), now)

    def came_back(
        self, db: Database, post: Post, wish: Mapping[str, Any] | None, now: datetime
    ) -> None:
        """Decide anew about a mention whose post came back unsent, as a person wished or else."""
        repost = reposts.of_post(db, post.id)
        taking_back.discard(db, post)
        if repost is None or repost.status is not RepostStatus.QUEUED:
            return
        state, reason = RepostStatus.QUEUED, taking_back.REASON
        if repost_configs.find(db, repost.account_id) is None:
            state, reason = RepostStatus.SKIPPED, REMOVED
        reposts.change(db, repost.id, state, now=now, reason=reason, post_id=None)
        act = (wish or {}).get("act")
        with suppress(Refusal):  # it is decided already, or too old
            _DECISIONS.get(act, decide)(db, repost.id, now)
        logger.info("repost came back id=%s wish=%s", repost.id, act)


def _say(db: Database, post: Post, words: str, now: datetime) -> None:
    repost = reposts.of_post(db, post.id)
    if repost is None or repost.status is not RepostStatus.QUEUED:
        return
    rail = (repost.reason or "").partition(_AND)[0]
    reason = f"{rail}{_AND}{words}"
    if reason != repost.reason:
        reposts.change(
            db, repost.id, repost.status, now=now, reason=reason, held_until=post.scheduled_for
        )
