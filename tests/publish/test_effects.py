"""Whatever the request that publishes is answered with, the post is live once or it has failed.

A sweep over route, kind of post and answer, each answer with its effect and without. The judge is
what went live at Instagram. Everyday runs take a part of it, `soak` takes it whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from instagram.graph import http as graph_http
from instagram.private import door
from publish import scheduler
from sandbox import Sandbox
from sandbox.graph.failures import GRAPH_ERRORS
from sandbox.wire.faults import (
    Body,
    ClosedMidBody,
    Fault,
    FaultHandle,
    Hang,
    Kind,
    Redirect,
    Reset,
    Status,
    checkpoint_required,
    consent_required,
    feedback_required,
    graph_error,
    login_required,
    please_wait,
    throttled,
)
from storage.accounts import Account
from tests.support.attempts import Course, follow_all, live
from tests.support.clock import TestClock
from tests.support.graph import another, serve_publicly
from tests.support.posting import photo_id, publish, second_account, video_id
from tests.support.posting import post as shown
from tests.support.served import Served
from tests.support.thinned import sparing

JSON = "application/json"
CODES = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 502, 503, 504)
MEDIA = ("IMAGE", "STORIES", "REELS", "CAROUSEL")
# How many are on their way at once: each has an account of its own.
AT_ONCE = 12
PUBLISHES: dict[str, dict[str, Any]] = {
    "private": {"method": "POST", "path": "/media/configure"},
    "graph": {"path_end": "/media_publish"},
}


def both(kind: Any, name: str) -> Iterator[tuple[str, Kind, bool]]:
    """An answer that comes without its effect, and with it."""
    yield name, kind, False
    yield f"{name}, live", replace(kind, after_effect=True), True


def lost() -> Iterator[tuple[str, Kind, bool]]:
    """Answers that never came, broke off or mean nothing."""
    yield from both(Reset(), "reset")
    yield from both(Hang(), "hang")
    yield "cut", ClosedMidBody(), True
    yield "page", Body(b"<html>gateway</html>", "text/html"), True
    yield "page, not taken", Status(200, text="<html>gateway</html>"), False
    yield "list", Body(b"[1]", JSON), True
    yield "nothing", Body(b"{}", JSON), True
    yield "another id", Body(b'{"id": "0", "media": {"pk": 0}}', JSON), True
    for code in CODES:
        yield from both(Status(code, text="<html>no</html>"), f"{code} page")
    yield from both(Status(404, text="Not Found"), "404 of two words")
    yield from both(Redirect("https://www.instagram.com/accounts/login/"), "to the login page")
    yield from both(Redirect("https://elsewhere.example/"), "to elsewhere")


def private() -> Iterator[tuple[str, Any, bool]]:
    yield from lost()
    for code in CODES:
        yield from both(Status(code, json={"message": "no", "status": "fail"}), f"{code}")
    for message in (
        "Transcode not finished yet.",
        "media_needs_reupload",
        "Media not found or unavailable",
        "Not authorized to view user",
        "Please wait a few minutes before you try again.",
    ):
        for code in (200, 202, 400):
            said = Status(code, json={"message": message, "status": "fail"})
            yield from both(said, f"{code} {message}")
    titled = {"error_title": "bad image input", "message": "x", "status": "ok"}
    yield from both(Status(200, json=titled), "200 with a title")
    yield from both(checkpoint_required(), "checkpoint")
    yield from both(consent_required(), "consent")
    yield from both(feedback_required(), "feedback")
    yield from both(login_required(), "login_required")
    yield from both(please_wait(), "please wait")
    yield from both(throttled(60), "throttled")


def graph() -> Iterator[tuple[str, Any, bool]]:
    yield from lost()
    for name in GRAPH_ERRORS:
        yield from both(graph_error(name), name)


ANSWERS = {"private": list(private()), "graph": list(graph())}
# The everyday part: those that were believed once, and one of each family.
EVERYDAY = {
    "private": (
        "reset, live",
        "hang",
        "400, live",
        "403 page, live",
        "413 page",
        "404 of two words, live",
        "to the login page, live",
        "202 Transcode not finished yet., live",
        "200 with a title, live",
        "feedback, live",
        "login_required, live",
        "throttled, live",
    ),
    "graph": (
        "reset",
        "hang, live",
        "413 page, live",
        "500 page, live",
        "to elsewhere, live",
        "spam_block, live",
        "publishing_limit, live",
        "permission_missing, live",
        "token_revoked, live",
        "caption_too_long, live",
        "container_expired, live",
        "account_restricted",
    ),
}


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


async def content(served: Served, media_type: str) -> dict[str, Any]:
    """What a post of that kind carries besides its account."""
    body: dict[str, Any] = {
        "mediaType": media_type,
        "caption": " Look\r\nhere  \n",
    }  # as Windows writes it; Instagram does not
    match media_type:
        case "STORIES":
            return {"mediaType": media_type, "mediaFileId": await photo_id(served, 360, 640)}
        case "REELS":
            return {**body, "mediaFileId": await video_id(served)}
        case "CAROUSEL":
            return {**body, "mediaFileIds": [await photo_id(served, seed=n) for n in (1, 2)]}
    return {**body, "mediaFileId": await photo_id(served)}


def judged(post: dict[str, Any], course: Course, went_live: list[Any], has_effect: bool) -> str:
    """What is wrong with how a post ended; nothing is an empty text."""
    if len(went_live) > 1:
        return "it is live twice"
    if post["status"] == "PUBLISHED":
        if not went_live:
            return "it is said to be live, and is not"
        known = (went_live[0].graph_id, str(went_live[0].pk))
        return "" if post["igMediaId"] in known else f"its id is {post['igMediaId']}"
    if has_effect or went_live:
        return f"it is live, and said to be {course}: {course.message}"
    if post["status"] == "FAILED" and post["errorCode"] != "DELIVERY_UNKNOWN":
        return ""
    return f"it never came to an end: {course}: {course.message}"


@dataclass(frozen=True, slots=True)
class Sent:
    """A post that was sent into one answer."""

    name: str
    post_id: str
    account: Account
    struck: FaultHandle
    has_effect: bool


class Sweep:
    """Sends one post for each answer, each by an account of its own, and judges them all."""

    def __init__(
        self, served: Served, route: str, media_type: str, *, step: Mapping[str, Any] | None = None
    ) -> None:
        """`step`: the request that is answered so, the one that publishes if none is told."""
        self._served = served
        self._route = route
        self._media_type = media_type
        self._step = PUBLISHES.get(route) if step is None else step
        self.problems: list[str] = []
        self.ends: Counter[str] = Counter()

    async def run(self, answers: list[tuple[str, Any, bool]]) -> None:
        body = await content(self._served, self._media_type)
        for start in range(0, len(answers), AT_ONCE):
            batch: list[Sent] = []
            for number, answer in enumerate(answers[start : start + AT_ONCE], start=start):
                batch.append(await self._send(f"p{number}", body, *answer))
            ends = await follow_all(self._served, {s.post_id: s.account for s in batch}, most=8)
            for sent in batch:
                await self._judge(sent, ends[sent.post_id])

    async def _account(self, username: str) -> Account:
        match self._route:
            case "private":
                return (await second_account(self._served, username))[0]
            case "page":
                return (await another(self._served, username, "facebook"))[0]
        return (await another(self._served, username))[0]

    async def _send(
        self, username: str, body: dict[str, Any], name: str, kind: Kind, has_effect: bool
    ) -> Sent:
        account = await self._account(username)
        assert self._step is not None
        fault = Fault(**self._step, account=account.username, kind=kind)
        struck = self._served.studio.sandbox.faults.add(fault)
        crosses = {"crossPostToFacebook": True} if self._route == "page" else {}
        post_id = await publish(self._served, {**body, **crosses, "accountId": account.id})
        return Sent(name, post_id, account, struck, has_effect)

    async def _judge(self, sent: Sent, course: Course) -> None:
        went_live = live(self._served, sent.account)
        found = await shown(self._served, sent.post_id)
        publishes = self._step == PUBLISHES.get(self._route)
        problem = judged(found, course, went_live, sent.has_effect and publishes)
        if self._route == "page":
            problem = problem or self._judged_copy(found, sent)
        if not sent.struck.hits:
            problem = "the answer was never given"
        self.ends[str(course)] += 1
        if problem:
            self.problems.append(f"{self._route} {self._media_type} / {sent.name}: {problem}")

    def _judged_copy(self, post: dict[str, Any], sent: Sent) -> str:
        """What is wrong with what is said of the copy on the Page."""
        page_posts = self._served.studio.sandbox.ledger.page_posts
        copies = [copy for copy in page_posts if copy.account == sent.account.username]
        said = post["errorMessage"] or ""
        if len(copies) > 1:
            return "its copy is there twice"
        if post["facebookPostId"] is not None:
            known = [name for copy in copies for name in (copy.id, copy.post_id)]
            return "" if post["facebookPostId"] in known else "its copy is another"
        if copies:
            return "" if "is unknown" in said else f"its copy is there, and it is said: {said}"
        return "" if said else "nothing is said of its copy, which is missing"


@pytest.mark.parametrize("media_type", sparing(MEDIA, every=len(MEDIA)))
@pytest.mark.parametrize("route", ANSWERS)
async def test_no_answer_is_believed_and_nothing_goes_out_twice(
    public: Served, route: str, media_type: str
) -> None:
    # Each kind of post gets a share, and all of them together every everyday answer.
    mine = EVERYDAY[route][MEDIA.index(media_type) :: len(MEDIA)]
    sweep = Sweep(public, route, media_type)
    await sweep.run([answer for answer in ANSWERS[route] if answer[0] in mine])
    assert sweep.problems == []
    assert sweep.ends.total() == len(mine)


# What else is asked on the way, each with the kind of post for which it is.
STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "upload": ("private", "IMAGE", {"method": "POST", "path": "rupload_igphoto"}),
    "upload of a part": ("private", "CAROUSEL", {"method": "POST", "path": "rupload_igphoto"}),
    "upload of a video": ("private", "REELS", {"method": "POST", "path": "rupload_igvideo"}),
    "own posts": ("private", "IMAGE", {"method": "GET", "path": "/feed/user/"}),
    "quota": ("graph", "IMAGE", {"path_end": "/content_publishing_limit"}),
    "container": ("graph", "STORIES", {"method": "POST", "path_end": "/media"}),
    "container of a part": ("graph", "CAROUSEL", {"method": "POST", "path_end": "/media"}),
    "poll": ("graph", "REELS", {"method": "GET", "path": "/17889"}),
    "recent": ("graph", "IMAGE", {"method": "GET", "path_end": "/media"}),
    "permalink": ("graph", "IMAGE", {"method": "GET", "path": "/1790"}),
    "bytes": ("page", "REELS", {"method": "POST", "host": "rupload.facebook.com"}),
    "page": ("page", "IMAGE", {"path_end": "/me/accounts"}),
    "copy": ("page", "IMAGE", {"method": "POST", "path_end": "/photos"}),
    "copy of a video": ("page", "REELS", {"method": "POST", "path_end": "/videos"}),
}
OFTEN = ("upload", "container of a part", "copy")


@pytest.mark.parametrize("step", sparing(OFTEN, every=len(OFTEN)))
async def test_no_answer_on_the_way_costs_a_post_or_doubles_it(public: Served, step: str) -> None:
    route, media_type, where = STEPS[step]
    sweep = Sweep(public, route, media_type, step=where)
    kinds = "private" if route == "private" else "graph"
    mine = EVERYDAY[kinds][:: 3 if step == "copy" else 4]
    await sweep.run([answer for answer in ANSWERS[kinds] if answer[0] in mine])
    assert sweep.problems == []


@pytest.mark.acceptance
@pytest.mark.parametrize("step", ["upload", "upload of a video"])
async def test_bytes_that_only_a_gateway_took_cost_no_post(public: Served, step: str) -> None:
    route, media_type, where = STEPS[step]
    sweep = Sweep(public, route, media_type, step=where)
    taken = [
        ("a page", Status(200, text="<html>hello</html>"), False),
        ("a list", Status(200, json=[1]), False),
        ("nothing", Status(200, text=""), False),
        ("fail", Status(200, json={"status": "fail", "message": "try again"}), False),
    ]
    await sweep.run(taken)
    assert sweep.problems == []
    assert all(end.startswith("PUBLISHED") for end in sweep.ends), sweep.ends


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("step", STEPS)
async def test_no_answer_of_all_on_the_way(
    public: Served, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    route, media_type, where = STEPS[step]
    sweep = Sweep(public, route, media_type, step=where)
    await sweep.run(ANSWERS["private" if route == "private" else "graph"])
    with capsys.disabled():
        print(f"\n{step}: {sweep.ends.total()} answers, {dict(sweep.ends)}")  # noqa: T201
    assert sweep.problems == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("media_type", MEDIA)
@pytest.mark.parametrize("route", ANSWERS)
async def test_no_answer_of_all_is_believed(
    public: Served, route: str, media_type: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = Sweep(public, route, media_type)
    await sweep.run(ANSWERS[route])
    with capsys.disabled():
        print(f"\n{route} {media_type}: {sweep.ends.total()} answers, {dict(sweep.ends)}")  # noqa: T201
    assert sweep.problems == []
