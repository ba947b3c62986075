"""How long an effect may still take counts from the lost answer, and no other evidence counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from instagram.private import door
from publish import attempt
from sandbox import Sandbox
from sandbox.graph.failures import graph_error
from sandbox.wire.faults import (
    Body,
    ClosedMidBody,
    DelayedEffect,
    Fault,
    Faults,
    Hang,
    Kind,
    Reset,
    login_required,
)
from sandbox.wire.message import Ending, Exchange, Response
from sandbox.world.sample_media import make_video
from tests.support.attempts import follow
from tests.support.clock import TestClock
from tests.support.graph import connect, published
from tests.support.posting import photo_id, publish
from tests.support.served import Served
from tests.support.studio import Studio, open_studio
from tests.support.thinned import sparing

CONFIGURE = "configure_to_story"


@dataclass(frozen=True)
class SlowAndSilent:
    """Never answers; what was asked is done `seconds` later all the same."""

    seconds: float

    async def answer(self, exchange: Exchange) -> Response:
        exchange.later(self.seconds)
        return Response(ending=Ending.HANG)


@dataclass
class LostAndDenied:
    """Has no effect and no answer, and the container is denied from then on."""

    faults: Faults

    async def answer(self, exchange: Exchange) -> Response:
        denied = graph_error("does_not_exist")
        self.faults.add(Fault(method="GET", path="/17889", kind=denied, times=None))
        return await Reset().answer(exchange)


def live(studio: Studio) -> int:
    return len(studio.sandbox.world.published(studio.person))


async def accepted(studio: Studio, file: Path | None = None) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"), file=file)
    await studio.scan()
    await studio.advance()


@pytest.mark.parametrize("is_video", sparing([False, True], every=2))
async def test_a_request_that_took_long_leaves_its_effect_the_whole_time_to_show(
    sandbox: Sandbox,
    clock: TestClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_video: bool,
) -> None:
    monkeypatch.setattr(attempt, "LOOK_AGAIN_S", 0.2)
    monkeypatch.setattr(door, "CALL_LIMIT_S", 3.0)
    async with open_studio(sandbox, clock, tmp_path, settle_s=2.0) as studio:
        video: Path | None = None
        fault = Fault(path=CONFIGURE, kind=SlowAndSilent(4.2))
        if is_video:
            # The waits for the transcoding alone are longer than the time to settle.
            video = tmp_path / "clip.mp4"
            make_video(video, 180, 320, seconds=3, fps=10, seed=1)
            studio.person.transcode_polls = 6
            studio.deliverer._tools.routes.stories._transcode_wait_s = 0.4
            fault = Fault(path=CONFIGURE, skip=6, kind=DelayedEffect(1.5))
        await accepted(studio, video)
        struck = sandbox.faults.add(fault)
        await studio.publish_due()
        await trio.sleep(2.0)
        studio.clock.advance(timedelta(minutes=20))
        await studio.publish_due()
        assert (struck.hits, live(studio)) == (1, 1)


@pytest.mark.parametrize(
    "kind",
    sparing(
        [
            Reset(after_effect=True),
            Hang(after_effect=True),
            ClosedMidBody(),
            Body(b"[1]", "application/json"),
        ],
        every=2,
    ),
)
async def test_a_lost_answer_is_not_read_as_the_refusal_before_it(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    monkeypatch.setattr(door, "CALL_LIMIT_S", 3.0)
    await accepted(studio)
    studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=login_required()))
    struck = studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=kind))
    await studio.publish_due()
    studio.clock.advance(timedelta(minutes=30))
    await studio.publish_due()
    assert (struck.hits, live(studio)) == (1, 1)


async def test_a_story_put_up_by_hand_is_never_taken_for_ours(public: Served) -> None:
    await connect(public)
    studio = public.studio
    by_hand = studio.sandbox.world.add_story(
        studio.person, studio.photo(), taken_at=studio.clock.seconds() - 120
    )
    faults = studio.sandbox.faults
    faults.add(Fault(path_end="/media_publish", kind=LostAndDenied(faults)))
    story = {"mediaType": "STORIES", "mediaFileId": await photo_id(public, 360, 640)}
    post_id = await publish(public, {"accountId": studio.account.id, **story})
    course = await follow(public, studio.account, post_id)
    assert course.status != "PUBLISHED" or len(published(public)) == 1
    assert course.error_code in (None, "DELIVERY_UNKNOWN")
    assert by_hand.pk
