"""The data directory: made private, and used by one daemon at a time."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ground import shortage
from storage.errors import Unavailable, Unusable

LOCK_FILE = "reprise.lock"
PATIENCE_S = 10.0
_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class RunningDaemon:
    """The daemon that holds a data directory."""

    pid: int
    url: str


def prepare(data_dir: Path) -> None:
    """Make the directory with mode 0700; raises `Unusable` when it cannot be written, or
    `Unavailable` where that will pass.

    A restore that was interrupted is finished first: until then there is no database.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        data_dir.chmod(0o700)
        probe = data_dir / ".writable"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        words = f"The data directory {data_dir} cannot be written"
        if shortage.is_shortage(error) and error.errno != errno.EROFS:
            raise Unavailable(f"{words} now ({error.strerror})") from None
        raise Unusable(
            f"{words} ({error.strerror}); set REPRISE_DATA_DIR to one that can"
        ) from None
    from storage import restore  # much of the storage, and no command that asks needs it

    if restore.is_unfinished(data_dir):
        with held(data_dir):
            restore.finish_swap(data_dir)


@contextmanager
def held(data_dir: Path) -> Iterator[Callable[[str], None]]:
    """Hold the directory while the block runs; the yielded function publishes the daemon's URL.

    Raises `Unusable` when another daemon holds it, and `Unavailable` when a command does for longer
    than `PATIENCE_S`.
    The lock ends with the process, however it ends.
    """
    descriptor = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, data_dir)
        _clear(data_dir)

        def announce(url: str) -> None:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)

        os.ftruncate(descriptor, 0)
        yield announce
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _clear(data_dir: Path) -> None:
    # Of a restore that was killed before its swap: as large as the backup, and of no use.
    if (data_dir / ".restore").exists():
        from storage import restore

        restore.clear_stage(data_dir)


def _lock(descriptor: int, data_dir: Path) -> None:
    # A command that only asks whether a daemon runs holds the lock for an instant, and one that
    # works by itself for a moment: neither may keep a daemon from starting.
    patience = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = running(data_dir)
            if other is None and time.monotonic() < patience:
                time.sleep(_AGAIN_S)
                continue
            words = f"Another Reprise uses {data_dir} already"
            if other is None:  # a command, which ends
                raise Unavailable(words) from None
            raise Unusable(f"{words} (process {other.pid}, {other.url})") from None
        return


def running(data_dir: Path) -> RunningDaemon | None:
    """Return the daemon that holds the directory and listens, or None."""
    path = data_dir / LOCK_FILE
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            return RunningDaemon(**json.loads(path.read_text()))
        except (ValueError, TypeError, OSError):
            return None  # it holds the directory but does not listen yet
    finally:
        os.close(descriptor)
    return None


def is_held(data_dir: Path) -> bool:
    """Say whether a daemon or a command uses the directory at this moment."""
    try:
        descriptor = os.open(data_dir / LOCK_FILE, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
