"""Nothing is forgotten on the way: all of a full life comes back, or a reason says why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from daemon.settings import Settings
from ground.clock import Clock
from moving import taking_in
from moving.media import bring
from moving.plan import Imported, NotImported, Plan, read_document
from moving.taking_in import store_rows, take_in
from moving.taking_out import remember, take_out
from publish import intake
from publish.content import fingerprint
from publish.library import MediaLibrary
from repost import stopping
from repost.retention import Retention
from sandbox.world.sample_media import make_photo
from storage import along, deliveries, media_files, posts, records, secrets, users
from storage.deliveries import Delivery, Outcome
from storage.document import export, media_paths
from storage.files import MediaFolder
from storage.posts import PostStatus
from storage.secrets import AccountSecret
from storage.store import Database, Store, open_directly, open_store, transaction
from storage.times import to_text
from storage.users import ensure_owner
from storage.vault import load_vault
from tests.support.clock import TestClock
from tests.support.data import bring_back, save
from tests.support.life import Life, Rows, everything

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BEGUN = {"QUEUED", "PROCESSING", "PUBLISHING"}
OPEN = {"DOWNLOADED", "WAITING_APPROVAL", "QUEUED"}

# What an export leaves where it is, and why: a table, or (table, column).
STAYS: dict[str | tuple[str, str], str] = {
    ("users", "id"): "the installation's own",
    ("users", "name"): "of others than its owner",
    ("users", "created_at"): "the installation's own",
    "daemon_secrets": "the installation's own",
    "api_keys": "whoever had one there has none here",
    "browser_sessions": "as the keys",
    "login_codes": "as the keys",
    "idempotency_keys": "as the keys",
    "webhooks": "as the keys",
    "webhook_secrets": "as the keys",
    "webhook_deliveries": "as the keys",
    "account_sessions": "as the keys",
    "session_calls": "of one day, and of sessions that stay",
    "cloud_worker": "it belongs to the installation that has its keys",
    "cloud_posts": "as the Worker: what it owns comes as a draft",
    "cloud_lanes": "as the Worker",
    "notices": "noticed anew where somebody is told",
    "quiet_hours": "as the keys",
    "challenges": "a login that waits for a person is begun anew",
    "facts": "what one installation knows of the world",
    "author_followers": "read again when it is asked for",
    "jobs": "made anew for what is scheduled",
    "deleted_posts": "the user has cleared them",
    "renditions": "made anew when a post needs them: they may be of an older recipe",
    "row_counts": "kept by triggers",
    "state_counts": "kept by triggers",
    "loose_files": "of one disk",
    "account_secrets": "sealed by another key: compared in the clear",
    ("events", "id"): "a number of one database",
    ("troubles", "id"): "a number of one database",
    ("repost_slots", "id"): "a number of one database",
    ("deliveries", "files"): "names renditions",
    ("story_repost_configs", "is_enabled"): "the other installation may still run",
    ("story_repost_configs", "seen_until"): "what came meanwhile is looked for again",
    **{(table, "user_id"): "the owner here" for table in (
        "accounts", "media_files", "posts", "story_repost_configs", "reposts", "events",
    )},
}  # fmt: skip
# What parking changes: of posts on their way, of their deliveries, of unsent mentions.
PARKED = {
    "posts": {"status", "error_code", "error_message", "completed_at", "updated_at"},
    "deliveries": {"step", "publishing_at", "updated_at", "closed_at", "outcome"},
    "reposts": {"status", "reason", "held_until", "approved_at", "updated_at"},
}
# What a restore changes beside: see docs/backup.md.
AFTER_A_RESTORE: dict[str | tuple[str, str], str] = {
    "facts": "when the data came is known here",
    "row_counts": "kept by triggers",
    "state_counts": "kept by triggers",
    ("browser_sessions", "ended_at"): "whoever was signed in signs in again",
    ("lanes", "set_at"): "the end of a parked post frees its lane, no earlier than before",
    ("credentials", "last_automatic_login_at"): "later logins are not known here: a day's rest",
    **{("jobs", name): "those of parked posts have failed" for name in (
        "status", "updated_at", "completed_at", "last_error",
    )},
}  # fmt: skip


@dataclass(frozen=True)
class Home:
    """A data directory."""

    directory: Path

    @property
    def database(self) -> Path:
        return self.directory / "reprise.db"

    @property
    def media(self) -> MediaFolder:
        return MediaFolder(self.directory / "media")

    def rows(self) -> Rows:
        with open_directly(self.database) as db:
            return everything(db)

    def secrets(self) -> dict[tuple[str, str], str]:
        vault, kept = load_vault(self.directory), {}
        with open_directly(self.database) as db:
            for row in everything(db)["account_secrets"]:
                name = AccountSecret(row["name"])
                kept[row["account_id"], name.value] = str(
                    secrets.get(db, vault, row["account_id"], name)
                )
        return kept

    def files(self) -> dict[str, bytes]:
        root = self.directory / "media"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }


def home(directory: Path) -> Home:
    directory.mkdir()
    made = Home(directory)
    assert made.media.root.is_dir()
    load_vault(directory)
    return made


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A data directory with a full life in it."""
    made = home(tmp_path_factory.mktemp("lived") / "data")
    with open_directly(made.database) as db, transaction(db):
        owner = ensure_owner(db, NOW)
        Life(db, load_vault(made.directory), made.media, owner.id, NOW).fill()
        users.set_stopped(db, owner.id, NOW)
    return made


