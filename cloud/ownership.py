"""How a post changes its owner: each step one transaction, written before its request leaves.

What is unconfirmed is the cloud's. It is local again only when the Worker has said that nothing of
this epoch, or of one before it, will ever go out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cloud import results, wishes
from cloud.home import Home, is_repost, moment
from cloud.results import HeldAgainst
from ground.refusal import Refusal
from publish import fitness, intake
from publish.content import fingerprint
from storage import accounts, handovers, jobs, media_files, posts
from storage.deliveries import Outcome
from storage.errors import NotFound
from storage.handovers import CloudLane, Handover, Owner
from storage.jobs import JobStatus
from storage.posts import Post, PostStatus
from storage.store import Database, part

# For how long a post stays here that cannot go to the cloud now, or was taken back to stay: whoever
# wanted that may be refused, or end, before what it was wanted for.
LOOK_AGAIN = timedelta(minutes=10)
# By how much our clock may be ahead of the Worker's when it is said that nothing was due there.
CLOCK_SLACK = timedelta(minutes=10)
_WAITING = (PostStatus.SCHEDULED, PostStatus.QUEUED, PostStatus.PROCESSING, PostStatus.PUBLISHING)
_OPEN = results.SHOWN.keys()
_TOO_LATE = {"PUBLISHING", "PUBLISHED", "DONE"}
_RESTORED = (
    "The data here is older than what the cloud knows: it was taken back from there since, and may "
    "have gone out. Look at the account in the Instagram app before you retry"
)
_STOPPED = (
    "The cloud was stopped when this post was due there, and it may be live. Look at the account "
    "in the Instagram app before you retry"
)

_FORGOTTEN = (
    "The cloud knows nothing of this post any more, and it was due there, so it may be live. Look "
    "at the account in the Instagram app before you retry"
)


class BeingSent(Exception):
    """Somebody here is at a post of which the cloud has news: those are taken in after that."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A post that is to be handed over; the Worker may not begin to send it after `until`."""

    row: Handover
    post: Post
    until: datetime | None
    about: str | None


def begin(db: Database, post_id: str, now: datetime, home: Home) -> Errand | None:
    """Take an epoch for handing a post over; None where it stays here, which is noted with why."""
    post = posts.find(db, post_id)
    if post is None or post.account_id is None or not _waits_here(db, post):
        return None
    row = handovers.find(db, post_id) or _fresh(db, post, now)
    why = fitness.was_sent(db, post_id) or home.stays_because(db, post, now)
    if why is not None:
        handovers.keep(db, row, next_at=now + LOOK_AGAIN, reason=why)
        if is_repost(post):
            home.reposts.stays_here(db, post, why, now)
        return None
    # The account it goes out of may be another than last time.
    lane = accounts.get(db, post.account_id).ig_user_id
    # Why it stayed here the last time holds until it is there.
    kept = handovers.keep(db, row, account_id=post.account_id, lane=lane, epoch=row.epoch + 1)
    if handovers.find_lane(db, post.account_id) is None:
        handovers.keep_lane(db, CloudLane(account_id=post.account_id, lane=lane, is_heard=True))
    until = home.reposts.ends_at(db, post) if is_repost(post) else None
    return Errand(kept, post, until, home.about(db, post, lane))


def let_go(
    db: Database, row: Handover, sent: Mapping[str, Any], content: str, now: datetime, home: Home
) -> Handover | None:
    """Let the cloud own what lies there prepared; None where it was changed or begun meanwhile."""
    post, found = posts.find(db, row.post_id), handovers.find(db, row.post_id)
    if post is None or found is None or not _waits_here(db, post) or found.epoch != row.epoch:
        return None
    is_same = fingerprint(post, media_files.of_post(db, post.id)) == content
    if not is_same or sent["due"] != milliseconds(post.scheduled_for):
        return None
    if home.stays_because(db, post, now) is not None:
        return None
    if not jobs.cancel_for_post(db, post.id, now):
        return None
    first = sent["body"]["pieces"][0]["media"]
    posts.edit(db, post.id, now=now, cloudflare_job_id=post.id, r2_media_key=first)
    if is_repost(post):
        home.reposts.is_let_go(db, post, now)
    fresh: dict[str, Any] = {"tries": 0, "next_at": None, "reason": None, "since": now}
    return handovers.keep(db, found, owner=Owner.HANDING, sent=dict(sent), **fresh)


def arrived(db: Database, row: Handover, now: datetime) -> None:
    """Note that the Worker has it and lets it run."""
    found = handovers.find(db, row.post_id)
    if found is not None and (found.owner, found.epoch) == (Owner.HANDING, row.epoch):
        handovers.keep(db, found, owner=Owner.CLOUD, tries=0, next_at=None, reason=None, since=now)


def take(db: Database, row: Handover, wish: Mapping[str, Any] | None, now: datetime) -> Handover:
    """Begin to take a post back, for what is to become of it then; the newest wish counts.

    Raises `Refusal` where that could not be done with it: then nothing is begun.
    """
    if wish is not None:
        wish = wishes.joined(row.wish, wish)
        _try(db, row, wish, now)
    return handovers.want_back(db, row, wish, now)


