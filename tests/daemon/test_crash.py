"""`kill -9` in the middle of the dangerous moments, on the real daemon: no second story."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio

from sandbox import Sandbox
from sandbox.wire.faults import Fault, Hang
from sandbox.world.person import Person
from sandbox.world.sample_media import make_photo
from tests.support.clock import TestClock
from tests.support.connected import connect
from tests.support.limits import DEADLOCK_S
from tests.support.process import Daemon, reprise, running
from tests.support.studio import PASSWORD

CONFIGURE = "media/configure_to_story"


@dataclass(kw_only=True)
class World:
    """An account in a sandbox and the environment of its daemon."""

    sandbox: Sandbox
    env: dict[str, str]
    directory: Path
    person: Person
    account_id: str
    key: str

    def mention(self, username: str) -> None:
        friend = self.sandbox.world.add_person(username)
        photo = self.directory / f"{username}.jpg"
        make_photo(photo, 270, 480, seed=1)
        story = self.sandbox.world.add_story(friend, photo, mentions=[self.person])
        self.sandbox.world.mention(story, self.person)

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[Daemon]:
        async with running(self.env, self.directory / "log") as daemon:
            yield daemon

    async def enable(self, daemon: Daemon) -> None:
        body = {"accountId": self.account_id}
        settings = {**body, "sleepWindowStart": 0, "sleepWindowEnd": 0}
        await daemon.call("POST", "/story-repost/config", self.key, settings)
        await daemon.call("POST", "/story-repost/enable", self.key, body)

    async def until_finished(self, daemon: Daemon) -> list[dict[str, Any]]:
        """Wait until no mention is open, and return the history."""
        with trio.fail_after(DEADLOCK_S):
            while True:
                answer = await daemon.call("GET", "/story-repost/history", self.key)
                items: list[dict[str, Any]] = answer.json()["reposts"]
                if items and all(i["status"] in ("PUBLISHED", "FAILED") for i in items):
                    return items
                await trio.sleep(0.1)


@pytest.fixture
async def world(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> World:
    """An account that is connected and logged in, the daemon being off."""
    connected = await connect(sandbox, clock, tmp_path)
    return World(
        sandbox=sandbox,
        env=connected.env,
        directory=tmp_path,
        person=connected.person,
        account_id=connected.id,
        key=connected.key,
    )


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
async def test_killed_while_the_answer_to_configure_is_awaited(
    world: World, after_effect: bool
) -> None:
    """Before the effect: between upload and configure. After: between configure and record."""
    world.mention("anna")
    world.sandbox.faults.add(Fault(path=CONFIGURE, kind=Hang(after_effect=after_effect)))
    async with world.daemon() as daemon:
        await world.enable(daemon)
        await world.sandbox.ledger.wait_for(f"/api/v1/{CONFIGURE}")
        if after_effect:
            await world.sandbox.ledger.wait_until(lambda: bool(world.sandbox.ledger.published))
        await daemon.stop(signal.SIGKILL)
    async with world.daemon() as daemon:
        (item,) = await world.until_finished(daemon)
        assert await daemon.stop() == 0
    (live,) = world.sandbox.world.published(world.person)
    assert item["status"] == "PUBLISHED"
    assert item["permalink"] == f"https://www.instagram.com/stories/studio/{live.pk}/"
    assert [mention.username for mention in live.mentions] == ["anna"]


@pytest.mark.acceptance
@pytest.mark.parametrize("path", ["rupload_igphoto", "/story/", ".jpg"])
async def test_killed_at_an_earlier_step_it_goes_on(world: World, path: str) -> None:
    world.mention("anna")
    world.sandbox.faults.add(Fault(path=path, kind=Hang()))
    async with world.daemon() as daemon:
        await world.enable(daemon)
        hung = world.sandbox.ledger
        await hung.wait_for(lambda entry: path in entry.path and entry.fault == "hang")
        await daemon.stop(signal.SIGKILL)
    async with world.daemon() as daemon:
        (item,) = await world.until_finished(daemon)
    assert item["status"] == "PUBLISHED"
    assert len(world.sandbox.world.published(world.person)) == 1


@pytest.mark.acceptance
async def test_sigterm_during_publishing_parks_it_for_the_next_start(world: World) -> None:
    world.mention("anna")
    world.sandbox.faults.add(Fault(path=CONFIGURE, kind=Hang(after_effect=True)))
    async with world.daemon() as daemon:
        await world.enable(daemon)
        await world.sandbox.ledger.wait_until(lambda: bool(world.sandbox.ledger.published))
        with trio.fail_after(DEADLOCK_S):
            assert await daemon.stop() == 0
    assert "Traceback" not in (world.directory / "log").read_text()
    async with world.daemon() as daemon:
        (item,) = await world.until_finished(daemon)
    assert item["status"] == "PUBLISHED"
    assert len(world.sandbox.world.published(world.person)) == 1


@pytest.mark.acceptance
async def test_the_device_and_the_session_survive_every_restart(world: World) -> None:
    login = ("account", "login", "--username", "studio", "--password-stdin")
    assert (await reprise(*login, env=world.env, stdin=f"{PASSWORD}\n")).code == 0
    for username in ("anna", "ben"):
        world.mention(username)
        async with world.daemon() as daemon:
            await world.enable(daemon)
            await daemon.call("POST", "/story-repost/scan", world.key, {})
            await world.until_finished(daemon)
            await daemon.stop()
    assert world.sandbox.ledger.logins("studio") == 1
    assert len(world.sandbox.ledger.devices("studio")) == 1
    assert len(world.sandbox.world.published(world.person)) == 2
