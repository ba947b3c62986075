"""A small disk, mounted where a test wants one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def tiny_disk_at(directory: Path) -> Iterator[None]:
    """Mount a disk of 8 MB on a folder; skips where this machine does not let tests do so."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(directory)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip("mounting needs more rights")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)
