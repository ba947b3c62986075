"""What the scheduler may not claim yet: what a cloud may own of which this database does not know.

A database that was restored, copied or moved is of the past: posts that wait in it may have been
handed over since. Where it lies tells, and before anything of an account goes out from a new
place, the Worker is asked for everything that it has of it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cloud.home import is_repost
from ground.clock import Clock
from ground.hold import Hold
from publish import fitness
from storage import accounts, facts, handovers
from storage.handovers import CloudLane
from storage.posts import Post
from storage.store import Database

_MACHINE_ID = Path("/etc/machine-id")
# For how long after its time a post in the cloud keeps the account's others waiting, at most.
_SILENT_FOR = timedelta(minutes=5)
_AHEAD = timedelta(minutes=1)
_LOOK_AGAIN = timedelta(seconds=30)
_IN_CLOUD = "A post of this account goes out in the cloud at this time"
_UNHEARD = "This database is in a new place: the cloud is asked first what it has of this account"


def place_of(database: Path) -> str:
    """Return what tells this database from a copy of it, elsewhere or in its place."""
    machine = ""
    with suppress(OSError):
        machine = _MACHINE_ID.read_text().strip()
    return f"{machine}:{database.stat().st_ino}"


def settle_in(db: Database, place: str, now: datetime) -> None:
    """Note that nothing can be in the cloud that is not known here: it was just made."""
    facts.learn(db, facts.CLOUD_PLACE, place, now)


def is_strange(db: Database, place: str) -> bool:
    """Say whether it is not known yet what the cloud has, because the place is new."""
    return fitness.is_configured(db) and not _is_known(db, place)


def look_around(db: Database, place: str, now: datetime) -> None:
    """Have every account's queue heard from its beginning; when all have been, settle in."""
    arriving = facts.find(db, facts.CLOUD_ARRIVING)
    if arriving is None or arriving.value != place:
        handovers.hear_everything_again(db)
        facts.learn(db, facts.CLOUD_ARRIVING, place, now)
    for account in accounts.with_token(db):
        if handovers.find_lane(db, account.id) is None and account.ig_user_id.isdecimal():
            handovers.keep_lane(db, CloudLane(account_id=account.id, lane=account.ig_user_id))
    if handovers.are_all_heard(db):
        facts.learn(db, facts.CLOUD_PLACE, place, now)
        facts.forget(db, facts.CLOUD_ARRIVING)


@dataclass(slots=True)
class Contact:
    """Whether the Worker answers: `trouble` is why not.

    While it `is_closing` nothing is let go there any more: it is being removed. `told_at` is what
    time it was at Cloudflare when its API answered last, `worker_at` at the Worker when that did.
    """

    trouble: str | None = None
    is_closing: bool = False
    told_at: datetime | None = None
    worker_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Knows where the database lies, and what the cloud keeps waiting."""

    place: str
    clock: Clock
    spacing: timedelta
    contact: Contact

    def held(self, db: Database, post: Post, now: datetime) -> Hold | None:
        """Return what a post must wait for because of the cloud, or None."""
        if post.account_id is None or not fitness.is_configured(db):
            return None
        again = now + max(self.clock.paced(_LOOK_AGAIN), timedelta(seconds=1))
        if (post.is_scheduled or is_repost(post)) and not _is_known(db, self.place):
            arriving = facts.find(db, facts.CLOUD_ARRIVING)
            lane = handovers.find_lane(db, post.account_id)
            is_unheard = lane is not None and not lane.is_heard
            if arriving is None or arriving.value != self.place or is_unheard:
                return Hold("cloud", _UNHEARD, again)
        since = now - self.spacing - self.clock.paced(_SILENT_FOR)
        # It keeps its distance from what it is told of; where nobody can tell it, we do.
        ahead = self.clock.paced(_AHEAD) if self.contact.trouble is None else self.spacing
        if handovers.is_due_near(db, post.account_id, since, now + ahead):
            return Hold("cloud", _IN_CLOUD, again)
        return None


def _is_known(db: Database, place: str) -> bool:
    known = facts.find(db, facts.CLOUD_PLACE)
    return known is not None and known.value == place
