"""What this machine may run out of and gets back: disk, descriptors, memory, threads.

Such trouble is passing and nobody's fault: what meets it is done again later, and it counts
against no post, no mention and no login.
"""

from __future__ import annotations

import errno
import mmap
import os
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

# Full, failing, pulled out, or of another machine that is not there.
_DISK = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ENODEV, errno.ENXIO,
    errno.ESTALE,
}  # fmt: skip
_PASSING = _DISK | {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN}
# Python has no type of its own for it.
_NO_THREAD = "can't start new thread"
# What one request to Instagram, or one child process, takes about.
_DESCRIPTORS, _BYTES = 8, 8 << 20


def is_shortage(error: BaseException) -> bool:
    """Say whether an error only says that this machine lacks something for now."""
    match error:
        case OSError(errno=None) | ImportError():
            # Of a native module that could not be opened: its loader tells the number in words.
            return any(os.strerror(each) in str(error) for each in _PASSING)
        case OSError():
            return error.errno in _PASSING
        case MemoryError():
            return True
        case RuntimeError():
            return str(error) == _NO_THREAD
    return False


def told(error: BaseException) -> str:
    """Return a shortage in words for a person."""
    match error:
        case OSError() if error.errno in _DISK:
            return f"The disk cannot be used: {error.strerror}"
        case OSError() | ImportError():
            what = getattr(error, "strerror", None) or "a native module cannot be opened"
            return f"This machine has run out of something: {what}"
        case MemoryError():
            return "This machine has run out of memory"
    return "This machine can start no more threads"


def check() -> None:
    """Raise a shortage while this process can have no more descriptors, memory or threads.

    Libraries call it many things when they meet one; this is asked before such an error counts.
    """
    with ExitStack() as held:
        for _ in range(_DESCRIPTORS):
            held.enter_context(Path(os.devnull).open("rb", buffering=0))
        mmap.mmap(-1, _BYTES).close()
    probe = Thread(target=int, name="probe")
    probe.start()
    probe.join()
