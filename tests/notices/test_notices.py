"""Notices from end to end: what needs a person is told once, and that it is over."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import pytest
import trio

from ground.changes import Subject
from notices import child
from notices.people import worded
from operations import models
from storage import events, notices, posts, secrets, troubles, users, webhooks
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.store import Database
from storage.troubles import Trouble, TroubleKind
from tests.notices.mailbox import mailbox
from tests.support.limits import DEADLOCK_S
from tests.support.served import Served
from tests.webhooks.receiver import FLOOD, HANG, Receiver, receivers

TOPIC = "my-very-secret-topic"


def ntfy(receiver: Receiver) -> str:
    receiver.status(200, "content-type: application/json", body='{"id": "x"}')
    return f"ntfy://localhost:{receiver.port}/{TOPIC}"


def said(receiver: Receiver, number: int = -1) -> str:
    content = receiver.messages[number].content
    return f"{content['title']}: {content['message']}"


async def add(served: Served, url: str, **wanted: Any) -> str:
    made = await served.call("POST", "/api/v1/notify", {"url": url, **wanted})
    assert made.status == 201, made.body
    assert url not in json.dumps(made.body)
    found: str = made.body["id"]
    return found


async def hold(served: Served, kind: TroubleKind = TroubleKind.LOGIN) -> None:
    core = served.studio.core
    trouble = Trouble(
        account_id=served.studio.account.id,
        kind=kind,
        reason="Somebody's caption <script>",
        at=served.studio.clock.now(),
    )
    await core.store.write(troubles.add, trouble)


async def free(served: Served) -> None:
    account, now = served.studio.account.id, served.studio.clock.now()
    await served.studio.core.store.write(troubles.clear, account, now)


async def fail_post(served: Served, number: int = 1) -> str:
    core, now = served.studio.core, served.studio.clock.now()
    post = Post(
        id=f"00000000-0000-4000-8000-{number:012}",
        user_id=core.owner.id,
        account_id=served.studio.account.id,
        instagram_account_id="1",
        media_type=MediaType.IMAGE,
        source_type=SourceType.MANUAL,
        caption="A stranger's words",
        status=PostStatus.QUEUED,
        created_at=now,
        updated_at=now,
    )

    def write(db: Any) -> None:
        posts.add(db, post, [])
        posts.change_status(
            db, post.id, PostStatus.FAILED, now=now, reason="no", error_code="MEDIA_INVALID",
            error_message="A stranger's words", completed_at=now,
        )  # fmt: skip

    await core.store.write(write)
    return post.id


async def wake(served: Served) -> None:
    """Let clocks be looked at: they are set by hand here."""
    core = served.studio.core
    await core.store.write(
        lambda db: events.record(
            db, Subject.WEBHOOK, "none", "LOOK", user_id=core.owner.id, account_id=None,
            now=core.clock.now(),
        )
    )  # fmt: skip


async def log_of(served: Served, made: str, until: Callable[[list[Any]], bool] = bool) -> list[Any]:
    """Return what was told, newest first, as soon as it is so."""
    with trio.fail_after(DEADLOCK_S):
        while True:
            kept = await served.studio.core.store.read(webhooks.deliveries, made, limit=9)
            found = [models.WebhookDelivery.model_validate(asdict(each)) for each in kept]
            shown = [each.model_dump(mode="json", by_alias=True) for each in found]
            if until(shown):
                return shown
            await trio.sleep(0.05)


def ended_as(*states: str) -> Callable[[list[Any]], bool]:
    return lambda found: [each["status"] for each in found] == list(states)


async def test_a_trouble_is_told_once_and_its_end_once(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with receivers() as (phone,):
        made = await add(served, ntfy(phone), name="phone")
        await hold(served)
        await phone.wait_for(1)
        for kind in (TroubleKind.LOGIN, TroubleKind.RATE):  # the same again; one that just passes
            await hold(served, kind)
        await fail_post(served)
        await phone.wait_for(2)
        await free(served)
        await phone.wait_for(3)
        await log_of(served, made, ended_as("DELIVERED", "DELIVERED", "DELIVERED"))
        name = served.studio.account.username
        assert [said(phone, number) for number in range(3)] == [
            f"Reprise: @{name} has to be logged in again"
            f"\n→ reprise account login --username {name}",
            f"Reprise: A post of @{name} has failed (MEDIA_INVALID)\n→ reprise posts; then"
            " reprise retry 00000000-0000-4000-8000-000000000001",
            f"Reprise: Over: @{name} has to be logged in again",
        ]
        assert len(phone.messages) == 3
        listed = await served.call("GET", "/api/v1/notify")
        assert [(each["name"], each["service"]) for each in listed.body["recipients"]] == [
            ("phone", "ntfy://…")
        ]
        assert TOPIC not in caplog.text
        await served.studio.core.store.read(_assert_nowhere, TOPIC)
        removed = await served.call("DELETE", f"/api/v1/notify/{made}")
        assert removed.status == 200
        with trio.fail_after(DEADLOCK_S):
            owner = served.studio.core.owner.id
            while await served.studio.core.store.read(notices.open_of, owner):
                await trio.sleep(0.05)


def _assert_nowhere(db: Any, text: str) -> None:
    for (table,) in db.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in db.conn.execute(f"SELECT * FROM {table}"):
            assert text not in repr(row), table


async def test_what_began_and_ended_unheard_is_told_to_nobody(served: Served) -> None:
    async with receivers() as (phone,):
        url = ntfy(phone)
        made = await add(served, url)
        phone.status(503)
        await hold(served)
        (entry,) = await log_of(served, made, lambda found: bool(found) and found[0]["tries"] == 1)
        assert (entry["httpStatus"], entry["answer"]) == (503, "it did not take it (503)")
        await free(served)
        await log_of(served, made, lambda found: found == [])
        ntfy(phone)
        await served.call("POST", f"/api/v1/notify/{made}/test")
        await phone.wait_for(2)
        assert said(phone) == "Reprise: This is a test: here Reprise tells you what needs you"
        (last,) = await log_of(served, made, ended_as("DELIVERED"))
        assert last["type"] == "notice.test"


async def test_quiet_hours_hold_back_what_can_wait(served: Served) -> None:
    async with receivers() as (phone,):
        made = await add(served, ntfy(phone))
        now = served.studio.clock.now()
        hours = {
            "begins": f"{now - timedelta(hours=1):%H:%M}",
            "ends": f"{now + timedelta(hours=7):%H:%M}",
            "timezone": "UTC",
        }
        answer = await served.call("PUT", "/api/v1/notify/quiet", hours)
        assert answer.body == hours
        await fail_post(served, 1)
        await fail_post(served, 2)
        await log_of(
            served,
            made,
            lambda found: len(found) == 2 and all(e["dueAt"] > f"{now:%FT%T}" for e in found)
            and len({each["dueAt"] for each in found}) == 1,
        )  # fmt: skip
        await served.call("POST", f"/api/v1/notify/{made}/test")  # asked for: told at once
        await phone.wait_for(1)
        # A story that is lost before the quiet ends cannot wait either.
        served.studio.mention(served.studio.friend("strange_name"))
        await served.studio.configure(approval_required=True)
        await served.studio.core.store.write(_lose_soon, served, now + timedelta(hours=5))
        await hold(served)
        await phone.wait_for(2)
        assert "logged in again" in said(phone)
        assert (await log_of(served, made))[-1]["tries"] == 0
        served.studio.clock.advance(timedelta(hours=8))
        await wake(served)
        await phone.wait_for(3)  # both in one message
        assert said(phone).startswith("Reprise: 2 notices: A post of ")
        assert said(phone).count("has failed") == 2
        await log_of(served, made, ended_as(*["DELIVERED"] * 4))
        listed = await served.call("GET", f"/api/v1/notify/{made}/log?limit=2")
        assert [each["type"] for each in listed.body["deliveries"]] == [
            "notice.opened",
            "notice.test",
        ]
        ended = await served.call("DELETE", "/api/v1/notify/quiet")
        assert ended.body == {"begins": None, "ends": None, "timezone": None}


def _lose_soon(db: Any, served: Served, at: datetime) -> None:
    """Store a mention that is not saved yet and whose story goes soon."""
    from storage import reposts
    from storage.reposts import Repost, RepostStatus

    now = served.studio.clock.now()
    reposts.add_new(
        db,
        Repost(
            id="r", user_id=served.studio.core.owner.id, account_id=served.studio.account.id,
            story_pk="1_2", status=RepostStatus.DETECTED, source="dm", author_pk="3",
            author_username="strange_name", mentioned_at=now, expires_at=at, detected_at=now,
            held_until=at, created_at=now, updated_at=now,
        ),
    )  # fmt: skip


async def test_mentions_that_wait_are_told_together(served: Served) -> None:
    studio = served.studio
    async with receivers() as (phone,):
        await add(served, ntfy(phone))
        await studio.configure(approval_required=True)
        for name in ("strange_name", "other_name"):
            studio.mention(studio.friend(name))
        await studio.run_all()
        studio.clock.advance(timedelta(minutes=6))
        await wake(served)
        await phone.wait_for(1)
        first = said(phone)
        assert "2 mentions of @" in first
        assert "reprise pending" in first
        assert "strange_name" not in first
        await served.call("POST", "/api/v1/story-repost/skip", {"all": True})
        await phone.wait_for(2)
        assert said(phone).startswith("Reprise: Over: 2 mentions")


async def test_a_mail_is_sent_once_whatever_follows_its_acceptance(served: Served) -> None:
    async with mailbox() as box:
        url = f"mailto://me:word@localhost:{box.port}/?to=you@example.com&from=me@example.com"
        made = await add(served, f"{url}&mode=insecure")
        box.leaves = True  # and says nothing to QUIT
        await hold(served)
        await box.wait_for(1)
        await log_of(served, made, ended_as("DELIVERED"))
        assert "logged in again" in box.mails[0].get_body().get_content()  # type: ignore[union-attr]
        assert box.mails[0]["to"] == "you@example.com"
        box.refuses = True
        await free(served)
        found = await log_of(served, made, lambda found: found[0]["tries"] == 1)
        assert "word" not in json.dumps(found)


async def test_what_may_have_been_told_says_so_when_it_is_told_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "TIMEOUT_S", 3)
    async with receivers() as (phone,):
        url = ntfy(phone)
        made = await add(served, url)
        phone.answer = HANG
        await hold(served)
        await log_of(served, made, lambda found: bool(found) and found[0]["tries"] == 1)
        ntfy(phone)
        served.studio.clock.advance(timedelta(minutes=1))
        await wake(served)
        await log_of(served, made, ended_as("DELIVERED"))
        assert "Perhaps you know this already. @" in said(phone)
        # As a daemon finds it that died while it told something, and was heard or not.
        await free(served)
        await log_of(served, made, ended_as("DELIVERED", "DELIVERED"))
        (message,) = await served.studio.core.store.read(webhooks.deliveries, made, limit=1)
        await served.studio.core.store.write(webhooks.begin, [message.id], message.created_at)
        again = await served.studio.core.store.read(webhooks.delivery, message.id)
        assert worded([again])[1].startswith("Perhaps you know this already. Over: @")


async def test_answers_lead_nowhere_and_have_an_end(served: Served) -> None:
    async with receivers(2) as (phone, inner):
        made = await add(served, f"json://localhost:{phone.port}/")
        phone.answer = FLOOD
        await served.call("POST", f"/api/v1/notify/{made}/test")
        await log_of(served, made, ended_as("DELIVERED"))
        phone.status(302, f"location: {inner.url}")
        await served.call("POST", f"/api/v1/notify/{made}/test")
        (entry, _) = await log_of(
            served, made, lambda found: len(found) == 2 and found[0]["tries"] == 1
        )
        assert entry["httpStatus"] == 302
        assert inner.messages == []
        own = served.url.rpartition(":")[2]
        for url in (f"json://127.0.0.1:{own}/api/v1", "json://169.254.169.254/", "json://0.0.0.0/"):
            wrong = await add(served, url)
            await served.call("POST", f"/api/v1/notify/{wrong}/test")
            (entry,) = await log_of(
                served, wrong, lambda found: bool(found) and found[0]["tries"] == 1
            )
            assert entry["httpStatus"] is None
            assert "no webhook" in entry["answer"] or "itself no" in entry["answer"]


async def test_one_that_is_gone_is_told_of_elsewhere(served: Served) -> None:
    async with receivers(2) as (gone, phone):
        lost = await add(served, f"json://localhost:{gone.port}/")
        await add(served, ntfy(phone))
        gone.status(410)
        await served.call("POST", f"/api/v1/notify/{lost}/test")
        await phone.wait_for(1)
        assert "An address for notices was given up" in said(phone)
        refused = await served.call("POST", f"/api/v1/notify/{lost}/test")
        assert refused.body["code"] == "INVALID_STATUS"
        enabled = await served.call("POST", f"/api/v1/notify/{lost}/enable")
        assert enabled.body["disabledAt"] is None
        await phone.wait_for(2)
        assert "Over: An address" in said(phone)
        # A secret that was moved here from elsewhere opens nothing.
        core = served.studio.core
        await core.store.write(_lose_its_address, lost)
        await served.call("POST", f"/api/v1/notify/{lost}/test")
        await phone.wait_for(3)


def _lose_its_address(db: Database, webhook_id: str) -> None:
    db.table("webhook_secrets").delete_where("webhook_id = ?", (webhook_id,))


REFUSED = [
    "file:///etc/passwd", "syslog://", "rsyslog://localhost", "dbus://", "macosx://", "windows://",
    "gnome://", "instagram://token@1", "x://a/b/c/d", "mqtt://localhost", "vapid://a", "fcm://a/b",
    "irc://localhost/a", "xmpp://a", "python://a", "http://localhost", "nonsense", "ntfy://",
    "ntfy://a b", "ntfy://ä", "", "ntfy", "ntfy://" + "a" * 3000, "\nntfy://a", "ntfy://a\n",
    "msteams://x?template=/etc/passwd", "config://x", "form:///", "smpp://u:p@h/1/2",
]  # fmt: skip
SEVERAL = ["ntfy://localhost/a/b", "mailto://u:p@h.example/?to=a@b.example,c@d.example"]


async def test_what_is_no_address_of_a_person(served: Served) -> None:
    for url in REFUSED:
        answer = await served.call("POST", "/api/v1/notify", {"url": url})
        assert answer.status == 400, url
        assert answer.body["code"] in ("VALIDATION_ERROR", "INVALID_PARAM")
        assert "passwd" not in json.dumps(answer.body), answer.body
    for url in SEVERAL:
        answer = await served.call("POST", "/api/v1/notify", {"url": url})
        assert (answer.status, answer.body["code"]) == (400, "INVALID_PARAM")
        assert "each by itself" in answer.body["error"]
    for wrong in (
        {"begins": "22:00", "ends": "22:00", "timezone": "UTC"},
        {"begins": "24:00", "ends": "08:00", "timezone": "UTC"},
        {"begins": "22:00", "ends": "8:00", "timezone": "UTC"},
        {"begins": "22:00", "ends": "08:00", "timezone": "Mars/North"},
        {"begins": "22:00", "ends": "08:00"},
    ):
        answer = await served.call("PUT", "/api/v1/notify/quiet", wrong)
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
    assert (await served.call("GET", "/api/v1/notify")).body == {"recipients": []}
    assert (await served.call("GET", "/api/v1/notify/quiet")).body["begins"] is None


async def test_somebody_else_hears_nothing_of_it(served: Served) -> None:
    core = served.studio.core
    anna = await core.store.write(users.add, core.clock.now(), "anna")

    def add_for(db: Any) -> str:
        made = webhooks.add(
            db, user_id=anna.id, url="json://…", types="", account_ids=None, now=core.clock.now(),
            kind=webhooks.ReceiverKind.PERSON,
        )  # fmt: skip
        secrets.put_of_webhook(db, core.vault, made.id, "address", f"json://localhost:{theirs}/")
        return made.id

    async with receivers(2) as (phone, annas):
        theirs = annas.port
        hers = await core.store.write(add_for)
        await add(served, ntfy(phone))
        await hold(served)
        await phone.wait_for(1)
        assert annas.messages == []
        assert await core.store.read(notices.open_of, anna.id) == []
        for method, path in (("POST", "test"), ("GET", "log"), ("POST", "enable")):
            assert (await served.call(method, f"/api/v1/notify/{hers}/{path}")).status == 404
        (message,) = await core.store.read(
            webhooks.deliveries, (await served.call("GET", "/api/v1/notify")).body["recipients"]
            [0]["id"], limit=5,
        )  # fmt: skip
        # What is no webhook is not reached by their operations.
        path = f"/api/v1/webhooks/deliveries/{message.id}/redeliver"
        assert (await served.call("POST", path)).status == 404
        assert (await served.call("GET", "/api/v1/webhooks")).body == {"webhooks": []}
        assert (await served.call("DELETE", f"/api/v1/webhooks/{message.webhook_id}")).status == 404
