"""Moving in and out: nothing is lost, nothing of the past is sent, a bad file changes nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trio

from ground.clock import utc_now
from sandbox import Sandbox
from sandbox.world.sample_media import make_photo
from storage import posts
from storage.files import MediaFolder
from storage.posts import PostStatus
from storage.reposts import RepostStatus
from storage.store import open_directly, transaction
from storage.times import to_text
from storage.users import ensure_owner
from storage.vault import load_vault
from tests.storage.test_upgrade import NAMES, key, make
from tests.support.clock import TestClock
from tests.support.data import Commands
from tests.support.life import Life
from tests.support.process import Finished, environment
from tests.support.studio import PASSWORD, USERNAME, open_studio

HOUR = timedelta(hours=1)


@pytest.fixture
def reprise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    return Commands(environment(tmp_path), monkeypatch, capsys)


def old_home(tmp_path: Path, reprise: Commands) -> Commands:
    """Return the commands of another data directory, with rows of every kind in it."""
    home = tmp_path / "old"
    home.mkdir()
    make(home / "data" / "reprise.db", NAMES[0])
    (home / "data" / "secret.key").write_bytes(key())
    return Commands(environment(home), reprise._patch, reprise._capsys)


def rows(reprise: Commands) -> dict[str, list[dict[str, Any]]]:
    return {
        name: found
        for name, found in json.loads(reprise("export").out).items()
        if isinstance(found, list)
    }


def test_what_was_exported_is_all_there_after_an_import(reprise: Commands, tmp_path: Path) -> None:
    old = old_home(tmp_path, reprise)
    file = tmp_path / "all.json"
    told = old("export", str(file), "--json")
    assert told.code == 0, told.err
    assert (told.json["posts"], told.json["reposts"]) == (8, 2)
    taken = reprise("import", str(file), "--json")
    assert taken.code == 0, taken.err
    assert taken.json["new"] == {
        "accounts": 2, "posts": 8, "storyRepostConfigs": 1, "reposts": 2,
    }  # fmt: skip
    before, after = rows(old), rows(reprise)
    assert after["accounts"] == before["accounts"]
    there = {post["id"]: post for post in after["posts"]}
    for post in before["posts"]:
        same = {"caption", "mediaType", "createdAt", "igPermalink", "storyMentions", "publishedAt"}
        assert {name: there[post["id"]][name] for name in same} == {
            name: post[name] for name in same
        }
        if post["status"] in ("PUBLISHED", "FAILED", "DRAFT"):
            assert there[post["id"]]["status"] == post["status"]
    (config,), (old_config,) = after["storyRepostConfigs"], before["storyRepostConfigs"]
    assert config == old_config | {"isEnabled": False, "seenUntil": None}
    assert [one | {"mediaPath": None} for one in before["reposts"]] == after["reposts"]

    again = reprise("import", str(file), "--json")
    assert again.json["new"] == {}
    assert rows(reprise) == after


def test_media_that_the_disk_does_not_give_keep_nothing_else_from_moving(
    reprise: Commands, tmp_path: Path
) -> None:
    """An import takes all files of a document or none: what is gone is not promised by it."""
    home = tmp_path / "old"
    directory = home / "data"
    directory.mkdir(parents=True)
    old = Commands(environment(home), reprise._patch, reprise._capsys)
    folder = MediaFolder(directory / "media")
    with open_directly(directory / "reprise.db") as db, transaction(db):
        owner = ensure_owner(db, utc_now())
        Life(db, load_vault(directory), folder, owner.id, utc_now()).fill()
        found = db.conn.execute(
            "SELECT storage_path, thumbnail_path FROM media_files WHERE thumbnail_path IS NOT NULL"
            " AND thumbnail_path != storage_path ORDER BY id LIMIT 2"
        ).fetchall()
    (gone, _), (_, unread) = found
    folder.path(gone).unlink()
    folder.path(unread).unlink()
    folder.path(unread).mkdir()  # nothing that can be read
    media = tmp_path / "media"
    told = old("export", str(tmp_path / "all.json"), "--media", str(media))
    assert (told.code, "2 files of the media are gone" in told.err) == (0, True), told.err
    assert not [path for path in (media / gone, media / unread) if path.exists()]
    taken = reprise("import", str(tmp_path / "all.json"), "--media", str(media), "--json")
    assert taken.code == 0, taken.err
    stored = {row["storagePath"]: row["thumbnailPath"] for row in rows(reprise)["mediaFiles"]}
    assert gone not in stored
    assert stored[found[1][0]] is None
    # Into the folder itself: what is there stays as it is.
    before = {path: path.stat().st_size for path in (directory / "media").rglob("*.jpg")}
    assert old("export", str(tmp_path / "all.json"), "--media", str(folder.root)).code == 0
    assert {path: path.stat().st_size for path in before} == before


def test_secrets_are_in_it_only_when_asked_for(reprise: Commands, tmp_path: Path) -> None:
    old = old_home(tmp_path, reprise)
    bare, full = tmp_path / "bare.json", tmp_path / "full.json"
    old("export", str(bare))
    assert PASSWORD not in bare.read_text()
    warned = old("export", str(full), "--with-secrets")
    assert "delete it" in warned.err
    assert PASSWORD in full.read_text()
    assert full.stat().st_mode & 0o777 == 0o600
    assert reprise("import", str(full)).code == 0
    again = tmp_path / "again.json"
    reprise("export", str(again), "--with-secrets")
    secrets = [
        {one["username"]: one["secrets"] for one in json.loads(file.read_text())["accounts"]}
        for file in (full, again)
    ]
    assert secrets[0] == secrets[1]
    stored = (tmp_path / "data" / "reprise.db").read_bytes()
    assert PASSWORD.encode() not in stored


PRISMA = """
CREATE TABLE InstagramAccount (id TEXT PRIMARY KEY, igUserId TEXT, username TEXT, name TEXT,
    loginMethod TEXT, followersCount INTEGER, createdAt DATETIME, accessToken TEXT);
