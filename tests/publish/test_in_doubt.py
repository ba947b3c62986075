"""Posts of the official API that may be live: they are asked about until somebody can tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from sandbox.graph.failures import graph_error
from sandbox.wire.faults import Fault, FaultHandle, Faults, Status
from sandbox.wire.message import Ending, Exchange, Response
from storage.posts import PostStatus
from tests.support.attempts import follow
from tests.support.graph import connect, published
from tests.support.posting import API, photo_id, publish, until, video_id
from tests.support.served import Served


@dataclass
class LostThen:
    """The answer is lost although the post is live, and asking for it fails with `error`."""

    faults: Faults
    error: str
    asked: FaultHandle | None = None

    async def answer(self, exchange: Exchange) -> Response:
        await exchange.perform()
        refusal = graph_error(self.error)
        self.asked = self.faults.add(Fault(method="GET", path="/17889", times=None, kind=refusal))
        return Response(ending=Ending.RESET)

    def hits(self) -> int:
        assert self.asked is not None
        return self.asked.hits

    def passes(self) -> None:
        assert self.asked is not None
        self.asked.remove()


async def lose(served: Served, error: str) -> tuple[str, LostThen]:
    """Publish a photo whose answer is lost, and asking meets the error; returns the post's id."""
    faults = served.studio.sandbox.faults
    trouble = LostThen(faults, error)
    faults.add(Fault(path_end="/media_publish", kind=trouble))
    body = {"accountId": served.studio.account.id, "mediaType": "IMAGE", "caption": "Hello"}
    return await publish(served, {**body, "mediaFileId": await photo_id(served)}), trouble


async def test_a_permission_that_is_gone_when_it_is_asked_about_proves_nothing(
    public: Served,
) -> None:
    await connect(public)
    post_id, trouble = await lose(public, "permission_missing")
    course = await follow(public, public.studio.account, post_id, most=7)
    assert (course.status, course.posts_live) == (PostStatus.PUBLISHING, 1)
    assert "permission" in course.message
    trouble.passes()
    course = await follow(public, public.studio.account, post_id)
    assert (course.status, course.posts_live) == (PostStatus.PUBLISHED, 1)
    assert public.studio.sandbox.ledger.count(containing="/media_publish") == 1


@pytest.mark.parametrize("reconnects", [True, False])
async def test_a_token_that_expires_before_it_is_asked_about(
    public: Served, reconnects: bool
) -> None:
    graph = await connect(public)
    post_id, trouble = await lose(public, "token_revoked")
    course = await follow(public, public.studio.account, post_id, most=3)
    assert (course.status, course.posts_live) == (PostStatus.PUBLISHING, 1)
    assert "reconnect" in course.message
    assert trouble.hits() == 1, "Meta is not asked again with a token that it refused"
    trouble.passes()
    if not reconnects:
        public.studio.clock.advance(timedelta(hours=23))
        course = await follow(public, public.studio.account, post_id)
        assert (course.status, course.error_code) == ("FAILED", "DELIVERY_UNKNOWN")
        assert graph.publishing_used() == 1
        return
    await connect(public)
    course = await follow(public, public.studio.account, post_id)
    assert (course.status, course.posts_live) == (PostStatus.PUBLISHED, 1)
    assert public.studio.sandbox.ledger.count(containing="/media_publish") == 1


async def test_a_post_in_doubt_is_neither_released_nor_sent_again(public: Served) -> None:
    await connect(public)
    post_id, trouble = await lose(public, "unknown")
    await follow(public, public.studio.account, post_id, most=1)
    for verb in ("release", "retry"):
        answer = await public.call("POST", f"{API}/posts/{post_id}/{verb}")
        assert answer.status == 400, (verb, answer.body)
        assert (verb, answer.body["code"]) == (verb, "INVALID_STATUS")
    trouble.passes()
    await follow(public, public.studio.account, post_id)
    await until(public, post_id, "PUBLISHED")
    assert len(published(public)) == 1


async def test_a_rate_limit_of_the_uploads_is_waited_for(public: Served) -> None:
    await connect(public, "facebook")
    upload = Fault(host="rupload.facebook.com", kind=graph_error("rate_limited"), times=None)
    limit = public.studio.sandbox.faults.add(upload)
    body = {"accountId": public.studio.account.id, "mediaType": "REELS"}
    post_id = await publish(public, {**body, "mediaFileId": await video_id(public)})
    course = await follow(public, public.studio.account, post_id, most=2)
    assert str(course) == "QUEUED after 1 h"
    assert limit.hits == 1
    limit.remove()
    course = await follow(public, public.studio.account, post_id)
    assert (course.status, course.posts_live) == ("PUBLISHED", 1)


@pytest.mark.parametrize("code", ["EXPIRED", "ERROR", "FINISHED"])
async def test_one_untrue_answer_about_a_container_is_not_believed(
    public: Served, code: str
) -> None:
    await connect(public)
    faults = public.studio.sandbox.faults

    class LostAndLiedAbout:
        async def answer(self, exchange: Exchange) -> Response:
            await exchange.perform()
            said = Status(200, json={"id": "1", "status_code": code, "status": code})
            faults.add(Fault(method="GET", path="/17889", kind=said))
            return Response(ending=Ending.RESET)

    faults.add(Fault(path_end="/media_publish", kind=LostAndLiedAbout()))
    body = {"accountId": public.studio.account.id, "mediaType": "IMAGE", "caption": "Hello"}
    post_id = await publish(public, {**body, "mediaFileId": await photo_id(public)})
    course = await follow(public, public.studio.account, post_id)
    assert (course.status, course.posts_live) == ("PUBLISHED", 1)
    assert public.studio.sandbox.ledger.count(containing="/media_publish") == 1
