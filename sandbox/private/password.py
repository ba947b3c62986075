"""The envelope in which the app sends a password, and the RSA key that opens it."""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.wire.certificates import write_private

KEY_ID = 41
_VERSION = 1
_PREFIX = "#PWD_INSTAGRAM:4:"
_IV = slice(2, 14)
_KEY_LENGTH = slice(14, 16)
_TAG_LENGTH = 16


class PasswordKey:
    """The key pair whose public half every login fetches."""

    def __init__(self, directory: Path) -> None:
        self._key = _load_or_create(directory / "password.key")
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public_header = base64.b64encode(public).decode()

    def open_envelope(self, envelope: str) -> str:
        """The password inside.

        Raises:
            ValueError: it is no envelope, or it was sealed for another key.
        """
        if not envelope.startswith(_PREFIX):
            raise ValueError("not an encrypted password")
        timestamp, _, payload = envelope.removeprefix(_PREFIX).partition(":")
        sealed = base64.b64decode(payload, validate=True)
        if sealed[:2] != bytes([_VERSION, KEY_ID]):
            raise ValueError("sealed for another key")
        end = _KEY_LENGTH.stop + int.from_bytes(sealed[_KEY_LENGTH], "little")
        session_key = self._key.decrypt(sealed[_KEY_LENGTH.stop : end], padding.PKCS1v15())
        tag, text = sealed[end : end + _TAG_LENGTH], sealed[end + _TAG_LENGTH :]
        try:
            plain = AESGCM(session_key).decrypt(sealed[_IV], text + tag, timestamp.encode())
        except InvalidTag:
            raise ValueError("sealed for another key") from None
        return plain.decode()


def _load_or_create(path: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        # We made it ourselves: proving again that it is a key takes 45 ms at every start.
        key = serialization.load_pem_private_key(
            path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
        assert isinstance(key, rsa.RSAPrivateKey)
        return key
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(path, pem)
    return key
