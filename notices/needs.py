"""What needs a person now: read from the database, in words of our own.

No caption, no stranger's name and no secret is among the words, whatever Instagram says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from repost.guard import MAX_HELD
from storage import (
    accounts,
    credentials,
    notices,
    post_lists,
    posts,
    repost_configs,
    repost_lists,
    secrets,
    troubles,
    users,
    webhooks,
)
from storage.accounts import Account
from storage.notices import Notice
from storage.posts import PostStatus, SourceType
from storage.reposts import Repost, RepostStatus
from storage.secrets import AccountSecret
from storage.store import Database
from storage.troubles import TroubleKind
from storage.webhooks import ReceiverKind
from storage.wrong_clock import is_ahead

TOKEN_WITHIN = timedelta(days=10)  # it is renewed by itself twenty days before its end
# A post that failed before anybody was told of such things is in the history for whoever looks.
POSTS_SINCE = timedelta(days=1)
# Looks in a row that nobody answered, an hour from each other at most.
UNANSWERED = 12
# What one look finds comes within minutes, and is one notice.
SETTLE = timedelta(minutes=5)
_MENTIONS = "mentions/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that a person has to do; `key` tells it from others."""

    key: str
    text: str
    remedy: str
    account_id: str | None = None
    deadline: datetime | None = None
    covers_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many bytes are free on the disk, and how many there have to be."""

    free: int
    least: int

    def is_short(self, *, is_known: bool) -> bool:
        """Say whether there is too little; once it was, some more is needed to be enough."""
        return self.free < (self.least * 3 // 2 if is_known else self.least)


def needs_of(
    db: Database, user: users.User, now: datetime, room: Room, known: Sequence[Notice]
) -> list[Need]:
    """Return what needs a user; `known` are the notices that are open already."""
    found: list[Need] = []
    for account in accounts.of_user(db, user.id):
        found += _account(db, account, now)
        found += _mentions(db, account, now, known)
    found += _posts(db, user.id, now, known)
    for receiver in webhooks.disabled_of(db, user.id):
        what, where = "A webhook", "reprise webhook list"
        if receiver.kind is ReceiverKind.PERSON:
            what, where = "An address for notices", "reprise notify list"
        key = f"receiver/{receiver.id}"
        found.append(Need(key=key, text=f"{what} was given up", remedy=where))
    is_known = any(notice.key == "disk" for notice in known)
    # Only the owner of the machine can do anything about it.
    if user.name is None and room.is_short(is_known=is_known):
        text = f"Less than {room.least >> 20} MB are free on the disk: nothing is published"
        found.append(Need(key="disk", text=text, remedy="free some; see: reprise doctor"))
    return found


def settles_at(db: Database, user_id: str, now: datetime) -> datetime | None:
    """Return when mentions that have just begun to wait are told of, or None."""
    at = [repost.updated_at + SETTLE for repost in repost_lists.waiting(db, user_id)]
    return min((each for each in at if each > now), default=None)


def _account(db: Database, account: Account, now: datetime) -> Iterator[Need]:
    name = f"@{account.username}"
    held = list(_held(db, account, now))
    yield from held
    config = repost_configs.find(db, account.id)
    if not held and config and config.auto_disabled_at and not config.is_enabled:
        yield Need(
            key=f"off/{account.id}",
            account_id=account.id,
            text=f"The story reposts of {name} were switched off",
            remedy=f"reprise status; then reprise enable --username {account.username}",
        )
    if not held and config and config.is_enabled and config.unanswered_looks >= UNANSWERED:
        yield Need(
            key=f"unanswered/{account.id}",
            account_id=account.id,
            text=f"Instagram could not be reached as {name} for half a day: mentions may be lost",
            remedy="look at the network and the account's proxy: reprise doctor",
        )
    expires_at = account.token_expires_at
    if (
        expires_at is not None
        and expires_at - now < TOKEN_WITHIN
        and secrets.exists(db, account.id, AccountSecret.ACCESS_TOKEN)
    ):
        yield Need(
            key=f"token/{account.id}",
            account_id=account.id,
            text=f"The token of {name} for the official API ends {_day(expires_at)}"
            " and was not renewed",
            remedy=f"reprise account add --username {account.username} --access-token-stdin",
        )


def _held(db: Database, account: Account, now: datetime) -> Iterator[Need]:
    """Yield why nothing is done for an account until a person acts, or for a long time."""
    name = f"@{account.username}"
    log_in = f"reprise account login --username {account.username}"
    login = credentials.find(db, account.id)
    rejected = login is not None and login.password_rejected_at is not None
    words = {
        TroubleKind.LOGIN: (f"{name} has to be logged in again", log_in),
        TroubleKind.CHALLENGE: (
            f"Instagram asks whether it is you: {name} rests",
            f"open the Instagram app and answer it; then {log_in}",
        ),
        TroubleKind.BLOCK: (
            f"Instagram has blocked what was done as {name}: it rests, and reposts are off",
            f"do nothing in a hurry; see reprise status --username {account.username}",
        ),
    }
    for kind, (text, remedy) in words.items():
        trouble = troubles.active(db, account.id, now, [kind])
        if trouble is not None or (kind is TroubleKind.LOGIN and rejected):
            yield Need(
                key=f"{kind.lower()}/{account.id}",
                account_id=account.id,
                text=text,
                remedy=remedy,
                deadline=_first_lost(db, account.id, now),
            )
    if accounts.older_double(db, account.id) is not None:
        yield Need(
            key=f"double/{account.id}",
            account_id=account.id,
            text=f"{name} is connected twice, and rests",
            remedy=f"reprise account remove --username {account.username}",
        )


def _first_lost(db: Database, account_id: str, now: datetime) -> datetime | None:
    """Return when the first of an account's mentions is lost."""
    lost = [_lost_at(repost) for repost in repost_lists.open_of(db, account_id)]
    return min((each for each in lost if each > now), default=None)