def given_back(
    db: Database, row: Handover, job: Mapping[str, Any], now: datetime, home: Home
) -> None:
    """Note that it will never go out from there: it is ours again, and becomes what was wished."""
    post = _at_home(db, row, job, now)
    if home.is_decided_anew(post, row.wish):
        home.reposts.came_back(db, post, row.wish, now)
        return
    if row.wish is None:
        if home.is_too_late(post, now):
            jobs.cancel_for_post(db, post.id, now)
            results.missed(db, post, now)
        return
    try:
        with part(db):
            wishes.fulfil(db, post.id, row.wish, now)
    except (Refusal, NotFound) as refused:
        # It does not go out as the person did not want it any more.
        jobs.cancel_for_post(db, post.id, now)
        results.not_as_wished(db, post, str(refused), now)
    if wishes.stays(row.wish) and (found := handovers.find(db, post.id)) is not None:
        handovers.keep(db, found, next_at=now + LOOK_AGAIN)


def goes_again(db: Database, post_id: str) -> None:
    """Let a post that was taken back to stay be handed over again at once."""
    row = handovers.find(db, post_id)
    if row is None:
        return
    if not row.is_away:
        handovers.keep(db, row, next_at=None)
    elif row.wish is not None and wishes.stays(row.wish):
        handovers.keep(db, row, wish=None)


def learn(db: Database, job: Mapping[str, Any], now: datetime, home: Home) -> HeldAgainst | None:
    """Take in what the Worker holds of a post, whatever was known of it here.

    It may be news, old news, or, where this database is of the past, of our own future. Raises
    `BeingSent`.
    """
    post = posts.find(db, job["id"]) or home.adopted(db, job, now)
    if post is None:
        return None
    row = handovers.find(db, post.id) or _fresh(db, post, now)
    news = _News(db, post, job, now, home)
    state, epoch = job["state"], job["epoch"]
    if state == "DONE":
        news.is_live(row)
        return None
    if epoch < row.epoch:
        if row.is_away and (state in _TOO_LATE or _is_doubt(job)):
            # It is going out, or went out, before it could be taken back or replaced.
            return news.follow(news.owned_by_cloud(row))
        return None  # it has not heard of what we want now, or is about to
    if epoch == row.epoch and row.is_away:
        if state == "RECALLED":
            given_back(db, row, job, now, home)
            return None
        if row.owner is Owner.HANDING and state != "PREPARED":
            arrived(db, row, now)
        return news.follow(handovers.find(db, post.id) or row)
    return news.from_the_future(row)


def abandoned(db: Database, row: Handover, now: datetime, home: Home) -> None:
    """Note that its Worker is gone: ours again where it cannot have been due, else in doubt.

    Under an epoch of its own, so that an answer of that Worker's which comes late finds it changed.
    """
    row = handovers.keep(db, row, epoch=row.epoch + 1)
    post = posts.get(db, row.post_id)
    if _is_still_to_come(post, now):
        given_back(db, row, {}, now, home)
    else:
        results.in_doubt(db, row, post, {}, _STOPPED, now)


def forgotten(db: Database, row: Handover, now: datetime, theirs: datetime) -> None:
    """Note that its Worker knows nothing of it: its data are gone, and what lay there with them.

    It is asked back where it cannot have been due by then, so that what is late of it is refused;
    else nobody knows whether it went out before. `theirs` is the time there.
    """
    post = posts.get(db, row.post_id)
    if _is_still_to_come(post, theirs):
        take(db, row, None, now)
    else:
        results.in_doubt(db, row, post, {}, _FORGOTTEN, now)


def _is_still_to_come(post: Post, by: datetime) -> bool:
    """Whether a post that the cloud owned cannot have been begun there by then."""
    due = post.scheduled_for
    return due is not None and due > by + CLOCK_SLACK and post.status is post.resting


def milliseconds(at: datetime | None) -> int:
    """Return a time as the Worker counts it."""
    return 0 if at is None else round(at.timestamp() * 1000)


def come_back(
    db: Database, row: Handover, job: Mapping[str, Any], now: datetime
) -> Refusal | NotFound | None:
    """Take in that a post was given back while somebody waits for it, and do what was wished.

    Returns why that cannot be done, if so: then it is here as it was, since its person hears it.
    """
    found = handovers.find(db, row.post_id)
    is_ours = found is not None and (found.owner, found.epoch) == (Owner.TAKING, job["epoch"])
    if found is None or not is_ours or job["state"] != "RECALLED":
        return None  # somebody else has taken it in already
    _at_home(db, found, job, now)
    try:
        with part(db):
            wishes.fulfil(db, row.post_id, found.wish or wishes.STAY, now)
    except (Refusal, NotFound) as refused:
        return refused
    if found.wish is None or wishes.stays(found.wish):
        handovers.keep(db, handovers.find(db, row.post_id) or found, next_at=now + LOOK_AGAIN)
    return None


