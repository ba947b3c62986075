"""The daemon's parts in the test's own process, stepped by hand, against a real sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cloud.home import repost_would_stay_because
from daemon import data_dir
from daemon.core import Core, open_core
from daemon.publishing import build_publishing
from daemon.settings import Settings
from instagram.private.api import PrivateApi
from publish.delivery import Deliverer
from repost.configuring import enable
from repost.engine import RepostEngine
from repost.journey import Journey
from sandbox import MentionShape, Sandbox
from sandbox.world.person import Person
from sandbox.world.sample_media import make_photo
from sandbox.world.story import Story
from sandbox.world.thread import Box
from storage import accounts, credentials, jobs, posts, repost_configs, repost_history
from storage.accounts import Account
from storage.credentials import SavedLogin
from storage.files import MediaFolder
from storage.posts import Post
from storage.repost_configs import RepostConfig
from storage.reposts import Repost
from tests.support import ready_login
from tests.support.clock import TestClock

USERNAME = "studio"
PASSWORD = "correct horse battery staple"


# Nobody answers there: no test asks the real one.
NO_CLOUDFLARE = "http://127.0.0.1:9/client/v4"


def settings_for(sandbox: Sandbox, directory: Path, *, pace: float = 0.0, **more: Any) -> Settings:
    """Return the settings of a daemon that talks to `sandbox`."""
    more.setdefault("cloudflare_api", NO_CLOUDFLARE)
    return Settings(
        data_dir=directory,
        port=0,
        proxy=sandbox.proxy_url,
        ca_file=sandbox.ca_file,
        pace=pace,
        **more,
    )


@dataclass(kw_only=True)
class Studio:
    """One connected account, its world, and the engine's steps as methods."""

    sandbox: Sandbox
    clock: TestClock
    core: Core
    account: Account
    person: Person
    folder: MediaFolder
    journey: Journey
    engine: RepostEngine
    deliverer: Deliverer
    files: Path

    @property
    def api(self) -> PrivateApi:
        return self.core.gateway.account(self.account.id)

    async def log_in(self) -> None:
        await self.core.logins.log_in(self.account.id, self.account.username, PASSWORD)

    async def configure(self, **settings: object) -> RepostConfig:
        """Enable story reposts without a sleep window, plus the given settings."""
        chosen = {"sleep_window_start": 0, "sleep_window_end": 0, **settings}

        def write(db: Database) -> RepostConfig:
            repost_configs.save(
                db,
                user_id=self.core.owner.id,
                account_id=self.account.id,
                now=self.clock.now(),
                **chosen,
            )
            return enable(db, self.account.id, self.clock.now())

        return await self.core.store.write(write)

    async def config(self) -> RepostConfig:
        return await self.core.store.read(repost_configs.get, self.account.id)

    async def scan(self) -> list[Repost]:
        """Look into the inboxes; returns what is new."""
        report = await self.engine.scan(self.account.id)
        return report.scan.found

    async def advance(self) -> None:
        """Let the mentions move on: download, compose, queue."""
        await self.journey.advance(self.api, await self.config())

    async def publish_due(self) -> None:
        """Deliver every due job, one after the other, as the scheduler would."""
        while due := await self.core.store.write(jobs.claim_due, self.clock.now()):
            for job in due:
                await self.deliverer.deliver(job)
        await self.journey.settle(self.account.id)

    async def run_all(self) -> None:
        await self.scan()
        await self.advance()
        await self.publish_due()

    async def history(self) -> list[Repost]:
        return await self.core.store.read(repost_history.page, self.core.owner.id)

    async def only(self) -> Repost:
        """Return the one repost there is."""
        (found,) = await self.history()
        return found

    async def post_of(self, repost: Repost) -> Post:
        assert repost.post_id is not None
        return await self.core.store.read(posts.get, repost.post_id)

    def photo(self, width: int = 270, height: int = 480, seed: int = 1) -> Path:
        path = self.files / f"photo-{width}x{height}-{seed}.jpg"
        if not path.exists():
            make_photo(path, width, height, seed)
        return path

    def friend(self, username: str, *, private: bool = False, followed: bool = True) -> Person:
        """Add somebody whom the account follows."""
        person = self.sandbox.world.add_person(username, private=private)
        if followed:
            self.sandbox.world.follow(self.person, person)
        return person

    def mention(
        self,
        friend: Person,
        *,
        file: Path | None = None,
        shape: MentionShape = MentionShape.XMA,
        ago: timedelta = timedelta(),
        pending: bool = False,
    ) -> Story:
        """Let `friend` mention the account in a story taken `ago`."""
        at = self.clock.seconds() - ago.total_seconds()
        story = self.sandbox.world.add_story(
            friend, file or self.photo(), mentions=[self.person], taken_at=at
        )
        box: Box = "pending" if pending else "inbox"
        self.sandbox.world.mention(story, self.person, shape=shape, box=box, at=at)
        return story


@asynccontextmanager
async def open_studio(
    sandbox: Sandbox,
    clock: TestClock,
    directory: Path,
    *,
    pace: float = 0.0,
    settle_s: float = 0.0,
    logged_in: bool = True,
    rails_pace: float | None = None,
    username: str = USERNAME,
    **settings: Any,
) -> AsyncIterator[Studio]:
    """Open an account, called `studio` if not told otherwise, in a fresh or known data directory.

    With `rails_pace` the rails have that pace, and only the client's pauses have `pace`.
    """
    if rails_pace is None:
        rails_pace = pace
    data = directory / "data"
    data_dir.prepare(data)
    chosen = settings_for(sandbox, data, pace=pace, **settings)
    async with open_core(chosen, clock.now, clock.passed) as core:
        person = sandbox.world.find_person(username=username) or sandbox.world.add_person(
            username, password=PASSWORD
        )
        account = await core.store.write(_account, core, username)
        folder = MediaFolder(data / "media")
        railed = replace(core, clock=replace(core.clock, pace=rails_pace))
        publishing = await build_publishing(railed, folder, settle_s=settle_s)
        journey = Journey(core.store, folder, railed.clock, repost_would_stay_because)
        studio = Studio(
            sandbox=sandbox,
            clock=clock,
            core=core,
            account=account,
            person=person,
            folder=folder,
            journey=journey,
            engine=RepostEngine(core.store, core.gateway, journey, railed.clock),
            deliverer=publishing.deliverer,
            files=directory,
        )
        if logged_in:
            if await core.store.read(credentials.find, account.id) is None:
                await ready_login.log_in(core, sandbox, account, person, _log_in_once)
            else:
                await studio.log_in()
        yield studio


async def _log_in_once(sandbox: Sandbox, directory: Path) -> SavedLogin:
    async with open_studio(sandbox, TestClock(), directory, logged_in=False) as studio:
        await studio.log_in()
        core = studio.core
        saved = await core.store.read(credentials.saved_login, core.vault, studio.account.id)
        assert saved is not None
        return saved


def _account(db: Database, core: Core, username: str) -> Account:
    found = accounts.by_username(db, username)
    if found is not None:
        return found
    return accounts.add(db, user_id=core.owner.id, username=username, now=core.clock.now())