def document_of(lived: Home, *, with_secrets: bool = True) -> dict[str, Any]:
    with open_directly(lived.database) as db:
        owner = ensure_owner(db, NOW)
        vault = load_vault(lived.directory) if with_secrets else None
        return json.loads(json.dumps(export(db, owner.id, NOW, vault)))  # type: ignore[no-any-return]


async def bring_in(document: Any, to: Home, media: Path | None) -> Imported:
    async with open_store(to.database) as store:
        owner = await store.write(ensure_owner, NOW)
        library = MediaLibrary(store, to.media, Clock(lambda: NOW))
        plan = read_document(document, owner.id)
        vault = load_vault(to.directory)
        return await take_in(plan, store, vault, library, media=media, now=NOW)


def test_the_full_life_has_a_value_in_every_column(lived: Home) -> None:
    """So that a column which is forgotten is seen: a default would come back by itself."""
    rows = lived.rows()
    moved = {table for table in rows if table not in STAYS}
    empty = {
        (table, column)
        for table in moved
        for column in rows[table][0]
        if (table, column) not in STAYS and all(row[column] in (None, "[]") for row in rows[table])
    }
    assert not empty
    assert {row["status"] for row in rows["posts"]} == {one.value for one in PostStatus}


def differences(before: Rows, after: Rows, stays: Any) -> Iterator[str]:
    """Yield what is not as it was, and is on no list."""
    parked = {row["id"] for row in before["posts"] if row["status"] in BEGUN}
    for table in before:
        if table in stays:
            continue
        old, new = (
            [_kept(table, row, parked, stays) for row in rows[table]] for rows in (before, after)
        )
        if table == "events" and stays is STAYS:
            # What accounts, logins and jobs went through is each installation's own.
            old = [row for row in old if row["subject"] in ("post", "repost")]
        yield from (f"{table} lost {row}" for row in old if row not in new)
        if table != "events":  # parking leaves some
            yield from (f"{table} gained {row}" for row in new if row not in old)


def _kept(table: str, row: dict[str, Any], parked: set[str], stays: Any) -> dict[str, Any]:
    may_differ = {column for column in row if (table, column) in stays}
    if row.get("post_id" if table == "deliveries" else "id") in parked:
        may_differ |= PARKED.get(table, set())
    if table == "reposts" and row["status"] in OPEN:
        may_differ |= PARKED["reposts"]
    return {column: value for column, value in row.items() if column not in may_differ}


