"""Secrets at rest: passwords, sessions and tokens are sealed before they reach the database.

Fernet (AES-CBC with HMAC) from `cryptography`; several keys may open, the first one seals.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from storage.errors import Unusable

KEY_FILE = "secret.key"
CREDENTIAL_NAME = "reprise-key"


class Vault:
    """Seals and opens secrets; its repr shows nothing of the key."""

    def __init__(self, *keys: bytes) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> bytes:
        """Return `secret` encrypted and authenticated."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Return what `seal` was given; raises `Unusable` when the key does not fit."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise Unusable(
                f"The key does not open this database's secrets; put back the {KEY_FILE} that "
                "was used before, or connect the accounts again"
            ) from None

    def __repr__(self) -> str:
        return "Vault(…)"


def load_vault(data_dir: Path) -> Vault:
    """Return the vault of a data directory: systemd credential first, else a 0600 key file.

    Makes the key file on first use. Raises `Unusable` when the key is damaged.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(credentials) / CREDENTIAL_NAME if credentials else None
    if path is None or not path.is_file():
        path = data_dir / KEY_FILE
        if not path.exists():
            _create_key(path)
    try:
        return Vault(path.read_bytes().strip())
    except (ValueError, OSError) as error:
        raise Unusable(f"The key file {path} cannot be used: {error}") from None


def _create_key(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
        file.flush()
        os.fsync(file.fileno())
