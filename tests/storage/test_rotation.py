"""A new key: everything opens with it and nothing with the old one, wherever it was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlite_utils import Database

from storage import accounts, rotation, secrets, users
from storage.errors import Unusable
from storage.secrets import AccountSecret
from storage.store import open_directly, transaction
from storage.vault import KEY_FILE, NEXT_KEY_FILE, Vault, load_vault, read_key

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A database with secrets of two accounts and of the daemon."""
    vault = load_vault(tmp_path)
    with open_directly(tmp_path / "reprise.db") as opened:
        with transaction(opened):
            owner = users.ensure_owner(opened, NOW)
            for name in ("anna", "bert"):
                one = accounts.add(opened, user_id=owner.id, username=name, now=NOW)
                secrets.put(opened, vault, one.id, AccountSecret.PASSWORD, f"of {name}")
            secrets.daemon_secret(opened, vault, "session_cookie", "signs")
        yield opened


def all_open(db: Database, vault: Vault) -> bool:
    owner = users.ensure_owner(db, NOW)
    opened = [
        secrets.get(db, vault, one.id, AccountSecret.PASSWORD)
        for one in accounts.of_user(db, owner.id)
    ]
    return (
        sorted(map(str, opened)) == ["of anna", "of bert"]
        and secrets.daemon_secret(db, vault, "session_cookie", "?") == "signs"
    )


def sealed(db: Database) -> list[bytes]:
    return [row[0] for row in db.conn.execute("SELECT sealed FROM account_secrets")]


def test_the_new_key_opens_all_and_the_old_one_nothing(db: Database, tmp_path: Path) -> None:
    old, before = read_key(tmp_path / KEY_FILE), sealed(db)
    assert rotation.rotate_key_file(db, tmp_path) == 3
    assert all_open(db, load_vault(tmp_path))
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / NEXT_KEY_FILE).exists()
    with pytest.raises(Unusable):
        secrets.check_key(db, Vault(old))
    # Nor does the file keep what the old key opens.
    remains = b"".join(path.read_bytes() for path in tmp_path.glob("reprise.db*"))
    assert not any(text in remains for text in before)


@pytest.mark.parametrize("step", ["the key is half written", "sealed", "the key is put in place"])
def test_interrupted_anywhere_it_works_and_can_be_finished(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    replace, seal_anew = Path.replace, secrets.seal_anew

    def stop_replacing(path: Path, target: Path) -> Path:
        if (step == "the key is half written") == (target.name == NEXT_KEY_FILE):
            raise KeyboardInterrupt
        return replace(path, target)

    def stop_sealing(*arguments: object) -> int:
        seal_anew(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "sealed":
            patch.setattr(secrets, "seal_anew", stop_sealing)
        else:
            patch.setattr(Path, "replace", stop_replacing)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate_key_file(db, tmp_path)
    # The daemon starts, and what it seals now is not lost either.
    vault = load_vault(tmp_path)
    assert all_open(db, vault)
    with transaction(db):
        secrets.daemon_secret(db, vault, "media_links", "new")
    assert rotation.rotate_key_file(db, tmp_path) == 4
    assert all_open(db, load_vault(tmp_path))
    assert secrets.daemon_secret(db, load_vault(tmp_path), "media_links", "?") == "new"


def test_a_wrong_key_changes_nothing(db: Database, tmp_path: Path) -> None:
    old, before = (tmp_path / KEY_FILE).read_bytes(), sealed(db)
    (tmp_path / KEY_FILE).write_bytes(Fernet.generate_key())
    with pytest.raises(Unusable, match="does not open"):
        rotation.rotate_key_file(db, tmp_path)
    assert sealed(db) == before
    (tmp_path / KEY_FILE).write_bytes(old)
    assert rotation.rotate_key_file(db, tmp_path) == 3
    assert all_open(db, load_vault(tmp_path))


def test_a_missing_key_is_no_reason_to_make_another(db: Database, tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(Unusable, match="rotate-key --lost"):
        load_vault(tmp_path, may_create=not secrets.any_sealed(db))
    assert not (tmp_path / KEY_FILE).exists()
    assert rotation.forget_and_begin(db, tmp_path) == 3
    vault = load_vault(tmp_path, may_create=not secrets.any_sealed(db))
    assert secrets.daemon_secret(db, vault, "session_cookie", "anew") == "anew"
    assert len(accounts.of_user(db, users.ensure_owner(db, NOW).id)) == 2
