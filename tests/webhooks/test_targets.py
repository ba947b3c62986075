"""Where messages may go, whatever an address is written like."""

from __future__ import annotations

import ipaddress
import socket
import threading
from typing import Any, NoReturn

import pytest
import trio

from tests.support.limits import DEADLOCK_S
from webhooks.guard import GuardedBackend
from webhooks.targets import Reach, TargetRefused, Targets

NETWORK = ipaddress.ip_network("10.1.0.0/16")
FIELDS = {
    # address: public, lan, loopback, networks
    "93.184.215.14": (True, True, True, False),
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c": (True, True, True, False),
    "192.168.1.9": (False, True, True, False),
    "10.1.2.3": (False, True, True, True),
    "fd12::1": (False, True, True, False),
    "127.0.0.1": (False, False, True, False),
    "127.9.9.9": (False, False, True, False),
    "::1": (False, False, True, False),
    "::ffff:127.0.0.1": (False, False, True, False),
    "::ffff:10.1.2.3": (False, True, True, True),
    "169.254.169.254": (False, False, False, False),
    "::ffff:169.254.169.254": (False, False, False, False),
    "fe80::1": (False, False, False, False),
    "0.0.0.0": (False, False, False, False),
    "::": (False, False, False, False),
    "224.0.0.1": (False, False, False, False),
    "ff02::1": (False, False, False, False),
    "255.255.255.255": (False, False, False, False),
}


@pytest.mark.parametrize("text", FIELDS)
def test_every_kind_of_address_under_every_setting(text: str) -> None:
    settings = [Targets(reach) for reach in Reach] + [Targets(networks=(NETWORK,))]
    allowed = [not each.refusal(ipaddress.ip_address(text), 80) for each in settings]
    assert tuple(allowed) == FIELDS[text]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.3.2.1"])
def test_the_daemon_is_no_target(address: str) -> None:
    targets = Targets(own_port=3001)
    assert targets.refusal(ipaddress.ip_address(address), 3001)
    assert not targets.refusal(ipaddress.ip_address(address), 3002)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "::ffff:7f00:1"])
async def test_however_loopback_is_written(host: str) -> None:
    with pytest.raises(TargetRefused):
        await GuardedBackend(Targets(Reach.PUBLIC)).connect_tcp(host, 9)


async def test_names_that_are_looked_up_for_long_keep_no_thread_of_the_daemons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = threading.Event()
    enough = int(trio.to_thread.current_default_thread_limiter().total_tokens)
    asked = threading.Semaphore(0)

    def silent(*asks: Any, **_: object) -> NoReturn:
        if len(asks) > 5 and asks[5] & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "as it would")
        asked.release()
        answers.wait()
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    backend = GuardedBackend(Targets())
    try:
        async with trio.open_nursery() as nursery:
            for number in range(enough):
                nursery.start_soon(backend.connect_tcp, f"silent-{number}.example", 80)
            with trio.fail_after(DEADLOCK_S):
                for _ in range(enough):
                    while not asked.acquire(blocking=False):
                        await trio.sleep(0.01)
            with trio.fail_after(DEADLOCK_S / 10):
                await trio.to_thread.run_sync(int)
            nursery.cancel_scope.cancel()
    finally:
        answers.set()


def test_one_forbidden_address_of_a_name_forbids_it() -> None:
    with pytest.raises(TargetRefused, match=r"10\.0\.0\.1"):
        Targets(Reach.PUBLIC).judge("name", 80, ["93.184.215.14", "10.0.0.1"])
