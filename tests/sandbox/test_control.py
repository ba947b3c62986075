from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from sandbox import Sandbox
from sandbox.control.reading import _KINDS
from sandbox.world.person import Person
from tests.sandbox.clients import API, configure, logged_in, plain_client, upload_photo
from tests.support.limits import DEADLOCK_S

pytestmark = pytest.mark.acceptance


@pytest.fixture
async def control(
    sandbox: Sandbox, studio: Person, anna: Person
) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=sandbox.proxy_url, trust_env=False, timeout=DEADLOCK_S
    ) as client:
        yield client


@pytest.fixture
async def app(sandbox: Sandbox, studio: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as client:
        yield client


async def test_it_says_what_it_is(control: httpx.AsyncClient) -> None:
    about = (await control.get("/")).json()
    assert "simulated Instagram" in about["what"]
    assert "POST /mentions" in about


async def test_looking_inside(
    control: httpx.AsyncClient, app: httpx.AsyncClient, anna: Person, photo: Path
) -> None:
    await upload_photo(app, photo)
    sticker = {"type": "mention", "user_id": str(anna.pk)}
    place = {"x": 0.5, "y": 0.5, "width": 0.2, "height": 0.1}
    await configure(app, tap_models=json.dumps([{**sticker, **place}]))
    await app.get("https://www.instagram.com/")

    ledger = (await control.get("/ledger")).json()
    assert [entry["status"] for entry in ledger["requests"]] == [200, 200, 404]
    assert [entry["known"] for entry in ledger["requests"]] == [True, True, False]
    assert ledger["mark"] == 3
    assert (await control.get("/ledger?since=2")).json()["requests"][0]["path"] == "/"

    [post] = (await control.get("/posts")).json()["posts"]
    assert (post["account"], post["mentions"][0]["username"]) == ("studio", "anna")
    assert Path(post["file"]).exists()

    world = (await control.get("/world")).json()
    assert {person["username"] for person in world["people"]} == {"studio", "anna"}
    assert [story["owner"] for story in world["stories"]] == ["studio"]
    assert {chat["viewer"] for chat in world["chats"]} == {"studio", "anna"}
    assert "a password" not in json.dumps(world)


async def test_faults_come_and_go(control: httpx.AsyncClient, app: httpx.AsyncClient) -> None:
    order = {"path": "qe/sync", "kind": "status", "code": 503, "json": {"message": "no"}}
    added = await control.post("/faults", json={**order, "times": None})
    assert (added.status_code, added.json()["kind"]) == (201, "status")
    assert (await app.get(f"{API}/api/v1/qe/sync/")).json() == {"message": "no"}

    [shown] = (await control.get("/faults")).json()["faults"]
    assert (shown["hits"], shown["times"], shown["path"]) == (1, None, "qe/sync")
    assert (await control.delete("/faults")).json() == {"cleared": 1}
    assert (await app.get(f"{API}/api/v1/qe/sync/")).status_code == 200


@pytest.mark.parametrize("kind", [*_KINDS, "challenge_required"])
async def test_every_kind_of_fault_can_be_ordered(
    control: httpx.AsyncClient, app: httpx.AsyncClient, kind: str
) -> None:
    values: dict[str, Any] = {
        "status": {"code": 500},
        "truncated": {"bytes": 1},
        "oversized": {"bytes": 3, "announced": False},
        "body": {"text": "<html>"},
        "slow": {"bytes_per_second": 100_000},
        "delay": {"seconds": 0},
        "delayed_effect": {"seconds": 0.01},
        "redirect": {"location": "https://www.instagram.com/"},
        "throttled": {"retry_after": 3},
        "challenge_required": {"account": "studio"},
        "hang": {"after_effect": False},
        "broken_upload": {"bytes": 0},
        "graph_error": {"name": "rate_limited", "retry_minutes": 5},
    }
    added = await control.post("/faults", json={"kind": kind, **values.get(kind, {})})
    assert added.status_code == 201, added.text

    async def ask() -> None:
        with suppress(httpx.TransportError):
            await app.get(f"{API}/api/v1/accounts/current_user/")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        with trio.fail_after(DEADLOCK_S):
            while True:
                [shown] = (await control.get("/faults")).json()["faults"]
                if shown["hits"] == 1:
                    break
                await trio.sleep(0.02)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"kind": "meteor"}, "kind has to be one of"),
        ({}, "kind has to be one of"),
        ({"kind": ["hang"]}, "kind has to be one of"),
        ({"kind": "status"}, "needs a value"),
        ({"kind": "status", "code": "500"}, "code has to be of type int"),
        ({"kind": "status", "code": True}, "code has to be of type int"),
        ({"kind": "hang", "after_effect": 1}, "after_effect has to be of type bool"),
        ({"kind": "hang", "seconds": 1}, "seconds is not known"),
        ({"kind": "hang", "times": "many"}, "times has to be"),
        ({"kind": "graph_error", "name": "meteor"}, "name has to be one of"),
        ({"kind": "hang", "path_end": 7}, "path_end has to be of type str"),
        ({"kind": "challenge_required"}, "account has to name a person"),
    ],
)
async def test_a_wrong_fault_is_refused(
    control: httpx.AsyncClient, sandbox: Sandbox, order: dict[str, Any], says: str
) -> None:
    response = await control.post("/faults", json=order)
    assert response.status_code == 400
    assert says in response.json()["error"]
    assert sandbox.faults.active == []


