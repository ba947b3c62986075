"""Trouble that passes by itself costs no post, however many hours it takes, and few requests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from publish import media_links
from publish.media_links import MediaLinks
from publish.retry import MOST_SETBACKS, SWITCH_AFTER
from sandbox.graph.failures import graph_error
from sandbox.wire.faults import Body, Fault, Kind, Reset, Status
from storage import jobs
from storage.deliveries import RouteName
from storage.posts import Post, PostStatus
from storage.store import Database
from tests.support.attempts import follow
from tests.support.graph import another, connect
from tests.support.posting import photo_id, publish
from tests.support.served import Served
from tests.support.studio import Studio
from tests.support.thinned import sparing

HOUR = timedelta(hours=1)
UPLOAD = "/rupload_igphoto"
CONTAINER: dict[str, Any] = {"method": "POST", "path_end": "/media"}


async def a_post_is_due(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()


async def deliver_until(studio: Studio, end: datetime) -> list[timedelta]:
    """Deliver at each time at which something is due, to `end`; returns the waits between."""
    store, clock = studio.core.store, studio.clock
    waits: list[timedelta] = []
    while True:
        await studio.publish_due()
        next_at = await store.read(jobs.next_claim_at, clock.now())
        if next_at is None or next_at > end:
            clock.advance(max(timedelta(), end - clock.now()))
            return waits
        waits.append(next_at - clock.now())
        clock.advance(max(timedelta(), waits[-1]) + timedelta(milliseconds=2))


async def only_post(studio: Studio) -> Post:
    return await studio.post_of(await studio.only())


@pytest.mark.parametrize(
    "kind",
    sparing(
        [
            Status(503),
            Status(500),
            Reset(after_effect=False),
            Body(b"<html>502</html>", "text/html"),
        ],
        every=2,
    ),
    ids=str,
)
async def test_an_outage_of_hours_costs_no_post_and_few_requests(
    studio: Studio, kind: Kind
) -> None:
    await a_post_is_due(studio)
    fault = studio.sandbox.faults.add(Fault(path=UPLOAD, kind=kind, times=None))
    waits = await deliver_until(studio, studio.clock.now() + 8 * HOUR)
    post = await only_post(studio)
    assert (post.status, bool(post.error_message)) == (PostStatus.QUEUED, True)
    assert waits[2:7] == sorted(waits[2:7]), "longer each time"
    assert max(waits) <= HOUR + timedelta(seconds=20)
    assert fault.hits <= 2 * len(waits) + 2 <= 34
    fault.remove()
    await deliver_until(studio, studio.clock.now() + 2 * HOUR)
    assert (await only_post(studio)).status is PostStatus.PUBLISHED
    assert len(studio.sandbox.world.published(studio.person)) == 1


async def test_an_outage_that_does_not_end_fails_with_its_reason_after_half_a_day(
    studio: Studio,
) -> None:
    await a_post_is_due(studio)
    began = studio.clock.now()
    studio.sandbox.faults.add(Fault(path=UPLOAD, kind=Status(503), times=None))
    waits = await deliver_until(studio, began + 48 * HOUR)
    post = await only_post(studio)
    assert (post.status, post.error_code) == (PostStatus.FAILED, "SERVICE_UNAVAILABLE")
    assert len(waits) == jobs.MAX_ATTEMPTS - 1
    assert 11 * HOUR < sum(waits, timedelta()) < 15 * HOUR
    assert f"Given up after {jobs.MAX_ATTEMPTS} attempts" in (post.error_message or "")


async def test_hours_of_doubt_do_not_make_the_next_trouble_final(studio: Studio) -> None:
    """What was asked in vain is no attempt to send: one 503 afterwards is the first."""
    await a_post_is_due(studio)
    faults = studio.sandbox.faults
    faults.add(Fault(path="configure_to_story", kind=Reset(after_effect=False)))
    unasked = faults.add(Fault(path="/story", kind=Status(503), times=None, method="GET", skip=1))
    waits = await deliver_until(studio, studio.clock.now() + 2 * HOUR)
    assert len(waits) > MOST_SETBACKS
    assert (await only_post(studio)).status is PostStatus.PUBLISHING
    assert max(waits) <= timedelta(minutes=15)
    unasked.remove()
    faults.add(Fault(path="configure_to_story", kind=Status(503)))
    await deliver_until(studio, studio.clock.now() + 2 * HOUR)
    assert (await only_post(studio)).status is PostStatus.PUBLISHED
    assert len(studio.sandbox.world.published(studio.person)) == 1


async def test_troubles_of_several_kinds_are_not_added_up(public: Served) -> None:
    """Five that pass by themselves, and then one that a new container mends: it goes out."""
    faults = public.studio.sandbox.faults
    for first in (Status(503), graph_error("not_fetchable"), graph_error("unknown")):
        account, _ = await another(public, f"mixed_{len(public.studio.sandbox.ledger.requests)}")
        faults.add(Fault(**CONTAINER, account=account.username, kind=first, times=6))
        lost = graph_error("container_failed")
        faults.add(Fault(path_end="/media_publish", account=account.username, kind=lost))
        body = {"accountId": account.id, "mediaType": "IMAGE", "caption": "Hello"}
        body["mediaFileId"] = await photo_id(public)
        course = await follow(public, account, await publish(public, body))
        assert (course.status, course.posts_live) == ("PUBLISHED", 1), first


async def test_a_tunnel_that_was_up_and_is_down_for_hours_costs_no_post(
    public: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(public)
    studio = public.studio
    account = studio.account
    check, is_down = MediaLinks._check, False

    async def checked(self: MediaLinks, url: str) -> None:
        await check(self, "http://127.0.0.1:9" if is_down else url)

    async def sent() -> str:
        body = {"accountId": account.id, "mediaType": "IMAGE", "caption": "Hello"}
        return await publish(public, {**body, "mediaFileId": await photo_id(public)})

    monkeypatch.setattr(MediaLinks, "_check", checked)
    monkeypatch.setattr(media_links, "_CHECK_EVERY_S", -1.0)
    assert (await follow(public, account, await sent())).status == "PUBLISHED"
    is_down = True
    post_id = await sent()
    course = await follow(public, account, post_id, most=9)
    assert (course.status, course.posts_live) == ("QUEUED", 1)
    assert "REPRISE_PUBLIC_URL" in course.message
    is_down = False
    course = await follow(public, account, post_id)
    assert (course.status, course.posts_live) == ("PUBLISHED", 2)


async def test_a_repost_takes_its_other_route_before_its_story_is_over(public: Served) -> None:
    studio = public.studio
    await connect(public)
    await studio.log_in()
    studio.sandbox.faults.add(Fault(path_end="/media", method="POST", kind=Status(503), times=None))
    await a_post_is_due(studio)
    began = studio.clock.now()
    post_id = (await only_post(studio)).id
    course = await follow(public, studio.account, post_id)
    assert (course.status, course.posts_live) == ("PUBLISHED", 1)
    assert course.attempts <= SWITCH_AFTER + 1
    assert studio.clock.now() - began < HOUR

    def routes(db: Database) -> list[str]:
        rows = db.conn.execute("SELECT route FROM deliveries WHERE post_id = ?", (post_id,))
        return sorted(row[0] for row in rows)

    assert await studio.core.store.read(routes) == sorted([RouteName.GRAPH, RouteName.PRIVATE])