async def test_after_export_and_import_a_comparison_of_everything_is_empty(
    lived: Home, tmp_path: Path
) -> None:
    document, new = document_of(lived), home(tmp_path / "new")
    for _ in range(2):  # once more changes nothing
        await bring_in(document, new, lived.media.root)
        assert list(differences(lived.rows(), new.rows(), STAYS)) == []
        named = set(media_paths(document))
        assert new.files() == {
            path: content for path, content in lived.files().items() if path in named
        }
        kept = {
            key: value for key, value in lived.secrets().items()
            if key[1] != AccountSecret.PENDING_LOGIN
        }  # fmt: skip
        assert new.secrets() == kept


async def test_after_backup_and_restore_a_comparison_of_everything_is_empty(
    lived: Home, tmp_path: Path
) -> None:
    clock = TestClock()
    clock.advance(NOW - clock.now())
    new = home(tmp_path / "new")
    before = lived.rows()
    save(Settings(data_dir=lived.directory), tmp_path / "all.tar", clock, with_key=True)
    bring_back(Settings(data_dir=new.directory), tmp_path / "all.tar", clock)
    assert list(differences(before, new.rows(), AFTER_A_RESTORE)) == []
    assert new.files() == lived.files()
    assert new.secrets() == lived.secrets()


async def test_nothing_of_an_import_goes_out_by_itself(lived: Home, tmp_path: Path) -> None:
    new = home(tmp_path / "new")
    await bring_in(document_of(lived), new, lived.media.root)
    rows, was = new.rows(), {row["id"]: row for row in lived.rows()["posts"]}
    pending = {row["post_id"] for row in rows["jobs"] if row["status"] == "PENDING"}
    assert {was[one]["status"] for one in pending} == {"SCHEDULED"}
    for post in rows["posts"]:
        if was[post["id"]]["status"] in BEGUN:
            assert (post["status"], post["error_code"]) == ("FAILED", "DELIVERY_UNKNOWN")
    unsent = {row["status"] for row in rows["reposts"] if row["post_id"] is None}
    assert "QUEUED" not in unsent
    assert "DOWNLOADED" not in unsent
    assert not any(row["is_enabled"] for row in rows["story_repost_configs"])
    assert [row["name"] for row in rows["facts"]] == ["data_came_in"]


async def test_what_a_person_lets_go_on_is_stopped_by_no_second_import(
    lived: Home, tmp_path: Path
) -> None:
    new, document = home(tmp_path / "new"), document_of(lived)
    document |= {name: [] for name in ("posts", "reposts", "deliveries", "events")}
    for stopped in (True, False):
        done = await bring_in(document, new, None)
        assert sum("stop of everything" in note for note in done.notes) == stopped
        with open_directly(new.database) as db, transaction(db):
            owner = ensure_owner(db, NOW)
            assert (owner.stopped_at == NOW) == stopped
            stopping.go_on(db, owner.id, NOW)


async def test_files_that_came_before_a_refusal_leave_again(lived: Home, tmp_path: Path) -> None:
    new, document = home(tmp_path / "new"), document_of(lived)
    renamed = {**document["accounts"][0], "username": "renamed", "secrets": {}}
    await bring_in({"accounts": [renamed]}, new, None)
    before = new.rows()
    with pytest.raises(NotImported, match="as @renamed"):
        await bring_in(document, new, lived.media.root)
    assert new.files() == {}
    assert new.rows() == before


