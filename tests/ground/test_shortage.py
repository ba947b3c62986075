"""What a machine may lack for a while is told from everything else, and found where it hides."""

from __future__ import annotations

import errno
import os
import resource
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from ground import shortage

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "error",
    [
        *(OSError(number, os.strerror(number)) for number in (
            errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE,
            errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.EFBIG, errno.ENODEV, errno.ENXIO,
            errno.ESTALE,
        )),
        MemoryError(),
        RuntimeError("can't start new thread"),
        OSError("Cannot load native module '_ed448': [Errno 24] Too many open files: '/tmp/x'"),
        ImportError("_ssl.so: failed to map segment from shared object: Cannot allocate memory"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_shortage_is_known_and_told(error: Exception) -> None:
    assert shortage.is_shortage(error)
    assert len(shortage.told(error)) > 20


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "no file"), PermissionError(errno.EACCES, "no"),
        ConnectionResetError(errno.ECONNRESET, "gone"), OSError("no number"),
        ImportError("No module named 'x'"),
        RuntimeError("another"), ValueError("can't start new thread"), ssl.SSLError(1, "bad"),
    ],
    ids=repr,
)  # fmt: skip
def test_nothing_else_is_one(error: Exception) -> None:
    assert not shortage.is_shortage(error)


_SQUEEZED = """
import resource, sys, threading
from pathlib import Path
from ground import shortage

shortage.check()
which = getattr(resource, sys.argv[1])
status = Path("/proc/self/status").read_text()
now = int(status.partition("VmSize:")[2].split()[0]) << 10 if which == resource.RLIMIT_AS else 3
_, hard = resource.getrlimit(which)
resource.setrlimit(which, (now + int(sys.argv[2]), hard))
try:
    shortage.check()
except Exception as error:
    assert shortage.is_shortage(error), repr(error)
    print(type(error).__name__)
resource.setrlimit(which, (hard, hard))
shortage.check()
"""


@pytest.mark.parametrize(
    ("limit", "room", "found"),
    [("RLIMIT_NOFILE", 2, "OSError"), ("RLIMIT_AS", 3 << 20, "OSError")],
)
def test_what_a_process_lacks_is_found(limit: str, room: int, found: str) -> None:
    assert resource.getrlimit(getattr(resource, limit))
    done = subprocess.run(
        [sys.executable, "-c", _SQUEEZED, limit, str(room)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr, done.returncode) == (found, "", 0)
