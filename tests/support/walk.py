"""Acts of people and turns of the engines in any order, on a real database and nothing else.

Instagram is a dice here; what is proved is that whatever was decided when, nothing old goes out
and nothing is left in a state that no act leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, cast
from uuid import uuid4

from sqlite_utils import Database

from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from instagram import errors
from publish import beginning, intake, release, states
from publish.content import fingerprint
from publish.punctuality import Punctuality
from publish.retry import Failure, Later
from publish.route import Published
from publish.rules import Content
from repost import approval, configuring, guard, pause, rails, taking_back, terms
from repost.deciding import decide, refusal
from repost.handover import HandOver, settle
from storage import (
    accounts,
    deliveries,
    jobs,
    media_files,
    posts,
    records,
    repost_configs,
    repost_lists,
    reposts,
    users,
)
from storage.credentials import Credentials
from storage.deliveries import Delivery, Outcome, Step
from storage.errors import NotFound
from storage.jobs import Job
from storage.media_files import MediaFile, Origin
from storage.posts import MediaType, Post, PostStatus
from storage.reposts import Repost, RepostStatus
from storage.store import transaction

BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
# What says no, as it should, and changes nothing.
_NO = Refusal
_ON_THE_WAY = (PostStatus.QUEUED, PostStatus.PROCESSING, PostStatus.PUBLISHING)


class Walk:
    """One installation with one account, and what was sent of it."""

    def __init__(self, db: Database, seed: int) -> None:
        self.db, self.dice, self.now = db, Random(seed), BEGIN
        self.told: list[str] = []
        self.sent = 0
        self._uploaded: dict[str, str] = {}
        self._hand_over = HandOver(
            cast(Any, None), cast(Any, None), Clock(lambda: self.now, pace=0)
        )
        with transaction(db):
            self.user_id = users.ensure_owner(db, self.now).id
            self.connect()

    def connect(self) -> None:
        """Connect the account, as the first time or anew: it has another id then."""
        account = accounts.add(self.db, user_id=self.user_id, username="studio", now=self.now)
        self.account_id = account.id
        long_ago = self.now - timedelta(days=60)
        login = Credentials(
            account_id=account.id,
            ig_username="studio",
            private_pk="1",
            session_started_at=long_ago,
            last_login_at=long_ago,
            created_at=long_ago,
        )
        records.insert(self.db, login)
        self._configure()

    # Steps

    def step(self) -> None:
        """Do one thing, chosen by the dice; what must always hold is checked after it."""
        engines = (_engine_turn, _engine_turn, _publisher_turn, _publisher_turn, _publisher_turn)
        act = self.dice.choice(_ACTS if self.dice.random() < 0.6 else engines)
        self.told.append(act.__name__.strip("_"))
        try:
            with transaction(self.db):
                act(self)
        except _NO as no:
            self.told[-1] += f" ({no})"
        self.check()

    def check(self) -> None:
        """Let the engine hear of posts, then compare every state with every other."""
        with transaction(self.db):
            settle(self.db, self.account_id, self.now)
        for post in self._posts():
            job, delivery = jobs.open_for_post(self.db, post.id), self._open(post)
            waits = post.status in (*_ON_THE_WAY, PostStatus.SCHEDULED)
            is_live = delivery is not None and delivery.step is Step.PUBLISHED
            assert waits == (job is not None) or is_live, (post.status, job)
            assert post.status is not PostStatus.DRAFT or post.ig_media_id is None
            assert delivery is None or job is not None, post.status
            if post.status is PostStatus.DRAFT:
                assert deliveries.in_doubt(self.db, post.id) is None
            if delivery is not None and delivery.step is not Step.PUBLISHED:
                assert delivery.content == self._content(post), "begun with other content"
        for repost in repost_lists.open_of(self.db, self.account_id):
            assert repost_configs.find(self.db, self.account_id) or repost.post_id
            if repost.post_id is not None:
                assert repost.status is RepostStatus.QUEUED
                assert posts.get(self.db, repost.post_id).status in _ON_THE_WAY

    def come_to_rest(self) -> None:
        """Let everything be in order, and time pass: then nothing may be on its way any more."""
        with transaction(self.db):
            if repost_configs.find(self.db, self.account_id) is not None:
                _resume(self)
                _enable(self)
        for _ in range(12):
            self.now += timedelta(hours=13)
            with transaction(self.db):
                _engine_turn(self)
            for _ in range(3):
                with transaction(self.db):
                    self._turn(succeed=True)
            self.check()
        left = [post.status for post in self._posts() if post.status in _ON_THE_WAY]
        waiting = [repost.status for repost in repost_lists.open_of(self.db, self.account_id)]
        assert (left, waiting) == ([], [])

    # The publish engine, with Instagram as the dice

    def _turn(self, *, succeed: bool = False) -> None:
        for job in jobs.claim_due(self.db, self.now):
            begun = beginning.begin(
                self.db,
                job,
                self.now,
                has_public_url=True,
                punctuality=Punctuality(
                    missed_for=lambda due: self.now - due,
                    grace=timedelta(hours=2),
                    their_time=lambda: self.now,
                ),
                held=partial(rails.post_held, pace=0),
                stands=terms.stand,
            )
            if begun is None:
                continue
            if begun.failure is not None:
                states.given_up(self.db, job, begun.post, begun.failure, self.now)
                continue
            assert begun.delivery is not None
            if begun.delivery.step is Step.PUBLISHED:
                states.concluded(self.db, job, begun.delivery, self.now, timedelta())
                continue
            self._deliver(job, begun.post, begun.delivery, "live" if succeed else "")

    def _deliver(self, job: Job, post: Post, delivery: Delivery, end: str) -> None:
        end = end or self.dice.choice(
            ["live", "live", "lost", "lost", "later", "later", "refused", "crash"]
        )
        if delivery.step is Step.PUBLISHING:
            found = end if end in ("live", "lost") else self.dice.choice(["absent", "unclear"])
            if found == "live":
                return self._live(job, delivery)
            if found == "lost":
                return self._later(job, post, in_doubt=True)
            if found == "unclear":
                unknown = Failure(ErrorCode.DELIVERY_UNKNOWN, "nobody knows")
                return states.failed(self.db, job, post, unknown, Outcome.UNKNOWN, self.now)
            delivery = deliveries.advance(self.db, delivery.id, Step.UPLOADED, self.now)
        if delivery.step is Step.CREATED:
            self._uploaded[delivery.id] = self._content(post)
            delivery = deliveries.advance(
                self.db, delivery.id, Step.UPLOADED, self.now, upload_id="1"
            )
        if end == "crash":
            jobs.release_claimed(self.db, self.now)
            return None
        if end == "later":
            return self._later(job, post, in_doubt=False)
        if end == "refused":
            refused = Failure(ErrorCode.PROCESSING_FAILED, "refused")
            return states.failed(self.db, job, post, refused, Outcome.REFUSED, self.now)
        if self.dice.random() < 0.4 and job.account_id:  # meanwhile, while the bytes were sent
            self.told.append("… while it is uploaded:")
            self._meanwhile()
        if posts.find(self.db, post.id) is None:
            return None
        held = partial(rails.post_held, pace=0)
        try:
            told = states.about_to_publish(
                self.db, delivery, [], self.now, stands=terms.stand, held=held
            )
        except errors.AccountOnHold:
            return self._later(job, post, in_doubt=False)
        if told is None:
            return None
        self._check_sent(told)
        if end == "lost":
            return self._later(job, post, in_doubt=True)
        return self._live(job, told)

    def _meanwhile(self) -> None:
        act = self.dice.choice([_disable, _pause, _settings, _deny, _remove, _edit, _release])
        self.told.append(act.__name__)
        self.db.execute("SAVEPOINT meanwhile")
        try:
            act(self)
        except _NO:
            self.db.execute("ROLLBACK TO meanwhile")
        self.db.execute("RELEASE meanwhile")

    def _check_sent(self, delivery: Delivery) -> None:
        """What goes out is what the post says now, under what the user wants now."""
        post = posts.get(self.db, delivery.post_id)
        assert self._uploaded[delivery.id] == self._content(post), "something old goes out"
        self.sent += 1
        repost = reposts.of_post(self.db, post.id)
        if repost is None or repost.status is not RepostStatus.QUEUED:
            return
        config = repost_configs.get(self.db, self.account_id)
        assert config.is_enabled
        assert pause.held(config, self.now) is None
        assert refusal(self.db, config, repost) is None
        assert not config.dry_run
        assert repost.approved_at is not None or not config.approval_required
        assert self.now <= repost.mentioned_at + guard.MAX_HELD
        assert bool(post.story_mentions) == config.auto_tag_original_poster

    def _live(self, job: Job, delivery: Delivery) -> None:
        address = self.dice.choice(["https://…", None])
        delivery = states.live(self.db, delivery, Published("1", address), self.now)
        if self.dice.random() < 0.2:
            jobs.release_claimed(self.db, self.now)  # a crash before its address is known
            return
        states.concluded(self.db, job, delivery, self.now, timedelta())

    def _later(self, job: Job, post: Post, *, in_doubt: bool) -> None:
        later = Later(self.now + timedelta(minutes=5), "later")
        states.postponed(self.db, job, post, later, in_doubt, self.now)

    # What there is

    def _posts(self) -> list[Post]:
        return records.fetch(self.db, Post, "ORDER BY rowid", ())

    def _any_post(self) -> Post:
        found = self._posts()
        if not found:
            raise NotFound("post", "any")
        # What is over is seldom touched, and what has failed or waits often.
        moving = [post for post in found if post.status is not PostStatus.PUBLISHED]
        return self.dice.choice(moving or found)

    def _any_repost(self) -> Repost:
        found = records.fetch(self.db, Repost, "ORDER BY rowid", ())
        if not found:
            raise NotFound("repost", "any")
        return self.dice.choice(found)

    def _open(self, post: Post) -> Delivery | None:
        return deliveries.find_open(self.db, post.id)

    def _content(self, post: Post) -> str:
        return fingerprint(post, media_files.of_post(self.db, post.id))

    def _media(self, origin: Origin = Origin.UPLOAD) -> str:
        number = str(uuid4())
        media = MediaFile(
            id=number,
            user_id=self.user_id,
            origin=origin,
            original_filename="photo.jpg",
            sha256=number,
            storage_path=number,
            mime_type="image/jpeg",
            file_size=1,
            width=1080,
            height=1080,
            created_at=self.now,
        )
        media_files.add(self.db, media)
        return number

    def _said(self) -> Content:
        return Content(
            media_type=MediaType.IMAGE, media_ids=[self._media()], caption=str(self.dice.random())
        )

    def _configure(self, **settings: Any) -> None:
        accounts.get(self.db, self.account_id)  # looked up by every face
        chosen = {"sleep_window_start": 0, "sleep_window_end": 0, **settings}
        configuring.configure(
            self.db,
            user_id=self.user_id,
            account_id=self.account_id,
            now=self.now,
            configured_at=self.now,
            **chosen,
        )
        configuring.enable(self.db, self.account_id, self.now)


# Acts of people


def _publish(walk: Walk) -> None:
    intake.publish_now(walk.db, walk.user_id, walk.account_id, walk._said(), walk.now)


def _schedule(walk: Walk) -> None:
    intake.schedule(
        walk.db,
        walk.user_id,
        walk.account_id,
        walk._said(),
        scheduled_for=walk.now + HOUR,
        timezone="UTC",
        now=walk.now,
    )


def _edit(walk: Walk) -> None:
    post = walk._any_post()
    changes: dict[str, Any] = {"caption": str(walk.dice.random())}
    if walk.dice.random() < 0.3:
        changes["media_ids"] = [walk._media()]
    edit = intake.edit_draft if post.status is PostStatus.DRAFT else intake.edit_scheduled
    edit(walk.db, post.id, changes, walk.now)


def _release(walk: Walk) -> None:
    post = walk._any_post()
    sent = deliveries.in_doubt(walk.db, post.id)
    if sent is not None and walk.dice.random() < 0.5:
        deliveries.settle_unknown(walk.db, sent.id, walk.now)  # asked, and not live
    release.release(walk.db, post.id, walk.now)
    settle(walk.db, walk.account_id, walk.now)


def _reschedule(walk: Walk) -> None:
    post = walk._any_post()
    release.reschedule(walk.db, post.id, walk.now + HOUR, None, walk.now)
    settle(walk.db, walk.account_id, walk.now)


def _cancel(walk: Walk) -> None:
    intake.cancel(walk.db, walk._any_post().id, walk.now)


def _retry(walk: Walk) -> None:
    intake.retry(walk.db, walk._any_post().id, walk.now)


def _clear(walk: Walk) -> None:
    intake.clear(walk.db, walk._any_post().id, walk.now)
    settle(walk.db, walk.account_id, walk.now)


def _disconnect(walk: Walk) -> None:
    if walk.dice.random() < 0.3:
        intake.disconnect(walk.db, walk.account_id, walk.now)


def _reconnect(walk: Walk) -> None:
    if accounts.find(walk.db, walk.account_id) is None:
        walk.connect()


def _settings(walk: Walk) -> None:
    flags = ("dry_run", "approval_required", "auto_tag_original_poster")
    changes: dict[str, Any] = {walk.dice.choice(flags): walk.dice.random() < 0.5}
    walk._configure(**changes)


def _deny(walk: Walk) -> None:
    walk._configure(denied_authors=walk.dice.choice([[], [], ["anna"]]))


def _enable(walk: Walk) -> None:
    configuring.enable(walk.db, walk.account_id, walk.now)


def _disable(walk: Walk) -> None:
    repost_configs.change(walk.db, walk.account_id, now=walk.now, is_enabled=False)
    if walk.dice.random() < 0.5:  # the circuit breaker and a logout take nothing back
        taking_back.take_back(walk.db, walk.account_id, walk.now)


def _remove(walk: Walk) -> None:
    if walk.dice.random() < 0.3:
        configuring.remove(walk.db, walk.account_id, walk.now)


def _pause(walk: Walk) -> None:
    pause.pause(walk.db, walk.account_id, walk.dice.choice([None, walk.now + 30 * HOUR]), walk.now)


def _resume(walk: Walk) -> None:
    pause.resume(walk.db, walk.account_id, walk.now)


def _approve(walk: Walk) -> None:
    approval.approve(walk.db, walk._any_repost().id, walk.now)


def _skip(walk: Walk) -> None:
    approval.skip(walk.db, walk._any_repost().id, walk.now)


# What happens by itself


def _mention(walk: Walk) -> None:
    repost_configs.get(walk.db, walk.account_id)
    author = walk.dice.choice(["anna", "ben"])
    repost = Repost(
        id=str(uuid4()),
        user_id=walk.user_id,
        account_id=walk.account_id,
        story_pk=str(uuid4()),
        status=RepostStatus.DOWNLOADED,
        source="inbox",
        author_pk=author,
        author_username=author,
        mentioned_at=walk.now,
        expires_at=walk.now + 24 * HOUR,
        detected_at=walk.now,
        created_at=walk.now,
        updated_at=walk.now,
        card_media_id=walk._media(Origin.REPOST),
        card_sticker={"x": 0.5, "y": 0.5, "width": 0.1, "height": 0.1, "rotation": 0.0},
    )
    reposts.add_new(walk.db, repost)


def _engine_turn(walk: Walk) -> None:
    if repost_configs.find(walk.db, walk.account_id) is None:
        return
    for repost in repost_lists.open_of(walk.db, walk.account_id):
        moved = decide(walk.db, repost.id, walk.now)
        config = repost_configs.get(walk.db, walk.account_id)
        reposts.edit(walk.db, repost.id, card_look=terms.look_of(config, repost))
        if moved.status is RepostStatus.QUEUED and moved.post_id is None:
            walk._hand_over._hand_over(walk.db, repost.id, None, walk.now)


def _publisher_turn(walk: Walk) -> None:
    walk._turn()


def _time_passes(walk: Walk) -> None:
    walk.now += walk.dice.choice([timedelta(minutes=6), HOUR, 5 * HOUR, 25 * HOUR, 100 * HOUR])


_ACTS: tuple[Callable[[Walk], None], ...] = (
    _publish, _schedule, _edit, _edit, _edit, _release, _release, _reschedule, _reschedule, _cancel,
    _retry, _retry, _retry, _clear, _settings, _settings, _deny, _enable, _enable, _disable,
    _disable, _remove, _pause, _resume, _resume, _approve, _skip, _time_passes, _time_passes,
    _mention, _mention, _mention, _mention, _mention, _mention, _disconnect, _reconnect, _reconnect,
)  # fmt: skip