CREATE TABLE Post (id TEXT PRIMARY KEY, userId TEXT, instagramAccountId TEXT, mediaType TEXT,
    sourceType TEXT, caption TEXT, hashtags TEXT, userTags TEXT, collaborators TEXT,
    publishedViaPrivateApi BOOLEAN, isScheduled BOOLEAN, scheduledFor DATETIME, timezone TEXT,
    status TEXT, igPermalink TEXT, cloudflareJobId TEXT, retryCount INTEGER, publishedAt DATETIME,
    createdAt DATETIME, updatedAt DATETIME);
CREATE TABLE StoryRepostConfig (id TEXT PRIMARY KEY, instagramAccountId TEXT, isEnabled BOOLEAN,
    igUsername TEXT, pollIntervalHours INTEGER, jitterMinutes INTEGER, sleepWindowStart INTEGER,
    sleepWindowEnd INTEGER, dailyRepostLimit INTEGER, challengePauseUntil DATETIME,
    signatureOverlay TEXT,
    createdAt DATETIME, updatedAt DATETIME);
CREATE TABLE ScheduledJob (id TEXT PRIMARY KEY, type TEXT, runAt DATETIME);
CREATE TABLE _prisma_migrations (id TEXT);
"""


def voidgram(path: Path, clock: TestClock) -> tuple[dict[str, str], str]:
    """Write a database as VoidGram has it, as far as its reference tells.

    Returns the ids of its posts, and when they were made.
    """
    now = int(clock.seconds() * 1000)
    account, hour = str(uuid4()), 3_600_000
    made = {
        name: str(uuid4()) for name in ("published", "future", "cloud", "past", "going", "draft")
    }
    states = {
        "published": ("PUBLISHED", None, None),
        "future": ("SCHEDULED", now + hour, None),
        "cloud": ("SCHEDULED", now + hour, "worker-7"),
        "past": ("SCHEDULED", now - hour, None),
        "going": ("PUBLISHING", None, None),
        "draft": ("DRAFT", None, None),
    }
    with closing(sqlite3.connect(path)) as db:
        db.executescript(PRISMA)
        db.execute(
            "INSERT INTO InstagramAccount VALUES (?, '178414', 'studio', NULL, 'instagram', 12, ?,"
            " 'sealed by it')",
            (account, now - 90 * 24 * hour),
        )
        for name, (status, at, job) in states.items():
            tags = '[{"username":"anna","x":0.5,"y":0.5}]'
            db.execute(
                f"INSERT INTO Post VALUES ({', '.join('?' * 20)})",
                (made[name], "u", account, "IMAGE", "MANUAL", name, None, tags, "", 0, bool(at),
                 at, "Europe/Madrid", status, None, job, 0, None, now - hour, now - hour),
            )  # fmt: skip
        db.execute(
            "INSERT INTO StoryRepostConfig VALUES (?, ?, 1, 'studio', 12, 15, 23, 7, 5, ?,"
            " 'by the studio', ?, ?)",
            (str(uuid4()), account, now + 24 * hour, now, now),
        )
        db.execute("INSERT INTO ScheduledJob VALUES ('j', 'PUBLISH', ?)", (now + hour,))
        db.commit()
    return made, to_text(datetime.fromtimestamp((now - hour) / 1000, UTC))


def test_voidgrams_database_is_understood_as_far_as_it_is_known(
    reprise: Commands, tmp_path: Path, clock: TestClock
) -> None:
    made, created_at = voidgram(tmp_path / "voidgram.db", clock)
    taken = reprise("import", str(tmp_path / "voidgram.db"), "--json")
    assert taken.code == 0, taken.err
    assert taken.json["new"] == {"accounts": 1, "posts": 6, "storyRepostConfigs": 1}
    assert taken.json["unknown"] == {
        "ScheduledJob": 1,
        "accounts.accessToken": 1,
        "storyRepostConfigs.signatureOverlay, of another form": 1,
    }
    there = {post["id"]: post for post in rows(reprise)["posts"]}
    assert {name: there[post_id]["status"] for name, post_id in made.items()} == {
        "published": "PUBLISHED", "future": "DRAFT", "cloud": "DRAFT", "past": "FAILED",
        "going": "FAILED", "draft": "DRAFT",
    }  # fmt: skip
    for name in ("past", "going"):
        assert there[made[name]]["errorCode"] == "DELIVERY_UNKNOWN"
    assert there[made["draft"]]["userTags"] == [{"username": "anna", "x": 0.5, "y": 0.5}]
    assert there[made["published"]]["createdAt"] == created_at
    (config,) = rows(reprise)["storyRepostConfigs"]
    assert (config["isEnabled"], config["dailyRepostLimit"]) == (False, 5)
    with closing(sqlite3.connect(tmp_path / "data" / "reprise.db")) as db:
        assert db.execute("SELECT kind FROM troubles").fetchall() == [("CHALLENGE",)]
        assert db.execute("SELECT DISTINCT status FROM jobs").fetchall() == [("FAILED",)]


def document(clock: TestClock, account_id: str, uploads: Path) -> dict[str, Any]:
    """Return an export with a picture, a post of the past and one of the future."""
    uploads.mkdir()
    make_photo(uploads / "sea.jpg", 400, 500, seed=1)
    media = {
        "id": str(uuid4()), "originalFilename": "sea.jpg", "storagePath": "sea.jpg",
        "mimeType": "image/jpeg", "fileSize": 1, "isValid": True, "createdAt": to_text(clock.now()),
        "previewUrl": "/uploads/sea.jpg",
    }  # fmt: skip

    def post(after: timedelta) -> dict[str, Any]:
        return {
            "id": str(uuid4()), "userId": str(uuid4()), "instagramAccountId": account_id,
            "mediaType": "STORIES", "sourceType": "SCHEDULED", "isScheduled": True,
            "scheduledFor": to_text(clock.now() + after), "timezone": "UTC", "status": "SCHEDULED",
            "createdAt": to_text(clock.now()), "updatedAt": to_text(clock.now()),
            "mediaFiles": [media], "color": "blue",
        }  # fmt: skip

    return {
        "accounts": [
            {"id": account_id, "igUserId": "178414", "username": USERNAME, "loginMethod":
             "instagram", "createdAt": to_text(clock.now())}
        ],
        "mediaFiles": [media],
        "posts": [post(-HOUR), post(HOUR)],
    }  # fmt: skip


async def in_thread(reprise: Commands, *words: str) -> Finished:
    return await trio.to_thread.run_sync(lambda: reprise(*words))


async def test_schedules_go_on_and_the_past_is_never_sent(
    reprise: Commands, sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    # The same account at the other tool has another id there.
    data = document(clock, str(uuid4()), tmp_path / "uploads")
    file = tmp_path / "voidgram.json"
    file.write_text(json.dumps(data))
    async with open_studio(sandbox, clock, tmp_path) as studio:
        await studio.configure()
        studio.mention(studio.friend("anna"))
    taken = await in_thread(
        reprise, "import", str(file), "--media", str(tmp_path / "uploads"), "--json"
    )
    assert taken.code == 0, taken.err
    assert taken.json["new"] == {"mediaFiles": 1, "posts": 2}
    assert taken.json["known"] == {"accounts": 1}
    assert taken.json["unknown"] == {"posts.color": 2}
    past, future = (post["id"] for post in data["posts"])
    async with open_studio(sandbox, clock, tmp_path, logged_in=False) as studio:
        await studio.run_all()
        # The other tool may have reposted it.
        assert (await studio.only()).status is RepostStatus.WAITING_APPROVAL
        for _ in range(4):
            clock.advance(HOUR / 2)
            await studio.publish_due()
        assert len(sandbox.world.published(studio.person)) == 1
        store = studio.core.store
        assert (await store.read(posts.get, future)).status is PostStatus.PUBLISHED
        assert (await store.read(posts.get, past)).error_code == "DELIVERY_UNKNOWN"


def test_everything_that_is_wrong_is_said_and_nothing_is_stored(
    reprise: Commands, tmp_path: Path, clock: TestClock
) -> None:
    uploads = tmp_path / "uploads"
    good = document(clock, str(uuid4()), uploads)
    reprise("account", "list")
    before = rows(reprise)
    file = tmp_path / "bad.json"

    def refused(change: Any, *words: str) -> str:
        bad = json.loads(json.dumps(good))
        change(bad)
        file.write_text(json.dumps(bad))
        done = reprise("import", str(file), *words)
        assert (done.code, done.out) == (2, ""), done.err
        assert len(done.err.strip().splitlines()) == 1
        assert rows(reprise) == before
        assert not [path for path in (tmp_path / "data" / "media").rglob("*") if path.is_file()]
        return done.err

    def two(bad: Any) -> None:
        bad["posts"][0]["mediaType"] = "VIDEO"
        bad["posts"][1]["scheduledFor"] = "soon"

    said = refused(two)
    assert "posts[0].media_type" in said
    assert "posts[1].scheduled_for" in said
    assert "no UUID" in refused(lambda bad: bad["posts"][1].update(id="7"))
    assert "twice" in refused(lambda bad: bad["posts"][1].update(id=bad["posts"][0]["id"]))
    assert "newer" in refused(lambda bad: bad.update(format="reprise-export", version=2))
    with_media = ("--media", str(uploads))
    assert "is not in" in refused(
        lambda bad: bad["mediaFiles"][0].update(storagePath="gone.jpg"), *with_media
    )
    outside = tmp_path / "outside.jpg"
    make_photo(outside, 400, 500, seed=2)
    assert "is not in" in refused(
        lambda bad: bad["mediaFiles"][0].update(storagePath="../outside.jpg"), *with_media
    )
    (uploads / "notes.jpg").write_text("no picture")

    def another(bad: Any) -> None:
        more = {**bad["mediaFiles"][0], "id": str(uuid4()), "storagePath": "notes.jpg"}
        bad["mediaFiles"].append(more)

    assert "notes.jpg cannot be used" in refused(another, *with_media)


def test_what_is_no_export_is_refused_with_one_line(reprise: Commands, tmp_path: Path) -> None:
    file = tmp_path / "file"
    for content, words in ((b"\xff\xd8", "neither JSON"), (b"[]", "no JSON object"),
                           (b"SQLite format 3\0 and more", "no database")):  # fmt: skip
        file.write_bytes(content)
        done = reprise("import", str(file))
        assert done.code == 2
        assert words in done.err
        assert len(done.err.strip().splitlines()) == 1
