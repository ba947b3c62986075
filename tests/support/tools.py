"""Programs of the system that tests use: missing, they fail CI, and are skipped elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.process import ROOT

CLIENTS = ROOT / "tests" / "clients"


def program(*names: str) -> str:
    """Return the path of the first of these programs that there is."""
    for name in names:
        if (path := shutil.which(name)) is not None:
            return path
    return missing(f"needs {' or '.join(names)}")


def missing(reason: str) -> NoReturn:
    """End the test: as a failure in CI, where everything must run, else as skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def node_modules(project: Path = CLIENTS) -> Path:
    """Return a directory with what a project's `package-lock.json` names, kept for later runs."""
    program("node")
    npm = program("npm")
    lock = project / "package-lock.json"
    cache = ROOT / ".cache"
    kept = cache / f"{project.name}-{sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not kept.exists():
        cache.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=cache))
        for file in (lock, project / "package.json"):
            shutil.copy(file, fresh / file.name)
        # It takes the versions of the lock; `ci` refuses one that names an optional package of
        # another system which the registry does not have.
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=fresh, capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(fresh)
            missing(f"npm cannot install the clients: {done.stderr[-500:]}")
        with suppress(OSError):  # another test process was quicker
            fresh.rename(kept)
        shutil.rmtree(fresh, ignore_errors=True)
    return kept / "node_modules"
