"""Whatever a deletion is answered with, what is said of it is so: that is asked of Instagram.

A sweep over route and answer, each with its effect and without. Everyday runs take a part of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from instagram.graph import http as graph_http
from instagram.private import door
from publish import removal, scheduler
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Status, graph_error
from sandbox.wire.message import Ending, Exchange, Response
from storage.accounts import Account
from tests.publish.test_effects import ANSWERS
from tests.support.attempts import live
from tests.support.clock import TestClock
from tests.support.graph import another, serve_publicly
from tests.support.posting import API, photo_id, publish, second_account, until
from tests.support.served import Served
from tests.support.thinned import sparing

AT_ONCE = 12
ROUTES = ("private", "graph")
DELETES: dict[str, dict[str, Any]] = {
    "private": {"method": "POST", "path_end": "/delete/"},
    "graph": {"method": "DELETE"},
}
LOOKS: dict[str, dict[str, Any]] = {
    "private": {"method": "GET", "path_end": "/info/"},
    "graph": {"method": "GET", "path": "/1790"},
}
EVERYDAY = {
    "private": (
        "reset", "reset, live", "404 of two words", "404, live", "404", "nothing", "400, live",
        "feedback, live", "login_required, live", "500 page",
    ),
    "graph": (
        "reset", "reset, live", "404 of two words", "nothing", "does_not_exist", "413 page, live",
        "does_not_exist, live", "spam_block, live", "permission_missing", "token_revoked, live",
    ),
}  # fmt: skip


@pytest.fixture
async def public(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.05)
    monkeypatch.setattr(graph_http, "LIMIT_S", 5.0)
    monkeypatch.setattr(door, "CALL_LIMIT_S", 5.0)
    limits = {"rate_limit_rpm": 1_000_000, "rate_limit_rph": 1_000_000}
    async with serve_publicly(sandbox, clock, tmp_path, **limits) as served:
        yield served


def judged(said: dict[str, Any], *, is_gone: bool) -> str:
    """What is wrong with what was said of a deletion; nothing is an empty text."""
    error = said["deleteError"] or ""
    if said["wasDeletedFromInstagram"]:
        return "" if is_gone else "it is said to be deleted, and is there"
    if "not known" in error:
        return ""
    if is_gone:
        # Whose doing that is, nobody can tell after "there is no such post".
        return "" if "gone" in error else f"it is gone, and said to be there: {error}"
    return "" if "still there" in error else f"it is there, and it is said: {error}"


async def delete_all(served: Served, route: str, answers: list[tuple[str, Any, bool]]) -> list[str]:
    """Delete a post into each answer; returns what is wrong."""
    media = await photo_id(served)
    problems: list[str] = []

    async def one(account: Account, name: str, kind: Any) -> None:
        body = {"mediaType": "IMAGE", "mediaFileId": media, "caption": "Look"}
        post_id = await publish(served, {**body, "accountId": account.id})
        await until(served, post_id, "PUBLISHED")
        struck = served.studio.sandbox.faults.add(
            Fault(**DELETES[route], account=account.username, kind=kind)
        )
        told = await served.call("DELETE", f"{API}/posts/{post_id}/instagram")
        (post,) = live(served, account)
        problem = judged(told.body, is_gone=post.deleted_at is not None)
        if not struck.hits:
            problem = "the answer was never given"
        if problem:
            problems.append(f"{route} / {name}: {problem}")

    connect = second_account if route == "private" else another
    for start in range(0, len(answers), AT_ONCE):
        async with trio.open_nursery() as nursery:
            for number, (name, kind, _) in enumerate(answers[start : start + AT_ONCE], start):
                account = (await connect(served, f"p{number}"))[0]
                nursery.start_soon(partial(one, account, name, kind))
    return problems


@pytest.mark.acceptance
@pytest.mark.parametrize("route", sparing(ROUTES, every=2))
async def test_what_is_said_of_a_deletion_is_so(public: Served, route: str) -> None:
    answers = [answer for answer in ANSWERS[route] if answer[0] in EVERYDAY[route]]
    assert len(answers) == len(EVERYDAY[route])
    assert await delete_all(public, route, answers) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("route", ROUTES)
async def test_what_is_said_of_a_deletion_is_so_whatever_is_answered(
    public: Served, route: str
) -> None:
    assert await delete_all(public, route, ANSWERS[route]) == []


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("route", ROUTES)
async def test_no_odd_look_proves_a_deletion(public: Served, route: str, times: int | None) -> None:
    """A post that is there is denied once, or always, as to a token that may not see it."""
    account = (await (second_account if route == "private" else another)(public, "denied"))[0]
    body = {"mediaType": "IMAGE", "mediaFileId": await photo_id(public), "accountId": account.id}
    post_id = await publish(public, body)
    await until(public, post_id, "PUBLISHED")
    refused = Status(400, json={"message": "no", "status": "fail"})
    denied = (
        Status(404, json={"message": "Media not found or unavailable", "status": "fail"})
        if route == "private"
        else graph_error("does_not_exist")
    )
    faults = public.studio.sandbox.faults
    faults.add(Fault(**DELETES[route], kind=refused))
    faults.add(Fault(**LOOKS[route], account="denied", kind=denied, times=times))
    told = await public.call("DELETE", f"{API}/posts/{post_id}/instagram")
    assert told.body["wasDeletedFromInstagram"] is False
    assert "still there" in told.body["deleteError"]


class Late:
    """Loses the answer to a deletion, which is done when the last look comes."""

    def __init__(self) -> None:
        self._asked: Exchange | None = None

    async def answer(self, exchange: Exchange) -> Response:
        if self._asked is None:
            self._asked = exchange
            return Response(ending=Ending.RESET)
        await self._asked.perform()
        return await exchange.perform()


@pytest.mark.parametrize("route", ROUTES)
async def test_a_deletion_that_shows_at_the_last_look_is_asked_about_once_more(
    public: Served, route: str
) -> None:
    account = (await (second_account if route == "private" else another)(public, "late"))[0]
    body = {"mediaType": "IMAGE", "mediaFileId": await photo_id(public), "accountId": account.id}
    post_id = await publish(public, body)
    await until(public, post_id, "PUBLISHED")
    faults, late = public.studio.sandbox.faults, Late()
    faults.add(Fault(**DELETES[route], account="late", kind=late))
    last = len(removal.LOST_LOOKS_S) - 1
    faults.add(Fault(**LOOKS[route], account="late", kind=late, skip=last))
    told = await public.call("DELETE", f"{API}/posts/{post_id}/instagram")
    assert told.body["wasDeletedFromInstagram"], told.body
    (shown,) = live(public, account)
    assert shown.deleted_at is not None