async def test_a_kill_while_files_of_another_tool_come_leaves_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows come in one transaction: until it begins, everything is as it was."""
    new, uploads = home(tmp_path / "new"), tmp_path / "uploads"
    uploads.mkdir()
    make_photo(uploads / "sea.jpg", 400, 500, seed=1)
    media = {
        "id": str(uuid4()), "originalFilename": "sea.jpg", "storagePath": "sea.jpg",
        "mimeType": "image/jpeg", "fileSize": 1, "isValid": True, "createdAt": to_text(NOW),
    }  # fmt: skip
    await bring_in({"posts": []}, new, None)
    before, seen = new.rows(), list[Rows]()

    def looked(db: Database, *given: Any) -> None:
        seen.append(everything(db))
        store_rows(db, *given)

    with monkeypatch.context() as patch:
        patch.setattr(taking_in, "store_rows", looked)
        done = await bring_in({"mediaFiles": [media]}, new, uploads)
    assert seen == [before]
    assert done.media == [media["id"]]
    (row,) = new.rows()["media_files"]
    assert {row["storage_path"], row["thumbnail_path"]} == set(new.files())


async def test_files_that_go_while_others_come_are_no_rows(
    lived: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes were let go a moment before, and are tidied away in between."""
    new, document = home(tmp_path / "new"), document_of(lived)
    clock = Clock(lambda: NOW)
    done = await bring_in(document, new, lived.media.root)
    async with open_store(new.database) as store:
        library = MediaLibrary(store, new.media, clock)
        await take_out(await store.read(remember, done), store, library)

    async def brought(plan: Plan, store: Store, library: MediaLibrary, *given: Any) -> None:
        await bring(plan, store, library, *given)
        await Retention(store, library.folder, clock, 0).tidy()

    with monkeypatch.context() as patch:
        patch.setattr(taking_in, "bring", brought)
        with pytest.raises(NotImported, match="import it again"):
            await bring_in(document, new, lived.media.root)
    assert (new.files(), new.rows()["media_files"]) == ({}, [])
    await bring_in(document, new, lived.media.root)
    assert set(new.files()) == set(media_paths(document))


@pytest.mark.acceptance
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same id", "another id"])
async def test_a_retry_after_an_import_asks_instagram_first(
    lived: Home, tmp_path: Path, elsewhere: bool
) -> None:
    """Also where the account has another id here, so that its posts have another fingerprint."""
    new, document = home(tmp_path / "new"), document_of(lived)
    if elsewhere:
        first = json.loads(json.dumps(document["accounts"]))
        for account in first:
            account["id"] = account["id"].replace("0000", "1111", 1)
        await bring_in({"accounts": first}, new, None)
        for account in document["accounts"]:
            account["secrets"] = {}
    await bring_in(document, new, lived.media.root)
    failed = [row["id"] for row in new.rows()["posts"] if row["status"] == "FAILED"]
    async with open_store(new.database) as store:
        for post_id in failed:
            last = (await store.read(_deliveries, post_id))[-1]
            assert last.content == await store.read(_content, post_id)
            if last.outcome is not Outcome.UNKNOWN or elsewhere:
                continue
            await store.write(intake.retry, post_id, NOW)
            again = await store.read(deliveries.find_open, post_id)
            assert again is not None
            assert (again.id, again.step) == (last.id, last.step)
    assert failed


def _deliveries(db: Database, post_id: str) -> list[Delivery]:
    return records.fetch(db, Delivery, "WHERE post_id = ? ORDER BY rowid", (post_id,))


def _content(db: Database, post_id: str) -> str:
    return fingerprint(posts.get(db, post_id), media_files.of_post(db, post_id))


@pytest.mark.parametrize("name", along.LISTS)
@pytest.mark.parametrize("rows", [5, [5], [{"account_id": []}], [{"account_id": "a", "at": 5}]])
def test_what_goes_along_is_checked(name: str, rows: object) -> None:
    if name in ("authorRules", "lanes") and rows == [{"account_id": "a", "at": 5}]:
        rows = [{"account_id": {}}]
    document = {"format": "reprise-export", "version": 1, name: rows}
    with pytest.raises(NotImported):
        read_document(document, "owner")


def test_half_a_character_is_said_and_not_stored() -> None:
    row = {
        "id": "11111111-1111-4111-8111-111111111111", "username": "a\ud83d", "igUserId": "",
        "loginMethod": "instagram", "createdAt": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    with pytest.raises(NotImported, match="half a character"):
        read_document({"accounts": [row]}, "owner")
