"""An account that is disconnected while a post of it goes out leaves nothing stuck behind."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from sandbox.wire.faults import Fault, Reset
from storage import jobs
from tests.support.graph import another
from tests.support.limits import DEADLOCK_S
from tests.support.paused import Paused
from tests.support.posting import API, photo_id, post, publish, second_account
from tests.support.served import Served
from tests.support.thinned import sparing


@pytest.mark.parametrize(
    ("route", "where", "after_effect", "ends"),
    sparing(
        [
            ("graph", {"path_end": "/content_publishing_limit"}, False, "NOT_FOUND"),
            ("graph", {"method": "POST", "path_end": "/media"}, False, "NOT_FOUND"),
            ("graph", {"path_end": "/media_publish"}, False, "DELIVERY_UNKNOWN"),
            ("graph", {"path_end": "/media_publish"}, True, "DELIVERY_UNKNOWN"),
            ("private", {"path": "/feed/user/"}, False, "NOT_FOUND"),
            ("private", {"path": "/media/configure"}, True, "DELIVERY_UNKNOWN"),
        ],
        every=3,
    ),
)
async def test_a_post_that_was_going_out_comes_to_an_end(
    public: Served, route: str, where: dict[str, Any], after_effect: bool, ends: str
) -> None:
    if route == "graph":
        account, _ = await another(public, "leaving")
    else:
        account, _ = await second_account(public, "leaving")
    lost = Paused(Reset(after_effect=after_effect))
    public.studio.sandbox.faults.add(Fault(**where, kind=lost))
    body = {"accountId": account.id, "mediaType": "IMAGE", "mediaFileId": await photo_id(public)}
    post_id = await publish(public, body)
    await lost.reached.wait()
    left = await public.call("DELETE", f"{API}/auth/accounts/{account.id}")
    assert left.body == {"success": True}
    lost.go.set()
    with trio.fail_after(DEADLOCK_S):
        while await public.studio.core.store.read(jobs.open_for_post, post_id):
            await trio.sleep(0.02)
    done = await post(public, post_id)
    assert (done["status"], done["errorCode"]) == ("FAILED", ends)
    assert ("disconnected" if ends == "NOT_FOUND" else "Look at") in done["errorMessage"]
