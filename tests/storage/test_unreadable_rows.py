"""A row that cannot be read costs its own post or account: the services and all others go on."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from publish import scheduler
from sandbox import Sandbox
from storage import jobs, lost, records
from storage.document import export
from storage.errors import Unreadable
from storage.jobs import Job
from storage.store import Database
from storage.times import to_text
from tests.storage.test_upgrade import later_rows
from tests.support.clock import TestClock
from tests.support.data import bring_back, save
from tests.support.life import Life
from tests.support.limits import DEADLOCK_S
from tests.support.posting import live, photo_id, schedule, second_account, story, until
from tests.support.served import Served, serve_studio
from tests.support.studio import Studio, open_studio

HOUR = timedelta(hours=1)
# A column of each kind that a delivery reads, and what a damaged page or another hand may leave.
DAMAGES = [
    ("posts", "user_tags", "{"),
    ("posts", "story_stickers", "\x00"),
    ("posts", "alt_texts", "["),
    ("posts", "story_mentions", "[" * 100_000),
    ("posts", "scheduled_for", "soon"),
    ("posts", "created_at", ""),
    ("posts", "updated_at", "2026-11-28T12:00:00.000"),
    ("jobs", "run_at", "!"),
    ("jobs", "completed_at", "2026-13-45T99:00:00.000Z"),
    ("jobs", "created_at", "now"),
    ("media_files", "created_at", "x"),
]
pytestmark = pytest.mark.logs_errors


@pytest.fixture
async def served(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.05)
    async with open_studio(sandbox, clock, tmp_path) as studio, serve_studio(studio) as served:
        yield served


@pytest.mark.acceptance
async def test_one_post_that_cannot_be_read_stops_no_other(served: Served) -> None:
    store, clock = served.studio.core.store, served.studio.clock
    other, _ = await second_account(served)
    for number, (table, column, value) in enumerate(DAMAGES):
        media = [await photo_id(served, seed=2 * number + n) for n in (1, 2)]
        mine = await schedule(served, story(served, media[0]), HOUR)
        good = {**story(served, media[1]), "accountId": other.id}
        theirs = await schedule(served, good, HOUR + timedelta(minutes=1))
        row = {"posts": mine["postId"], "jobs": mine["jobId"], "media_files": media[0]}[table]
        statement = f"UPDATE {table} SET {column} = ? WHERE id = ?"
        await store.write(
            lambda db, *sent: db.conn.execute(*sent) and None, statement, (value, row)
        )
        clock.advance(HOUR + timedelta(minutes=2))
        await until(served, theirs["postId"], "PUBLISHED")
        with trio.fail_after(DEADLOCK_S):
            while (found := await store.read(state_of, mine["postId"]))[:2] != ("FAILED", "FAILED"):
                await trio.sleep(0.02)
        assert found[2] == "INTERNAL_ERROR", (table, column)
        assert live(served) == 0, "what nobody can read does not go out"
        answer = await served.call("GET", "/api/v1/health")
        assert set(answer.body["services"].values()) <= {"running", "connected"}, (table, column)


async def test_what_was_sent_and_cannot_be_read_is_in_doubt(served: Served) -> None:
    made = await schedule(served, story(served, await photo_id(served)), HOUR)

    def sent(db: Database) -> None:
        db.conn.execute(
            "INSERT INTO deliveries (id, post_id, route, step, created_at, updated_at, files)"
            " SELECT 'sent', id, 'PRIVATE', 'PUBLISHING', created_at, updated_at, '{'"
            " FROM posts WHERE id = ?",
            (made["postId"],),
        )

    store = served.studio.core.store
    await store.write(sent)
    served.studio.clock.advance(HOUR + timedelta(minutes=2))
    with trio.fail_after(DEADLOCK_S):
        while (found := await store.read(state_of, made["postId"]))[0] != "FAILED":
            await trio.sleep(0.02)
    assert found == ("FAILED", "FAILED", "DELIVERY_UNKNOWN")
    assert live(served) == 0


async def test_a_time_that_never_comes_holds_nobody_up(served: Served) -> None:
    store, clock = served.studio.core.store, served.studio.clock
    other, _ = await second_account(served)
    mine = await schedule(served, story(served, await photo_id(served)), HOUR)
    await store.write(spoil, "jobs", "run_at", mine["jobId"], "soon")
    good = {**story(served, await photo_id(served, seed=2)), "accountId": other.id}
    theirs = await schedule(served, good, HOUR)
    clock.advance(HOUR + timedelta(seconds=1))
    await until(served, theirs["postId"], "PUBLISHED")
    assert await store.read(jobs.next_claim_at, clock.now()) is None


async def test_a_row_is_named_and_those_beside_it_are_read(served: Served) -> None:
    made = [await schedule(served, story(served, await photo_id(served)), HOUR) for _ in range(3)]
    bad = made[1]["jobId"]
    store = served.studio.core.store
    await store.write(spoil, "jobs", "created_at", bad, "x")
    with pytest.raises(Unreadable, match=f"The row {bad} of jobs cannot be read"):
        await store.read(records.get, Job, bad)
    found = await store.read(records.fetch_readable, Job)
    assert {job.id for job in found} == {one["jobId"] for one in made} - {bad}
    await store.write(lost.give_up, "no such job", served.studio.clock.now())


# Of every table, one row of which one column is garbled: texts, times, and words that a rule of the
# schema knows all of.
COLUMNS: dict[str, tuple[str, ...]] = {
    "texts": (
        "account_sessions.id", "accounts.name", "api_keys.name", "author_rules.username",
        "browser_sessions.scopes", "challenges.kind", "cloud_posts.lane", "cloud_worker.url",
        "credentials.ig_username", "deleted_posts.post", "deliveries.pieces", "events.reason",
        "facts.value", "idempotency_keys.key", "jobs.last_error", "login_codes.scopes",
        "loose_files.path", "media_files.original_filename", "notices.text", "posts.caption",
        "quiet_hours.timezone", "renditions.stored_path", "reposts.author_username",
        "repost_slots.post_id", "session_calls.rail", "story_repost_configs.template",
        "troubles.reason", "users.name", "webhook_deliveries.body", "webhooks.url",
    ),
    "times": (
        "account_sessions.used_at", "accounts.created_at", "api_keys.created_at",
        "author_followers.read_at", "browser_sessions.created_at", "challenges.created_at",
        "cloud_posts.since", "cloud_worker.told_at", "credentials.created_at",
        "deleted_posts.deleted_at", "deliveries.created_at", "events.at", "facts.at",
        "idempotency_keys.at", "jobs.run_at", "lanes.free_at", "login_codes.expires_at",
        "media_files.created_at", "notices.opened_at", "posts.created_at", "quiet_hours.begins",
        "reposts.detected_at", "repost_slots.at", "session_calls.at",
        "story_repost_configs.updated_at", "troubles.at", "users.created_at",
        "webhook_deliveries.created_at", "webhooks.created_at",
    ),
    "a word of a post": ("posts.media_type",),
    "a word of a mention": ("reposts.status",),
    "words": (
        "accounts.login_method", "author_rules.verdict", "cloud_posts.owner", "deliveries.step",
        "jobs.status", "media_files.origin", "posts.status", "reposts.status",
        "story_repost_configs.publish_route", "webhook_deliveries.status", "webhooks.kind",
    ),
}  # fmt: skip


@pytest.mark.parametrize("then", ["SCHEDULED", "QUEUED", "PUBLISHED", "FAILED", "retried"])
async def test_a_post_whose_job_is_in_no_state_goes_out_once(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, then: str
) -> None:
    """Only one that waits: what is over stays over, and another job of it is left alone."""
    async with open_studio(sandbox, clock, tmp_path) as studio, serve_studio(studio) as served:
        made = await schedule(served, story(served, await photo_id(served)), HOUR)
        path = studio.core.settings.database
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(
            "UPDATE jobs SET status = CAST(x'78ff' AS TEXT) WHERE id = ?", (made["jobId"],)
        )
        if then == "retried":
            columns = "user_id, type, account_id, post_id, run_at, max_attempts, updated_at"
            connection.execute(
                f"INSERT INTO jobs (id, status, created_at, {columns}) SELECT 'newer', 'PENDING',"
                f" '2999-01-01T00:00:00.000Z', {columns} FROM jobs"
            )
        else:
            connection.execute("UPDATE posts SET status = ?", (then,))
        connection.commit()
    clock.advance(HOUR)
    async with (
        open_studio(sandbox, clock, tmp_path, logged_in=False) as studio,
        serve_studio(studio) as served,
    ):
        await until(served, made["postId"], "PUBLISHED" if then != "FAILED" else "FAILED")
        await studio.publish_due()
        assert live(served) == (then not in ("PUBLISHED", "FAILED"))


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
async def test_a_garbled_row_in_every_table_stops_nothing(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, columns: tuple[str, ...]
) -> None:
    """All at once: the daemon starts, copies and exports, every list and page is there, and its
    own account goes on."""
    async with open_studio(sandbox, clock, tmp_path) as studio:
        core = studio.core
        await studio.configure()
        await core.store.write(fill, studio)
        path = core.settings.database
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for column in columns:
            garble(connection, *column.split("."))
        connection.commit()
    async with (
        open_studio(sandbox, clock, tmp_path, logged_in=False) as studio,
        serve_studio(studio) as served,
    ):
        core = studio.core
        await served.sign_in()
        for asked in (
            "/auth/me", "/media", "/posts?limit=100", "/posts?limit=100&page=2", "/counts",
            "/schedule", "/webhooks", "/settings/account-sessions", "/settings/browsers",
            "/settings/api-keys", "/notify", "/schedule/queue/status",
        ):  # fmt: skip
            answer = await served.call("GET", f"/api/v1{asked}")
            assert answer.status == 200, (asked, answer.body)
        own = [] if len(columns) > 1 else ["/mentions?account=another"]
        for page in ("/", "/mentions", "/calendar", "/media", "/settings", "/history", *own):
            shown = await served.client.get(page)
            assert shown.status_code == 200, (page, shown.text[:300])
        await core.gateway.account(studio.account.id).activity()
        made = await schedule(served, story(served, await photo_id(served)), HOUR)
        await core.store.check()
        document = await core.store.read(export, core.owner.id, clock.now(), core.vault)
        assert made["postId"] in {post["id"] for post in document["posts"]}
        services = (await served.call("GET", "/api/v1/health")).body["services"]
        assert set(services.values()) == {"running", "connected"}, services
    save(core.settings, tmp_path / "backup.tar", clock)
    assert bring_back(core.settings, tmp_path / "backup.tar", clock).aside is not None


def fill(db: Database, studio: Studio) -> None:
    """Let there be rows in every table, of another account."""
    core = studio.core
    life = Life(db, core.vault, studio.folder, core.owner.id, core.clock.now())
    account = life.fill_of("another")
    later_rows(db)
    at, user = to_text(core.clock.now()), core.owner.id
    for statement in (
        "INSERT INTO challenges SELECT id, 'x', NULL, :at FROM accounts WHERE id = :account",
        "INSERT INTO account_sessions VALUES ('s', :user, :account, 0, :at, :at)",
        "INSERT INTO browser_sessions (id, user_id, created_at, expires_at)"
        " VALUES ('b', :user, :at, '2999-01-01T00:00:00.000Z')",
        "INSERT INTO login_codes (hash, user_id, expires_at) VALUES ('h', :user, :at)",
        "INSERT INTO deleted_posts VALUES ('d', :user, '{}', :at)",
        "INSERT INTO author_followers VALUES ('77', 5, :at)",
        "INSERT INTO facts VALUES ('zzz', '1', :at)",
        "INSERT INTO loose_files VALUES ('zz/odd')",
        "INSERT INTO api_keys (id, user_id, name, prefix, hash, scopes, created_at)"
        " VALUES ('k', :user, 'x', 'p', 'h', '', :at)",
        "INSERT INTO users (id, created_at, name) VALUES ('zoe', :at, 'zoe')",
    ):
        db.conn.execute(statement, {"at": at, "user": user, "account": account.id})


def garble(connection: sqlite3.Connection, table: str, column: str) -> None:
    """Spoil a column of one row, as a disk does: not of the account that goes on, if there is
    another. Of the facts all of them: each is of its own kind."""
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    others = "account_id" if "account_id" in names else "id" if table == "accounts" else "''"
    row = "" if table == "facts" else (
        f" WHERE {names[0]} = (SELECT {names[0]} FROM {table} ORDER BY {others} ="
        f" (SELECT id FROM accounts WHERE username = 'studio'), {names[0]} DESC LIMIT 1)"
    )  # fmt: skip
    done = connection.execute(f"UPDATE {table} SET {column} = CAST(x'78ff' AS TEXT){row}")
    assert done.rowcount >= 1, table


def spoil(db: Database, table: str, column: str, row_id: str, value: str) -> None:
    db.conn.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, row_id))


def state_of(db: Database, post_id: str) -> tuple[str, ...]:
    return tuple(
        db.conn.execute(
            "SELECT posts.status, jobs.status, posts.error_code FROM posts"
            " JOIN jobs ON jobs.post_id = posts.id WHERE posts.id = ?",
            (post_id,),
        ).fetchone()
    )
