"""Secrets at rest: sealed, and only opened by the key that sealed them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlite_utils import Database

from cloud import keyring
from daemon.core import Core
from instagram import errors
from sandbox import Sandbox
from storage import accounts, cloud, secrets, webhooks
from storage.cloud import CloudWorker
from storage.document import export
from storage.errors import Misplaced, Unusable
from storage.secrets import AccountSecret
from storage.store import open_directly, transaction
from storage.vault import KEY_FILE, Vault, is_bound, load_vault
from tests.support.clock import TestClock
from tests.support.disks import filled
from tests.support.served import serve_studio
from tests.support.studio import PASSWORD, Studio, open_studio


def test_a_key_file_is_made_once_and_kept_private(tmp_path: Path) -> None:
    sealed = load_vault(tmp_path).seal("secret", "here")
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert load_vault(tmp_path).open(sealed, "here") == "secret"
    assert b"secret" not in sealed


def test_another_key_does_not_open(tmp_path: Path) -> None:
    sealed = load_vault(tmp_path).seal("secret", "here")
    (tmp_path / KEY_FILE).write_bytes(Fernet.generate_key())
    with pytest.raises(Unusable, match=r"put back the secret\.key"):
        load_vault(tmp_path).open(sealed, "here")


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"not a key")
    with pytest.raises(Unusable, match=r"secret\.key"):
        load_vault(tmp_path)


def test_systemds_credential_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    key = Fernet.generate_key()
    (credentials / "reprise-key").write_bytes(key)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert load_vault(tmp_path).open(Vault(key).seal("x", ""), "") == "x"
    assert not (tmp_path / KEY_FILE).exists()


def test_the_vault_shows_nothing_of_its_key(tmp_path: Path) -> None:
    vault = load_vault(tmp_path)
    assert (tmp_path / KEY_FILE).read_text().strip() not in repr(vault)


def test_it_opens_only_where_it_was_sealed_for(tmp_path: Path) -> None:
    vault = load_vault(tmp_path)
    sealed = vault.seal("secret", "here")
    with pytest.raises(Misplaced, match="changed or moved"):
        vault.open(sealed, "there")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unusable):
            vault.open(bytes(changed), "here")
    for length in range(len(sealed)):
        with pytest.raises(Unusable):
            vault.open(sealed[:length], "here")


def seal_all_as_before(db: Database, vault: Vault, key: bytes) -> int:
    """Put every secret into the form of earlier releases; returns how many."""
    count = 0
    for table, keys in (("account_secrets", "account_id, name"), ("daemon_secrets", "name")):
        for *row, sealed in db.conn.execute(f"SELECT {keys}, sealed FROM {table}").fetchall():
            text = vault.open(sealed, json.dumps([table, *row]))
            where = " AND ".join(f"{name} = ?" for name in keys.split(", "))
            db.conn.execute(
                f"UPDATE {table} SET sealed = ? WHERE {where}",
                (Fernet(key).encrypt(text.encode()), *row),
            )
            count += 1
    db.conn.execute("PRAGMA user_version = 0")
    return count


async def test_what_earlier_releases_sealed_is_bound_at_the_first_start(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_studio(sandbox, clock, tmp_path) as studio:
        data = studio.core.settings.data_dir
        key = (data / KEY_FILE).read_bytes().strip()
        old = await studio.core.store.write(seal_all_as_before, studio.core.vault, key)
        account_id = studio.account.id

    def all_sealed(db: Database) -> list[bytes]:
        return [row[0] for row in db.conn.execute("SELECT sealed FROM account_secrets")]

    with open_directly(data / "reprise.db") as db:
        before = all_sealed(db)
        assert secrets.count_opening(db, Vault(key)) == (old, old)
        # Killed in the middle: all is as it was.
        with monkeypatch.context() as patch:
            patch.setattr(secrets, "_mark_bound", _stop)
            with pytest.raises(KeyboardInterrupt), transaction(db):
                secrets.bind(db, Vault(key))
        assert all_sealed(db) == before
    async with open_studio(sandbox, clock, tmp_path, logged_in=False) as studio:
        await studio.configure()
        await studio.scan()  # with the same session
        sealed = await studio.core.store.read(all_sealed)
        assert all(is_bound(one) for one in sealed)
        # From now on the old form opens nothing, wherever it comes from.
        await studio.core.store.write(
            lambda db: db.conn.execute("UPDATE account_secrets SET sealed = ?", (before[0],))
        )
        with pytest.raises(Misplaced):
            await studio.core.store.read(
                secrets.get, studio.core.vault, account_id, AccountSecret.SESSION
            )


def _stop(_db: Database) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", list(AccountSecret))
async def test_a_moved_secret_costs_its_own_account_and_says_so(
    studio: Studio, caplog: pytest.LogCaptureFixture, name: AccountSecret
) -> None:
    core = studio.core

    def move(db: Database) -> str:
        other = accounts.add(db, user_id=core.owner.id, username="other", now=core.clock.now())
        if not secrets.exists(db, studio.account.id, name):
            secrets.put(db, core.vault, studio.account.id, name, "{}")
        db.conn.execute(
            "INSERT INTO account_secrets SELECT ?, name, sealed FROM account_secrets"
            " WHERE name = ?",
            (other.id, name.value),
        )
        db.conn.execute(
            "INSERT INTO credentials SELECT ?, 'other', '77', session_started_at,"
            " last_login_at, NULL, NULL, created_at FROM credentials",
            (other.id,),
        )
        return other.id

    other_id = await core.store.write(move)
    with pytest.raises(Misplaced, match=name.value):
        await core.store.read(secrets.get, core.vault, other_id, name)
    with pytest.raises(errors.NotLoggedIn):
        await core.gateway.account(other_id).activity()
    await studio.api.activity()  # the one that it was taken from goes on
    # The daemon starts, doctor counts, and it can be set anew.
    await core.store.read(secrets.check_key, core.vault)
    count, opened = await core.store.read(secrets.count_opening, core.vault)
    assert opened == count - 1
    await core.options.change(other_id, {"locale": "es_ES"})
    caplog.clear()


DAMAGE = {
    "its content": lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
    "the name of its key": lambda sealed: sealed[:1] + b"odd!" + sealed[5:],
    "its form": lambda sealed: b"gAAAA" + sealed[5:],
    "all of it": lambda _sealed: b"",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
async def test_one_damaged_secret_is_the_trouble_of_what_it_is_for_alone(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """Each in its turn: the key is known to fit, and a new key is made for all the others."""
    async with open_studio(sandbox, clock, tmp_path) as studio:
        core = studio.core
        await core.store.write(secrets.daemon_key, core.vault, "media_links")
        await core.store.write(add_webhook, core)
        path, count = core.settings.database, 0
        key = (core.settings.data_dir / KEY_FILE).read_bytes().strip()
    with open_directly(path) as db:
        for table, columns in secrets._TABLES.items():
            where = " AND ".join(f"{name} = ?" for name in columns.split(", "))
            for *row, sealed in db.conn.execute(
                f"SELECT {columns}, sealed FROM {table}"
            ).fetchall():
                change = f"UPDATE {table} SET sealed = ? WHERE {where}"
                db.conn.execute(change, (damage(sealed), *row))
                secrets.check_key(db, Vault(key))
                sealed_in_all, opened = secrets.count_opening(db, Vault(key))
                assert opened == sealed_in_all - 1
                db.conn.execute("BEGIN")
                assert secrets.seal_anew(db, Vault(key), Vault(Fernet.generate_key())) == opened
                db.conn.execute("ROLLBACK")
                db.conn.execute(change, (sealed, *row))
                count += 1
        assert count >= 4
        with pytest.raises(Unusable, match="rotate-key --lost"):
            secrets.check_key(db, Vault(Fernet.generate_key()))


def add_webhook(db: Database, core: Core) -> None:
    made = webhooks.add(
        db,
        user_id=core.owner.id,
        url="http://127.0.0.1:9/",
        types="",
        account_ids=None,
        now=core.clock.now(),
    )
    secrets.put_of_webhook(db, core.vault, made.id, "current", "signs")


@pytest.mark.logs_errors
async def test_the_daemon_starts_with_damaged_secrets_of_every_kind(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    """What it makes for itself is made anew; what a person gave is asked for once more."""
    async with open_studio(sandbox, clock, tmp_path) as studio:
        core, account = studio.core, studio.account

        def damage(db: Database) -> None:
            worker = CloudWorker(
                account_id="a", url="https://x.invalid", version="1", bucket=None,
                deployed_at=clock.now(), told={}, told_at=clock.now(),
            )  # fmt: skip
            cloud.keep(db, worker)
            keyring.found_or_made(db, core.vault)
            for given in (
                AccountSecret.ACCESS_TOKEN,
                AccountSecret.TOTP_SEED,
                AccountSecret.PASSWORD,
            ):
                secrets.put(db, core.vault, account.id, given, "x")
            for made in ("session_cookie", "media_links", "session-ids"):
                secrets.daemon_secret(db, core.vault, made, "signed")
            add_webhook(db, core)
            for table in secrets._TABLES:
                db.conn.execute(
                    f"UPDATE {table} SET sealed = CAST(x'02' || substr(sealed, 2, 20) AS BLOB)"
                    " WHERE name != 'session'"
                )

        await core.store.write(damage)
    async with (
        open_studio(sandbox, clock, tmp_path, logged_in=False) as studio,
        serve_studio(studio) as served,
    ):
        core, account_id = studio.core, account.id
        anew = await core.store.write(secrets.daemon_secret, core.vault, "session_cookie", "x")
        assert anew not in ("signed", "x")
        await served.sign_in()
        # The login goes on, without the password and the seed beside it.
        await core.gateway.account(account_id).activity()
        for path in (
            "/health", "/status", "/auth/me", "/cloudflare/diagnostics", "/webhooks",
            f"/settings/private-api-credentials/{account_id}",
        ):  # fmt: skip
            answer = await served.call("GET", f"/api/v1{path}")
            assert answer.status != 500, (path, answer.body)
        told = await served.call("GET", "/api/v1/cloudflare/diagnostics")
        assert "keys of the Worker were changed" in str(told.body), told.body
        (hook,) = (await served.call("GET", "/api/v1/webhooks")).body["webhooks"]
        rotated = await served.call("POST", f"/api/v1/webhooks/{hook['id']}/rotate")
        assert rotated.status == 200, rotated.body
        health = (await served.call("GET", "/api/v1/health")).body["services"]
        assert "`reprise cloud stop`" in health.pop("cloud")
        assert set(health.values()) == {"running", "connected"}, health
        document = await core.store.read(export, core.owner.id, clock.now(), core.vault)
        (kept,) = document["accounts"]
        assert set(kept["secretsLeftOut"]) == {"access_token", "password", "totp_seed"}
        assert set(kept["secrets"]) == {"session", "login"}


async def test_no_secret_of_an_account_is_on_the_disk_in_the_clear(studio: Studio) -> None:
    session = await studio.core.store.read(
        secrets.get, studio.core.vault, studio.account.id, AccountSecret.SESSION
    )
    assert session is not None
    sessionid = session.split('"sessionid":"')[1].split('"')[0]
    for file in studio.core.settings.data_dir.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert PASSWORD.encode() not in content
            assert sessionid.encode() not in content


def test_a_full_disk_leaves_no_half_of_a_key(tiny_disk: Path) -> None:
    """It would be there at every start, and fit nothing."""
    with filled(tiny_disk):
        with pytest.raises(OSError, match="No space"):
            load_vault(tiny_disk)
        assert [path.name for path in tiny_disk.iterdir()] == ["ballast"]
    assert load_vault(tiny_disk).seal("a", "b")