def _lost_at(repost: Repost) -> datetime:
    saved = repost.status is not RepostStatus.DETECTED
    return repost.mentioned_at + MAX_HELD if saved else repost.expires_at


def _mentions(
    db: Database, account: Account, now: datetime, known: Sequence[Notice]
) -> Iterator[Need]:
    """Yield what waits for approval, in groups: each notice speaks of all that waited by then."""
    waiting = repost_lists.waiting(db, account.user_id, [account.id])
    before = [
        notice
        for notice in known
        if notice.account_id == account.id and notice.covers_until is not None
    ]
    covered: datetime | None = None
    for notice in before:
        assert notice.covers_until is not None
        if any(_lost_at(each) <= notice.covers_until for each in waiting):
            covered = max(covered or notice.covers_until, notice.covers_until)
            yield Need(
                key=notice.key,
                text=notice.text,
                remedy=notice.remedy,
                account_id=account.id,
                deadline=notice.deadline,
                covers_until=notice.covers_until,
            )
    fresh = [each for each in waiting if covered is None or _lost_at(each) > covered]
    if any(each.updated_at + SETTLE <= now or is_ahead(each.updated_at, now) for each in fresh):
        lost = sorted(_lost_at(each) for each in fresh)
        count = f"{len(fresh)} mentions" if len(fresh) > 1 else "A mention"
        wait = "wait" if len(fresh) > 1 else "waits"
        yield Need(
            key=f"{_MENTIONS}{account.id}/{lost[-1].isoformat()}",
            account_id=account.id,
            text=f"{count} of @{account.username} {wait} for you",
            remedy=f"decide by {_time(db, account, lost[0])}: reprise pending",
            deadline=lost[0],
            covers_until=lost[-1],
        )


def _posts(db: Database, user_id: str, now: datetime, known: Sequence[Notice]) -> Iterator[Need]:
    told = {notice.key: notice for notice in known if notice.key.startswith("post/")}
    for key in told:
        post = posts.find(db, key.partition("/")[2])
        if post is not None and post.status is PostStatus.FAILED:
            yield _failed(db, post)
    for post in post_lists.failed_since(db, user_id, now - POSTS_SINCE):
        if f"post/{post.id}" not in told:
            yield _failed(db, post)


def _failed(db: Database, post: posts.Post) -> Need:
    account = accounts.find(db, post.account_id) if post.account_id else None
    name = f"@{account.username}" if account else "an account that is gone"
    is_repost = post.source_type in (SourceType.STORY_REPOST, SourceType.AUTO_REPOST)
    what = "A story repost" if is_repost else "A post"
    return Need(
        key=f"post/{post.id}",
        account_id=post.account_id,
        text=f"{what} of {name} has failed ({post.error_code or 'no code'})",
        remedy=f"reprise posts; then reprise retry {post.id}",
    )


def _day(moment: datetime) -> str:
    return f"on {moment:%d %B}"


def _time(db: Database, account: Account, moment: datetime) -> str:
    """Return a time as it is on the person's clock, as far as that is known."""
    config = repost_configs.find(db, account.id)
    hours = notices.quiet_hours(db, account.user_id)
    zone = hours.timezone if hours else config.timezone if config else "UTC"
    try:
        known = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # of another machine's zones
        known, zone = ZoneInfo("UTC"), "UTC"
    return f"{moment.astimezone(known):%A %H:%M} ({zone})"
