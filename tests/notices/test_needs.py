"""What needs a person, and when they want quiet: read from rows and clocks, told in our words."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from ground.clock import utc_now
from instagram import errors
from notices.needs import Room
from notices.quiet import quiet_until
from notices.services import ALLOWED
from notices.watch import Watch, note
from repost import polls
from repost.detector import Scan
from storage import accounts, notices, repost_configs, reposts, secrets, troubles, users, webhooks
from storage.notices import Notice, QuietHours
from storage.reposts import Repost, RepostStatus
from storage.secrets import AccountSecret
from storage.store import Database
from storage.troubles import Trouble, TroubleKind
from storage.webhooks import ReceiverKind
from tests.support.studio import Studio

ROOM = Room(free=1 << 30, least=64 << 20)
FULL = Room(free=63 << 20, least=64 << 20)


class House:
    """The studio's database, looked at as the watch does."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.account = studio.account.id
        self.user = studio.core.owner.id

    @property
    def now(self) -> datetime:
        return self.studio.clock.now()

    async def do(self, write: Callable[..., Any], *rest: Any) -> Any:
        return await self.studio.core.store.write(write, *rest)

    async def look(self, room: Room = ROOM) -> set[str]:
        """Return what is open after one look, by the first words of its keys."""
        await self.do(note, self.user, self.now, room)
        found = await self.open_of()
        for notice in found:
            assert "stranger" not in notice.text + notice.remedy
        return {notice.key.partition("/")[0] for notice in found}

    async def open_of(self) -> list[Notice]:
        return await self.studio.core.store.read(notices.open_of, self.user)

    async def trouble(self, kind: TroubleKind, until: datetime | None = None) -> None:
        trouble = Trouble(
            account_id=self.account, kind=kind, reason="a stranger's words", at=self.now,
            until=until,
        )  # fmt: skip
        await self.do(troubles.add, trouble)

    async def wait(self, number: int) -> None:
        """Let a mention wait for approval."""
        mention = Repost(
            id=f"r{number}", user_id=self.user, account_id=self.account, story_pk=f"{number}_1",
            status=RepostStatus.WAITING_APPROVAL, source="dm", author_pk="3",
            author_username="stranger", caption="a stranger's", mentioned_at=self.now,
            expires_at=self.now + timedelta(hours=24), detected_at=self.now, created_at=self.now,
            updated_at=self.now,
        )  # fmt: skip
        await self.do(reposts.add_new, mention)

    async def decide(self, *numbers: int) -> None:
        def write(db: Database) -> None:
            for number in numbers:
                reposts.change(db, f"r{number}", RepostStatus.SKIPPED, now=self.now)

        await self.do(write)


async def test_each_trouble_begins_and_ends(studio: Studio) -> None:
    house = House(studio)
    assert await house.look() == set()
    for kind in (TroubleKind.LOGIN, TroubleKind.CHALLENGE, TroubleKind.BLOCK):
        await house.trouble(kind, None if kind is TroubleKind.LOGIN else house.now + timedelta(1))
    await house.trouble(TroubleKind.RATE, house.now + timedelta(hours=1))
    assert await house.look() == {"login", "challenge", "block"}
    studio.clock.advance(timedelta(days=1, minutes=1))
    assert await house.look() == {"login"}
    await house.do(troubles.clear, house.account, house.now)
    assert await house.look() == set()

    await studio.configure(approval_required=True)
    off = {"is_enabled": False, "auto_disabled_at": house.now}
    await house.do(lambda db: repost_configs.change(db, house.account, now=house.now, **off))
    assert await house.look() == {"off"}
    await house.do(
        lambda db: repost_configs.change(db, house.account, now=house.now, is_enabled=True)
    )
    nobody = errors.Unanswered("the proxy cannot be reached")
    for count in range(1, 13):
        await house.do(polls.record_failed, house.account, Scan(), nobody, house.now)
        assert await house.look() == ({"unanswered"} if count == 12 else set())
    await house.do(polls.record_done, house.account, Scan(), house.now)
    assert await house.look() == set()
    vault = studio.core.vault
    await house.do(secrets.put, vault, house.account, AccountSecret.ACCESS_TOKEN, "a secret")
    await house.do(
        lambda db: accounts.change(
            db, house.account, token_expires_at=house.now + timedelta(days=9)
        )
    )
    assert await house.look() == {"token"}
    await house.do(secrets.forget, house.account, AccountSecret.ACCESS_TOKEN)
    assert await house.look() == set()

    assert await house.look(FULL) == {"disk"}
    assert await house.look(Room(free=70 << 20, least=64 << 20)) == {"disk"}  # does not flap
    assert await house.look() == set()
    stranger = await house.do(users.add, house.now, "anna")
    await house.do(note, stranger.id, house.now, FULL)
    assert await studio.core.store.read(notices.open_of, stranger.id) == []

    hook = await house.do(
        lambda db: webhooks.add(
            db, user_id=house.user, url="http://localhost/a-secret", types="", account_ids=None,
            now=house.now,
        )
    )  # fmt: skip
    await house.do(webhooks.disable, hook.id, house.now, "gone")
    assert await house.look() == {"receiver"}
    await house.do(webhooks.remove, hook.id, house.now)
    assert await house.look() == set()


async def test_a_mention_that_came_by_a_clock_ahead_is_told_of(studio: Studio) -> None:
    house = House(studio)
    studio.clock.set_on(timedelta(hours=20))
    await house.wait(1)
    studio.clock.set_on(timedelta(hours=-20))
    assert await house.look() == {"mentions"}


