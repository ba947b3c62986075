"""The brake on wrong keys and links: ten a minute, then pauses that grow, for one network."""

from __future__ import annotations

import pytest

from api import guesses
from api.arrival import Arrival
from api.errors import ApiError
from api.guesses import Guesses
from ground.clock import Clock


class Braked:
    """A brake on a clock that moves when told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.guesses = Guesses(Clock(monotonic=lambda: self.now))

    def wrong(self, client: str, times: int = 1) -> None:
        for _ in range(times):
            self.guesses.wrong(Arrival(client, "https", False), "key")

    def pause_s(self, client: str) -> int:
        try:
            self.guesses.check(Arrival(client, "https", False))
        except ApiError as refused:
            return (refused.retry_after or 0) if refused.status == 429 else -1
        return 0


def test_ten_a_minute_are_heard() -> None:
    braked = Braked()
    for _ in range(20):  # nine a minute, for ever
        braked.wrong("203.0.113.7", 9)
        assert not braked.pause_s("203.0.113.7")
        braked.now += 61
    braked.wrong("203.0.113.7", 10)
    assert braked.pause_s("203.0.113.7") == 60
    assert not braked.pause_s("203.0.113.8")
    braked.now += 59.5
    assert braked.pause_s("203.0.113.7") == 1
    braked.now += 0.5
    assert not braked.pause_s("203.0.113.7")


def test_pauses_grow_and_are_forgotten() -> None:
    braked = Braked()
    seen = []
    for _ in range(8):
        braked.wrong("203.0.113.7", 10)
        seen.append(braked.pause_s("203.0.113.7"))
        braked.now += seen[-1] + 1
    assert seen == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    braked.now += 3601
    braked.wrong("203.0.113.7", 10)
    assert braked.pause_s("203.0.113.7") == 60


def test_an_ipv6_customer_is_one_whatever_address_is_chosen() -> None:
    braked = Braked()
    for number in range(10):
        braked.wrong(f"2001:db8:1:2:{number:x}::{number:x}")
    assert braked.pause_s("2001:db8:1:2:ffff::1") == 60
    assert not braked.pause_s("2001:db8:1:3::1")


def test_this_machine_is_never_kept_out() -> None:
    braked = Braked()
    here = Arrival("127.0.0.1", "http", True)
    for _ in range(1000):
        braked.guesses.wrong(here, "key")
    braked.guesses.check(here)
    # A proxy on it is another matter.
    braked.wrong("127.0.0.1", 10)
    assert braked.pause_s("127.0.0.1") == 60
    braked.guesses.check(here)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "_KEPT", 100)
    braked = Braked()
    braked.wrong("203.0.113.7", 10)
    for number in range(99):
        braked.wrong(f"10.0.0.{number}")
    assert braked.pause_s("203.0.113.7") == 60
    for number in range(1000):
        braked.wrong(f"10.1.{number // 250}.{number % 250}")
    assert len(braked.guesses._known) == 100
