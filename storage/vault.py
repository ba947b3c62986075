"""Secrets at rest: passwords, sessions and tokens are sealed before they reach the database.

AES-GCM from `cryptography`, with the place of the secret authenticated beside it: what was sealed
for one row opens in no other. Several keys may open, the first one seals. Earlier releases sealed
with Fernet, which knows no place; `storage.secrets` seals that anew when it is first opened.
"""

from __future__ import annotations

import errno
import os
from base64 import urlsafe_b64decode
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ground import shortage
from storage.errors import Misplaced, Unavailable, Unusable
from storage.files import sync_directory

KEY_FILE = "secret.key"
NEXT_KEY_FILE = "secret.key.next"
CREDENTIAL_NAME = "reprise-key"

_BOUND = b"\x02"  # a Fernet token begins with a letter
_ID, _NONCE = 4, 12


class _Key:
    """One key in its two uses; `id` tells which of several sealed something."""

    def __init__(self, key: bytes) -> None:
        self.fernet = Fernet(key)
        derived = HKDF(SHA256(), 32 + _ID, None, b"reprise sealed for a place").derive(
            urlsafe_b64decode(key)
        )
        self.aead, self.id = AESGCM(derived[:32]), derived[32:]


class Vault:
    """Seals and opens secrets; its repr shows nothing of the key."""

    def __init__(self, *keys: bytes) -> None:
        self._keys = [_Key(key) for key in keys]

    def seal(self, secret: str, place: str) -> bytes:
        """Return `secret` encrypted, and authenticated as the one of that place."""
        key, nonce = self._keys[0], os.urandom(_NONCE)
        sealed = key.aead.encrypt(nonce, secret.encode(), place.encode())
        return _BOUND + key.id + nonce + sealed

    def open(self, sealed: bytes, place: str) -> str:
        """Return what `seal` was given for that place.

        Raises `Misplaced` when it was sealed for another one or changed, and `Unusable` when the
        key does not fit.
        """
        if not sealed.startswith(_BOUND):
            raise _misplaced(place)
        name, rest = sealed[1 : 1 + _ID], sealed[1 + _ID :]
        fitting = [key for key in self._keys if key.id == name]
        if not fitting:
            raise _wrong_key()
        try:
            opened = fitting[0].aead.decrypt(rest[:_NONCE], rest[_NONCE:], place.encode())
        except (InvalidTag, ValueError):
            raise _misplaced(place) from None
        return opened.decode()

    def open_unbound(self, sealed: bytes) -> str:
        """Return what an earlier release sealed, which does not tell for what place.

        Raises `Unusable` when the key does not fit.
        """
        for key in self._keys:
            try:
                return key.fernet.decrypt(sealed).decode()
            except InvalidToken:
                continue
        raise _wrong_key()

    def __repr__(self) -> str:
        return "Vault(…)"


def is_bound(sealed: bytes) -> bool:
    """Say whether something was sealed for a place, as all is today."""
    return sealed.startswith(_BOUND)


def _misplaced(place: str) -> Misplaced:
    return Misplaced(
        f"The secret {place} was changed or moved in the database, and is not used: log its "
        "account in or connect it again, restore a backup"
    )


def _wrong_key() -> Unusable:
    return Unusable(
        f"The key does not open this database's secrets; put back the {KEY_FILE} that was "
        "used before, or give the stored logins up with `reprise rotate-key --lost`"
    )


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
    """Return the key in a file; raises `Unusable` when it holds none, or `Unavailable` where it
    cannot be read for now."""
    try:
        key = path.read_bytes().strip()
        Fernet(key)
    except (ValueError, OSError) as error:
        if shortage.is_shortage(error):
            raise Unavailable(f"The key file {path} cannot be read now: {error}") from None
        raise Unusable(f"The key file {path} cannot be used: {error}") from None
    return key


def create_key(path: Path) -> None:
    """Write a new key to a file of mode 0600 that does not exist yet: durably, or not at all.

    Half of one, of a disk that was full, would be a key that fits nothing, at every start.
    """
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        sync_directory(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)
