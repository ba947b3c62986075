"""The child process that has `apprise` tell somebody: one task on its input, one answer.

`python -m notices.worker`. The library, its hundred services and whatever answers them are kept
away from the daemon: this process may connect only where the daemon allows, at connect time and
whichever library does it; it may start nothing and write nothing; and it is killed when it takes
too long. It says what came of it in fixed words, so that no address can get into a log.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from notices.services import ALLOWED
from webhooks.targets import Reach, Targets

_MEMORY = 1 << 30
_CPU_S = 20
_READ_AT_MOST = 64 * 1024
_STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
           "os.spawn", "pty.spawn"}  # fmt: skip
_CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod",
            "os.chown", "os.truncate", "shutil.move", "shutil.rmtree"}  # fmt: skip
_SPEAKS = {"socket.bind", "socket.sendto", "socket.sendmsg"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_SYSTEM = ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf",
           "/etc/mime.types", "/etc/localtime", "/dev/null", "/dev/urandom")  # fmt: skip


class _Seen:
    """What happened on the way, for the answer."""

    status: int | None = None
    refused: str | None = None
    is_connected = False
    may_be_taken = False
    is_taken = False


class _Forbidden(OSError):
    """Something that a message to a person needs not."""


def main() -> None:
    """Do the one task."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _limit_resources()
    logging.disable(logging.CRITICAL)
    import apprise
    import requests

    seen = _Seen()
    _bound_requests(requests, seen)
    _watch_mail(seen)
    _watch_connections(seen)
    apprise.Apprise.instantiate("json://localhost")  # imports every service
    answers.write("ready\n")
    answers.flush()
    task = json.loads(sys.stdin.readline())
    sys.addaudithook(_warden(_targets(task["targets"]), seen))
    answers.write(json.dumps(_done(apprise, task, seen)) + "\n")
    answers.flush()
    os._exit(0)  # whatever still runs here has nothing to say


def _done(apprise: Any, task: dict[str, Any], seen: _Seen) -> dict[str, object]:
    asset = apprise.AppriseAsset(
        app_id="Reprise", app_desc="Reprise", app_url="", async_mode=False, plugin_paths=[]
    )
    service = None
    with contextlib.suppress(Exception):
        service = apprise.Apprise.instantiate(task["url"], asset=asset)
    if service is None or _schemas(service).isdisjoint(ALLOWED):
        return {"ok": False, "reason": "form"}
    # Our outbox tries again, and knows what it has tried.
    service.retry = 0
    service.optional = False
    if len(service) != 1:
        return {"ok": False, "reason": "several"}
    if task["do"] == "check":
        return {"ok": True}
    told = False
    with contextlib.suppress(Exception):
        told = service.notify(title=task["title"], body=task["body"], body_format="text")
    return {
        "ok": bool(told) or seen.is_taken,
        "status": seen.status,
        "refused": seen.refused,
        "unknown": seen.may_be_taken,
    }


def _schemas(service: Any) -> set[str]:
    found: set[str] = set()
    for names in (service.protocol, service.secure_protocol):
        found |= {names} if isinstance(names, str) else set(names or ())
    return found


def _targets(given: dict[str, Any]) -> Targets:
    return Targets(
        Reach(given["reach"]),
        tuple(ipaddress.ip_network(each) for each in given["networks"]),
        given["own_port"],
    )


def _warden(targets: Targets, seen: _Seen) -> Callable[[str, tuple[Any, ...]], None]:
    """Return what is asked before this process does anything; it raises what must not be."""
    roots = tuple({
        os.path.realpath(sysconfig.get_path(name))
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
    })  # fmt: skip
    roots += tuple(os.path.realpath(sysconfig.get_path(name, vars={
        "base": sys.base_prefix, "platbase": sys.base_prefix})) for name in ("stdlib", "platstdlib")
    )  # fmt: skip

    def watch(event: str, facts: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            _judge(targets, facts[1], seen)
        elif event in _STARTS or event in _CHANGES or event in _SPEAKS:
            raise _Forbidden(f"{event} is not for messages")
        elif event == "open" and not _may_open(facts[0], facts[2], roots):
            raise _Forbidden("no file is for messages")

    return watch


def _judge(targets: Targets, address: Any, seen: _Seen) -> None:
    try:
        host, port = str(address[0]), int(address[1])
        refused = targets.refusal(ipaddress.ip_address(host.partition("%")[0]), port)
    except (ValueError, TypeError, IndexError):  # a file, or a name that was not looked up
        refused = "that is no address on a network"
    if refused is not None:
        seen.refused = refused
        raise _Forbidden("not there")


def _may_open(path: Any, flags: Any, roots: tuple[str, ...]) -> bool:
    if isinstance(path, int):
        return True
    if isinstance(flags, int) and flags & _WRITES:
        return False
    name = os.path.realpath(os.fsdecode(path))
    return name in _SYSTEM or any(name.startswith(root + os.sep) for root in roots)


def _bound_requests(requests: Any, seen: _Seen) -> None:
    """Let no answer be endless, no redirect be followed, and note the status."""
    send = requests.Session.send

    def bounded(self: Any, request: Any, **options: Any) -> Any:
        options |= {"allow_redirects": False, "stream": True, "proxies": {}}
        seen.is_connected = False
        try:
            answer = send(self, request, **options)
        except Exception as error:
            is_unsent = isinstance(error, requests.exceptions.SSLError)
            seen.may_be_taken = seen.is_connected and not is_unsent
            raise
        with contextlib.closing(answer):
            # Another program's object: its body is what has been read of it.
            answer._content = answer.raw.read(_READ_AT_MOST, decode_content=True) or b""
            answer._content_consumed = True
        seen.status = answer.status_code
        return answer

    requests.Session.send = bounded


def _watch_mail(seen: _Seen) -> None:
    """Note what became of a mail: what fails after it was taken is no failure."""
    import smtplib

    data = smtplib.SMTP.data

    def noted(self: smtplib.SMTP, message: Any) -> tuple[int, bytes]:
        seen.may_be_taken = True
        answer = data(self, message)
        seen.may_be_taken, seen.is_taken = False, answer[0] == 250
        return answer

    smtplib.SMTP.data = noted  # type: ignore[method-assign, assignment]


def _watch_connections(seen: _Seen) -> None:
    import socket

    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        connect(self, address)
        seen.is_connected = True

    socket.socket.connect = noted  # type: ignore[method-assign, assignment]


def _limit_resources() -> None:
    with contextlib.suppress(ImportError):  # not on every platform
        import resource

        for limit, value in (
            (resource.RLIMIT_AS, _MEMORY),
            (resource.RLIMIT_CPU, _CPU_S),
            (resource.RLIMIT_CORE, 0),
        ):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    main()