@pytest.mark.parametrize("kind", ["photo", "video"])
async def test_somebody_mentions_somebody(
    sandbox: Sandbox, control: httpx.AsyncClient, studio: Person, anna: Person, kind: str
) -> None:
    order = {"from": "anna", "to": "studio", "kind": kind, "shape": "generic_xma"}
    response = await control.post("/mentions", json={**order, "box": "pending"})
    assert response.status_code == 201, response.text
    [story] = sandbox.world.reel(anna)
    assert (story.kind, story.mentions) == (kind, (studio,))
    assert response.json()["story"]["pk"] == story.pk
    [thread] = sandbox.world.chats.threads
    assert (thread.viewer, thread.box) == (studio, "pending")


async def test_a_mention_with_an_own_file(
    sandbox: Sandbox, control: httpx.AsyncClient, anna: Person, photo: Path, video: Path
) -> None:
    for file, kind in ((photo, "image/jpeg"), (video, "video/mp4")):
        response = await control.post(
            "/mentions?from=anna&to=studio",
            content=file.read_bytes(),
            headers={"content-type": kind},
        )
        assert response.status_code == 201, response.text
    stories = sandbox.world.reel(anna)
    assert [story.file.read_bytes() for story in stories] == [
        photo.read_bytes(),
        video.read_bytes(),
    ]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"not json", 400, "JSON object"),
        (b"\xff\xfe", 400, "JSON object"),
        (b"[]", 400, "JSON object"),
        (b'{"from": "anna"}', 400, "to has to name a person"),
        (b'{"from": "zoe", "to": "studio"}', 404, "nobody called zoe"),
        (b'{"from": "anna", "to": "studio", "kind": "song"}', 400, "photo, video"),
        (b'{"from": "anna", "to": "studio", "shape": []}', 400, "xma"),
        (b'{"from": "anna", "to": "studio", "when": 1}', 400, "when is not known"),
    ],
)
async def test_a_wrong_mention_is_refused(
    control: httpx.AsyncClient, body: bytes, status: int, says: str
) -> None:
    response = await control.post("/mentions", content=body)
    assert response.status_code == status
    assert says in response.json()["error"]


async def test_other_wrong_requests(control: httpx.AsyncClient) -> None:
    assert (await control.get("/nothing")).status_code == 404
    assert (await control.post("/ledger")).status_code == 405
    assert (await control.get("/ledger?since=-1")).status_code == 400
    bad = await control.post(
        "/mentions?from=anna&to=studio", content=b"x", headers={"content-type": "image/jpeg"}
    )
    assert bad.status_code == 422
    assert "neither" in bad.json()["error"]


async def test_somebody_has_posts(
    sandbox: Sandbox, control: httpx.AsyncClient, anna: Person, square: Path
) -> None:
    order = {"from": "anna", "kind": "video", "product": "reel", "caption": "hi"}
    made = await control.post("/media", json=order)
    assert made.status_code == 201, made.text
    sent = await control.post(
        "/media?from=anna", content=square.read_bytes(), headers={"content-type": "image/jpeg"}
    )
    assert sent.status_code == 201, sent.text
    photo, reel = sandbox.world.grid(anna)
    assert (reel.product, reel.caption, reel.shots[0].kind) == ("reel", "hi", "video")
    assert photo.shots[0].file.read_bytes() == square.read_bytes()
    shown = (await control.get("/world")).json()["posts"]
    assert [post["product"] for post in shown] == ["reel", "feed"]
    wrong = await control.post("/media", json={**order, "product": "poem"})
    assert (wrong.status_code, "feed, reel" in wrong.json()["error"]) == (400, True)


async def test_people_do_things(
    control: httpx.AsyncClient, sandbox: Sandbox, studio: Person, square: Path
) -> None:
    """What people do by themselves can be caused from outside."""
    world, post = sandbox.world, sandbox.world.add_post(studio, square)
    made = await control.post("/people", json={"username": "dora", "private": True})
    assert (made.status_code, made.json()["private"]) == (201, True)
    dora = world.person("dora")
    for path, order in (
        ("/follows", {"from": "dora", "to": "studio"}),
        ("/likes", {"from": "dora", "post": post.pk}),
        ("/comments", {"from": "dora", "post": post.pk, "text": "Nice"}),
        ("/messages", {"from": "dora", "to": "studio", "text": "Hello"}),
    ):
        assert (await control.post(path, json=order)).status_code == 201
        assert (await control.post(path, json={**order, "from": "nobody"})).status_code == 404
        assert (await control.post(path, json={"from": "dora"})).status_code == 400
    assert world.follows(dora, studio)
    assert [event.kind for event in world.activity.of(studio)[0]] == ["comment", "like"]
    assert world.chats.of(studio)[0].box == "pending"  # the studio does not follow Dora
    assert (await control.post("/people", json={"username": "dora"})).status_code == 409


async def test_its_clock_moves_on_and_never_back(
    control: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    before = sandbox.world.now()
    moved = await control.post("/clock", json={"seconds": 86_400})
    assert moved.json()["ahead"] == 86_400
    assert sandbox.world.now() >= before + 86_400
    for odd in (-1, 0, 10**9, "x", True, None):
        assert (await control.post("/clock", json={"seconds": odd})).status_code == 400, odd
    assert sandbox.ledger.mark() == 0
