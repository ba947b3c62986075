"""Under which terms a mention was handed over, and whether they still hold when it is sent.

Between hand-over and publication may lie days: a hold, a daemon that was off, an upload. What the
user decides meanwhile is asked again in the transactions that begin and that publish.
"""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256

from repost import pause, taking_back
from repost.configuring import REMOVED
from repost.deciding import decide, is_stale, refusal, why_approval
from storage import authors, repost_configs, reposts, users
from storage.posts import Post
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from storage.store import Database

# Settings that decide whether a mention goes out, how it looks and which way it takes.
_DECIDING = (
    "approval_required",
    "auto_tag_original_poster",
    "dry_run",
    "excluded_words",
    "minimum_followers",
    "publish_route",
    "required_words",
    "signature_overlay",
    "template",
)


def terms_of(db: Database, config: RepostConfig) -> str:
    """Return a fingerprint of an account's settings and lists, as far as they decide."""
    settings = [getattr(config, name) for name in _DECIDING]
    listed = authors.rules_of(db, config.account_id)
    rules = sorted((str(rule.verdict), rule.username.lower()) for rule in listed)
    return sha256(json.dumps([settings, rules]).encode()).hexdigest()


def weights_of(db: Database, account_id: str) -> str:
    """Return a fingerprint of all by which an account's waiting mentions are decided about."""
    config = repost_configs.get(db, account_id)
    known = [rule.author_pk for rule in authors.rules_of(db, account_id)]
    weights = [terms_of(db, config), config.auto_repost_enabled, known]
    return sha256(json.dumps(weights).encode()).hexdigest()


def look_of(config: RepostConfig, repost: Repost) -> str:
    """Return a fingerprint of what an account's settings make of a mention's card."""
    # An own post's sticker leads to the post, and names nobody.
    tagged = config.auto_tag_original_poster and not repost.is_own
    template, name = repost.template or config.template, repost.author_username
    look = [template, config.signature_overlay, tagged, name]
    return sha256(json.dumps(look).encode()).hexdigest()


def stand(db: Database, post: Post, now: datetime) -> bool:
    """Say whether a repost's post may go out as it was handed over; else it is taken back at once.

    The caller is the one that sends it, and knows that it is not live. What a person has sent
    again after it had failed is that person's decision, and stands.
    """
    repost = reposts.of_post(db, post.id)
    if repost is None or repost.status is not RepostStatus.QUEUED:
        return True
    config = repost_configs.find(db, repost.account_id)
    if config is not None and hold(db, config, repost, now):
        return True
    taking_back.discard(db, post)
    state, reason = RepostStatus.QUEUED, taking_back.REASON
    if config is None:
        state, reason = RepostStatus.SKIPPED, REMOVED
    reposts.change(db, repost.id, state, now=now, reason=reason, post_id=None)
    decide(db, repost.id, now)
    return False


def hold(db: Database, config: RepostConfig, repost: Repost, now: datetime) -> bool:
    """Say whether what a mention was handed over under holds still."""
    return (
        not is_stale(db, repost, now)
        and config.is_enabled
        and not users.is_stopped(db, config.user_id)
        and pause.held(config, now) is None
        and repost.handed_over_under in (None, terms_of(db, config))
        # Its author may have another name by now.
        and repost.card_look in (None, look_of(config, repost))
        and refusal(db, config, repost) is None
        and (repost.approved_at is not None or why_approval(db, config, repost) is None)
    )
