"""What Instagram holds against an account, by an answer's own words and whatever its status is.

aiograpi hears them in answers with the status 400 alone: the same words have come with 200 and 403,
beside "ok", and where a file was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiograpi import exceptions as ig

from instagram.fields import mapping

HELD_WORDS: Mapping[str, type[Any]] = {
    "challenge_required": ig.ChallengeRequired,
    "checkpoint_required": ig.CheckpointRequired,
    "consent_required": ig.ConsentRequired,
    "feedback_required": ig.FeedbackRequired,
    "login_required": ig.LoginRequired,
}
_BY_TYPE: Mapping[str, type[Any]] = {
    "rate_limit_error": ig.RateLimitError,
    "sentry_block": ig.SentryBlock,
}
_WAIT = "Please wait a few minutes"


def held_against(answer: object) -> type[Any] | None:
    """Return the kind of what an answer holds against the account, None for any other answer."""
    said = mapping(answer)
    message, kind = said.get("message"), said.get("error_type")
    challenge = mapping(said.get("challenge"))
    words = message if isinstance(message, str) else ""
    found = HELD_WORDS.get(words) or _BY_TYPE.get(kind if isinstance(kind, str) else "")
    if _WAIT in words:
        found = ig.PleaseWaitFewMinutes
    elif found is None and said.get("status") != "ok":
        # In no words: where it leads to says it.
        if challenge.get("api_path") or challenge.get("url"):
            found = ig.ChallengeRequired
        elif said.get("checkpoint_url"):
            found = ig.CheckpointRequired
    if found is ig.ChallengeRequired and "/suspended/" in str(challenge.get("url")):
        found = ig.AccountSuspended
    return found
