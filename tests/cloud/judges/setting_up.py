"""Fetches Cloudflare's own tools, pinned: `python -m tests.cloud.judges.setting_up`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

_HERE = Path(__file__).parent
_CACHE = Path(__file__).resolve().parents[3] / ".cache"


class NoJudges(Exception):
    """They were not fetched, or cannot be; the message says what to do."""


def node_modules() -> Path:
    """Return the directory of what `package-lock.json` names; raises `NoJudges`."""
    return _kept("package-lock.json") / "node_modules"


def python() -> Path:
    """Return a Python with what `requirements.txt` names; raises `NoJudges`."""
    return _kept("requirements.txt") / "bin" / "python"


def fetch() -> None:
    """Fetch what is not there yet."""
    npm = shutil.which("npm") or "npm"
    install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    _make("package-lock.json", [install])
    pip = ["bin/pip", "install", "--quiet", "--no-deps", "--requirement", "requirements.txt"]
    _make("requirements.txt", [[sys.executable, "-m", "venv", "."], pip])


def _make(named: str, commands: list[list[str]]) -> None:
    if _place(named).exists():
        return
    _CACHE.mkdir(exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=_CACHE))
    for file in ("package.json", "package-lock.json", "requirements.txt"):
        shutil.copy(_HERE / file, fresh / file)
    for command in commands:
        subprocess.run(command, cwd=fresh, check=True)
    with suppress(OSError):  # another process was quicker
        fresh.rename(_place(named))
    shutil.rmtree(fresh, ignore_errors=True)


def _kept(named: str) -> Path:
    if not _place(named).exists():
        raise NoJudges("Cloudflare's own tools are not there: `make setup-judges` fetches them")
    return _place(named)


def _place(named: str) -> Path:
    digest = sha256((_HERE / named).read_bytes()).hexdigest()[:16]
    return _CACHE / f"judges-{named.partition('.')[0]}-{digest}"


if __name__ == "__main__":
    fetch()
