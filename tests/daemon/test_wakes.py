"""Each kind of change wakes whom it must, at once, and nobody is woken by hand."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import trio
from sqlite_utils import Database

from daemon.activity import StatusLine
from daemon.notify import Notifier
from ground.changes import Change, Subject
from operations.actor import Actor
from operations.event_types import TYPES
from operations.feed import Feed
from publish import intake
from publish.library import MediaLibrary
from publish.presence import Presence
from publish.rules import Content
from publish.scheduler import Scheduler
from repost import configuring, pause
from storage import accounts, events, repost_configs, troubles
from storage.posts import MediaType, PostStatus
from storage.troubles import Trouble, TroubleKind
from tests.support.process import ROOT
from tests.support.studio import Studio

EVERYBODY = frozenset({"scheduler", "engine", "status line", "streams"})
SEES = frozenset({"status line", "streams"})
WAKES: dict[Subject, frozenset[str]] = {
    Subject.POST: EVERYBODY,
    Subject.REPOST: SEES | {"engine"},
    Subject.ACCOUNT: SEES,
    Subject.LOGIN: EVERYBODY,
    Subject.CONFIG: SEES | {"engine"},
    Subject.JOB: frozenset({"scheduler", "status line"}),  # no event that anybody is told of
    Subject.WEBHOOK: SEES,
    Subject.NOTICE: frozenset({"status line"}),  # the outbox tells people of it
    Subject.DAEMON: SEES,
    Subject.SANDBOX: SEES,
}
# What is being sent is nothing for the engine of reposts to act on.
UNDER_WAY = {PostStatus.PROCESSING, PostStatus.PUBLISHING}


@dataclass
class Listeners:
    """Everybody who acts on changes, asleep; `woken` says who is not any more."""

    studio: Studio
    heard: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        core = self.studio.core
        self.scheduler = Scheduler(
            core.store, self.studio.deliverer, core.clock, Presence(core.store, core.clock)
        )
        self.status = StatusLine(core.store, Notifier(None), core.clock)
        self.feed = Feed(core.store.changes)
        core.store.changes.subscribe(self.heard.append, *Subject)

    async def woken_by(self, act: Callable[[Database], object]) -> set[str]:
        """Return who is awake when the write of `act` has returned, and nothing else ran."""
        engine, actor = self.studio.engine, Actor(user_id=self.studio.core.owner.id, via="test")
        self.heard.clear()
        engine._due.clear()
        self.scheduler._woken, self.status._changed = trio.Event(), trio.Event()
        with self.feed.reader(actor, None) as reader:
            await self.studio.core.store.write(act)
            awake = {
                "scheduler": self.scheduler._woken.is_set(),
                "engine": self.studio.account.id in engine._due,
                "status line": self.status._changed.is_set(),
                "streams": reader._woken.is_set(),
            }
        return {name for name, is_awake in awake.items() if is_awake}


async def test_every_kind_of_change_wakes_whom_it_must(studio: Studio) -> None:
    listeners, account_id = Listeners(studio), studio.account.id
    assert set(WAKES) == set(Subject)
    kinds = {*TYPES.values(), (Subject.JOB, "PENDING"), (Subject.JOB, "MOVED")}
    kinds |= {(Subject.NOTICE, "OPENED"), (Subject.NOTICE, "ENDED")}
    assert {subject for subject, _ in kinds} == set(Subject)
    for subject, state in sorted(kinds):
        must = WAKES[subject] - ({"engine"} if state in UNDER_WAY else set())

        def record(db: Database, subject: Subject = subject, state: str = state) -> None:
            now = studio.clock.now()
            if subject is Subject.DAEMON:
                events.record_of_daemon(db, state, now)
            else:
                events.record_of_account(db, subject, account_id, state, now=now)

        assert await listeners.woken_by(record) == must, (subject, state)


async def test_what_people_and_instagram_do_is_such_a_change(studio: Studio) -> None:
    """Each act leaves its events in its own transaction, and so wakes whom they must."""
    listeners, account_id, owner = Listeners(studio), studio.account.id, studio.core.owner.id
    library = MediaLibrary(studio.core.store, studio.folder, studio.core.clock)
    media = await library.take_in(studio.photo(540, 540), "photo.jpg", owner)
    content = Content(media_type=MediaType.IMAGE, media_ids=(media.id,))
    now = studio.clock.now()

    def posted(db: Database) -> str:
        return intake.publish_now(db, owner, account_id, content, now).id

    def held(db: Database) -> None:
        kind = TroubleKind.RATE
        troubles.add(db, Trouble(account_id=account_id, kind=kind, reason="slowly", at=now))

    first = await studio.core.store.write(posted)
    await studio.configure()
    acts: dict[str, tuple[Callable[[Database], Any], set[tuple[str, str]]]] = {
        "publish": (posted, {("post", "QUEUED"), ("job", "PENDING")}),
        "cancel": (lambda db: intake.clear(db, first, now), {("post", "DELETED")}),
        "pause": (lambda db: pause.pause(db, account_id, None, now), set()),
        "hold": (held, {("login", "HELD")}),
        "free": (lambda db: troubles.clear(db, account_id, now), {("login", "FREED")}),
        "disable": (
            lambda db: repost_configs.change(db, account_id, now=now, is_enabled=False),
            {("config", "DISABLED")},
        ),
        "enable": (
            lambda db: configuring.enable(db, account_id, now),
            {("config", "ENABLED")},
        ),
        "remove": (
            lambda db: configuring.remove(db, account_id, now),
            {("config", "REMOVED")},
        ),
        "connect": (
            lambda db: accounts.add(db, user_id=owner, username="other", now=now),
            {("account", "CONNECTED")},
        ),
        "disconnect": (
            lambda db: intake.disconnect(db, account_id, now),
            {("account", "DISCONNECTED")},
        ),
    }
    for name, (act, told) in acts.items():
        woken = await listeners.woken_by(act)
        heard = {(change.subject.value, change.state) for change in listeners.heard}
        assert told <= heard, (name, heard)
        must = frozenset[str]().union(
            *(WAKES[each.subject] for each in listeners.heard if each.account_id == account_id)
        )
        assert must <= woken, (name, woken)


def test_nobody_is_woken_by_hand() -> None:
    """`wake` is called where a change was heard, by those who were asked to look again."""
    found = {
        (str(path.relative_to(ROOT)), ast.unparse(call.func))
        for package in ("accounts", "api", "cli", "daemon", "local", "operations", "publish",
                        "repost", "storage", "media", "instagram")
        for path in sorted((ROOT / package).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "wake"
    }  # fmt: skip
    assert found == {
        ("publish/scheduler.py", "self.wake"),
        ("repost/engine.py", "self.wake"),
    }


def test_no_engine_calls_another_back() -> None:
    """What an engine is told at its making are questions, and a metric."""
    told = {
        (built.name, given.arg)
        for package in ("accounts", "publish", "repost")
        for path in sorted((ROOT / package).rglob("*.py"))
        for built in ast.walk(ast.parse(path.read_text()))
        if isinstance(built, ast.ClassDef)
        for part in built.body
        if isinstance(part, ast.FunctionDef) and part.name == "__init__"
        for given in (*part.args.args, *part.args.kwonlyargs)
        if given.annotation is not None and "Callable" in ast.unparse(given.annotation)
    }
    assert told == {
        ("Scheduler", "on_begun"),
        ("Scheduler", "check_room"),
        ("TokenCare", "is_asleep"),
        ("Reading", "told"),
        ("Retention", "their_time"),
    }
