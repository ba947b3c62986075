"""One errand at the Worker after the other: what is asked there, and what its answer means here.

Every answer that holds a job is taken in by `ownership.learn`; without one nothing is known, and
the same is asked again. Each errand raises `WorkerUnreachable` where it came to nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from cloud import ownership
from cloud.desk import CloudDesk
from cloud.home import REPOSTS_APART, Home, is_repost, moment
from cloud.ownership import BeingSent, Errand
from cloud.results import HeldAgainst
from cloud.worker_client import Asked, WorkerClient, WorkerRefused, WorkerUnreachable, sealed
from ground.clock import Clock
from instagram import errors
from instagram.graph.http import HOSTS
from media.errors import MediaError
from publish import fitness
from publish.content import fingerprint
from publish.graph_route import carousel_parameters, piece_parameters
from publish.preparation import Fitted, Preparation
from storage import accounts, handovers, media_files, posts, records, secrets, troubles
from storage.accounts import Account
from storage.handovers import CloudLane, Handover, Owner
from storage.posts import MediaType
from storage.secrets import AccountSecret
from storage.store import Database, Store
from storage.vault import Vault

logger = logging.getLogger(__name__)
T = TypeVar("T")
# The Worker holds an account back for a day; what was looked at before that is over there too.
_HELD_FOR = timedelta(days=2)
# A video is encoded, or a file sent, before it is known that it stays here: up to 5 h 20 min apart.
_MOST_DOUBLINGS = 5
# Clocks that are less apart are taken for the same.
_APART = timedelta(seconds=2)
# From here on a repost's hours are not the ones that were meant.
_HOURS_APART = timedelta(minutes=10)
_TWO_WAYS = "The Worker tells of its queue now so, now so"
NO_ROOM = (
    "the Worker has no room for its media: R2 is not activated in the Cloudflare account, and its"
    " own storage is full"
)


class Reports(Protocol):
    """Who hears what Instagram has against an account."""

    async def report(self, account_id: str, error: errors.InstagramError) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Does errands for posts and accounts."""

    store: Store
    vault: Vault
    clock: Clock
    desk: CloudDesk
    preparation: Preparation
    reports: Reports
    home: Home

    async def hand_over(self, post_id: str) -> bool:
        """Bring a post to the Worker and let it run there; says whether the cloud may own it now.

        Until the last request it is ours, and nothing there would go out.
        """
        errand = await self.store.write(ownership.begin, post_id, self.clock.now(), self.home)
        if errand is None:
            return False
        row, post = errand.row, errand.post
        account = await self.store.read(accounts.get, row.account_id)
        media = await self.store.read(media_files.of_post, post.id)
        content = fingerprint(post, media)
        await self.tell(account)
        try:
            files = await self.preparation.fitted(post, media)
        except MediaError as error:
            await self._stays(row, error.reason, longer=True)
            return False
        sent = _sent(errand, files, content, self.clock)
        async with self.desk.worker() as client:
            try:
                for piece, file in zip(sent["body"]["pieces"], files, strict=True):
                    await client.put_medium(piece["media"], file.path, file.mime_type)
            except WorkerRefused as refused:
                await self._no_medium(row, refused)
                return False
            asked = Asked(post.id, row.lane, row.epoch, sent["due"], sent["body"])
            try:
                await client.put_job(asked, activate=False)
            except WorkerRefused as refused:
                await self._not_taken(row, refused)
                return False
            if errand.until is not None and _are_apart(client.their_time, self.clock.now()):
                # Its hours were chosen by this clock: which night it is there nobody knows.
                await self._stays(row, "this machine's clock and the Worker's are apart")
                return False
            kept = await self.store.write(self._let_go, row, sent, content)
            if kept is None:
                return False  # changed meanwhile: what lies there is never let run
            await self._confirm(client, kept)
        return True

    async def confirm(self, row: Handover) -> None:
        """Ask once more for what is unconfirmed of a post."""
        async with self.desk.worker() as client:
            await self._confirm(client, row)

    async def recalled(self, row: Handover) -> Mapping[str, Any]:
        """Have a post given back; returns the Worker's job, which is RECALLED or says why not."""
        async with self.desk.worker() as client:
            try:
                return await client.recall(row.post_id, row.lane, row.epoch)
            except WorkerRefused as refused:
                return _job_in(refused)

    async def hear(self, lane: CloudLane) -> CloudLane:
        """Take in everything that is new in an account's queue."""
        async with self.desk.worker() as client:
            began_anew = False
            while True:
                said = await _asked(client.changes(lane.lane, lane.seq))
                if said["seq"] < lane.seq or lane.born not in (None, said.get("born")):
                    if began_anew:
                        raise WorkerUnreachable(_TWO_WAYS)
                    began_anew = True
                    logger.warning("the Worker's data began anew lane=%s", lane.lane)
                    lane = await self.store.write(_again, lane, said, self.clock.now())
                    continue
                if lane.born is None and said.get("born"):
                    lane = await self.store.write(_born, lane, said["born"])
                jobs: list[Mapping[str, Any]] = said["jobs"]
                before = lane.seq
                lane, found = await _later(self.store.write(self._take_in, lane, jobs))
                for trouble in found:
                    await self.reports.report(trouble.account_id, trouble.error)
                if not jobs or lane.seq >= said["seq"]:
                    return await self.store.write(_heard, lane)
                if lane.seq == before:
                    raise WorkerUnreachable(_TWO_WAYS)

    async def look_up(self, row: Handover) -> None:
        """Ask for one post of which nothing is heard, though it was due."""
        async with self.desk.worker() as client:
            try:
                job = await client.job(row.post_id, row.lane)
            except WorkerRefused as refused:
                if not _is_unknown(refused):
                    raise WorkerUnreachable(str(refused)) from None
                await self.store.write(_forgotten, row, self.clock.now())
                return
        await self.learn(job)

    async def tell(self, account: Account) -> None:
        """Tell the Worker an account's token and rules, unless it knows them."""
        lane, token = await self.store.read(_account_now, self.vault, account.id)
        if lane is None or token is None:
            return
        published_at = await self.store.read(posts.last_published_at, account.id, self.clock.now())
        # It may hold the account back for what a person here has looked at.
        start = self.clock.now() - _HELD_FOR
        looked_at = await self.store.read(troubles.cleared_at, account.id, start, fitness.HOLDING)
        _url, keys = await self.store.read(self.desk.where)
        rules: dict[str, Any] = {
            "expires_ms": ownership.milliseconds(account.token_expires_at) or None,
            "base": f"https://{HOSTS[account.login_method]}",  # type: ignore[index]
            "spacing_ms": round(self.home.spacing.total_seconds() * 1000),
            "grace_ms": round(self.home.grace.total_seconds() * 1000),
            "published_ms": ownership.milliseconds(published_at) or None,
            "lifted_ms": ownership.milliseconds(looked_at) or None,
        }
        said = repr((account.ig_user_id, token, keys.encryption, sorted(rules.items())))
        digest = sha256(said.encode()).hexdigest()
        if lane.told == digest:
            return
        rules["sealed"] = sealed(keys.encryption, token, account.ig_user_id)
        if published_at is not None or looked_at is not None:
            # What happened here at some time was another time by the clock there.
            ahead = await self._ahead(lane)
            rules["published_ms"] = _by_their_clock(published_at, ahead)
            rules["lifted_ms"] = _by_their_clock(looked_at, ahead)

        async def ask(client: WorkerClient, revision: int) -> None:
            await client.set_account(account.ig_user_id, revision=revision, **rules)

        revision = await self._newest(lane, ask)
        await self.store.write(_note_told, account.id, revision, digest)

    async def _ahead(self, lane: CloudLane) -> timedelta:
        """Ask by how much the Worker's clock is ahead of ours now: ours may have been set.

        Rather too much than too little, by as long as the request takes.
        """
        ours = self.clock.now()
        async with self.desk.worker() as client:
            said = await _asked(client.changes(lane.lane, lane.seq))
        ahead = (moment(said.get("now")) or ours) - ours
        return ahead if abs(ahead) > _APART else timedelta()

    async def forget(self, lane: CloudLane) -> None:
        """Have the Worker forget an account's token; where it stays, it is told anew."""
        await self.store.write(_untold, lane)

        async def ask(client: WorkerClient, revision: int) -> None:
            await client.forget_account(lane.lane, revision)

        await self._newest(lane, ask)

    async def _newest(
        self, lane: CloudLane, ask: Callable[[WorkerClient, int], Awaitable[None]]
    ) -> int:
        """Tell something as the newest that there is of an account; returns its number.

        The number is stored before: what is late of it is older than whatever comes after.
        """
        revision = lane.revision
        async with self.desk.worker() as client:
            for _turn in range(2):
                revision = await self.store.write(_next_revision, lane, revision)
                try:
                    await ask(client, revision)
                except WorkerRefused as refused:
                    if refused.code != "STALE_ACCOUNT" or refused.revision is None:
                        raise WorkerUnreachable(str(refused)) from None
                    revision = refused.revision  # this database is of the past
                else:
                    return revision
        raise WorkerUnreachable("Another machine tells it of this account")

    async def learn(self, job: Mapping[str, Any]) -> None:
        """Take in one job as the Worker holds it."""
        taking_in = self.store.write(ownership.learn, job, self.clock.now(), self.home)
        trouble = await _later(taking_in)
        if trouble is not None:
            await self.reports.report(trouble.account_id, trouble.error)

    async def _confirm(self, client: WorkerClient, row: Handover) -> None:
        asks = client.activate if row.owner is Owner.HANDING else client.recall
        try:
            job = await asks(row.post_id, row.lane, row.epoch)
        except WorkerRefused as refused:
            if _is_unknown(refused) and row.owner is Owner.HANDING:
                await self.store.write(_forgotten, row, self.clock.now())
                return
            if refused.code == "TAKEN":  # the same is there under another name: this one never goes
                await self.store.write(_give_up, row, self.clock.now())
                return
            job = _job_in(refused)
            if refused.code == "STALE_EPOCH" and row.owner is Owner.TAKING:
                await self.store.write(_raise_epoch, row, job["epoch"])
        await self.learn(job)
        logger.info("cloud post=%s owner=%s state=%s", row.post_id, row.owner, job["state"])

    def _let_go(
        self, db: Database, row: Handover, sent: Mapping[str, Any], content: str
    ) -> Handover | None:
        # A Worker that is removed has its posts taken back before; none may follow them there.
        if self.desk.contact.is_closing or not fitness.is_configured(db):
            return None
        return ownership.let_go(db, row, sent, content, self.clock.now(), self.home)

    def _take_in(
        self, db: Database, lane: CloudLane, jobs: Sequence[Mapping[str, Any]]
    ) -> tuple[CloudLane, list[HeldAgainst]]:
        now = self.clock.now()
        found = [ownership.learn(db, job, now, self.home) for job in jobs]
        kept = handovers.find_lane(db, lane.account_id) or lane
        seq = max([kept.seq, *(job["seq"] for job in jobs)])
        return handovers.keep_lane(db, kept, seq=seq), [one for one in found if one is not None]

    async def _no_medium(self, row: Handover, refused: WorkerRefused) -> None:
        if refused.code != "NO_ROOM":
            raise WorkerUnreachable(str(refused)) from None  # what it got was not what was sent
        await self._stays(row, NO_ROOM, longer=True)

    async def _not_taken(self, row: Handover, refused: WorkerRefused) -> None:
        if refused.code == "TOKEN_EXPIRED":
            await self._stays(row, "the account's token ends before it is due")
        elif refused.job is not None:
            # Its epoch is another's: this database is of the past, or there are two of it.
            await self.learn(refused.job)
            if refused.code == "TAKEN":
                await self._stays(row, "the same story is in the cloud already")
        else:
            await self._stays(row, str(refused))

    async def _stays(self, row: Handover, why: str, *, longer: bool = False) -> None:
        """Note why a post stays here; what costs much to find out is tried less and less often."""
        logger.info("stays here post=%s reason=%s", row.post_id, why)
        times = 2 ** min(row.tries, _MOST_DOUBLINGS) if longer else 1
        until = self.clock.now() + ownership.LOOK_AGAIN * times
        await self.store.write(self._note_stays, row.post_id, until, why)

    def _note_stays(self, db: Database, post_id: str, until: datetime, why: str) -> None:
        handovers.pause(db, post_id, until, why)
        post = posts.find(db, post_id)
        if post is not None and is_repost(post):
            self.home.reposts.stays_here(db, post, why, self.clock.now())


