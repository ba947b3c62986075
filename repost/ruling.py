"""What a person decides about an author, for all their stories: never, always, or each by itself.

"Always" is an approval given beforehand: like one, it is stopped by the deny list, by the rails
and by what was meant for few, and by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ground.refusal import ErrorCode, Refusal
from repost import approval, taking_back
from repost.approval import Decided
from storage import authors, repost_configs, repost_lists
from storage.authors import Verdict
from storage.reposts import Repost, RepostStatus
from storage.store import Database

MOST_NAMES = 1000
# So many open stories of one author are decided about at once.
_MOST_STORIES = 1000


class AuthorWish(StrEnum):
    ASK = "ask"
    ALWAYS = "always"
    NEVER = "never"


_VERDICTS = {AuthorWish.ALWAYS: Verdict.ALWAYS, AuthorWish.NEVER: Verdict.DENY}


@dataclass(frozen=True, slots=True)
class Ruled:
    """What held for the author before, and what became of their open stories."""

    before: AuthorWish
    decided: Decided


def rule(db: Database, account_id: str, username: str, wanted: AuthorWish, now: datetime) -> Ruled:
    """Let a rule hold for an author from now on, also for their stories that are open.

    Raises `NotFound` where the account reposts nothing, and `Refusal` for a list that is full.
    """
    repost_configs.get(db, account_id)
    before = _rule_of(db, account_id, username)
    verdict = _VERDICTS.get(wanted)
    rules = authors.rules_of(db, account_id)
    if sum(each.verdict is verdict for each in rules) >= MOST_NAMES and wanted is not before:
        message = f"username: there are {MOST_NAMES} names on that list already"
        raise Refusal(ErrorCode.VALIDATION_ERROR, message)
    pk = authors.rule_author(db, account_id, username, verdict)
    theirs = [
        each.id
        for each in repost_lists.open_of(db, account_id)
        if _is_theirs(each, username, pk, wanted)
    ]
    # What went out by itself under the old rule is decided about anew.
    taking_back.take_back(db, account_id, now)
    decision = approval.skip if wanted is AuthorWish.NEVER else approval.approve_ordinary
    decided = approval.decide_all(db, theirs[:_MOST_STORIES], decision, now)
    repost_configs.tell(db, account_id, now)
    return Ruled(before, decided)


def _rule_of(db: Database, account_id: str, username: str) -> AuthorWish:
    found = {
        each.verdict
        for each in authors.rules_of(db, account_id)
        if each.username.lower() == username.lower()
    }
    if Verdict.DENY in found:
        return AuthorWish.NEVER
    return AuthorWish.ALWAYS if Verdict.ALWAYS in found else AuthorWish.ASK


def _is_theirs(repost: Repost, username: str, pk: str | None, wanted: AuthorWish) -> bool:
    if repost.is_own or wanted is AuthorWish.ASK:
        return False
    if wanted is AuthorWish.ALWAYS and repost.status is not RepostStatus.WAITING_APPROVAL:
        return False
    if pk is not None and repost.author_pk == pk:
        return True
    is_named = repost.author_username.lower() == username.lower()
    return is_named and (pk is None or wanted is AuthorWish.NEVER)
