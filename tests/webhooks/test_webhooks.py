"""Webhooks from end to end: what happens is told, signed, once and again until it is heard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import trio
from standardwebhooks.webhooks import Webhook as Judge
from standardwebhooks.webhooks import WebhookVerificationError

from ground.changes import Subject
from storage import api_keys, events, webhooks
from storage.errors import Unavailable
from storage.store import Database
from storage.webhooks import DeliveryStatus, ReceiverKind
from tests.support.limits import DEADLOCK_S, Pauses
from tests.support.served import Served
from tests.webhooks.receiver import DROP, FLOOD, HANG, Receiver, receivers
from webhooks import outbox, sending
from webhooks.outbox import WAITS_S
from webhooks.programs import Programs
from webhooks.sending import Messenger, Told
from webhooks.targets import Reach, Targets


async def hook(served: Served, receiver: Receiver, **wanted: Any) -> dict[str, Any]:
    made = await served.call("POST", "/api/v1/webhooks", {"url": receiver.url, **wanted})
    assert made.status == 201, made.body
    return {"secret": made.body["secret"], **made.body["webhook"]}


async def happen(served: Served, state: str = "PUBLISHED") -> None:
    core = served.studio.core
    await core.store.write(
        lambda db: events.record_of_account(
            db,
            Subject.POST,
            served.studio.account.id,
            state,
            now=core.clock.now(),
            subject_id="post-1",
        )
    )


async def log_of(
    served: Served, made: dict[str, Any], until: Callable[[list[Any]], bool] = bool
) -> list[Any]:
    """Return the log of a webhook as soon as it is so."""
    pauses = Pauses()
    with trio.fail_after(DEADLOCK_S):
        while True:
            answer = await served.call("GET", f"/api/v1/webhooks/{made['id']}/deliveries")
            found: list[Any] = answer.body["deliveries"]
            if until(found):
                return found
            await pauses.take()


def is_(*states: DeliveryStatus, tries: int | None = None) -> Callable[[list[Any]], bool]:
    def check(found: list[Any]) -> bool:
        return [each["status"] for each in found] == list(states) and (
            tries is None or found[0]["tries"] == tries
        )

    return check


async def test_a_message_is_told_and_an_independent_judge_knows_its_signature(
    served: Served,
) -> None:
    async with receivers() as (receiver,):
        made = await hook(served, receiver, types="post.*")
        draft = await served.call(
            "POST",
            "/api/v1/posts/draft",
            {"accountId": served.studio.account.id, "mediaType": "IMAGE", "caption": "Grüße 🌞"},
        )
        await receiver.wait_for(1)
        message = receiver.messages[0]
        judged = Judge(made["secret"]).verify(message.body, message.headers)
        assert judged == message.content
        assert judged["type"] == "post.draft"
        assert judged["data"]["accountId"] == served.studio.account.id
        assert judged["data"]["post"]["id"] == draft.body["id"] == judged["data"]["subjectId"]
        assert judged["data"]["post"]["caption"] == "Grüße 🌞"
        (entry,) = await log_of(served, made, is_(DeliveryStatus.DELIVERED))
        assert entry["id"] == message.headers["webhook-id"]
        assert entry["httpStatus"] == 204
        with pytest.raises(WebhookVerificationError):
            Judge(made["secret"]).verify(message.body + b" ", message.headers)


async def test_what_is_not_wanted_is_not_told(served: Served) -> None:
    async with receivers(2) as (some, other):
        await hook(served, some, types="post.failed", accountIds=[served.studio.account.id])
        await hook(served, other)
        await happen(served, "PUBLISHED")
        await happen(served, "FAILED")
        await some.wait_for(1)
        await other.wait_for(2)
        assert [each.content["type"] for each in some.messages] == ["post.failed"]
        assert [each.content["type"] for each in other.messages] == [
            "post.published",
            "post.failed",
        ]


@pytest.mark.parametrize("way", [500, 302, 404, HANG, FLOOD, DROP, "nobody"])
async def test_one_that_misbehaves_is_tried_again_and_delays_nobody(
    served: Served, monkeypatch: pytest.MonkeyPatch, way: int | str
) -> None:
    if way == HANG:
        monkeypatch.setattr(sending, "TIMEOUT_S", 0.3)
    async with receivers(2) as (bad, good):
        if isinstance(way, int):
            bad.status(way, "location: http://169.254.169.254/", body="secret of the house")
        else:
            bad.answer = way
        if way == "nobody":
            bad.port = 1
        made = await hook(served, bad)
        await hook(served, good)
        await happen(served)
        await good.wait_for(1)
        if way == FLOOD:  # it has the message, whatever it answers
            await log_of(served, made, is_(DeliveryStatus.DELIVERED))
            return
        (entry,) = await log_of(served, made, is_(DeliveryStatus.PENDING, tries=1))
        assert entry["httpStatus"] == (way if isinstance(way, int) else None)
        assert "secret of the house" not in (entry["answer"] or "")
        due = datetime.fromisoformat(entry["dueAt"]) - datetime.fromisoformat(entry["triedAt"])
        assert timedelta(seconds=4) < due < timedelta(seconds=6)


async def test_however_many_do_not_answer_nobody_waits_for_them() -> None:
    async with receivers(2) as (bad, good), Messenger(Targets(Reach.LOOPBACK)) as messenger:
        bad.answer = HANG
        good.status(200, "connection: close")
        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(messenger.send, bad.url, b"{}", {})
            await bad.wait_for(30)
            with trio.fail_after(DEADLOCK_S):
                assert (await messenger.send(good.url, b"{}", {})).is_success
            nursery.cancel_scope.cancel()


async def test_one_that_is_gone_as_soon_as_it_has_answered_has_it(served: Served) -> None:
    """As small ones do, which do not read what they are sent: it answered all the same."""

    async def answer(stream: trio.SocketStream) -> None:
        await stream.receive_some(1)
        await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await stream.aclose()

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery, Messenger(Targets(Reach.LOOPBACK)) as messenger:
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        told = await messenger.send(f"http://127.0.0.1:{port}/", b"{}" * 1000, {})
        assert told == Told(200, "")
        nursery.cancel_scope.cancel()


async def test_the_tries_come_after_growing_waits_and_end(served: Served) -> None:
    async with receivers() as (receiver,):
        receiver.status(503)
        made = await hook(served, receiver)
        await happen(served)
        ids = set()
        for tries in range(1, len(WAITS_S) + 1):
            await receiver.wait_for(tries)
            ids.add(receiver.messages[-1].headers["webhook-id"])
            last = tries == len(WAITS_S)
            wanted = DeliveryStatus.FAILED if last else DeliveryStatus.PENDING
            (entry,) = await log_of(served, made, is_(wanted, tries=tries))
            if not last:
                due_at = datetime.fromisoformat(entry["dueAt"])
                waits = due_at - datetime.fromisoformat(entry["triedAt"])
                assert 0.89 <= waits.total_seconds() / WAITS_S[tries] <= 1.11
                served.studio.clock.advance(waits + timedelta(seconds=1))
                await wake(served)
        assert len(ids) == 1  # a receiver knows a message by it
        assert entry["dueAt"] is None
        receiver.status(204)
        again = await served.call("POST", f"/api/v1/webhooks/deliveries/{entry['id']}/redeliver")
        assert again.status == 202
        await log_of(served, made, is_(DeliveryStatus.DELIVERED))


async def wake(served: Served) -> None:
    """Let something happen that nobody is told of; a clock that is set is looked at hourly."""
    core = served.studio.core
    await core.store.write(
        lambda db: events.record(
            db,
            Subject.WEBHOOK,
            "none",
            "REDELIVERED",
            user_id=core.owner.id,
            account_id=None,
            now=core.clock.now(),
        )
    )


async def test_a_receiver_that_asks_for_patience_gets_it(served: Served) -> None:
    async with receivers() as (receiver,):
        receiver.status(429, "retry-after: 700")
        made = await hook(served, receiver)
        await happen(served)
        (entry,) = await log_of(served, made, is_(DeliveryStatus.PENDING, tries=1))
        assert datetime.fromisoformat(entry["dueAt"]) >= served.studio.clock.now() + timedelta(
            seconds=690
        )


async def test_one_that_is_gone_is_told_no_more_and_others_hear_of_it(served: Served) -> None:
    async with receivers(2) as (gone, witness):
        gone.status(410)
        made = await hook(served, gone)
        await hook(served, witness, types="webhook.disabled")
        await happen(served)
        await witness.wait_for(1)
        assert witness.messages[0].content["data"]["subjectId"] == made["id"]
        listed = await served.call("GET", "/api/v1/webhooks")
        reasons = {each["id"]: each["disabledReason"] for each in listed.body["webhooks"]}
        assert "410" in reasons[made["id"]]
        refused = await served.call("POST", f"/api/v1/webhooks/{made['id']}/test")
        assert refused.body["code"] == "INVALID_STATUS"
        gone.status(204)
        await served.call("POST", f"/api/v1/webhooks/{made['id']}/enable")
        await served.call("POST", f"/api/v1/webhooks/{made['id']}/test")
        await gone.wait_for(2)
        assert gone.messages[1].content["type"] == "webhook.test"


async def test_five_days_without_a_success_end_it_and_what_failed_is_recovered(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "WAITS_S", (0,))  # each message has one try
    async with receivers() as (receiver,):
        receiver.status(500)
        made = await hook(served, receiver)
        began = served.studio.clock.now()
        for day in range(6):
            await happen(served)
            await receiver.wait_for(day + 1)
            await log_of(served, made, is_(*[DeliveryStatus.FAILED] * (day + 1)))
            served.studio.clock.advance(timedelta(days=1))
        listed = await served.call("GET", "/api/v1/webhooks")
        assert "five days" in listed.body["webhooks"][0]["disabledReason"]
        receiver.status(204)
        await served.call("POST", f"/api/v1/webhooks/{made['id']}/enable")
        recovered = await served.call(
            "POST", f"/api/v1/webhooks/{made['id']}/recover", {"since": began.isoformat()}
        )
        assert recovered.body == {"count": 6}
        await log_of(served, made, is_(*[DeliveryStatus.DELIVERED] * 6))


async def test_a_pause_of_ours_is_no_failure_of_theirs(served: Served) -> None:
    async with receivers() as (receiver,):
        receiver.status(500)
        made = await hook(served, receiver)
        await happen(served)
        await log_of(served, made, is_(DeliveryStatus.PENDING, tries=1))
        served.studio.clock.advance(timedelta(days=20))
        await wake(served)
        await log_of(served, made, is_(DeliveryStatus.PENDING, tries=2))
        listed = await served.call("GET", "/api/v1/webhooks")
        assert listed.body["webhooks"][0]["disabledAt"] is None


async def test_a_new_secret_overlaps_with_the_old_one(served: Served) -> None:
    async with receivers() as (receiver,):
        made = await hook(served, receiver)
        fresh = await served.call("POST", f"/api/v1/webhooks/{made['id']}/rotate")
        secrets = [made["secret"], fresh.body["secret"]]
        assert len(set(secrets)) == 2
        await happen(served)
        await receiver.wait_for(1)
        for secret in secrets:
            Judge(secret).verify(receiver.messages[0].body, receiver.messages[0].headers)
        served.studio.clock.advance(timedelta(hours=25))
        await happen(served)
        await receiver.wait_for(2)
        assert len(receiver.messages[1].headers["webhook-signature"].split()) == 1
        served.studio.clock.set_on(timedelta(days=-3))  # it was ahead when the secret was changed
        await happen(served)
        await receiver.wait_for(3)
        assert len(receiver.messages[2].headers["webhook-signature"].split()) == 1


async def test_the_daemon_tells_itself_nothing_and_nobody_what_is_forbidden(
    served: Served,
) -> None:
    for url in (served.url, "http://169.254.169.254/latest", "http://0.0.0.0:9/"):
        made = await served.call("POST", "/api/v1/webhooks", {"url": url})
        await happen(served)
        found = await log_of(
            served, made.body["webhook"], lambda found: bool(found) and found[-1]["tries"] > 0
        )
        assert found[-1]["httpStatus"] is None
        assert "leads to" in found[-1]["answer"]
        await served.call("DELETE", f"/api/v1/webhooks/{made.body['webhook']['id']}")
    listed = await served.call("GET", "/api/v1/webhooks")
    assert listed.body == {"webhooks": []}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://example.com/"},
        {"url": "http://user:word@example.com/"},
        {"url": "http://example.com:99999/"},
        {"url": "http:///nowhere"},
        {"url": "http://exämple.com/"},
        {"url": "http://example.com/", "types": "post.eaten"},
        {"url": "http://example.com/", "accountIds": []},
        {},
    ],
)
async def test_what_is_no_webhook(served: Served, wrong: dict[str, Any]) -> None:
    answer = await served.call("POST", "/api/v1/webhooks", wrong)
    assert answer.status == 400
    assert answer.body["code"] == "VALIDATION_ERROR"


async def test_a_key_lets_nobody_hear_more_than_it_may_read(served: Served) -> None:
    key = await served.studio.core.store.write(
        _limited_key, served.studio.core.owner.id, served.studio.core.clock.now()
    )
    url = "http://localhost:9/"
    wide = await served.call("POST", "/api/v1/webhooks", {"url": url}, key=key)
    assert (wide.status, wide.body["code"]) == (403, "INSUFFICIENT_SCOPE")
    own = await served.call("POST", "/api/v1/webhooks", {"url": url, "types": "post.*"}, key=key)
    assert own.status == 201


def _limited_key(db: Any, user_id: str, now: datetime) -> str:
    scopes = "posts:read,webhooks:read,webhooks:write"
    return api_keys.create(db, user_id=user_id, name="some", now=now, scopes=scopes)[1]


async def test_messages_outlive_the_daemon(served: Served) -> None:
    """What nobody heard is told by the next one; nothing is told twice that was heard."""
    async with receivers() as (receiver,):
        receiver.status(500)
        made = await hook(served, receiver)
        await happen(served)
        await log_of(served, made, is_(DeliveryStatus.PENDING, tries=1))
        core = served.studio.core
        programs = Programs(
            core.store,
            core.vault,
            core.clock,
            Targets(),
            render=lambda *_: None,
            wanted=lambda _: [],
        )
        other = outbox.Outbox(core.store, core.clock, {ReceiverKind.WEBHOOK: programs})
        served.stop.set()
        served.studio.clock.advance(timedelta(hours=1))
        receiver.status(204)
        before = len(receiver.messages)
        async with trio.open_nursery() as nursery:
            await nursery.start(other.run)
            await receiver.wait_for(before + 1)
            await trio.testing.wait_all_tasks_blocked(0.05)
            nursery.cancel_scope.cancel()
        assert len(receiver.messages) == before + 1


@pytest.mark.logs_errors
async def test_a_bug_that_meets_one_message_delays_no_other_receiver(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = Programs.tell

    async def broken_for_one(self: Programs, to: Any, first: Any) -> Any:
        if to.url == unlucky.url:
            raise KeyError("a bug")
        return await tell(self, to, first)

    async with receivers(2) as (unlucky, lucky):
        made = await hook(served, unlucky, types="post.*")
        await hook(served, lucky, types="post.*")
        monkeypatch.setattr(Programs, "tell", broken_for_one)
        for number in (1, 2, 3):
            await happen(served)
            await lucky.wait_for(number)
        (*_, first) = await log_of(
            served, made, lambda found: bool(found) and found[-1]["tries"] > 0
        )
        assert first["answer"] == "an error in Reprise"


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("webhooks", "types", "post.*,of.another-release"),
        ("webhooks", "types", "\x00"),
        ("webhooks", "account_ids", "{"),
        ("webhooks", "old_secret_until", "soon"),
        ("webhook_deliveries", "due_at", "!"),
        ("webhook_deliveries", "created_at", "x"),
        ("posts", "alt_texts", "["),
    ],
    ids=lambda each: each[:18],
)
async def test_a_row_that_cannot_be_read_delays_no_other_receiver(
    served: Served, table: str, column: str, value: str
) -> None:
    account = {"accountId": served.studio.account.id, "mediaType": "IMAGE"}
    async with receivers(2) as (unlucky, lucky):
        unlucky.status(500)
        made = await hook(served, unlucky)
        await hook(served, lucky)
        draft = (await served.call("POST", "/api/v1/posts/draft", account)).body["id"]
        await lucky.wait_for(1)
        (waits,) = await log_of(served, made, is_(DeliveryStatus.PENDING, tries=1))
        row = {"posts": draft, "webhooks": made["id"], "webhook_deliveries": waits["id"]}[table]

        def spoil(db: Database) -> None:
            db.conn.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, row))
            owner = served.studio.account.id
            now = served.studio.clock.now()
            events.record_of_account(db, Subject.POST, owner, "FAILED", now=now, subject_id=draft)

        await served.studio.core.store.write(spoil)
        await lucky.wait_for(2)
        served.studio.clock.advance(timedelta(seconds=10))
        await served.call("POST", "/api/v1/posts/draft", account)
        await lucky.wait_for(3)
        health = (await served.call("GET", "/api/v1/health")).body
        assert health["services"]["webhooks"] == "running"


async def test_a_clock_that_was_a_day_ahead_delays_nothing_by_a_day(served: Served) -> None:
    clock = served.studio.clock
    clock.set_on(timedelta(days=1))
    async with receivers() as (receiver,):
        receiver.status(500)
        made = await hook(served, receiver, types="post.*")
        for tried in (1, 2):
            await happen(served)
            await log_of(served, made, is_(*[DeliveryStatus.PENDING] * tried, tries=1))
        clock.set_on(timedelta(days=-1))
        receiver.status(204)
        await happen(served)
        found = await log_of(served, made, is_(*[DeliveryStatus.DELIVERED] * 3))
        assert all(datetime.fromisoformat(each["createdAt"]) <= clock.now() for each in found)


async def test_what_cannot_be_recorded_is_not_told_again_and_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that takes nothing for a while: one telling, and the rest when it is over."""
    monkeypatch.setattr(outbox, "_FIRST_REST_S", 0.01)
    monkeypatch.setattr(outbox, "_LONGEST_REST_S", 0.01)
    store, recorded = served.studio.core.store, outbox._record
    refused = 0

    def full(db: Any, ended: Any) -> None:
        nonlocal refused
        refused += 1
        if refused <= 20:
            raise Unavailable("The disk is full")
        recorded(db, ended)

    async with receivers() as (receiver,):
        made = await hook(served, receiver, types="post.*")
        monkeypatch.setattr(outbox, "_record", full)
        await happen(served)
        await log_of(served, made, is_(DeliveryStatus.DELIVERED, tries=1))
        assert refused > 20
        assert len(receiver.messages) == 1
    assert store.trouble is None


async def test_a_database_that_cannot_for_a_while_ends_no_telling(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next message is taken up once it can; the service has not crashed meanwhile."""
    monkeypatch.setattr(outbox, "_FIRST_REST_S", 0.01)
    take_up, refused = webhooks.take_up, 0

    def locked(*parts: Any) -> bool:
        nonlocal refused
        refused += 1
        if refused <= 3:
            raise Unavailable("database is locked")
        return take_up(*parts)

    async with receivers() as (receiver,):
        await hook(served, receiver, types="post.*")
        monkeypatch.setattr(webhooks, "take_up", locked)
        await happen(served)
        await receiver.wait_for(1)
    assert refused > 3