async def test_a_timezone_that_this_machine_does_not_know_keeps_nobody_untold(
    studio: Studio,
) -> None:
    house = House(studio)
    hours = QuietHours(user_id=house.user, begins="22:00", ends="08:00", timezone="Mars/Olympus")
    await house.do(notices.keep_quiet_hours, hours)
    await house.wait(1)
    studio.clock.advance(timedelta(minutes=6))
    assert await house.look() == {"mentions"}
    assert "(UTC)" in (await house.open_of())[0].remedy


async def test_mentions_are_told_in_groups_and_each_group_once(studio: Studio) -> None:
    house = House(studio)
    await house.wait(1)
    assert await house.look() == set()  # there may be more of the same look
    studio.clock.advance(timedelta(minutes=1))
    await house.wait(2)
    studio.clock.advance(timedelta(minutes=5))
    assert await house.look() == {"mentions"}
    (first,) = await house.open_of()
    assert first.text == f"2 mentions of @{studio.account.username} wait for you"
    await house.decide(1)
    assert await house.look() == {"mentions"}
    assert await house.open_of() == [first]  # one of them still waits
    studio.clock.advance(timedelta(hours=12))
    await house.wait(3)
    studio.clock.advance(timedelta(minutes=5))
    await house.look()
    assert len(await house.open_of()) == 2  # of the new one they did not know
    await house.decide(2)
    await house.look()
    (second,) = await house.open_of()
    assert second.text.startswith("A mention of")
    assert second.deadline is not None
    await house.decide(3)
    assert await house.look() == set()


@pytest.mark.parametrize(
    ("begins", "ends", "at", "until"),
    [
        ("22:00", "08:00", "2026-05-01T21:59+02:00", None),
        ("22:00", "08:00", "2026-05-01T22:00+02:00", "2026-05-02T08:00+02:00"),
        ("22:00", "08:00", "2026-05-02T07:59+02:00", "2026-05-02T08:00+02:00"),
        ("22:00", "08:00", "2026-05-02T08:00+02:00", None),
        ("13:00", "15:00", "2026-05-01T14:00+02:00", "2026-05-01T15:00+02:00"),
        ("13:00", "15:00", "2026-05-01T12:00Z", "2026-05-01T15:00+02:00"),
        # The hour that there is not, and the hour that there is twice.
        ("02:30", "08:00", "2026-03-29T03:45+02:00", "2026-03-29T08:00+02:00"),
        ("22:00", "02:30", "2026-03-29T01:59+01:00", "2026-03-29T03:30+02:00"),
        ("22:00", "08:00", "2026-10-25T02:30+01:00", "2026-10-25T08:00+01:00"),
    ],
)
def test_quiet_hours_are_of_the_persons_day(
    begins: str, ends: str, at: str, until: str | None
) -> None:
    hours = QuietHours(user_id="x", begins=begins, ends=ends, timezone="Europe/Berlin")
    found = quiet_until(hours, datetime.fromisoformat(at))
    assert found == (None if until is None else datetime.fromisoformat(until))
    assert quiet_until(None, utc_now()) is None
    gone = QuietHours(user_id="x", begins="00:00", ends="23:59", timezone="Mars/Olympus")
    assert quiet_until(gone, utc_now()) is None, "rather told than never"


def test_the_daemon_itself_knows_nothing_of_the_library() -> None:
    ask = "import sys, daemon.main, cli; sys.exit({'apprise', 'requests'} & set(sys.modules) or 0)"
    asked = subprocess.run([sys.executable, "-c", ask], check=False)
    assert asked.returncode == 0


def test_every_service_that_is_allowed_is_there_and_none_that_is_not_for_people() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python's age, in services that nobody is told by
        from apprise.manager_plugins import NotificationManager

        plugins = list(cast(Any, NotificationManager)().plugins())
    known = {
        name: plugin
        for plugin in plugins
        for names in (plugin.protocol, plugin.secure_protocol)
        for name in ([names] if isinstance(names, str) else names or ())
    }
    assert set(known) >= ALLOWED
    refused = {"file", "syslog", "rsyslog", "dbus", "glib", "gnome", "macosx", "windows", "vapid",
               "fcm", "instagram", "twitter", "mqtt", "irc", "smpp", "growl", "blink1"}  # fmt: skip
    assert not ALLOWED & refused


@pytest.mark.logs_errors
async def test_one_persons_odd_rows_keep_nobody_else_untold(studio: Studio) -> None:
    """A folder that is gone, and a timezone that there is no more, end no service."""
    core, house = studio.core, House(studio)
    names = sorted(["first", "second"])

    def begin(db: Database) -> list[str]:
        made = [users.add(db, house.now, name).id for name in names]
        for user_id in made:
            account = accounts.add(db, user_id=user_id, username=f"of.{user_id[:8]}", now=house.now)
            webhooks.add(
                db, user_id=user_id, url="ntfy://x", types="", account_ids=None, now=house.now,
                kind=ReceiverKind.PERSON,
            )  # fmt: skip
            troubles.add(
                db,
                Trouble(
                    account_id=account.id, kind=TroubleKind.LOGIN, reason="x", at=house.now,
                    until=None,
                ),
            )  # fmt: skip
        return made

    made = await core.store.write(begin)
    first, second = sorted(made, key=(await core.store.read(webhooks.people_told)).index)

    def spoil(db: Database) -> None:
        db.conn.execute("UPDATE accounts SET token_expires_at = 'soon' WHERE user_id = ?", (first,))

    await core.store.write(spoil)
    watch = Watch(core.store, core.clock, core.settings.data_dir, least_free=0)
    await watch._look()
    assert await core.store.read(notices.open_of, second)
