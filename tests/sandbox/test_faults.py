from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trio
from aiograpi import exceptions

from sandbox import Sandbox
from sandbox.wire.faults import (
    Body,
    ClosedMidBody,
    Delay,
    DelayedEffect,
    Fault,
    Hang,
    Kind,
    Oversized,
    Redirect,
    Reset,
    Slow,
    Status,
    Truncated,
    challenge_required,
    checkpoint_required,
    consent_required,
    feedback_required,
    login_required,
    please_wait,
    throttled,
)
from sandbox.world.person import Person
from tests.sandbox.clients import (
    AIOGRAPI,
    API,
    App,
    configure,
    logged_in,
    plain_client,
    upload_photo,
)
from tests.support.limits import DEADLOCK_S
from tests.support.thinned import sparing

pytestmark = AIOGRAPI

SYNC = f"{API}/api/v1/qe/sync/"
CONFIGURE = "media/configure_to_story"


@pytest.fixture
async def client(sandbox: Sandbox, studio: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as opened:
        yield opened


@pytest.fixture
async def uploaded(client: httpx.AsyncClient, photo: Path) -> httpx.AsyncClient:
    """The client after an upload: its connection is warm."""
    assert (await upload_photo(client, photo)).status_code == 200
    return client


@pytest.mark.parametrize(
    ("kind", "error"),
    sparing(
        [
            (login_required(), exceptions.LoginRequired),
            (checkpoint_required(), exceptions.CheckpointRequired),
            (consent_required(), exceptions.ConsentRequired),
            (feedback_required(), exceptions.FeedbackRequired),
            (please_wait(), exceptions.PleaseWaitFewMinutes),
            (throttled(30), exceptions.ClientThrottledError),
            (Status(500, {"message": "no"}), exceptions.ClientUnknownError),
            (Status(502, text="<html>Bad gateway</html>"), exceptions.ClientUnknownError),
            (Status(200, text="<html>Sorry</html>"), exceptions.ClientJSONDecodeError),
            (Status(200, []), AttributeError),
            (Status(404, text="Not Found"), exceptions.ChallengeRequired),
        ],
        every=3,
    ),
)
async def test_a_status_instead_of_the_answer(
    sandbox: Sandbox, app: App, studio: Person, kind: Kind, error: type[Exception]
) -> None:
    await app.login(studio)
    fault = sandbox.faults.add(Fault(path="direct_v2/inbox", kind=kind))

    with pytest.raises(error):
        await app("direct_threads")
    assert fault.hits == 1
    assert sandbox.ledger.requests[-1].fault == "status"
    assert await app("direct_threads") == []


async def test_a_challenge_as_a_fault_can_be_met(
    sandbox: Sandbox, app: App, studio: Person
) -> None:
    await app.login(studio)
    sandbox.faults.add(Fault(path="direct_v2/inbox", kind=challenge_required(studio)))
    with pytest.raises(exceptions.ChallengeRequired):
        await app("direct_threads")
    path = app.client.last_json["challenge"]["api_path"].lstrip("/")
    shown = await app("_send_private_request", path)
    assert shown["step_name"] == "select_verify_method"


async def test_what_a_fault_meets(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    async def statuses(number: int, url: str = SYNC) -> list[int]:
        return [(await client.get(url)).status_code for _ in range(number)]

    broken = Status(500, {})
    fault = sandbox.faults.add(Fault(path="qe/sync", kind=broken, times=2, skip=1))
    assert await statuses(5) == [200, 500, 500, 200, 200]
    assert fault.hits == 2

    for missed in (
        Fault(path="launcher", kind=broken),
        Fault(host="b.i.instagram.com", kind=broken),
        Fault(method="POST", kind=broken),
        Fault(account="anna", kind=broken),
    ):
        handle = sandbox.faults.add(missed)
        assert await statuses(1) == [200]
        assert handle.hits == 0
    sandbox.faults.clear()

    for met in (
        Fault(host="i.instagram.com", kind=broken),
        Fault(method="GET", kind=broken),
        Fault(account="studio", kind=broken),
    ):
        sandbox.faults.add(met)
        assert await statuses(2) == [500, 200]

    always = sandbox.faults.add(Fault(kind=broken, times=None))
    assert await statuses(3) == [500, 500, 500]
    always.remove()
    always.remove()
    assert await statuses(1) == [200]


@pytest.mark.parametrize("after_effect", [False, True])
async def test_reset_on_a_warm_connection(
    sandbox: Sandbox, uploaded: httpx.AsyncClient, after_effect: bool
) -> None:
    sandbox.faults.add(Fault(path=CONFIGURE, kind=Reset(after_effect)))
    with pytest.raises(httpx.ReadError):
        await configure(uploaded)

    upload, configured = sandbox.ledger.requests
    assert upload.connection == configured.connection
    assert (configured.status, configured.fault) == (None, "reset")
    assert len(sandbox.ledger.published) == after_effect


@pytest.mark.parametrize("after_effect", [False, True])
async def test_curl_sends_again_what_a_warm_connection_lost(
    sandbox: Sandbox, app: App, studio: Person, photo: Path, after_effect: bool
) -> None:
    """The trap that makes two stories of one, which the daemon has to avoid."""
    await app.login(studio)
    upload_id, width, height = await app("photo_rupload", photo, for_story=True)
    sandbox.faults.add(Fault(path=CONFIGURE, kind=Reset(after_effect)))
    mark = sandbox.ledger.mark()

    await app("photo_configure_to_story", upload_id, width, height, "")

    first, second = sandbox.ledger.find("media/configure_to_story/", since=mark)
    assert (first.status, second.status) == (None, 200)
    assert first.connection != second.connection
    assert len(sandbox.ledger.published) == 1 + after_effect


async def test_curl_sees_a_connection_closed_mid_body(
    sandbox: Sandbox, app: App, studio: Person
) -> None:
    await app.login(studio)
    sandbox.faults.add(Fault(path="current_user", kind=ClosedMidBody()))
    with pytest.raises(exceptions.ConnectProxyError):
        await app("account_info")
    assert sandbox.ledger.count("accounts/current_user/") == 1


async def test_closed_mid_body(sandbox: Sandbox, uploaded: httpx.AsyncClient) -> None:
    sandbox.faults.add(Fault(path=CONFIGURE, kind=ClosedMidBody()))
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        await configure(uploaded)
    assert len(sandbox.ledger.published) == 1
    assert sandbox.ledger.requests[-1].status == 200


@pytest.mark.parametrize("after_effect", [False, True])
async def test_hang(sandbox: Sandbox, uploaded: httpx.AsyncClient, after_effect: bool) -> None:
    sandbox.faults.add(Fault(path=CONFIGURE, kind=Hang(after_effect=after_effect)))
    with trio.move_on_after(DEADLOCK_S) as waiting:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(configure, uploaded)
            entry = await sandbox.ledger.wait_for(CONFIGURE)
            await sandbox.ledger.wait_until(lambda: len(sandbox.ledger.published) == after_effect)
            nursery.cancel_scope.cancel()
    assert not waiting.cancelled_caught
    assert (entry.status, entry.fault) == (None, "hang")
    assert len(sandbox.ledger.published) == after_effect
    assert (await uploaded.get(SYNC)).status_code == 200


async def test_one_hanging_answer_does_not_hold_up_the_others(
    sandbox: Sandbox, app: App, studio: Person
) -> None:
    await app.login(studio)
    sandbox.faults.add(Fault(path="news/inbox", kind=Hang()))
    with trio.fail_after(DEADLOCK_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(app, "news_inbox_v1")
            await sandbox.ledger.wait_for("news/inbox")
            assert await app("direct_threads") == []
            nursery.cancel_scope.cancel()


async def test_delayed_effect(sandbox: Sandbox, uploaded: httpx.AsyncClient) -> None:
    sandbox.faults.add(Fault(path=CONFIGURE, kind=DelayedEffect(2)))
    with pytest.raises(httpx.ReadError):
        await configure(uploaded)
    assert sandbox.ledger.published == []
    await sandbox.ledger.wait_until(lambda: len(sandbox.ledger.published) == 1)
    assert sandbox.ledger.requests[-1].status is None


async def test_a_delayed_upload_still_has_its_bytes(
    sandbox: Sandbox, client: httpx.AsyncClient, photo: Path
) -> None:
    sandbox.faults.add(Fault(path="rupload", kind=DelayedEffect(0.02)))
    with pytest.raises(httpx.ReadError):
        await upload_photo(client, photo)
    await sandbox.ledger.wait_until(lambda: bool(sandbox.world.library.uploads))
    [upload] = sandbox.world.library.uploads.values()
    assert upload.file.read_bytes() == photo.read_bytes()


async def test_delay(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    sandbox.faults.add(Fault(path="qe/sync", kind=Delay(0.2)))
    started = trio.current_time()
    assert (await client.get(SYNC)).status_code == 200
    assert trio.current_time() - started >= 0.2


async def test_work_goes_on_when_the_client_has_left(
    sandbox: Sandbox, uploaded: httpx.AsyncClient
) -> None:
    sandbox.faults.add(Fault(path=CONFIGURE, kind=Delay(0.1)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(configure, uploaded)
        await sandbox.ledger.wait_for(CONFIGURE)
        nursery.cancel_scope.cancel()
    await sandbox.ledger.wait_until(lambda: len(sandbox.ledger.published) == 1)


async def test_redirect(sandbox: Sandbox, app: App, studio: Person) -> None:
    await app.login(studio)
    location = f"{API}/accounts/login/?next=/"
    sandbox.faults.add(Fault(path="current_user", kind=Redirect(location)))
    with pytest.raises(exceptions.ClientJSONDecodeError):
        await app("account_info")
    page = sandbox.ledger.requests[-1]
    assert (page.path, page.query, page.status) == ("/accounts/login/", {"next": "/"}, 200)
    assert not sandbox.ledger.unknown


async def test_an_unknown_request_is_one_with_a_fault_too(
    sandbox: Sandbox, client: httpx.AsyncClient
) -> None:
    sandbox.faults.add(Fault(path="graphql", kind=Status(500, {})))
    assert (await client.get("https://www.instagram.com/graphql/query")).status_code == 500
    assert len(sandbox.ledger.unknown) == 1


class TestFiles:
    """Faults on the way of a story's file."""

    @pytest.fixture
    def url(self, sandbox: Sandbox, anna: Person, photo: Path) -> str:
        story = sandbox.world.add_story(anna, photo)
        return f"https://scontent-sandbox.cdninstagram.com/v/{story.pk}.jpg"

    async def test_truncated(self, sandbox: Sandbox, client: httpx.AsyncClient, url: str) -> None:
        sandbox.faults.add(Fault(path="/v/", kind=Truncated(1000)))
        received = bytearray()
        with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012
            async with client.stream("GET", url) as response:
                assert int(response.headers["content-length"]) > 1000
                async for piece in response.aiter_bytes():
                    received += piece
        assert len(received) == 1000

    async def test_truncated_beyond_its_end(
        self, sandbox: Sandbox, client: httpx.AsyncClient, url: str, photo: Path
    ) -> None:
        size = photo.stat().st_size
        sandbox.faults.add(Fault(path="/v/", kind=Truncated(size + 50)))
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(url)

    @pytest.mark.parametrize("announced", [True, False])
    async def test_oversized(
        self, sandbox: Sandbox, client: httpx.AsyncClient, url: str, announced: bool
    ) -> None:
        size = 30_000_000
        sandbox.faults.add(Fault(path="/v/", kind=Oversized(size, announced=announced)))
        received = 0
        async with client.stream("GET", url) as response:
            assert ("content-length" in response.headers) == announced
            async for piece in response.aiter_raw():
                received += len(piece)
        assert received == size

    async def test_a_reader_may_leave_an_oversized_file(
        self, sandbox: Sandbox, client: httpx.AsyncClient, url: str
    ) -> None:
        sandbox.faults.add(Fault(path="/v/", kind=Oversized(10**12)))
        async with client.stream("GET", url) as response:
            assert int(response.headers["content-length"]) == 10**12
        assert (await client.get(url)).status_code == 200

    async def test_other_content(
        self, sandbox: Sandbox, client: httpx.AsyncClient, url: str
    ) -> None:
        sandbox.faults.add(Fault(path="/v/", kind=Body(b"<html>", "text/html")))
        response = await client.get(url)
        assert (response.content, response.headers["content-type"]) == (b"<html>", "text/html")

    async def test_slow(
        self, sandbox: Sandbox, client: httpx.AsyncClient, url: str, photo: Path
    ) -> None:
        rate = photo.stat().st_size * 5
        sandbox.faults.add(Fault(path="/v/", kind=Slow(rate)))
        started = trio.current_time()
        assert (await client.get(url)).content == photo.read_bytes()
        assert trio.current_time() - started >= 0.19


async def test_a_slow_answer_over_http2(sandbox: Sandbox, app: App, studio: Person) -> None:
    await app.login(studio)
    sandbox.faults.add(Fault(path="current_user", kind=Slow(4_000)))
    assert (await app("account_info")).username == "studio"


async def test_a_truncated_answer_over_http2(sandbox: Sandbox, app: App, studio: Person) -> None:
    await app.login(studio)
    sandbox.faults.add(Fault(path="current_user", kind=Truncated(20)))
    with pytest.raises(exceptions.ConnectProxyError):
        await app("account_info")


async def test_an_oversized_answer_over_http2(sandbox: Sandbox, app: App, studio: Person) -> None:
    await app.login(studio)
    sandbox.faults.add(Fault(path="current_user", kind=Oversized(20_000_000)))
    with pytest.raises(exceptions.ClientJSONDecodeError):
        await app("account_info")
    assert len(app.client.last_response.content) == 20_000_000
