"""What is decided while a post is under way holds, up to the transaction after which it is sent.

Whoever is told that an account is disconnected, or that everything is stopped, sees nothing of it
go out after that, also where the means to send it are still in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import trio

from publish import intake
from repost import stopping
from sandbox.wire.faults import Fault
from storage import accounts, jobs
from storage.accounts import Account
from storage.store import Database
from tests.support.attempts import live
from tests.support.graph import another
from tests.support.limits import DEADLOCK_S, Pauses
from tests.support.paused import Paused
from tests.support.posting import photo_id, post, publish, second_account
from tests.support.served import Served

Decision = Callable[[Database, str, datetime], Any]
# The last that is asked of Instagram before a post is sent.
LAST: dict[str, dict[str, Any]] = {
    "graph": {"path_end": "/content_publishing_limit"},
    "private": {"path": "/feed/user/"},
}


def stop(db: Database, account_id: str, now: datetime) -> None:
    stopping.stop(db, accounts.get(db, account_id).user_id, now)


async def decided_meanwhile(served: Served, route: str, decision: Decision) -> tuple[str, Account]:
    """Let a post be decided about while the last question before it is sent is under way."""
    account, _ = await (another if route == "graph" else second_account)(served, "leaving")
    asked = Paused()
    fault = served.studio.sandbox.faults.add(Fault(**LAST[route], kind=asked, times=None))
    body = {"accountId": account.id, "mediaType": "IMAGE", "mediaFileId": await photo_id(served)}
    post_id = await publish(served, body)
    with trio.fail_after(DEADLOCK_S):
        await asked.reached.wait()
    store, now = served.studio.core.store, served.studio.clock.now()
    await store.write(decision, account.id, now)  # of which no gateway hears
    fault.remove()
    asked.go.set()
    return post_id, account


@pytest.mark.parametrize("route", LAST)
async def test_an_account_that_was_disconnected_meanwhile_posts_nothing(
    public: Served, route: str
) -> None:
    post_id, account = await decided_meanwhile(public, route, intake.disconnect)
    with trio.fail_after(DEADLOCK_S):
        while await public.studio.core.store.read(jobs.open_for_post, post_id):
            await trio.sleep(0.02)
    done = await post(public, post_id)
    assert (done["status"], done["errorCode"]) == ("FAILED", "NOT_FOUND")
    assert "disconnected" in done["errorMessage"]
    assert live(public, account) == []


@pytest.mark.parametrize("route", LAST)
async def test_stop_everything_stops_what_is_under_way_and_it_goes_on_once(
    public: Served, route: str
) -> None:
    post_id, account = await decided_meanwhile(public, route, stop)
    await until_waits(public, post_id)
    held = await post(public, post_id)
    assert (held["status"], held["errorMessage"]) == ("QUEUED", "You stopped everything")
    assert live(public, account) == []
    core = public.studio.core
    await core.store.write(stopping.go_on, core.owner.id, public.studio.clock.now())
    pauses = Pauses()
    with trio.fail_after(DEADLOCK_S):
        while (await post(public, post_id))["status"] != "PUBLISHED":
            await pauses.take()
    assert len(live(public, account)) == 1


async def until_waits(served: Served, post_id: str) -> None:
    """Wait until nobody works on a post."""
    with trio.fail_after(DEADLOCK_S):
        while True:
            job = await served.studio.core.store.read(jobs.open_for_post, post_id)
            if job is None or job.status is jobs.JobStatus.PENDING:
                return
            await trio.sleep(0.02)
