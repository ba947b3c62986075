"""Publishing through Meta's official API: containers, limits, tokens, and one post each."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from publish import scheduler
from publish.media_links import MediaLinks
from publish.retry import MOST_SETBACKS
from sandbox import Sandbox
from sandbox.graph.failures import graph_error
from sandbox.wire.faults import Fault, Reset, Status
from sandbox.wire.message import Exchange, Response
from storage import accounts, posts
from tests.support.attempts import follow
from tests.support.clock import TestClock
from tests.support.graph import connect, published, serve_publicly
from tests.support.limits import DEADLOCK_S
from tests.support.posting import photo_id, post, publish, schedule, until, video_id
from tests.support.served import Served
from tests.support.thinned import sparing

IMAGE = {"mediaType": "IMAGE", "caption": "Good morning #coffee"}


@pytest.fixture
async def public(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.2)
    async with serve_publicly(sandbox, clock, tmp_path) as served:
        yield served


async def send(served: Served, **body: Any) -> dict[str, Any]:
    """Publish now and wait for the end."""
    post_id = await publish(served, {"accountId": served.studio.account.id, **body})
    return await until(served, post_id, "PUBLISHED", "FAILED")


async def until_put_back(served: Served, post_id: str) -> dict[str, Any]:
    """Wait until an attempt has ended in a reason to wait."""
    with trio.fail_after(DEADLOCK_S):
        while (await served.studio.core.store.read(posts.get, post_id)).error_message is None:
            await trio.sleep(0.02)
    return await post(served, post_id)


async def image(served: Served, **more: Any) -> dict[str, Any]:
    return await send(served, mediaFileId=await photo_id(served), **IMAGE, **more)


async def test_a_photo(public: Served) -> None:
    graph = await connect(public)
    public.studio.sandbox.world.add_person("anna")
    public.studio.sandbox.world.add_person("ben")
    done = await image(
        public,
        userTags=[{"username": "anna", "x": 0.2, "y": 0.7}],
        collaborators=["ben"],
        locationId="213385402",
        altTexts=["A red cup"],
    )
    (live,) = published(public)
    assert live.extra["alt_text"] == "A red cup"
    assert (live.route, live.product, live.caption) == ("graph", "feed", IMAGE["caption"])
    assert [(tag.username, tag.x, tag.y) for tag in live.user_tags] == [("anna", 0.2, 0.7)]
    assert (live.collaborators, live.location_id) == (("ben",), "213385402")
    assert done["status"] == "PUBLISHED"
    assert done["igMediaId"] == live.graph_id
    assert done["igContainerId"] == live.container
    assert done["igPermalink"].startswith("https://www.instagram.com/p/")
    assert done["publishedViaPrivateApi"] is False
    assert graph.publishing_used() == 1


async def test_a_reel_a_story_and_a_carousel(public: Served) -> None:
    await connect(public)
    public.studio.sandbox.world.add_person("anna")
    photos = [await photo_id(public, seed=seed) for seed in (1, 2)]
    video = await video_id(public, 180, 180)
    sent = (
        {"mediaType": "REELS", "mediaFileId": await video_id(public), "caption": "Look"},
        {
            "mediaType": "STORIES",
            "mediaFileId": await photo_id(public, 360, 640),
            "storyMentions": [{"username": "anna", "x": 0.5, "y": 0.8}],
        },
        {
            "mediaType": "CAROUSEL",
            "mediaFileIds": [*photos, video],
            "caption": "Three",
            "altTexts": [None, "The second", "A video"],
        },
    )
    for body in sent:
        done = await send(public, **body)
        assert (done["status"], done["errorMessage"]) == ("PUBLISHED", None)
    reel, story, carousel = published(public)
    assert (reel.product, reel.kind, reel.caption) == ("reel", "video", "Look")
    assert [(m.username, m.x, m.y) for m in story.mentions] == [("anna", 0.5, 0.8)]
    assert [child.kind for child in carousel.children] == ["photo", "photo", "video"]
    made = public.studio.sandbox.world.graph.containers[carousel.container or ""]
    said = [child.parameters.get("alt_text") for child in made.children]
    assert said == [None, "The second", None]


async def test_an_answer_that_was_lost_is_asked_about_and_nothing_goes_out_twice(
    public: Served,
) -> None:
    await connect(public)
    for kind in (Reset(after_effect=True), graph_error("unknown", after_effect=True)):
        public.studio.sandbox.faults.add(Fault(path_end="/media_publish", kind=kind))
        before = len(published(public))
        done = await image(public)
        assert (done["status"], len(published(public))) == ("PUBLISHED", before + 1)
        assert done["igMediaId"] == published(public)[-1].graph_id


async def test_a_request_that_had_no_effect_is_repeated_once_that_is_known(public: Served) -> None:
    await connect(public)
    public.studio.sandbox.faults.add(Fault(path_end="/media_publish", kind=Reset()))
    body = {"accountId": public.studio.account.id, "mediaFileId": await photo_id(public), **IMAGE}
    post_id = await publish(public, body)
    assert (await until_put_back(public, post_id))["status"] == "QUEUED"
    assert published(public) == []
    public.studio.clock.advance(timedelta(minutes=2))
    await until(public, post_id, "PUBLISHED")
    assert len(published(public)) == 1


async def test_media_is_served_to_meta_only_while_it_is_going_out(public: Served) -> None:
    graph = await connect(public)
    graph.processing_s = 3600
    body = {"accountId": public.studio.account.id, "mediaFileId": await photo_id(public), **IMAGE}
    post_id = await publish(public, body)
    sandbox = public.studio.sandbox
    await sandbox.ledger.wait_until(lambda: bool(sandbox.world.graph.containers))
    (container,) = sandbox.world.graph.containers.values()
    path = container.parameters["image_url"].removeprefix("https://media.example")
    assert re.fullmatch(r"/m/[\w.-]+", path)
    whole = await public.client.get(path)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "image/jpeg")
    part = await public.client.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    signed = path.replace("/m/", "/m/W", 1)
    assert (await public.client.get(signed)).status_code == 404
    assert (await public.client.get("/m/")).status_code == 404
    by_name = {"Host": "media.example"}
    assert (await public.client.get(path, headers=by_name)).status_code == 200
    assert (await public.client.get("/api/v1/health", headers=by_name)).status_code == 403
    sandbox.world.graph.containers[container.id].ready_at = 0
    await until(public, post_id, "PUBLISHED")
    assert (await public.client.get(path)).status_code == 404


@pytest.mark.parametrize("login", ["instagram", "facebook"])
async def test_without_a_public_address_photos_say_what_to_set_up(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, login: Any
) -> None:
    async with serve_publicly(sandbox, clock, tmp_path, public_url=None) as served:
        await connect(served, login)
        done = await image(served)
        assert (done["status"], done["errorCode"]) == ("FAILED", "PUBLIC_URL_REQUIRED")
        assert "REPRISE_PUBLIC_URL" in done["errorMessage"]
        assert not sandbox.world.graph.containers
        video = {"mediaType": "REELS", "mediaFileId": await video_id(served)}
        done = await send(served, **video)
        # With Facebook Login the bytes are sent, and need no address.
        assert done["status"] == ("PUBLISHED" if login == "facebook" else "FAILED")


async def test_a_public_address_that_leads_elsewhere_is_found_before_a_container_is_made(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.05)
    async with serve_publicly(sandbox, clock, tmp_path, public_url="http://127.0.0.1:9") as served:
        await connect(served)
        body = {"accountId": served.studio.account.id, "mediaFileId": await photo_id(served)}
        post_id = await publish(served, {**body, **IMAGE})
        assert "http://127.0.0.1:9" in (await until_put_back(served, post_id))["errorMessage"]
        course = await follow(served, served.studio.account, post_id)
        assert str(course) == "FAILED PUBLIC_URL_REQUIRED"
        assert course.attempts <= MOST_SETBACKS, "it was never reached: it may be a wrong one"
        assert "http://127.0.0.1:9" in course.message
        assert not sandbox.world.graph.containers


async def test_a_public_address_that_comes_back_within_a_minute_fails_no_post(
    public: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(public)
    check, tries = MediaLinks._check, 0

    async def away_at_first(self: MediaLinks, url: str) -> None:
        nonlocal tries
        tries += 1
        await check(self, url if tries > 2 else "http://127.0.0.1:9")

    monkeypatch.setattr(MediaLinks, "_check", away_at_first)
    done = await image(public)
    assert (done["status"], tries) == ("PUBLISHED", 3)


@pytest.mark.acceptance
async def test_an_account_with_both_uses_the_official_api(served: Served) -> None:
    await connect(served, "facebook")
    video = {"mediaType": "STORIES", "mediaFileId": await video_id(served)}
    done = await send(served, **video)
    assert (done["status"], done["publishedViaPrivateApi"]) == ("PUBLISHED", False)
    # A photo would have to be fetched, and there is no public address: the other way is taken.
    done = await send(served, mediaType="STORIES", mediaFileId=await photo_id(served, 360, 640))
    assert (done["status"], done["publishedViaPrivateApi"]) == ("PUBLISHED", True)


async def test_the_daily_limit_is_waited_for(public: Served) -> None:
    graph = await connect(public)
    done = await image(public)
    graph.quota_total = 1
    body = {"accountId": public.studio.account.id, "mediaFileId": await photo_id(public), **IMAGE}
    post_id = await publish(public, body)
    waiting = await until_put_back(public, post_id)
    assert "waits until" in waiting["errorMessage"]
    assert len(published(public)) == 1
    public.studio.clock.advance(timedelta(hours=24, minutes=1))
    done_later = await until(public, post_id, "PUBLISHED")
    assert done_later["errorMessage"] is None
    assert done["igMediaId"] != done_later["igMediaId"]


async def test_an_expired_token_fails_the_post_and_asks_meta_once(public: Served) -> None:
    graph = await connect(public)
    graph.revoked = True
    done = await image(public)
    assert (done["status"], done["errorCode"]) == ("FAILED", "TOKEN_EXPIRED")
    asked = len(public.studio.sandbox.ledger.requests)
    answer = await public.call(
        "POST",
        "/api/v1/posts/publish",
        {"accountId": public.studio.account.id, "mediaFileId": await photo_id(public), **IMAGE},
    )
    assert (answer.status, answer.body["code"]) == (401, "TOKEN_EXPIRED")
    assert len(public.studio.sandbox.ledger.requests) == asked


async def test_a_token_that_has_ended_by_a_wrong_clock_is_tried(public: Served) -> None:
    graph = await connect(public)
    studio = public.studio
    body = {"accountId": studio.account.id, "mediaFileId": await photo_id(public), **IMAGE}
    post_id = (await schedule(public, body, timedelta(hours=1)))["postId"]
    ended = studio.clock.now() - timedelta(hours=1)
    await studio.core.store.write(accounts.change, studio.account.id, token_expires_at=ended)
    studio.clock.advance(timedelta(hours=1, minutes=1))
    await until(public, post_id, "PUBLISHED")
    # What Meta refuses stays refused, and is asked about no more.
    graph.revoked = True
    await studio.core.store.write(accounts.change, studio.account.id, token_expires_at=ended)
    await studio.core.tokens.look_after_all()
    asked = len(studio.sandbox.ledger.requests)
    studio.clock.advance(timedelta(days=3))
    await studio.core.tokens.look_after_all()
    assert len(studio.sandbox.ledger.requests) == asked


async def test_the_copy_on_the_page(public: Served) -> None:
    graph = await connect(public, "facebook")
    done = await image(public, crossPostToFacebook=True)
    (copy,) = public.studio.sandbox.ledger.page_posts
    assert (copy.page_id, copy.caption) == (graph.page_id, IMAGE["caption"])
    assert done["facebookPostId"] == copy.post_id
    assert done["facebookPermalink"] == f"https://www.facebook.com/{copy.post_id}"


@dataclass
class Meanwhile:
    """Answers as ever, when something else has happened before."""

    happens: Callable[[], Awaitable[object]]

    async def answer(self, exchange: Exchange) -> Response:
        await self.happens()
        return await exchange.perform()


@pytest.mark.parametrize("what", ["weeks pass", "everything is stopped"])
async def test_a_copy_that_nobody_wants_any_more_is_not_sent(public: Served, what: str) -> None:
    """As where the cloud has sent a post, and this machine was off, or while it goes out."""
    await connect(public, "facebook")

    async def happens() -> None:
        if what == "weeks pass":
            public.studio.clock.advance(timedelta(days=20))
        else:
            assert (await public.call("POST", "/api/v1/stop")).status == 200

    kind = Meanwhile(happens)
    public.studio.sandbox.faults.add(Fault(method="GET", path="/1790", kind=kind))
    done = await image(public, crossPostToFacebook=True)
    assert (done["status"], done["facebookPostId"]) == ("PUBLISHED", None)
    assert "not on the Facebook Page: " in done["errorMessage"]
    assert public.studio.sandbox.ledger.page_posts == []
    assert len(published(public)) == 1


async def test_what_is_said_once_of_the_page_costs_no_copy(public: Served) -> None:
    await connect(public, "facebook")
    odd = graph_error("invalid_parameter")
    public.studio.sandbox.faults.add(Fault(path_end="/me/accounts", kind=odd))
    done = await image(public, crossPostToFacebook=True)
    (copy,) = public.studio.sandbox.ledger.page_posts
    assert (done["facebookPostId"], done["errorMessage"]) == (copy.post_id, None)


async def test_the_page_is_found_among_the_hundreds_of_an_agency(public: Served) -> None:
    graph = await connect(public, "facebook")
    graph.other_pages = 230
    done = await image(public, crossPostToFacebook=True)
    (copy,) = public.studio.sandbox.ledger.page_posts
    assert (copy.page_id, done["facebookPostId"]) == (graph.page_id, copy.post_id)
    assert public.studio.sandbox.ledger.count("/me/accounts") == 3


async def test_the_copy_is_found_by_a_clock_that_is_ahead(public: Served) -> None:
    await connect(public, "facebook")
    studio, ahead = public.studio, timedelta(hours=1)
    studio.clock.set_on(ahead)
    studio.sandbox.world.now = lambda: studio.clock.seconds() - ahead.total_seconds()
    refused = graph_error("page_image", after_effect=True)
    studio.sandbox.faults.add(Fault(path_end="/photos", kind=refused, times=None))
    done = await image(public, crossPostToFacebook=True)
    (copy,) = studio.sandbox.ledger.page_posts
    assert (done["facebookPostId"], done["errorMessage"]) == (copy.post_id, None)


@pytest.mark.parametrize(
    ("kind", "says"),
    sparing(
        [
            (Reset(after_effect=True), None),
            (graph_error("page_image", after_effect=True), None),
            (graph_error("rate_limited", after_effect=True), None),
            (Status(413, text="<html>no</html>", after_effect=True), None),
            (Reset(), "whether the Facebook Page has it is unknown"),
            (graph_error("rate_limited"), "whether the Facebook Page has it is unknown"),
            (graph_error("page_image"), "not on the Facebook Page: "),
        ],
        every=3,
    ),
)
async def test_trouble_with_the_page_never_touches_the_post(
    public: Served, kind: Any, says: str | None
) -> None:
    await connect(public, "facebook")
    public.studio.sandbox.faults.add(Fault(path_end="/photos", kind=kind, times=None))
    done = await image(public, crossPostToFacebook=True)
    assert (done["status"], done["errorCode"]) == ("PUBLISHED", None)
    copies = public.studio.sandbox.ledger.page_posts
    if says is None:
        # The Page is asked whatever was answered: refusals come with copies that are there.
        assert (done["facebookPostId"], done["errorMessage"]) == (copies[0].post_id, None)
    else:
        assert (done["facebookPostId"], copies) == (None, [])
        assert says in done["errorMessage"]
    assert len(published(public)) == 1
    assert len(public.studio.sandbox.ledger.find(containing="/photos")) == 1


@pytest.mark.parametrize("media_type", ["IMAGE", "REELS"])
async def test_the_copy_of_another_post_is_no_evidence(public: Served, media_type: str) -> None:
    """Two posts of the same words within Facebook's rounding; the second's copy never came."""
    graph = await connect(public, "facebook")
    assert graph is not None
    file = await (photo_id(public) if media_type == "IMAGE" else video_id(public))
    body = {
        "accountId": public.studio.account.id,
        "mediaType": media_type,
        "mediaFileId": file,
        "caption": "Look",
        "crossPostToFacebook": True,
    }
    first = await until(public, await publish(public, body), "PUBLISHED")
    edge = "/photos" if media_type == "IMAGE" else "/videos"
    public.studio.sandbox.faults.add(Fault(path_end=edge, kind=Reset()))
    second = await until(public, await publish(public, body), "PUBLISHED")
    assert first["facebookPostId"] is not None
    assert second["facebookPostId"] is None
    assert "whether the Facebook Page has it is unknown" in second["errorMessage"]


@pytest.mark.parametrize("odd", [{}, {"id": "1_2"}, {"id": "0", "created_time": "2026-06-01"}, 5])
async def test_a_page_that_cannot_be_read_proves_no_absence(public: Served, odd: Any) -> None:
    await connect(public, "facebook")
    faults = public.studio.sandbox.faults
    faults.add(Fault(path_end="/photos", kind=graph_error("page_image")))
    faults.add(Fault(path_end="/published_posts", kind=Status(200, json={"data": [odd]})))
    done = await image(public, crossPostToFacebook=True)
    assert (done["status"], done["facebookPostId"]) == ("PUBLISHED", None)
    assert "whether the Facebook Page has it is unknown" in done["errorMessage"]
