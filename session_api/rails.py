"""What holds a call by session back, so that no client of it costs the account.

Counted per account and kept in the database: a restart forgets nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from ground.clock import Clock
from ground.hold import Hold
from ground.refusal import ErrorCode, Refusal
from repost import guard, rails
from session_api.row import Rail, Row
from storage import account_sessions, accounts, credentials, holds, jobs, posts, users
from storage.store import Database

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# A day's social acts, well below what is reported as safe (docs/account-safety.md). To people who
# never wrote goes nothing at all: `instagram.private.chats` looks.
SOCIAL_CAPS = {"follow": 20, "like": 50, "comment": 10, "message": 50}
_OTHER_SOCIAL = 20
# A day's posts, by whichever way they were asked for, and what is done about those that are there.
POST_CAPS = {"post": 10, "story": 24}
CONTENT_CAPS = {"delete": 10, "edit": 20, "highlight": 10}
_OTHER_CONTENT = 20
# A day's changes of the account itself.
ACCOUNT_CAPS = {"profile": 5, "factor": 5}
_APART = timedelta(seconds=30)
_SPACED = "social"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings allow by session; `spacing` lies between two posts."""

    reads_per_hour: int = 100
    acts_per_day: int = 200
    allows_social: bool = False
    spacing: timedelta = timedelta(minutes=15)


class Railed(Refusal):
    """A rail says no; `hold` says which, why and until when."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(ErrorCode.RATE_LIMITED, hold.reason, until=hold.until)
        self.hold = hold


def held(
    db: Database, account_id: str, row: Row, limits: Limits, clock: Clock, confirmed: str = ""
) -> Hold | None:
    """Return what holds a row back for an account now, or None.

    `confirmed` is what came as the word that a grave row wants: the account's name.
    """
    now = clock.now()
    if row.rail is Rail.LOCAL:
        return None
    if row.rail is not Rail.ACCOUNT and (hold := holds.active(db, account_id, now)) is not None:
        return hold
    match row.rail:
        case Rail.READ:
            return _full(db, account_id, "read", limits.reads_per_hour, _HOUR, now)
        case Rail.OWN:
            return _full(db, account_id, "own", limits.acts_per_day, _DAY, now)
        case Rail.SOCIAL | Rail.DIRECT:
            return _social(db, account_id, row, limits, clock)
        case Rail.PUBLISH:
            return _content(db, account_id, row, limits, now)
        case Rail.ACCOUNT:
            return _account(db, account_id, row, confirmed, now)
    assert_never(row.rail)


def is_upload(row: Row) -> bool:
    """Say whether a row's post goes out by the one door, which has rails of its own."""
    return row.act in POST_CAPS


def claim(
    db: Database,
    session_id: str,
    account_id: str,
    row: Row,
    limits: Limits,
    clock: Clock,
    confirmed: str = "",
) -> None:
    """Take a row's place on its rail, committed before anything is sent; raises `Railed`."""
    if (hold := held(db, account_id, row, limits, clock, confirmed)) is not None:
        raise Railed(hold)
    for rail in _rails_of(row):
        account_sessions.record_use(db, session_id, account_id, rail, clock.now())


def _rails_of(row: Row) -> tuple[str, ...]:
    if row.rail in (Rail.SOCIAL, Rail.DIRECT):
        return (_act(row), _SPACED)
    if row.rail is Rail.PUBLISH:
        return (_content_act(row),)
    if row.rail is Rail.ACCOUNT:
        return (row.act or "other",)
    return ({Rail.READ: "read", Rail.OWN: "own"}.get(row.rail, "other"),)


def _act(row: Row) -> str:
    return row.act or ("message" if row.rail is Rail.DIRECT else "other social")


def _content_act(row: Row) -> str:
    return row.act or "other content"


def _full(
    db: Database, account_id: str, rail: str, most: int, within: timedelta, now: datetime
) -> Hold | None:
    count, first = account_sessions.uses_within(db, account_id, rail, within, now)
    if count < most:
        return None
    until = (first or now) + within
    span = "an hour" if within == _HOUR else "a day"
    name = f"session_{rail.replace(' ', '_')}"
    return Hold(name, f"{count} of {most} {rail} calls within {span} are used", until)


def _content(db: Database, account_id: str, row: Row, limits: Limits, now: datetime) -> Hold | None:
    act = _content_act(row)
    if is_upload(row):
        return _door(db, account_id, act, limits, now)
    return _full(db, account_id, act, CONTENT_CAPS.get(act, _OTHER_CONTENT), _DAY, now)


def _door(db: Database, account_id: str, act: str, limits: Limits, now: datetime) -> Hold | None:
    """Return why a post would not go out at once: who uploads waits for its end."""
    if users.is_stopped(db, accounts.get(db, account_id).user_id):
        return rails.STOPPED
    is_story, most = act == "story", POST_CAPS[act]
    count, first = posts.out_since(db, account_id, now - _DAY, now, stories=is_story)
    if count >= most:
        kind = "stories" if is_story else "posts"
        reason = f"{count} of {most} {kind} within a day are out or on their way"
        return Hold(f"session_{act}", reason, (first or now) + _DAY)
    free_at = jobs.lane_free_at(db, account_id, now)
    if free_at > now:
        return Hold("session_spacing", "The account's last post went out a moment ago", free_at)
    if jobs.is_lane_taken(db, account_id, now):
        reason = "Another post of the account is on its way"
        return Hold("session_queue", reason, now + max(limits.spacing, timedelta(seconds=1)))
    return None


def _account(db: Database, account_id: str, row: Row, confirmed: str, now: datetime) -> Hold | None:
    if row.confirms:
        name = accounts.get(db, account_id).username
        if confirmed.strip().lstrip("@") != name:
            reason = f"This changes who can get into the account: send confirm={name} with it"
            return Hold("session_confirmation", reason, None)
    if row.act in ACCOUNT_CAPS:
        return _full(db, account_id, row.act, ACCOUNT_CAPS[row.act], _DAY, now)
    return None


def _social(db: Database, account_id: str, row: Row, limits: Limits, clock: Clock) -> Hold | None:
    now = clock.now()
    if not limits.allows_social:
        reason = "Acts on other people are off: REPRISE_SESSION_SOCIAL=on allows some"
        return Hold("session_social", reason, None)
    login = credentials.find(db, account_id)
    started_at = login.session_started_at if login else None
    if guard.session_phase(started_at, now, clock.pace) < 3:
        until = None if started_at is None else started_at + guard.PHASE_2
        return Hold("session_phase", "The account's session is too young for this", until)
    if (wakes_at := rails.asleep_until(db, account_id, now)) is not None:
        return Hold("session_sleep", "The account is asleep now", wakes_at)
    act = _act(row)
    cap = SOCIAL_CAPS.get(act, _OTHER_SOCIAL)
    if (full := _full(db, account_id, act, cap, _DAY, now)) is not None:
        return full
    last = account_sessions.last_use(db, account_id, _SPACED, now)
    if last is not None:
        apart = _APART * clock.pace * (1 + random.random())
        if now < (free := last + apart):
            return Hold("session_spacing", "Acts on other people are 30 seconds apart", free)
    return None
