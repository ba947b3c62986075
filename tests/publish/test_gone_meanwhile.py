"""What a delivery needs is deleted in the middle of it: it ends with a reason, and breaks nothing.

A bug's trace in the log would fail each of these tests.
"""

from __future__ import annotations

from typing import Any

import pytest
import trio

from sandbox.wire.faults import Fault, Kind, login_required, throttled
from storage import jobs, secrets
from storage.accounts import Account
from storage.secrets import AccountSecret
from tests.support.graph import connect, published
from tests.support.limits import DEADLOCK_S
from tests.support.paused import Paused
from tests.support.posting import API, photo_id, post, publish, second_account, until, video_id
from tests.support.served import Answer, Served

CREDENTIALS = f"{API}/settings/private-api-credentials"
PASSWORD = "another password"  # of `second_account`


def pause(served: Served, then: Kind | None = None, **where: Any) -> Paused:
    paused = Paused(then)
    served.studio.sandbox.faults.add(Fault(kind=paused, **where))
    return paused


async def send(served: Served, account_id: str, **content: Any) -> str:
    return await publish(served, {"accountId": account_id, "mediaType": "IMAGE", **content})


async def ended(served: Served, post_id: str) -> dict[str, Any]:
    with trio.fail_after(DEADLOCK_S):
        while await served.studio.core.store.read(jobs.open_for_post, post_id):
            await trio.sleep(0.02)
    return await post(served, post_id)


async def disconnect(served: Served, account: Account, paused: Paused) -> None:
    """Disconnect an account, and let the request that waits be answered after that."""
    answer = await served.call("DELETE", f"{API}/auth/accounts/{account.id}")
    assert answer.body == {"success": True}
    paused.go.set()


@pytest.mark.parametrize("then", [None, login_required(), throttled(60)])
async def test_the_account_is_disconnected_when_instagram_has_news_of_it(
    public: Served, then: Kind | None
) -> None:
    account, person = await second_account(public)
    for session in public.studio.sandbox.world.sessions.of(person):
        session.rotates = True  # with the next answer, which is then to be kept
    paused = pause(public, then, path="rupload")
    post_id = await send(public, account.id, mediaFileId=await photo_id(public))
    await paused.reached.wait()
    await disconnect(public, account, paused)
    done = await ended(public, post_id)
    assert (done["status"], done["errorCode"]) == ("FAILED", "NOT_FOUND")
    assert "disconnected" in done["errorMessage"]


@pytest.mark.parametrize("then", [None, login_required()])
async def test_credentials_that_are_deleted_stay_deleted(public: Served, then: Kind | None) -> None:
    account, person = await second_account(public)
    for session in public.studio.sandbox.world.sessions.of(person):
        session.rotates = True
    paused = pause(public, then, path="rupload")
    post_id = await send(public, account.id, mediaFileId=await photo_id(public))
    await paused.reached.wait()
    answer = await public.call("DELETE", f"{CREDENTIALS}/{account.id}")
    assert answer.body == {"success": True}
    paused.go.set()
    done = await ended(public, post_id)
    assert (done["status"], done["errorCode"]) == ("FAILED", "CREDENTIALS_NOT_CONFIGURED")
    store = public.studio.core.store
    assert not await store.read(secrets.exists, account.id, AccountSecret.SESSION)


async def test_the_account_is_disconnected_while_it_logs_in(public: Served) -> None:
    account, person = await second_account(public)
    paused = pause(public, path="login.async.send_login_request")
    body = {"accountId": account.id, "igUsername": person.username, "igPassword": PASSWORD}
    answers: list[Answer] = []

    async def log_in() -> None:
        answers.append(await public.call("POST", CREDENTIALS, body))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(log_in)
        await paused.reached.wait()
        await disconnect(public, account, paused)
    assert [(answer.status, answer.body["code"]) for answer in answers] == [(404, "NOT_FOUND")]


@pytest.mark.parametrize("route", ["private", "graph"])
async def test_the_media_is_deleted_before_its_bytes_are_sent(public: Served, route: str) -> None:
    if route == "graph":
        await connect(public, "facebook")
        account, paused = public.studio.account, pause(public, host="rupload.facebook.com")
        media, kind = await video_id(public), "REELS"
    else:
        account, _ = await second_account(public)
        public.studio.sandbox.world.add_person("anna")
        media, kind, paused = await photo_id(public), "IMAGE", pause(public, path="/usernameinfo/")
    tags = [{"username": "anna", "x": 0.5, "y": 0.5}] if route == "private" else []
    post_id = await send(public, account.id, mediaType=kind, mediaFileId=media, userTags=tags)
    await paused.reached.wait()
    assert (await public.call("DELETE", f"{API}/media/{media}")).status == 200
    paused.go.set()
    done = await ended(public, post_id)
    assert (done["status"], done["errorCode"]) == ("FAILED", "MEDIA_INVALID")
    assert "deleted" in done["errorMessage"]


async def test_a_post_that_has_just_gone_live_is_completed_before_it_is_deleted(
    public: Served,
) -> None:
    await connect(public)
    paused = pause(public, method="GET", path="/1790")  # its permalink
    media = await photo_id(public)
    post_id = await send(public, public.studio.account.id, mediaFileId=media)
    await paused.reached.wait()
    answer = await public.call("DELETE", f"{API}/posts/{post_id}/instagram")
    assert (answer.status, answer.body["code"]) == (400, "INVALID_STATUS")
    # Who polls hears PUBLISHED only with the link, and may delete it then.
    shown = (await public.call("GET", f"{API}/posts/{post_id}")).body
    assert (shown["status"], shown["igPermalink"]) == ("PUBLISHING", None)
    paused.go.set()
    shown = await ended(public, post_id)
    assert shown["status"] == "PUBLISHED"
    assert shown["igPermalink"].startswith("https://www.instagram.com/")
    answer = await public.call("DELETE", f"{API}/posts/{post_id}/instagram")
    assert (answer.status, answer.body["wasDeletedFromInstagram"]) == (200, True)
    # The service has not ended, and the account goes on.
    other = await send(public, public.studio.account.id, mediaFileId=media, caption="next")
    await until(public, other, "PUBLISHED")
    assert [live.caption for live in published(public)][-1:] == ["next"]


async def test_the_account_is_disconnected_while_its_inbox_is_read(public: Served) -> None:
    account, _ = await second_account(public)
    paused = pause(public, path="/direct_v2/inbox/")
    awake = {"accountId": account.id, "sleepWindowStart": 0, "sleepWindowEnd": 0}
    assert (await public.call("POST", f"{API}/story-repost/config", awake)).status == 200
    body = {"accountId": account.id}
    assert (await public.call("POST", f"{API}/story-repost/enable", body)).status == 200
    await paused.reached.wait()
    await disconnect(public, account, paused)
    requests = public.studio.sandbox.ledger.requests
    await public.studio.sandbox.ledger.wait_until(lambda: requests[-1].status is not None)
    health = await public.call("GET", f"{API}/health")
    assert health.body["services"]["repost"] == "running"


async def test_a_post_that_is_live_stays_published_when_its_account_goes(public: Served) -> None:
    account = public.studio.account
    await connect(public)
    paused = pause(public, method="GET", path="/1790")  # its permalink
    post_id = await send(public, account.id, mediaFileId=await photo_id(public))
    await paused.reached.wait()
    await disconnect(public, account, paused)
    shown = (await public.call("GET", f"{API}/posts/{post_id}")).body
    assert (shown["status"], shown["errorCode"]) == ("PUBLISHED", None)
