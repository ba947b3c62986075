"""Processes that start warm: forked from one that has imported the project, not started anew.

A daemon or command is what it always is: a process of its own with its own arguments, environment,
files, signals and exit code, and a child of the test. Only its imports are done already, which take
ten times as long as most of what it is started for. Where the start itself is what is meant, a test
runs the program in another way: with a command in front, a script, or `subprocess`.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import IO, Any

import trio._subprocess

from tests.support import fresh

ROOT = Path(__file__).parents[2]
# Each program with the packages it needs. What decodes is apart, for its memory is measured.
PROGRAMS: Mapping[str, Sequence[str]] = {
    "daemon": ("daemon", "cli", "api", "local", "operations", "publish", "repost", "moving"),
    "media.worker": ("media",),
    "notices.worker": ("notices",),
    "sandbox": ("sandbox",),
}
# What the system's loader and what it loads take from the environment when a process starts: such
# a process comes from one that was started so. The last of them is kept, whose tests go on.
_LOADED = ("LD_PRELOAD", "FAKETIME")
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_LONGEST = 1 << 20


def install() -> None:
    """Let Trio start the known programs warm, where the system can hand over a child."""
    if sys.platform != "linux":
        return
    shim = ModuleType("subprocess")
    vars(shim).update(vars(subprocess))
    vars(shim)["Popen"] = _popen
    vars(trio._subprocess)["subprocess"] = shim


def _popen(command: Sequence[str], **options: Any) -> _Forked | subprocess.Popen[bytes]:
    known = {"stdin", "stdout", "stderr", "env", "cwd", "start_new_session"}
    words = [str(word) for word in command]
    # Anyio gives every option that there is, most of them with what says nothing.
    is_plain = all(name in known or value in (None, 0, -1, ()) for name, value in options.items())
    options = {name: value for name, value in options.items() if name in known or not is_plain}
    if words[:2] == [sys.executable, "-m"] and words[2] in PROGRAMS and is_plain:
        return _Forked(words, **options)
    return subprocess.Popen(command, **options)


class _Forked:
    """What `subprocess.Popen` is to a Trio process."""

    stdin = stdout = stderr = None

    def __init__(
        self,
        args: list[str],
        *,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        start_new_session: bool = False,
    ) -> None:
        self.args = args
        self.returncode: int | None = None
        self._reaping = threading.Lock()
        asked: dict[str, Any] = {
            "argv": args[2:],
            "env": dict(os.environ if env is None else env),
            "cwd": str(cwd or Path.cwd()),
            "session": start_new_session,
        }
        with ExitStack() as opened:
            files = [_number(file, at, opened) for at, file in enumerate((stdin, stdout))]
            files.append(files[1] if stderr == subprocess.STDOUT else _number(stderr, 2, opened))
            self.pid = _server(args[2], asked["env"]).start(asked, files)

    def poll(self) -> int | None:
        return self._reap(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        assert timeout is None
        code = self._reap(0)
        assert code is not None
        return code

    def _reap(self, how: int) -> int | None:
        with self._reaping:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, how)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _number(file: IO[bytes] | int | None, own: int, opened: ExitStack) -> int:
    """Return the descriptor that is meant by what `Popen` takes for a standard file."""
    if file is None:
        return own
    if file == subprocess.DEVNULL:
        return opened.enter_context(Path(os.devnull).open("r+b", buffering=0)).fileno()
    return file if isinstance(file, int) else file.fileno()


class _Server:
    """The process that has imported a program, and forks."""

    def __init__(self, program: str, loaded: Mapping[str, str]) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, program, str(theirs.fileno())],
                cwd=ROOT,
                env=os.environ | loaded,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def close(self) -> None:
        """Let it end; what it has started goes on."""
        self._ours.close()
        self._process.wait()

    def start(self, asked: Mapping[str, Any], files: Sequence[int]) -> int:
        """Start a process and return its number; it is a child of this one."""
        with self._turn:
            # It forks twice, and whose parent is gone becomes a child of the one that asks for it.
            _prctl(_SUBREAPER, 1)
            try:
                socket.send_fds(self._ours, [json.dumps(asked).encode()], list(files))
                return int(self._ours.recv(_LONGEST))
            finally:
                _prctl(_SUBREAPER, 0)


_servers: dict[str, _Server] = {}
_shifted: dict[tuple[str, ...], _Server] = {}
_starting = threading.Lock()


def _server(program: str, env: Mapping[str, str]) -> _Server:
    loaded = {name: value for name, value in env.items() if name.startswith(_LOADED)}
    with _starting:
        if not loaded:
            if program not in _servers:
                _servers[program] = _Server(program, {})
            return _servers[program]
        key = (program, *(f"{name}={loaded[name]}" for name in sorted(loaded)))
        if key not in _shifted:
            while _shifted:
                _shifted.popitem()[1].close()
            _shifted[key] = _Server(program, loaded)
        return _shifted[key]


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def serve(program: str, control: socket.socket) -> None:
    """Import a program and fork for each request; returns in a process that is to run it."""
    import_module(program)  # first, so that its imports come in its own order
    for package in PROGRAMS[program]:
        for found in walk_packages(import_module(package).__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                import_module(found.name)
    if program == "notices.worker":  # whose library brings a hundred services
        import_module("apprise").Apprise.instantiate("json://localhost")
    gc.freeze()
    fresh.make()
    while True:
        asked, files, _, _ = socket.recv_fds(control, _LONGEST, 3)
        if not asked:
            sys.exit()
        reading, writing = os.pipe()
        between = os.fork()
        if between == 0:
            if (child := os.fork()) == 0:
                os.close(reading)
                os.close(writing)
                control.close()
                _become(json.loads(asked), files)
                return
            os.write(writing, str(child).encode())
            os._exit(0)
        os.waitpid(between, 0)
        os.close(writing)
        control.send(os.read(reading, 64))
        for number in (reading, *files):
            os.close(number)


def _become(asked: Mapping[str, Any], files: Sequence[int]) -> None:
    """Take over the arguments, environment and files that were asked for."""
    if asked["session"]:
        os.setsid()
    os.chdir(asked["cwd"])
    for number, file in enumerate(files):
        os.dup2(file, number)
    for file in set(files) - {0, 1, 2}:
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        lines = number == 2 or os.isatty(number)
        stream = open(  # noqa: SIM115  as long as the process
            number, mode, 1 if lines else -1, "utf-8", closefd=False
        )
        vars(sys)[name] = vars(sys)[f"__{name}__"] = stream
    sys.argv = asked["argv"]


def _run() -> int:
    """Run the program to its end, as `python -m` does; returns the exit code."""
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)  # noqa: T201
        return int(isinstance(ended.code, str)) if not isinstance(ended.code, int) else ended.code
    except BaseException as error:  # noqa: BLE001  as the interpreter does
        traceback.print_exc()
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
    code = _run()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # taking down what it shares with others would copy all of it
