"""A post whose outcome nobody knows is nothing else before Instagram has been asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import trio

from ground.clock import Clock
from publish.doubts import MOST_ASKED
from publish.parking import Came, park
from sandbox.wire.faults import Fault, FaultHandle, Faults, Kind, Reset, Status
from sandbox.wire.message import Ending, Exchange, Response
from storage import jobs
from storage.accounts import Account
from storage.store import Database
from storage.times import to_text
from tests.support.attempts import follow, live
from tests.support.graph import another
from tests.support.posting import API, photo_id, post, publish, second_account, until, until_held
from tests.support.served import Answer, Served
from tests.support.thinned import sparing

HOUR = timedelta(hours=1)
ROUTES = ("private", "graph")
# As Windows writes it, and as Instagram shows it.
TYPED, SHOWN = " Look\r\nhere  \n", "Look\nhere"
PUBLISHES: dict[str, dict[str, Any]] = {
    "private": {"method": "POST", "path": "/media/configure"},
    "graph": {"path_end": "/media_publish"},
}
# What is asked when it is to be known what became of a post.
ASKS: dict[str, dict[str, Any]] = {
    "private": {"method": "GET", "path": "/feed/user/"},
    "graph": {"method": "GET", "path": "/17889"},
}


class Late:
    """Loses the answer, and does what was asked only when it is told to."""

    def __init__(self) -> None:
        self._asked: Exchange | None = None

    async def answer(self, exchange: Exchange) -> Response:
        self._asked = exchange
        return Response(ending=Ending.RESET)

    async def comes(self) -> None:
        assert self._asked is not None
        await self._asked.perform()


async def account_on(served: Served, route: str, username: str) -> Account:
    connect = second_account if route == "private" else another
    return (await connect(served, username))[0]


async def send(served: Served, account: Account, **more: Any) -> str:
    body = {"mediaType": "IMAGE", "caption": TYPED, "mediaFileId": await photo_id(served)}
    return await publish(served, {**body, "accountId": account.id, **more})


class ThenSilent:
    """Loses the answer, and nothing can be asked from then on."""

    def __init__(self, faults: Faults, route: str, username: str, kind: Kind) -> None:
        self._faults, self._kind = faults, kind
        self._silence = Fault(**ASKS[route], account=username, kind=Status(500), times=None)
        self.silent: FaultHandle | None = None

    async def answer(self, exchange: Exchange) -> Response:
        self.silent = self._faults.add(self._silence)
        return await self._kind.answer(exchange)

    def ends(self) -> None:
        assert self.silent is not None
        self.silent.remove()


async def lost(
    served: Served, route: str, username: str, kind: Kind
) -> tuple[Account, str, ThenSilent]:
    """Send a post into an answer that is lost, when asking fails until the days to ask are over."""
    account = await account_on(served, route, username)
    faults = served.studio.sandbox.faults
    trouble = ThenSilent(faults, route, username, kind)
    faults.add(Fault(**PUBLISHES[route], account=username, kind=trouble))
    post_id = await send(served, account)
    await follow(served, account, post_id, most=1)
    served.studio.clock.advance(timedelta(days=31))
    course = await follow(served, account, post_id)
    assert (route, course.error_code) == (route, "DELIVERY_UNKNOWN")
    return account, post_id, trouble


async def release(served: Served, post_id: str) -> Answer:
    return await served.call("POST", f"{API}/posts/{post_id}/release")


@pytest.mark.parametrize("route", ROUTES)
async def test_a_release_asks_first(public: Served, route: str) -> None:
    account, post_id, silent = await lost(public, route, "live", Reset(after_effect=True))
    refused = await release(public, post_id)
    assert (refused.status, refused.body["code"]) == (400, "INVALID_STATUS")
    assert "may be live" in refused.body["error"]
    assert (await post(public, post_id))["errorCode"] == "DELIVERY_UNKNOWN"
    silent.ends()
    refused = await release(public, post_id)
    assert (refused.status, refused.body["error"]) == (
        400, "It is live; that is being recorded now",
    )  # fmt: skip
    done = await until(public, post_id, "PUBLISHED")
    (shown,) = live(public, account)
    assert done["igMediaId"] in (shown.graph_id, str(shown.pk))

    account, post_id, silent = await lost(public, route, "not_live", Reset())
    assert (await release(public, post_id)).status == 400
    silent.ends()
    released = await release(public, post_id)
    assert (released.status, released.body["status"]) == (200, "DRAFT")
    assert live(public, account) == []
    at = {"scheduledFor": to_text(public.studio.clock.now() + HOUR)}
    moved = await public.call("POST", f"{API}/posts/{post_id}/reschedule", at)
    assert moved.status == 200, moved.body
    public.studio.clock.advance(HOUR + timedelta(seconds=1))
    await until(public, post_id, "PUBLISHED")
    assert len(live(public, account)) == 1


@pytest.mark.parametrize("route", sparing(ROUTES, every=2))
async def test_what_a_clock_that_was_ahead_has_dated_hides_no_doubt(
    public: Served, route: str
) -> None:
    """An attempt that came to nothing by that clock seems newer than the one that is in doubt."""
    account = await account_on(public, route, "dated")
    clock, faults = public.studio.clock, public.studio.sandbox.faults
    ahead = timedelta(days=2)
    clock.set_on(ahead)
    early = "/rupload_igphoto" if route == "private" else "/content_publishing_limit"
    held = faults.add(Fault(path=early, account="dated", kind=Status(503), times=None))
    post_id = await send(public, account)
    await until_held(public, post_id)
    assert (await release(public, post_id)).status == 200
    held.remove()
    clock.set_on(-ahead)
    silent = ThenSilent(faults, route, "dated", Reset(after_effect=True))
    faults.add(Fault(**PUBLISHES[route], account="dated", kind=silent))
    assert (await public.call("POST", f"{API}/posts/draft/{post_id}/publish")).status == 202
    await follow(public, account, post_id, most=1)
    clock.advance(timedelta(days=31))
    course = await follow(public, account, post_id)
    assert course.error_code == "DELIVERY_UNKNOWN"
    silent.ends()
    refused = await release(public, post_id)
    assert (refused.status, refused.body.get("error")) == (
        400, "It is live; that is being recorded now",
    )  # fmt: skip
    await until(public, post_id, "PUBLISHED")
    assert len(live(public, account)) == 1


async def test_however_many_release_it_at_once_one_asks(public: Served) -> None:
    _, post_id, silent = await lost(public, "private", "wanted", Reset())
    silent.ends()
    ledger = public.studio.sandbox.ledger
    mark, answers = ledger.mark(), list[int]()

    async def one() -> None:
        answers.append((await release(public, post_id)).status)

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(one)
    assert sorted(answers) == [200] + [400] * 7
    assert len([entry for entry in ledger.since(mark) if "/feed/user/" in entry.path]) == 2


async def test_whoever_releases_it_again_and_again_asks_instagram_so_often(
    public: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, post_id, silent = await lost(public, "private", "asked", Reset())
    ledger, clock = public.studio.sandbox.ledger, public.studio.clock
    monkeypatch.setattr(Clock, "paced", lambda _clock, pause: pause)
    for _ in range(MOST_ASKED):
        assert (await release(public, post_id)).status == 400
    mark = ledger.mark()
    refused = await release(public, post_id)
    assert (refused.status, refused.body["code"]) == (400, "INVALID_STATUS")
    assert "was asked 12 times within an hour" in refused.body["error"]
    assert [e for e in ledger.since(mark) if e.account == account.username] == []
    silent.ends()
    clock.advance(HOUR + timedelta(seconds=1))
    assert (await release(public, post_id)).status == 200


async def test_what_nobody_can_be_asked_about_is_not_released(public: Served) -> None:
    account, post_id, _ = await lost(public, "private", "leaving", Reset(after_effect=True))
    left = await public.call("DELETE", f"{API}/auth/accounts/{account.id}")
    assert left.body == {"success": True}
    refused = await release(public, post_id)
    assert (refused.status, refused.body["code"]) == (400, "INVALID_STATUS")
    assert "disconnected" in refused.body["error"]
    cleared = await public.call("DELETE", f"{API}/posts/{post_id}")
    assert cleared.status == 200, cleared.body


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "ends", sparing(["went out", "it seems before", "did not", "somebody's own"], every=2)
)
async def test_a_post_from_the_past_of_which_no_upload_is_known_is_asked_about(
    public: Served, route: str, ends: str
) -> None:
    """It was saved before anything of it was at Instagram, and may have gone out since."""
    account = await account_on(public, route, "restored")
    clock, store = public.studio.clock, public.studio.core.store
    early = "/rupload_igphoto" if route == "private" else "/content_publishing_limit"
    held = public.studio.sandbox.faults.add(
        Fault(path=early, account="restored", kind=Status(503), times=None)
    )
    post_id = await send(public, account)
    await until_held(public, post_id)
    saved_at = clock.now()
    clock.advance(timedelta(seconds=30))
    came_at = clock.now()
    if ends == "it seems before":  # saved by a clock that was ahead, and brought here later
        saved_at, came_at = saved_at + timedelta(days=2), came_at + 2 * HOUR

    def come_back(db: Database) -> None:
        db.conn.execute("DELETE FROM deliveries WHERE post_id = ?", (post_id,))
        db.conn.execute("UPDATE posts SET published_via_private_api = 0 WHERE id = ?", (post_id,))
        park(db, Came(saved_at, came_at), everything=True)

    await store.write(come_back)
    assert await store.read(jobs.open_for_post, post_id) is None
    held.remove()
    clock.advance(HOUR)
    if ends != "did not":  # as the daemon of which this is a copy has sent it
        caption = "Something else" if ends == "somebody's own" else TYPED
        other = await send(public, account, caption=caption, mediaFileId=await photo_id(public))
        await until(public, other, "PUBLISHED")
        assert (await public.call("DELETE", f"{API}/posts/{other}")).status == 200
    clock.advance(HOUR)
    verb = "release" if ends == "went out" else "retry"  # which takes up what it finds live
    again = await public.call("POST", f"{API}/posts/{post_id}/{verb}")
    assert again.status == (202 if verb == "retry" else 400), again.body
    course = await follow(public, account, post_id)
    went_live = [shown for shown in live(public, account) if shown.caption == SHOWN]
    if ends == "somebody's own":
        assert (course.error_code, went_live) == ("DELIVERY_UNKNOWN", [])
    elif ends == "it seems before":
        assert (course.error_code, len(went_live)) == ("DELIVERY_UNKNOWN", 1)
    else:
        assert (course.status, len(went_live)) == ("PUBLISHED", 1)
        # Its id is of the route that has found it, which deletes it too.
        done = await post(public, post_id)
        assert done["publishedViaPrivateApi"] == (route == "private")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("edits", sparing([False, True], every=2))
async def test_what_came_of_it_very_late_is_not_sent_again(
    public: Served, route: str, edits: bool
) -> None:
    """Two looks have not shown it, and it appears later: after a release, a retry, an edit."""
    account = await account_on(public, route, "late")
    effect = Late()
    public.studio.sandbox.faults.add(Fault(**PUBLISHES[route], account="late", kind=effect))
    post_id = await send(public, account)
    course = await follow(public, account, post_id, most=1)
    assert course.status == "QUEUED"
    released = await release(public, post_id)
    assert released.status == 200, released.body
    if edits:
        path = f"{API}/posts/draft/{post_id}"
        assert (await public.call("PUT", path, {"caption": "New"})).status == 200
    await effect.comes()
    assert len(live(public, account)) == 1
    at = {"scheduledFor": to_text(public.studio.clock.now() + HOUR)}
    moved = await public.call("POST", f"{API}/posts/{post_id}/reschedule", at)
    assert moved.status == 200, moved.body
    public.studio.clock.advance(HOUR + timedelta(seconds=1))
    done = await until(public, post_id, "PUBLISHED", "FAILED")
    assert len(live(public, account)) == 1
    if edits:
        assert (done["status"], done["errorCode"]) == ("FAILED", "DELIVERY_UNKNOWN")
        assert "before it was edited" in done["errorMessage"]
    else:
        assert done["status"] == "PUBLISHED"
