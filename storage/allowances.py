"""What Meta said last of how much an account may publish, kept for posts that are planned."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlite_utils import Database

from storage import facts

_NAME = "publishing of {}"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many posts within 24 hours, None where it is not known, or why Meta refuses them."""

    total: int | None = None
    refusal: str | None = None


def note(db: Database, account_id: str, allowance: Allowance, now: datetime) -> None:
    """Keep what Meta said of an account."""
    facts.learn(db, _NAME.format(account_id), json.dumps(asdict(allowance)), now)


def known(db: Database, account_id: str) -> Allowance:
    """Return what Meta said last of an account."""
    found = facts.find(db, _NAME.format(account_id))
    return Allowance() if found is None else Allowance(**json.loads(found.value))


def forget(db: Database, account_id: str) -> None:
    """Let go of an account that is disconnected."""
    facts.forget(db, _NAME.format(account_id))
