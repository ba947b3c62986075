"""Which certificates count for traffic to Meta: the system's, and one more CA where told."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import certifi


@dataclass(frozen=True, slots=True)
class Trust:
    """The same certificates twice: as a file for curl, as a context for httpx."""

    bundle: Path
    context: ssl.SSLContext


def load_trust(ca_file: Path | None, directory: Path) -> Trust:
    """Return the system's certificates plus those of `ca_file`.

    Writes `ca-bundle.pem` into `directory`, because curl takes a file. Raises `OSError` or
    `ssl.SSLError` when `ca_file` cannot be read or holds no certificate. Blocks for some 20 ms.
    """
    parts = [system_roots().read_text(encoding="utf-8")]
    if ca_file is not None:
        extra = ca_file.read_text(encoding="utf-8")
        ssl.create_default_context(cadata=extra)  # refuses what is no certificate
        parts.append(extra)
    bundle = directory / "ca-bundle.pem"
    bundle.write_text("\n".join(parts), encoding="utf-8")
    bundle.chmod(0o600)
    return Trust(bundle, ssl.create_default_context(cafile=str(bundle)))


def system_trust() -> Trust:
    """Return what this system trusts; writes nothing. For whoever makes no request."""
    return Trust(system_roots(), ssl.create_default_context())


def system_roots() -> Path:
    """Return the file of the authorities that this system trusts."""
    system = ssl.get_default_verify_paths().cafile
    return Path(system) if system and Path(system).is_file() else Path(certifi.where())
