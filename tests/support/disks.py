"""A small disk, mounted where a test wants one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.tools import missing


@contextmanager
def tiny_disk_at(directory: Path) -> Iterator[None]:
    """Mount a disk of 8 MB on a folder; skips where this machine does not let tests do so."""
    options = f"size=8m,mode=700,uid={os.getuid()},gid={os.getgid()}"
    if not _done_as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)):
        missing("needs the right to mount a disk")
    try:
        yield
    finally:
        assert _done_as_root("umount", "--lazy", str(directory))


def make_read_only(disk: Path) -> None:
    """Let nobody write to a disk any more, until it is unmounted."""
    assert _done_as_root("mount", "-o", "remount,ro", str(disk))


def _done_as_root(*command: str) -> bool:
    # Who may install what CI needs may mount as well.
    asked = command if os.geteuid() == 0 else ("sudo", "-n", *command)
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def filled(disk: Path, *, leave: int = 0) -> Iterator[None]:
    """Take all the space of a disk but for `leave` bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 1 << 20
        while size >= 4096:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
        file.truncate(max(0, file.tell() - leave))
    try:
        yield
    finally:
        ballast.unlink()