async def _asked(asking: Awaitable[Any]) -> Any:
    """Return an answer of which a refusal says no more than none."""
    try:
        return await asking
    except WorkerRefused as refused:
        raise WorkerUnreachable(str(refused)) from None


async def _later(taking_in: Awaitable[T]) -> T:
    """Return what came of taking something in; what cannot be now is asked for again."""
    try:
        return await taking_in
    except BeingSent:
        raise WorkerUnreachable("A post is being sent here of which the cloud has news") from None


def _job_in(refused: WorkerRefused) -> Mapping[str, Any]:
    if refused.job is None:
        raise WorkerUnreachable(str(refused)) from None
    return refused.job


def _sent(errand: Errand, files: Sequence[Fitted], content: str, clock: Clock) -> dict[str, Any]:
    """Return what the Worker gets of a post, and by which files it can be copied afterwards.

    Its media are named alike each time that the same is tried, so that an upload goes on where it
    broke off; and never as those of a post that was there before.
    """
    row, post = errand.row, errand.post
    at_home = (records.encode(row.since), records.encode(post.scheduled_for), content)
    name = sha256(repr(at_home).encode()).hexdigest()[:16]
    pieces = [
        {
            "media": f"{row.lane}.{post.id}-{name}.{position}{'.mp4' if file.is_video else '.jpg'}",
            "kind": "video" if file.is_video else "image",
            "parameters": piece_parameters(post, file, position),
        }
        for position, file in enumerate(files)
    ]
    body: dict[str, Any] = {"stories": post.media_type is MediaType.STORIES, "pieces": pieces}
    if post.media_type is MediaType.CAROUSEL:
        body["parent"] = carousel_parameters(post)
    if errand.until is not None:
        body["until"] = ownership.milliseconds(errand.until)
        body["about"] = errand.about
        body["apartMs"] = round(clock.paced(REPOSTS_APART).total_seconds() * 1000)
    return {
        "due": ownership.milliseconds(post.scheduled_for),
        "body": body,
        "files": [{"path": one.stored_path, "mime": one.mime_type} for one in files],
    }


