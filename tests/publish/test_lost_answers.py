"""Answers that never come, break off, drip or mean nothing, at every step of both routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from instagram.graph import api as graph_api
from instagram.graph import http as graph_http
from instagram.private import door, uploads
from publish import scheduler
from sandbox import Sandbox
from sandbox.wire.faults import (
    Body,
    ClosedMidBody,
    Fault,
    Garbled,
    Hang,
    Kind,
    Reset,
    Slow,
    Status,
)
from storage.accounts import Account
from tests.support.attempts import Course, follow, live
from tests.support.clock import TestClock
from tests.support.graph import another, serve_publicly
from tests.support.posting import photo_id, publish, second_account, video_id
from tests.support.served import Served

JSON = "application/json"
# Each with whether the request had its effect.
KINDS: dict[str, tuple[Kind, bool]] = {
    "hang": (Hang(), False),
    "hang after": (Hang(after_effect=True), True),
    "reset": (Reset(), False),
    "reset after": (Reset(after_effect=True), True),
    "drip": (Slow(bytes_per_second=2), True),
    "cut": (ClosedMidBody(), True),
    "garbled": (Garbled(), True),
    "page": (Body(b"<html>gateway</html>", "text/html"), True),
    "403 page": (Status(403, text="<html>no</html>"), False),
    "list": (Body(b"[1]", JSON), True),
    "empty": (Body(b"{}", JSON), True),
    "number": (Body(b'{"id": 0, "data": 5, "status_code": 7, "offset": "x"}', JSON), True),
    "504": (Status(504, text="gateway timeout", after_effect=True), True),
}
MOST_REQUESTS = 24
EVERYDAY: dict[tuple[str, str], list[pytest.MarkDecorator]] = {
    ("IMAGE", "403 page"): [],
    ("IMAGE", "empty"): [pytest.mark.acceptance],
    ("STORIES", "hang after"): [],
    ("STORIES", "reset"): [pytest.mark.acceptance],
}


def soak_but(*names: str) -> list[Any]:
    """Every kind: the first that is named by default, the others in CI, the rest for long."""
    marks = {name: [pytest.mark.acceptance] if name in names[1:] else [] for name in names}
    return [pytest.param(name, marks=marks.get(name, [pytest.mark.soak])) for name in KINDS]


GRAPH_STEPS: dict[str, dict[str, Any]] = {
    "quota": {"path_end": "/content_publishing_limit"},
    "container": {"method": "POST", "path_end": "/media"},
    "poll": {"method": "GET", "path": "/17889"},
    "publish": {"path_end": "/media_publish"},
    "permalink": {"method": "GET", "path": "/1790"},
}
FACEBOOK_STEPS: dict[str, dict[str, Any]] = {
    "offset": {"method": "GET", "host": "rupload.facebook.com"},
    "upload": {"method": "POST", "host": "rupload.facebook.com"},
    "page": {"path_end": "/me/accounts"},
    "page video": {"method": "POST", "path_end": "/videos"},
}
PRIVATE_STEPS: dict[str, dict[str, Any]] = {
    "person": {"path_end": "/usernameinfo/"},
    "upload": {"method": "POST", "path": "rupload"},
    "own feed": {"method": "GET", "path": "/feed/user/"},
    "configure": {"method": "POST", "path": "/media/configure"},
}


@pytest.fixture
async def public(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.02)
    monkeypatch.setattr(graph_http, "LIMIT_S", 3.0)
    monkeypatch.setattr(graph_api, "SLOW_LIMIT_S", 3.0)
    monkeypatch.setattr(door, "CALL_LIMIT_S", 3.0)
    monkeypatch.setattr(uploads, "limit_s", lambda _size: 3.0)
    async with serve_publicly(sandbox, clock, tmp_path) as served:
        yield served


async def course_of(served: Served, account: Account, fault: Fault, body: dict[str, Any]) -> Course:
    """Send a post that meets a fault, and follow it to its end."""
    served.studio.sandbox.faults.add(fault)
    post_id = await publish(served, {"accountId": account.id, **body})
    return await follow(served, account, post_id)


def check(served: Served, account: Account, course: Course, where: str) -> None:
    requests = served.studio.sandbox.ledger.count(account=account.username)
    assert (where, course.status, course.message) == (where, "PUBLISHED", "")
    assert (where, course.posts_live) == (where, 1)
    assert (where, requests) <= (where, MOST_REQUESTS)


@pytest.mark.parametrize("name", soak_but("reset after", "hang", "drip", "number", "403 page"))
async def test_a_photo_by_the_official_api(public: Served, name: str) -> None:
    kind, _ = KINDS[name]
    body = {"mediaType": "IMAGE", "mediaFileId": await photo_id(public), "caption": "Hello"}
    courses: dict[str, Course] = {}

    async def send(step: str, account: Account) -> None:
        fault = Fault(**GRAPH_STEPS[step], account=account.username, kind=kind)
        courses[step] = await course_of(public, account, fault, body)

    connected = {step: (await another(public, f"lost_at_{step}"))[0] for step in GRAPH_STEPS}
    async with trio.open_nursery() as nursery:
        for step, account in connected.items():
            nursery.start_soon(partial(send, step, account))
    for step, account in connected.items():
        check(public, account, courses[step], step)


@pytest.mark.parametrize("name", soak_but("reset after"))
async def test_a_reel_with_facebook_login_and_its_copy(public: Served, name: str) -> None:
    kind, has_effect = KINDS[name]
    body = {"mediaType": "REELS", "mediaFileId": await video_id(public), "caption": "Hello"}
    courses: dict[str, Course] = {}

    async def send(step: str, account: Account) -> None:
        fault = Fault(**FACEBOOK_STEPS[step], account=account.username, kind=kind)
        crossing = {**body, "crossPostToFacebook": True}
        courses[step] = await course_of(public, account, fault, crossing)

    connected = {
        step: (await another(public, f"lost_at_{step.replace(' ', '_')}", "facebook"))[0]
        for step in FACEBOOK_STEPS
    }
    async with trio.open_nursery() as nursery:
        for step, account in connected.items():
            nursery.start_soon(partial(send, step, account))
    copies = [copy.account for copy in public.studio.sandbox.ledger.page_posts]
    for step, account in connected.items():
        if step == "page video":
            # Sent once, whatever became of it; the post itself is not touched. The Page is asked.
            assert len(live(public, account)) == 1
            assert courses[step].status == "PUBLISHED"
            told = courses[step].message
            assert ("whether the Facebook Page has it is unknown" in told) is not has_effect
            assert copies.count(account.username) == int(has_effect)
        else:
            check(public, account, courses[step], step)
            assert copies.count(account.username) == 1


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        pytest.param(kind, name, marks=EVERYDAY.get((kind, name), [pytest.mark.soak]))
        for kind in ("IMAGE", "STORIES")
        for name in KINDS
    ],
)
async def test_by_the_private_api(public: Served, name: str, media_type: str) -> None:
    kind, _ = KINDS[name]
    public.studio.sandbox.world.add_person("anna")
    tag = {"username": "anna", "x": 0.5, "y": 0.5}
    people = {"storyMentions": [tag]} if media_type == "STORIES" else {"userTags": [tag]}
    size = (360, 640) if media_type == "STORIES" else (400, 500)
    body = {"mediaType": media_type, "mediaFileId": await photo_id(public, *size), **people}
    courses: dict[str, Course] = {}

    async def send(step: str, account: Account) -> None:
        fault = Fault(**PRIVATE_STEPS[step], account=account.username, kind=kind)
        courses[step] = await course_of(public, account, fault, body)

    connected = {
        step: (await second_account(public, f"lost_at_{step.replace(' ', '_')}"))[0]
        for step in PRIVATE_STEPS
    }
    async with trio.open_nursery() as nursery:
        for step, account in connected.items():
            nursery.start_soon(partial(send, step, account))
    for step, account in connected.items():
        check(public, account, courses[step], step)


@pytest.mark.parametrize("named", ["userTags", "collaborators"])
async def test_one_not_found_about_a_person_fails_no_post(public: Served, named: str) -> None:
    public.studio.sandbox.world.add_person("anna")
    account, _ = await second_account(public, "asks_twice")
    people = [{"username": "anna", "x": 0.5, "y": 0.5}] if named == "userTags" else ["anna"]
    body = {"mediaType": "IMAGE", "mediaFileId": await photo_id(public), named: people}
    odd = Status(404, {"message": "not now", "status": "fail"})
    fault = Fault(path_end="/usernameinfo/", account=account.username, kind=odd)
    check(public, account, await course_of(public, account, fault, body), named)
