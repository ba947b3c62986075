"""Secrets at rest: sealed, and only opened by the key that sealed them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from storage import secrets
from storage.errors import Unusable
from storage.secrets import AccountSecret
from storage.vault import KEY_FILE, Vault, load_vault
from tests.support.studio import PASSWORD, Studio


def test_a_key_file_is_made_once_and_kept_private(tmp_path: Path) -> None:
    sealed = load_vault(tmp_path).seal("secret")
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert load_vault(tmp_path).open(sealed) == "secret"
    assert b"secret" not in sealed


def test_another_key_does_not_open(tmp_path: Path) -> None:
    sealed = load_vault(tmp_path).seal("secret")
    (tmp_path / KEY_FILE).write_bytes(Fernet.generate_key())
    with pytest.raises(Unusable, match=r"put back the secret\.key"):
        load_vault(tmp_path).open(sealed)


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
    assert load_vault(tmp_path).open(Vault(key).seal("x")) == "x"
    assert not (tmp_path / KEY_FILE).exists()


def test_the_vault_shows_nothing_of_its_key(tmp_path: Path) -> None:
    vault = load_vault(tmp_path)
    assert (tmp_path / KEY_FILE).read_text().strip() not in repr(vault)


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
