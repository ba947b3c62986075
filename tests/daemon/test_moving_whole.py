"""Nothing is forgotten on the way: each table and column moves, or a reason says why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlite_utils import Database

from daemon.import_plan import NotImported, read_document
from daemon.importing import take_in
from daemon.moving import KINDS, columns, export
from publish.library import MediaLibrary
from sandbox import Sandbox
from storage import along, secrets
from storage.files import MediaFolder
from storage.secrets import AccountSecret
from storage.store import Store, open_directly, open_store
from storage.users import ensure_owner
from storage.vault import load_vault
from tests.support.clock import TestClock
from tests.support.studio import open_studio

# Tables that stay where they are, and why.
STAY = {
    "users": "the installation's own",
    "daemon_secrets": "the installation's own",
    "api_keys": "whoever had one here has none there",
    "browser_sessions": "as the keys",
    "login_codes": "as the keys",
    "challenges": "a login that waits for a person: it is begun anew",
    "facts": "what this installation knows of the world",
    "author_followers": "read again when it is asked for",
    "jobs": "made anew for what is scheduled; nothing else is sent by itself",
    "deliveries": "what was on its way is parked, and a person looks before it is retried",
    "deleted_posts": "the user has cleared them",
    "events": "the history of states begins anew",
    "renditions": "made again when a post needs them",
    "row_counts": "kept by triggers",
    "state_counts": "kept by triggers",
    "loose_files": "of this disk",
}
# In the secrets of `--with-secrets`, or in each post.
BESIDE = {"account_secrets", "credentials", "post_media"}
COLUMNS_THAT_STAY = {
    ("posts", "account_id"): "found by instagram_account_id",
    ("troubles", "id"): "a number of this database",
    ("repost_slots", "id"): "a number of this database",
}
SECRETS_THAT_STAY = {AccountSecret.PENDING_LOGIN}


def test_every_table_and_column_moves_or_says_why_not(tmp_path: Path) -> None:
    moved = {kind.record.TABLE: set(columns(kind)) for kind in KINDS}
    moved |= {table: set(names) for table, names in along.LISTS.values()}
    with open_directly(tmp_path / "reprise.db") as db:
        tables = [row[0] for row in db.conn.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
        )]  # fmt: skip
        assert sorted(tables) == sorted([*moved, *STAY, *BESIDE])
        for table in moved:
            there = {row[1] for row in db.conn.execute(f"PRAGMA table_info({table})")}
            left = there - moved[table] - {"user_id"}
            assert left == {name for of, name in COLUMNS_THAT_STAY if of == table}, table


def everything(db: Database) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: db.conn.execute(
            f"SELECT {', '.join(names)} FROM {table} ORDER BY {', '.join(names)}"
        ).fetchall()
        for table, names in [
            *along.LISTS.values(),
            ("accounts", ("id", "username", "ig_user_id")),
            ("reposts", ("id", "account_id", "story_pk", "status", "post_id", "card_sticker")),
            ("posts", ("id", "instagram_account_id", "status", "caption", "ig_media_id")),
            ("credentials", ("account_id", "private_pk", "session_started_at")),
        ]
    }


async def opened(store: Store, vault: object, account_id: str) -> dict[str, str | None]:
    return {
        name.value: await store.read(secrets.get, vault, account_id, name)  # type: ignore[arg-type]
        for name in AccountSecret
        if name not in SECRETS_THAT_STAY
    }


async def test_after_export_and_import_a_comparison_is_empty(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    async with open_studio(sandbox, clock, tmp_path) as studio:
        await studio.configure()
        studio.mention(studio.friend("anna"))
        await studio.run_all()
        core, account_id = studio.core, studio.account.id

        def add(db: Database) -> None:
            at = "2026-11-01T00:00:00.000Z"
            db.conn.execute(
                "INSERT INTO troubles (account_id, kind, reason, at) VALUES (?, 'BLOCK', 'x', ?)",
                (account_id, at),
            )
            db.conn.execute(
                "INSERT INTO author_rules VALUES (?, 'DENY', 'mallory', '77')", (account_id,)
            )
            db.conn.execute("INSERT OR REPLACE INTO lanes VALUES (?1, ?2, ?2)", (account_id, at))
            for name in AccountSecret:
                if not secrets.exists(db, account_id, name):
                    secrets.put(db, core.vault, account_id, name, "{}")

        await core.store.write(add)
        before = await core.store.read(everything)
        assert all(before.values())
        known = await opened(core.store, core.vault, account_id)
        document = await core.store.read(export, core.owner.id, clock.now(), core.vault)
    new = tmp_path / "new"
    (new / "media").mkdir(parents=True)
    async with open_store(new / "reprise.db") as store:
        owner = await store.write(ensure_owner, clock.now())
        vault = load_vault(new)
        library = MediaLibrary(store, MediaFolder(new / "media"), clock.now)
        for _ in range(2):  # once more changes nothing
            plan = read_document(document, owner.id)
            await take_in(plan, store, vault, library, media=None, now=clock.now())
            assert await store.read(everything) == before
            assert await opened(store, vault, account_id) == known


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
    with pytest.raises(NotImported, match="surrogates"):
        read_document({"accounts": [row]}, "owner")
