"""What was freed is given back to the machine."""

from __future__ import annotations

import platform
import threading

import pytest
import trio

from daemon import memory, upkeep
from tests.support.limits import DEADLOCK_S
from tests.support.served import serve_studio
from tests.support.studio import Studio


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps it")
def test_glibc_is_asked() -> None:
    assert memory.give_back()


async def test_the_daemon_gives_it_back_in_a_thread(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = threading.Event()

    def give_back() -> None:
        assert threading.current_thread() is not threading.main_thread()
        heard.set()

    monkeypatch.setattr(upkeep, "_STARTED_S", 0.02)
    monkeypatch.setattr(memory, "give_back", give_back)
    async with serve_studio(studio):
        with trio.fail_after(DEADLOCK_S):
            while not heard.is_set():
                await trio.sleep(0.02)
