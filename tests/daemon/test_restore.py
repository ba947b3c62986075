"""After a restore: everything is back, nothing goes out twice, and no mention is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon import data_dir
from daemon.restoring import KeyState
from instagram.errors import InstagramError
from publish import intake, scheduler
from repost import approval, stopping
from repost.retention import PARTS, Retention
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Status, login_required
from storage import (
    authors,
    cloud,
    deliveries,
    facts,
    posts,
    repost_configs,
    repost_slots,
    reposts,
    troubles,
    users,
)
from storage.authors import Verdict
from storage.cloud import CloudWorker
from storage.copies import keep_copy
from storage.deliveries import Step
from storage.errors import AlreadyExists, Unusable
from storage.posts import Post, PostStatus
from storage.reposts import RepostStatus
from storage.store import Database
from storage.troubles import Trouble, TroubleKind
from tests.support.clock import TestClock
from tests.support.data import bring_back, files_of, save
from tests.support.posting import (
    API,
    draft,
    photo_id,
    publish,
    schedule,
    story,
    until,
    until_held,
    upload,
)
from tests.support.served import Served, serve_studio
from tests.support.studio import USERNAME, Studio, open_studio, settings_for

HOUR = timedelta(hours=1)


@dataclass
class Place:
    """One data directory over several lives of the daemon."""

    sandbox: Sandbox
    clock: TestClock
    directory: Path
    logged_in: bool = field(default=False)

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def archive(self) -> Path:
        return self.directory / "backup.tar"

    @asynccontextmanager
    async def studio(self) -> AsyncIterator[Studio]:
        async with open_studio(
            self.sandbox, self.clock, self.directory, logged_in=not self.logged_in
        ) as opened:
            self.logged_in = True
            yield opened

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Served]:
        async with self.studio() as studio, serve_studio(studio) as served:
            yield served

    def save(self, **more: Any) -> None:
        save(settings_for(self.sandbox, self.data), self.archive, self.clock, **more)

    def restore(self, source: Path | None = None, **more: Any) -> Any:
        return bring_back(
            settings_for(self.sandbox, self.data), source or self.archive, self.clock, **more
        )


@pytest.fixture
def place(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Place:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.05)
    return Place(sandbox, clock, tmp_path)


def live(studio: Studio) -> int:
    return len(studio.sandbox.world.published(studio.person))


async def post_of(studio: Studio, post_id: str) -> Post:
    return await studio.core.store.read(posts.get, post_id)


async def let_days_pass(studio: Studio) -> None:
    for _ in range(48):
        studio.clock.advance(HOUR)
        await studio.publish_due()


async def test_a_post_that_went_out_after_the_backup_never_goes_out_again(place: Place) -> None:
    async with place.served() as served:
        body = story(served, await photo_id(served))
        soon = str((await schedule(served, body, HOUR))["postId"])
        later = str((await schedule(served, body, 30 * HOUR))["postId"])
        place.save()
        place.clock.advance(HOUR)
        assert (await until(served, soon, "PUBLISHED"))["status"] == "PUBLISHED"
    done = place.restore()
    assert [post.id for post in done.parked] == [soon]
    async with place.studio() as studio:
        await studio.publish_due()
        assert live(studio) == 1
        parked = await post_of(studio, soon)
        assert (parked.status, parked.error_code) == (PostStatus.FAILED, "DELIVERY_UNKNOWN")
        assert "restored from a backup" in str(parked.error_message)
        await let_days_pass(studio)
        assert (await post_of(studio, later)).status is PostStatus.PUBLISHED
        assert live(studio) == 2


async def test_a_post_that_was_moved_forward_after_the_backup_can_be_held(place: Place) -> None:
    async with place.served() as served:
        body = story(served, await photo_id(served))
        moved = str((await schedule(served, body, 30 * HOUR))["postId"])
        place.save()
        await served.call("POST", f"/api/v1/posts/{moved}/release")
        await served.call("DELETE", f"/api/v1/posts/{moved}")
        await until(served, await publish(served, body), "PUBLISHED")
    assert [post.id for post in place.restore(hold_all=True).parked] == [moved]
    async with place.studio() as studio:
        await let_days_pass(studio)
        assert live(studio) == 1


async def test_what_a_worker_may_send_of_which_the_backup_does_not_know_is_held(
    place: Place,
) -> None:
    async with place.served() as served:
        planned = str(
            (await schedule(served, story(served, await photo_id(served)), HOUR))["postId"]
        )
        place.save()
        worker = CloudWorker(
            account_id="a" * 32,
            url="https://reprise.example.workers.dev",
            version="1",
            bucket=None,
            deployed_at=place.clock.now(),
        )
        await served.studio.core.store.write(cloud.keep, worker)
    done = place.restore()
    assert ([post.id for post in done.parked], done.unknown_worker) == ([planned], worker.url)
    place.save()
    assert place.restore().unknown_worker is None  # nobody knows of it any more


async def test_what_was_uploaded_at_the_backup_is_recognised_by_a_retry(place: Place) -> None:
    async with place.served() as served:
        refused = Status(503, json={"message": "later", "status": "fail"})
        place.sandbox.faults.add(Fault(path="rupload_igphoto", kind=refused))
        post_id = await publish(served, story(served, await photo_id(served)))
        await until_held(served, post_id)
        store = served.studio.core.store
        begun = await store.read(deliveries.find_open, post_id)
        assert begun is not None
        assert begun.step is Step.CREATED
        assert begun.upload_id is not None
        place.save()
        place.clock.advance(HOUR / 4)
        await until(served, post_id, "PUBLISHED")
    place.restore()
    async with place.studio() as studio:
        await let_days_pass(studio)
        assert (await post_of(studio, post_id)).error_code == "DELIVERY_UNKNOWN"
        place.clock.advance(-48 * HOUR)
        await studio.core.store.write(intake.retry, post_id, place.clock.now())
        await studio.publish_due()
        assert (await post_of(studio, post_id)).status is PostStatus.PUBLISHED
        assert live(studio) == 1


async def test_mentions_from_before_the_restore_wait_for_a_person(place: Place) -> None:
    async with place.studio() as studio:
        await studio.configure()
        studio.mention(studio.friend("anna"))
        await studio.scan()
        place.save()
        studio.mention(studio.friend("bert"))
        await studio.run_all()
        assert live(studio) == 2
    waiting = place.restore().waiting
    assert [repost.author_username for repost in waiting] == ["anna"]
    async with place.studio() as studio:
        place.clock.advance(HOUR / 2)
        studio.mention(studio.friend("carla"))
        await studio.run_all()
        states = {repost.author_username: repost for repost in await studio.history()}
        assert states["carla"].status is RepostStatus.PUBLISHED
        for name in ("anna", "bert"):
            assert states[name].status is RepostStatus.WAITING_APPROVAL
            assert "look there" in str(states[name].reason)
        assert live(studio) == 3
        # A person has looked, and this one is not there: it still goes out.
        store = studio.core.store
        await store.write(approval.skip, states["bert"].id, place.clock.now())
        await store.write(approval.approve, states["anna"].id, place.clock.now())
        await studio.run_all()
        assert live(studio) == 4
        assert (await store.read(reposts.get, states["bert"].id)).status is RepostStatus.SKIPPED


async def test_a_backup_of_the_future_holds_nothing_back_for_ever(place: Place) -> None:
    """Its machine ran ahead: its schedules stand, and mentions go out again by themselves."""
    async with place.served() as served:
        await served.studio.configure()
        body = story(served, await photo_id(served))
        later = str((await schedule(served, body, 30 * HOUR))["postId"])
        place.clock.advance(20_000 * HOUR)
        place.save()
        place.clock.advance(-20_000 * HOUR)
    assert place.restore().parked == []
    async with place.studio() as studio:
        await studio.run_all()
        place.clock.advance(HOUR / 2)
        studio.mention(studio.friend("carla"))
        await studio.run_all()
        assert (await studio.only()).status is RepostStatus.PUBLISHED
        await let_days_pass(studio)
        assert (await post_of(studio, later)).status is PostStatus.PUBLISHED


async def test_what_was_read_before_a_restore_changes_nothing_after_it(place: Place) -> None:
    """Also where the row looks as it did then: it is of other data."""
    config, decided = f"{API}/story-repost/config", f"{API}/story-repost/approve"
    async with place.served() as served:
        studio = served.studio
        await studio.configure(approval_required=True)
        account = {"accountId": studio.account.id}
        made = await draft(served, caption="as it was")
        path = f"{API}/posts/draft/{made['id']}"
        rules = (await served.call("GET", config.replace("config", "status"))).body["config"]
        studio.mention(studio.friend("anna"))
        await studio.scan()
        await studio.advance()
        place.save()
        place.clock.advance(HOUR)
        seen = (await served.call("GET", f"{API}/story-repost/pending?limit=9")).body["asOf"]
        await served.call("PUT", path, {"caption": "later", "version": made["version"]})
        studio.mention(studio.friend("bert"))
        await studio.scan()
        cursor = (await served.call("GET", f"{API}/events?wait=0")).body["next"]
        assert cursor > seen
    place.restore()
    async with place.served() as served:
        for method, where, body in (
            ("PUT", path, {"caption": "typed before", "version": made["version"]}),
            ("POST", f"{path}/publish", {"version": made["version"]}),
            ("POST", config, {**account, "dailyRepostLimit": 3, "version": rules["version"]}),
        ):
            answer = await served.call(method, where, body)
            assert (answer.status, answer.body["code"]) == (409, "STALE_EDIT"), where
            assert "came from a backup" in answer.body["error"]
        now = (await served.call("GET", f"{API}/posts/{made['id']}")).body
        assert (now["caption"], now["version"] == made["version"]) == ("as it was", False)
        # All that waited when somebody looked is not what waits by the same numbers now.
        answer = await served.call("POST", decided, {**account, "all": True, "asOf": cursor})
        assert (answer.body["decided"], answer.body["cameSince"]) == ([], 1)
        # And who goes on behind an event that nobody has any more is told so.
        page = (await served.call("GET", f"{API}/events?wait=0&since={cursor}")).body
        assert (page["reset"], page["next"] > cursor) == (True, True)
        kept = {**account, "dailyRepostLimit": 3, "version": "x"}
        kept["version"] = (await served.call("GET", config.replace("config", "status"))).body[
            "config"
        ]["version"]
        assert (await served.call("POST", config, kept)).status in (200, 201)
        again = await served.call("POST", config, {**kept, "dailyRepostLimit": 4})
        assert (again.status, "changed elsewhere" in again.body["error"]) == (409, True)


async def test_what_came_by_a_clock_ahead_is_corrected_by_instagrams_own_time(place: Place) -> None:
    async with place.studio() as studio:
        await studio.configure()
        store, now = studio.core.store, place.clock.now()
        await store.write(facts.learn, facts.DATA_CAME_IN, "", now + 20_000 * HOUR)
        studio.mention(studio.friend("anna"))
        await studio.run_all()
        place.clock.advance(HOUR)
        studio.mention(studio.friend("bert"))
        await studio.run_all()
        states = {one.author_username: one.status for one in await studio.history()}
        # The one from before that look may be on the story already.
        assert states == {
            "anna": RepostStatus.WAITING_APPROVAL, "bert": RepostStatus.PUBLISHED,
        }  # fmt: skip


async def test_a_repost_that_was_queued_at_the_backup_is_parked(place: Place) -> None:
    async with place.studio() as studio:
        await studio.configure()
        studio.mention(studio.friend("anna"))
        await studio.scan()
        await studio.advance()
        place.save()
        await studio.publish_due()
        assert live(studio) == 1
    assert len(place.restore().parked) == 1
    async with place.studio() as studio:
        await studio.run_all()
        await let_days_pass(studio)
        assert live(studio) == 1
        assert (await studio.only()).status is RepostStatus.FAILED


async def test_no_account_logs_in_by_itself_after_a_restore(place: Place) -> None:
    ledger = place.sandbox.ledger
    expired = Fault(path="direct_v2/inbox", kind=login_required())
    async with place.studio() as studio:
        await studio.configure()
        before = ledger.mark()
        place.sandbox.faults.add(expired)
        await studio.scan()
        assert ledger.logins(USERNAME, since=before) == 1  # a day later there may be another
    place.clock.advance(25 * HOUR)
    place.save()
    place.restore()
    async with place.studio() as studio:
        before = ledger.mark()
        place.sandbox.faults.add(expired)
        with pytest.raises(InstagramError):
            await studio.scan()
        assert ledger.logins(USERNAME, since=before) == 0


@pytest.mark.parametrize("damaged", [False, True])
async def test_what_protects_an_account_since_the_backup_holds_on(
    place: Place, damaged: bool
) -> None:
    now = place.clock.now()
    async with place.studio() as studio:
        store, account_id, user_id = studio.core.store, studio.account.id, studio.core.owner.id
        await studio.configure()
        place.save()

        def since(db: Database) -> None:
            challenge = Trouble(
                account_id=account_id, kind=TroubleKind.CHALLENGE, reason="prove it", at=now,
                until=now + 24 * HOUR,
            )  # fmt: skip
            troubles.add(db, challenge)
            repost_slots.take(db, account_id, None, now)
            authors.rule_author(db, account_id, "anna", Verdict.DENY)
            authors.rule_author(db, account_id, "ben", Verdict.ALWAYS)
            repost_configs.change(db, account_id, now=now, is_enabled=False, paused_at=now)
            stopping.stop(db, user_id, now)

        await store.write(since)
    if damaged:
        database = place.data / "reprise.db"
        database.write_bytes(b"lost" * 1000)
    done = place.restore()

    def held(db: Database) -> list[object]:
        config = repost_configs.get(db, account_id)
        return [
            troubles.active(db, account_id, now) is not None,
            len(repost_slots.sent_since(db, account_id, now)) == 1,
            [rule.verdict for rule in authors.rules_of(db, account_id)] == [Verdict.DENY],
            not config.is_enabled,
            config.paused_at is not None,
            users.is_stopped(db, user_id),
        ]

    async with place.studio() as studio:
        assert await studio.core.store.read(held) == 6 * [not damaged]
        assert done.is_protection_kept is not damaged


async def test_everything_is_back_and_what_was_there_is_kept(place: Place) -> None:
    async with place.served() as served:
        media = await photo_id(served)
    place.save(with_key=True)
    saved = files_of(place.data)
    assert place.archive.stat().st_mode & 0o777 == 0o600
    async with place.served() as served:
        await served.call("DELETE", f"/api/v1/media/{media}")
        assert (await served.call("GET", f"/api/v1/media/{media}")).status == 404
    emptied = files_of(place.data)
    with pytest.raises(AlreadyExists, match="--force"):
        place.restore(force=False)
    assert files_of(place.data) == emptied

    done = place.restore()
    assert done.key is KeyState.FITS
    assert done.aside is not None
    assert files_of(done.aside)["reprise.db"] == emptied["reprise.db"]
    restored = files_of(place.data)
    pictures = [name for name in saved if name.startswith("media/")]
    assert len(pictures) == 2
    assert {name: restored[name] for name in pictures} == {name: saved[name] for name in pictures}
    async with place.served() as served:
        assert (await served.call("GET", f"/api/v1/media/{media}")).status == 200


async def test_on_another_machine_it_starts_with_its_key_only(
    place: Place, clock: TestClock, tmp_path: Path
) -> None:
    async with place.studio():
        pass
    place.save()
    elsewhere = settings_for(place.sandbox, tmp_path / "elsewhere" / "data")
    assert bring_back(elsewhere, place.archive, clock, force=False).key is KeyState.MISSING
    with pytest.raises(Unusable, match=r"secret\.key is missing"):
        async with open_studio(place.sandbox, clock, tmp_path / "elsewhere", logged_in=False):
            pass
    (elsewhere.data_dir / "secret.key").write_bytes((place.data / "secret.key").read_bytes())
    async with open_studio(place.sandbox, clock, tmp_path / "elsewhere", logged_in=False) as studio:
        await studio.configure()
        await studio.scan()  # with the session that was sealed


async def test_a_daily_copy_brings_the_database_back_and_leaves_the_media(place: Place) -> None:
    async with place.served() as served:
        media = await photo_id(served)
        made = keep_copy(place.data / "reprise.db", 7, place.clock.now())
        post_id = await publish(served, story(served, media))
        await until(served, post_id, "PUBLISHED")
        assert (await upload(served, served.studio.photo(300, 300))).status == 201
    (place.data / "reprise.db").write_bytes(b"broken" * 4000)
    with pytest.raises(Unusable) as refused:
        async with place.studio():
            pass
    assert f"reprise restore {made} --force" in str(refused.value)
    assert "\n" not in str(refused.value)
    place.restore(made)
    async with place.served() as served:
        assert (await served.call("GET", f"/api/v1/media/{media}")).status == 200
        assert live(served.studio) == 1
    # What it does not know stays with the database that was put aside, and no longer.
    (aside,) = place.data.glob("before-restore-*")
    for file in (place.data / "media").rglob("*"):
        os.utime(file, (0, 0))
    async with place.studio() as studio:
        sweeper = Retention(studio.core.store, studio.folder, studio.core.clock, 30)
        assert [await sweeper.sweep_part() for _ in range(PARTS)] == [0] * PARTS
        shutil.rmtree(aside)
        assert sum([await sweeper.sweep_part() for _ in range(PARTS)]) > 0


@pytest.mark.acceptance
async def test_not_while_a_daemon_runs(place: Place) -> None:
    async with place.studio():
        pass
    place.save()
    with data_dir.held(place.data) as announce:
        announce("http://127.0.0.1:3001")
        with pytest.raises(Unusable, match="Another Reprise"):
            place.restore()
