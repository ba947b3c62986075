"""Secrets at rest: passwords, sessions and tokens are sealed before they reach the database.

Fernet (AES-CBC with HMAC) from `cryptography`; several keys may open, the first one seals.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from storage.errors import Unusable

KEY_FILE = "secret.key"
NEXT_KEY_FILE = "secret.key.next"
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
                f"The key does not open this database's secrets; put back the {KEY_FILE} that was "
                "used before, or give the stored logins up with `reprise rotate-key --lost`"
            ) from None

    def __repr__(self) -> str:
        return "Vault(…)"


def load_vault(data_dir: Path, *, may_create: bool = True) -> Vault:
    """Return the vault of a data directory: systemd credential first, else a 0600 key file.

    Makes the key file on first use, unless `may_create` is False because secrets are sealed
    already. Raises `Unusable` when the key is missing or damaged.
    """
    path = credential()
    if path is not None:
        return Vault(read_key(path))
    path, fresh = data_dir / KEY_FILE, data_dir / NEXT_KEY_FILE
    if not path.exists():
        if not may_create:
            raise Unusable(
                f"The key file {path} is missing: put it back, or give the stored logins up with "
                "`reprise rotate-key --lost`"
            )
        create_key(path)
    # Two while a rotation is not finished: each secret is sealed with one of them.
    return Vault(*[read_key(file) for file in (path, fresh) if file.exists()])


def present_key(data_dir: Path) -> Path | None:
    """Return where the key lies, or None where there is none yet."""
    path = credential() or data_dir / KEY_FILE
    return path if path.exists() else None


def credential() -> Path | None:
    """Return systemd's credential with the key, if this process was given one."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(directory) / CREDENTIAL_NAME if directory else None
    return path if path is not None and path.is_file() else None


def read_key(path: Path) -> bytes:
    """Return the key in a file; raises `Unusable` when it holds none."""
    try:
        key = path.read_bytes().strip()
        Fernet(key)
    except (ValueError, OSError) as error:
        raise Unusable(f"The key file {path} cannot be used: {error}") from None
    return key


def create_key(path: Path) -> None:
    """Write a new key to a file of mode 0600 that does not exist yet, durably."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
        file.flush()
        os.fsync(file.fileno())
