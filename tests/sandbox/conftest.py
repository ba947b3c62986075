from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiograpi.mixins.album
import aiograpi.mixins.clip
import aiograpi.mixins.photo
import aiograpi.mixins.video
import pytest
import trio

from sandbox import Sandbox, open_sandbox
from sandbox.world.person import Person
from sandbox.world.sample_media import make_photo, make_video
from tests.sandbox.clients import App, asyncio_loop
from tests.sandbox.graph_client import Graph, MediaHost, open_graph, open_media_host
from tests.support.keys import with_keys


class Clock:
    """The sandbox's clock in these tests: it stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "photo.jpg"
    make_photo(path, 540, 960, 1, "a story")
    return path


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "video.mp4"
    make_video(path, 270, 480, 2, 15, 2)
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(sandbox_keys: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[Sandbox]:
    with_keys(sandbox_keys, tmp_path / "sandbox")
    async with open_sandbox(tmp_path / "sandbox", clock=clock) as opened:
        yield opened


@pytest.fixture
def studio(sandbox: Sandbox) -> Person:
    return sandbox.world.add_person("studio", password="a password")


@pytest.fixture
def anna(sandbox: Sandbox) -> Person:
    return sandbox.world.add_person("anna", full_name="Anna Berg")


@pytest.fixture(scope="session")
def square(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo for the feed."""
    path = tmp_path_factory.mktemp("media") / "square.jpg"
    make_photo(path, 640, 640, 3, "a post")
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that the Graph API takes."""
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    make_video(path, 270, 480, 3.2, 24, 4)
    return path


@pytest.fixture
async def media_host(sandbox: Sandbox) -> AsyncIterator[MediaHost]:
    async with open_media_host(sandbox) as opened:
        yield opened


@pytest.fixture
async def graph(sandbox: Sandbox, studio: Person) -> AsyncIterator[Graph]:
    """The studio with Instagram Login."""
    async with open_graph(sandbox, sandbox.world.connect_graph(studio)) as opened:
        yield opened


@pytest.fixture
async def facebook(sandbox: Sandbox, studio: Person) -> AsyncIterator[Graph]:
    """The studio with Facebook Login and a Page."""
    account = sandbox.world.connect_graph(studio, login_method="facebook")
    async with open_graph(sandbox, account) as opened:
        yield opened


@pytest.fixture
async def open_app(sandbox: Sandbox) -> AsyncIterator[Callable[..., App]]:
    """Makes aiograpi clients of the sandbox, and closes them after the test."""
    apps: list[App] = []

    def make(**more: Any) -> App:
        apps.append(App(sandbox, **more))
        return apps[-1]

    async with asyncio_loop():
        yield make
        with trio.move_on_after(5, shield=True):
            for app in apps:
                await app.close()


@pytest.fixture
def app(open_app: Callable[..., App]) -> App:
    return open_app()


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the seconds that aiograpi waits before it configures an upload."""

    async def sleep(seconds: float) -> None:
        pass

    mixins = aiograpi.mixins
    for module in (mixins.photo, mixins.video, mixins.clip, mixins.album):
        monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=sleep))
