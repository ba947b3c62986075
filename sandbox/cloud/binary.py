"""`workerd`, Cloudflare's runtime, pinned by version and digest: `python -m sandbox.cloud.binary`.

No package on PyPI has it: it is fetched once from the npm registry, 45 MB, into our cache.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import sys
import tarfile
from pathlib import Path

import httpx

VERSION = "1.20261117.1"
_REGISTRY = "https://registry.npmjs.org"
_SHA512 = {
    "linux-64": "gZLA8X11m/luZwn+YA3+mDu61vdxNJzpksP/QZqjydKTQ+VUCulsK5gtn9Bq"
    "st1p3KJu2kafQpJ1nDQv4B23jA==",
    "linux-arm64": "gxWngFojq41ULKNKb9rpWYvKotN5hT2I/xot+Bpy31cXzrwcTgtDLSMb2t75"
    "sW5BJxH7hihFvikgYb577kB3Zg==",
    "darwin-arm64": "cInx5Cr9O27oW+ujyI49lTRQZra/lMgWUFiKmGY3jxDncATSxzfQ6udXHkVv"
    "K4//1/PfxQTDyMjdQUIN8m6Aqg==",
    "darwin-64": "qfAYw6iPoey0BmPsp4z5ARWOa+XSBD3gQzmcBI2ql9pKTSA5eEC8F1oI6BIk"
    "/FVguhomfSn5gS4RzbWhTd/EpQ==",
}
_MEMBER = "package/bin/workerd"


class NoWorkerd(Exception):
    """`workerd` is not there, or cannot be had; the message says what to do."""


def workerd() -> Path:
    """Return the runtime's file; raises `NoWorkerd` where it was not fetched."""
    found = _path()
    if not found.is_file():
        raise NoWorkerd("workerd is not there: `make setup-cloud` fetches it (45 MB)")
    return found


def fetch() -> Path:
    """Fetch the runtime, unless it is there, and return its file; raises `NoWorkerd`."""
    target = _path()
    if target.is_file():
        return target
    package = _package()
    url = f"{_REGISTRY}/@cloudflare/workerd-{package}/-/workerd-{package}-{VERSION}.tgz"
    target.parent.mkdir(parents=True, exist_ok=True)
    archive = target.with_suffix(f".{os.getpid()}.tgz")
    try:
        _download(url, archive, base64.b64decode(_SHA512[package]))
        _unpack(archive, target)
    finally:
        archive.unlink(missing_ok=True)
    return target


def _download(url: str, archive: Path, digest: bytes) -> None:
    seen = hashlib.sha512()
    try:
        with httpx.stream("GET", url, timeout=60, follow_redirects=True) as answer:
            answer.raise_for_status()
            with archive.open("wb") as file:
                for piece in answer.iter_bytes():
                    seen.update(piece)
                    file.write(piece)
    except httpx.HTTPError as error:
        raise NoWorkerd(f"{url} could not be fetched: {error}") from error
    if seen.digest() != digest:
        raise NoWorkerd(f"What came from {url} is not what was pinned; it was thrown away")


def _unpack(archive: Path, target: Path) -> None:
    """Write the one file that is wanted; it appears under its name only when it is whole."""
    part = target.with_suffix(f".{os.getpid()}.part")
    with tarfile.open(archive) as tar:
        member = tar.extractfile(_MEMBER)
        if member is None:
            raise NoWorkerd(f"The package holds no {_MEMBER}")
        with member, part.open("wb") as file:
            while piece := member.read(1 << 20):
                file.write(piece)
    part.chmod(0o755)
    part.replace(target)


def _path() -> Path:
    if named := os.environ.get("REPRISE_WORKERD"):
        return Path(named)
    cache = Path(__file__).resolve().parents[2] / ".cache"
    return cache / f"workerd-{VERSION}-{_package()}"


def _package() -> str:
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform)
    machine = {"x86_64": "64", "amd64": "64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower()
    )
    package = f"{system}-{machine}"
    if package not in _SHA512:
        raise NoWorkerd(f"There is no workerd for {sys.platform} on {platform.machine()}")
    return package


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{fetch()}\n")
    except NoWorkerd as missing:
        sys.exit(str(missing))
