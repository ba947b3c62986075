"""The child process of `child`: tasks as JSON lines on its input, what comes of them on its output.

It decodes strangers' bytes, so it may crash, hang or grow without harm: the parent watches it. It
ends by itself when the parent is gone, and when it has grown: memory is not given back otherwise.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import threading
from dataclasses import asdict, is_dataclass
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from media.errors import MediaError

resource: Any
try:
    import resource
except ImportError:  # not on every platform
    resource = None

_MEMORY = 4 * 1024**3  # more than any task is given
_GROWN = 400 * 1024**2
_TASKS_AT_MOST = 200
_NICENESS = 10
_ITS_OWN = ("RenderFailed", "OSError")  # errors that say something about this process
# The machine's trouble, which says nothing about the file: it passes.
_PASSING = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EAGAIN,
}  # fmt: skip


def main() -> None:
    """Do one task after the other, until there is no parent any more."""
    _limit_resources()
    # Libraries that print must not be taken for answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(**message: object) -> None:
        # A parent that is gone breaks the pipe, and so ends this process too.
        answers.write(json.dumps(message) + "\n")

    tasks: SimpleQueue[str] = SimpleQueue()
    try:
        threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    except RuntimeError:  # "can't start new thread"
        say(error="OSError", errno=errno.EAGAIN, last=True)
        return
    for number in range(1, _TASKS_AT_MOST + 1):
        answer = _done(json.loads(tasks.get()), lambda share: say(progress=share))
        is_last = number == _TASKS_AT_MOST or _has_grown() or answer.get("error") in _ITS_OWN
        say(**answer, last=is_last)
        if is_last:
            return


def _done(task: dict[str, Any], report: Any) -> dict[str, object]:
    """Do a task; what else can go wrong ends this process, and its last words say why."""
    module, _, name = task["do"].partition(":")
    try:
        _bound(**task["bounds"])
        result = getattr(import_module(module), name)(report, **task["with"])
    except MediaError as error:
        return {"error": type(error).__name__, "reason": error.reason}
    except FileNotFoundError:
        return {"error": "MediaInvalid", "reason": "the file was deleted meanwhile"}
    except MemoryError:
        return {"error": "RenderFailed", "reason": "it needs more memory than it is given"}
    except OSError as error:
        if error.errno not in _PASSING:
            return {"error": "RenderFailed", "reason": error.strerror or str(error)}
        return {"error": "OSError", "errno": error.errno}
    is_record = is_dataclass(result) and not isinstance(result, type)
    return {"result": asdict(result) if is_record else result}


def _listen(tasks: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        tasks.put(line)
    os._exit(0)  # the parent is gone, and nobody wants what is being done


def _limit_resources() -> None:
    os.umask(0o077)  # what it writes is for this user alone
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with contextlib.suppress(OSError):  # where memory runs out, it is not the daemon that ends
        Path("/proc/self/oom_score_adj").write_text("1000")
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _lower(resource.RLIMIT_AS, _MEMORY)


def _lower(which: int, bound: int) -> None:
    with contextlib.suppress(ValueError, OSError):  # macOS takes no bound on the address space
        resource.setrlimit(which, (bound, bound))


def _bound(*, memory: int, file_size: int, cpu_s: int | None) -> None:
    """Set the bounds of one task; none can be above those of the process."""
    if resource is None:
        return
    spent = resource.getrusage(resource.RUSAGE_SELF)
    until = resource.RLIM_INFINITY
    if cpu_s is not None:
        until = int(spent.ru_utime + spent.ru_stime) + cpu_s
    for which, wanted in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CPU, until),
    ):
        highest = resource.getrlimit(which)[1]
        if highest != resource.RLIM_INFINITY and (
            wanted == resource.RLIM_INFINITY or wanted > highest
        ):
            wanted = highest
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, (wanted, highest))


def _has_grown() -> bool:
    # Of this program alone: `getrusage` of Linux also counts the daemon that it was forked from.
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 > _GROWN
    if resource is None:
        return True
    unit = 1 if sys.platform == "darwin" else 1024
    return bool(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit > _GROWN)


if __name__ == "__main__":
    main()
