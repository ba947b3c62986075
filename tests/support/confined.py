"""Runs a command as a unit would: `python -m tests.support.confined UNIT COMMAND…`.

What systemd asks the kernel for, without systemd: the unit's system calls and address families
(by libseccomp), no memory that is writable and executable, no new privileges.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000
_SET_NO_NEW_PRIVS, _SET_MDWE = 38, 65
# Root's SQLite gives its files to their owner; the unit's user owns them all.
_FOR_ROOT = {"fchown"}


class _Argument(ctypes.Structure):
    _fields_ = (
        ("n", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_ulong),
        ("b", ctypes.c_ulong),
    )


def directives(unit: Path) -> Mapping[str, list[str]]:
    """Return the unit's assignments by name."""
    found = defaultdict(list)
    for line in unit.read_text().splitlines():
        name, is_one, value = line.partition("=")
        if is_one and not line.startswith("#"):
            found[name].append(value)
    return found


def allowed_calls(lines: Sequence[str]) -> set[str]:
    """Return the system calls that `SystemCallFilter=` lines allow."""
    allowed: set[str] = set()
    for line in lines:
        named = {call for name in line.lstrip("~").split() for call in _expanded(name)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


@cache
def _expanded(name: str) -> frozenset[str]:
    if not name.startswith("@"):
        return frozenset({name})
    command = ["systemd-analyze", "syscall-filter", name]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    words = (line.strip() for line in listed.splitlines()[1:])
    members: Iterator[str] = (word for word in words if word and not word.startswith("#"))
    return frozenset(call for member in members for call in _expanded(member))


def confine(unit: Path) -> None:
    """Put this process, and all it starts, under the unit's rules."""
    rules = directives(unit)
    libc, seccomp = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(_REFUSE | errno.EPERM))
    calls = allowed_calls(rules["SystemCallFilter"])
    for call in calls | (_FOR_ROOT if os.geteuid() == 0 else set()):
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number >= 0 and call != "socket":
            seccomp.seccomp_rule_add(context, _ALLOW, number, 0)
    number = seccomp.seccomp_syscall_resolve_name(b"socket")
    for family in rules["RestrictAddressFamilies"][0].split():
        only = _Argument(0, 4, getattr(socket, family), 0)  # 4: equal
        if seccomp.seccomp_rule_add_array(context, _ALLOW, number, 1, ctypes.byref(only)):
            raise OSError("the filter cannot be made")
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_SET_MDWE, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if seccomp.seccomp_load(context):
        raise OSError("the filter cannot be loaded")


if __name__ == "__main__":
    confine(Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
