"""A daemon that is killed while it tells somebody something."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.support.process import environment, reprise, running
from tests.webhooks.receiver import HANG, receivers


@pytest.mark.acceptance
async def test_what_was_being_told_is_told_again_and_says_so(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    env = environment(tmp_path, sandbox)
    async with receivers() as (phone,):
        added = await reprise("notify", "add", f"json://localhost:{phone.port}/", "--json", env=env)
        made = added.json["id"]
        phone.answer = HANG
        async with running(env, tmp_path / "log") as daemon:
            await reprise("notify", "test", made, env=env)
            await phone.wait_for(1)
            await daemon.stop(signal.SIGKILL)
        phone.status(200)
        async with running(env, tmp_path / "log") as daemon:
            await phone.wait_for(2)
            assert await daemon.stop() == 0
        async with running(env, tmp_path / "log") as daemon:
            assert await daemon.stop() == 0
        told = [each.content["message"] for each in phone.messages]
    test = "This is a test: here Reprise tells you what needs you"
    assert told == [test, f"Perhaps you know this already. {test}"]
    assert str(phone.port) not in (tmp_path / "log").read_text()