def _by_their_clock(at: datetime | None, ahead: timedelta) -> int | None:
    return None if at is None else ownership.milliseconds(at + ahead)


def _are_apart(theirs_s: float | None, ours: datetime) -> bool:
    return theirs_s is not None and abs(theirs_s - ours.timestamp()) > _HOURS_APART.total_seconds()


def _is_unknown(refused: WorkerRefused) -> bool:
    return refused.status == 404 and refused.code == "NOT_FOUND"


def _account_now(
    db: Database, vault: Vault, account_id: str
) -> tuple[CloudLane | None, str | None]:
    token = secrets.usable(db, vault, account_id, AccountSecret.ACCESS_TOKEN)
    return handovers.find_lane(db, account_id), token


def _next_revision(db: Database, lane: CloudLane, at_least: int) -> int:
    kept = handovers.find_lane(db, lane.account_id)
    revision = max(at_least, kept.revision if kept is not None else 0) + 1
    if kept is not None:
        handovers.keep_lane(db, kept, revision=revision)
    return revision


def _note_told(db: Database, account_id: str, revision: int, told: str) -> None:
    lane = handovers.find_lane(db, account_id)
    if lane is not None and lane.revision == revision:
        handovers.keep_lane(db, lane, told=told)


def _untold(db: Database, lane: CloudLane) -> None:
    kept = handovers.find_lane(db, lane.account_id)
    if kept is not None:
        handovers.keep_lane(db, kept, told=None)