def _is_doubt(job: Mapping[str, Any]) -> bool:
    return job["state"] == "FAILED" and (job.get("problem") or {}).get("kind") == "doubt"


def _waits_here(db: Database, post: Post) -> bool:
    job = jobs.open_for_post(db, post.id)
    return (
        post.status is post.resting
        and post.scheduled_for is not None
        and job is not None
        and job.status is JobStatus.PENDING
        # One that the rails have put back has no time of its own any more.
        and (post.is_scheduled or job.run_at == post.scheduled_for)
        and handovers.find_away(db, post.id) is None
    )


def _fresh(db: Database, post: Post, now: datetime) -> Handover:
    account = None if post.account_id is None else accounts.find(db, post.account_id)
    return Handover(
        post_id=post.id,
        account_id=post.instagram_account_id,
        lane=account.ig_user_id if account is not None else "",
        owner=Owner.LOCAL,
        epoch=0,
        since=now,
    )


def _try(db: Database, row: Handover, wish: Mapping[str, Any], now: datetime) -> None:
    """Raise what stands in the way of a wish, as if the post were here already."""
    try:
        with part(db):
            _at_home(db, row, {}, now)
            wishes.fulfil(db, row.post_id, wish, now)
            raise _OnlyTried
    except _OnlyTried:
        pass


class _OnlyTried(Exception):
    """Undoes what was only tried."""


def _at_home(db: Database, row: Handover, job: Mapping[str, Any], now: datetime) -> Post:
    """Make a post local, with what `job` there has sent of it and the job that runs it here."""
    # It was taken back, and refused by nobody.
    results.note_sent(db, row, posts.get(db, row.post_id), job, now, Outcome.WITHDRAWN)
    handovers.keep(
        db, row, owner=Owner.LOCAL, wish=None, tries=0, next_at=None, reason=None, since=now
    )
    post = posts.edit(
        db, row.post_id, now=now, cloudflare_job_id=None, r2_media_key=None, error_message=None
    )
    if post.status is not post.resting:
        post = posts.change_status(
            db, post.id, post.resting, now=now, reason="It came back from the cloud"
        )
    intake.queue(db, post, post.scheduled_for or now, now)
    return post


@dataclass(frozen=True, slots=True)
class _News:
    """What the Worker holds of a post, as it was heard, in the transaction that takes it in."""

    db: Database
    post: Post
    job: Mapping[str, Any]
    heard_at: datetime
    home: Home

    def follow(self, row: Handover) -> HeldAgainst | None:
        """Show what the Worker says of a post that it owns."""
        state = self.job["state"]
        if state == "DONE":
            self.is_live(row)
        elif state == "FAILED":
            return results.failed(self.db, row, self.post, self.job, self.heard_at, self.home)
        elif state in _OPEN:
            results.shown(self.db, self.post, self.job, self.heard_at)
        return None

    def is_live(self, row: Handover) -> None:
        """Record that it is live, unless that is known; raises `BeingSent`."""
        post = self.post
        if post.status is PostStatus.PUBLISHED or (post.ig_media_id and not row.is_away):
            return
        self._not_from_here(row)
        known = handovers.keep(self.db, row, epoch=max(row.epoch, self.job["epoch"]))
        results.went_out(self.db, known, post, self.job, self.heard_at, self.home.spacing)

    def from_the_future(self, row: Handover) -> HeldAgainst | None:
        """Take in what was done under an epoch that is not known here, or not confirmed."""
        state, epoch = self.job["state"], self.job["epoch"]
        if state in ("PREPARED", "RECALLED"):
            if row.is_away and epoch > row.epoch:
                # It was taken back, for what nobody here knows.
                results.in_doubt(self.db, row, self.post, self.job, _RESTORED, self.heard_at)
            elif epoch > row.epoch:
                handovers.keep(self.db, row, epoch=epoch, since=self.heard_at)
            return None
        if not row.is_away and state == "FAILED" and epoch == row.epoch:
            return None  # known
        has_time = self.post.scheduled_for is not None
        if not row.is_away and not (has_time and self.post.status in _WAITING):
            return None  # it was parked: whoever takes it up again asks Instagram
        self._not_from_here(row)
        kept = self.owned_by_cloud(row)
        due = moment(self.job.get("due")) or self.post.scheduled_for
        adopted = posts.edit(
            self.db,
            self.post.id,
            now=self.heard_at,
            cloudflare_job_id=self.post.id,
            scheduled_for=due,
        )
        return replace(self, post=adopted).follow(kept)

    def owned_by_cloud(self, row: Handover) -> Handover:
        """Note that it is the cloud's under the Worker's epoch, whatever was wanted of it here."""
        return handovers.keep(
            self.db,
            row,
            owner=Owner.CLOUD,
            epoch=self.job["epoch"],
            wish=None,
            tries=0,
            next_at=None,
            reason=None,
            since=self.heard_at,
        )

    def _not_from_here(self, row: Handover) -> None:
        """Let nothing here run it; raises `BeingSent` where something does."""
        if not row.is_away and not jobs.cancel_for_post(self.db, self.post.id, self.heard_at):
            raise BeingSent