def _born(db: Database, lane: CloudLane, born: str) -> CloudLane:
    return handovers.keep_lane(db, handovers.find_lane(db, lane.account_id) or lane, born=born)


def _again(db: Database, lane: CloudLane, said: Mapping[str, Any], now: datetime) -> CloudLane:
    """Begin anew with data that are new, or another Worker's: what lay there before is gone.

    The numbers of the same data have fallen in Workers of before: nothing is gone by that.
    """
    there = moment(said.get("now")) or now
    is_same = lane.born is not None and lane.born == said.get("born")
    for row in () if is_same else handovers.away(db, lane=lane.lane):
        ownership.forgotten(db, row, now, max(now, there))
    kept = handovers.find_lane(db, lane.account_id) or lane
    return handovers.keep_lane(
        db, kept, seq=0, told=None, is_heard=False, born=said.get("born") or None
    )


def _heard(db: Database, lane: CloudLane) -> CloudLane:
    return handovers.keep_lane(db, handovers.find_lane(db, lane.account_id) or lane, is_heard=True)


def _forgotten(db: Database, row: Handover, now: datetime) -> None:
    found = handovers.find_away(db, row.post_id)
    if found is not None and found.epoch == row.epoch:
        ownership.forgotten(db, found, now, now)


def _give_up(db: Database, row: Handover, now: datetime) -> None:
    found = handovers.find_away(db, row.post_id)
    if found is not None and (found.owner, found.epoch) == (Owner.HANDING, row.epoch):
        handovers.want_back(db, found, None, now)


def _raise_epoch(db: Database, row: Handover, epoch: int) -> None:
    found = handovers.find_away(db, row.post_id)
    if found is not None and (found.owner, found.epoch) == (Owner.TAKING, row.epoch):
        handovers.keep(db, found, epoch=epoch + 1, next_at=None)
