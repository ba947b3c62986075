from __future__ import annotations

import ssl
from pathlib import Path

import h2.errors
import h2.settings
import httpx
import pytest
import trio

from sandbox import Sandbox, open_sandbox
from sandbox.wire.faults import Fault, Hang, Oversized, Status
from sandbox.world.person import Person
from tests.sandbox.clients import (
    AIOGRAPI,
    API,
    App,
    BareHttp2,
    logged_in,
    open_tunnel,
    plain_client,
    trusting,
)
from tests.support.limits import DEADLOCK_S

pytestmark = AIOGRAPI

SYNC = "/api/v1/qe/sync/"


def port_of(sandbox: Sandbox) -> int:
    return int(sandbox.proxy_url.rpartition(":")[2])


async def test_many_requests_on_one_http2_connection(sandbox: Sandbox) -> None:
    async with open_tunnel(sandbox) as stream:
        client = BareHttp2(stream)
        numbers = [client.request(SYNC) for _ in range(50)]
        await client.receive_until(lambda: len(client.ended) == 50)
    assert {client.status[number] for number in numbers} == {"200"}
    assert {(entry.connection, entry.http) for entry in sandbox.ledger.requests} == {(1, "2")}


async def test_http1_connections_stay_warm(sandbox: Sandbox) -> None:
    async with plain_client(sandbox) as client:
        for _ in range(3):
            assert (await client.get(API + SYNC)).http_version == "HTTP/1.1"
    assert {(entry.connection, entry.http) for entry in sandbox.ledger.requests} == {(1, "1.1")}


async def test_a_body_waits_for_the_peers_window(sandbox: Sandbox) -> None:
    size = 1_000_000
    sandbox.faults.add(Fault(path="qe/sync", kind=Oversized(size)))
    async with open_tunnel(sandbox) as stream:
        client = BareHttp2(stream)
        number = client.request(SYNC)
        window = 65_535
        await client.receive_until(
            lambda: len(client.bodies.get(number, b"")) == window, acknowledge=False
        )
        other = client.request("/api/v1/launcher/sync/", method="POST")
        await client.receive_until(lambda: other in client.status, acknowledge=False)
        assert len(client.bodies[number]) == window

        client.conn.increment_flow_control_window(2 * size)
        client.conn.increment_flow_control_window(2 * size, number)
        await client.receive_until(lambda: number in client.ended)
    assert len(client.bodies[number]) == size


async def test_a_window_may_grow_by_a_setting(sandbox: Sandbox) -> None:
    size = 200_000
    sandbox.faults.add(Fault(path="qe/sync", kind=Oversized(size)))
    async with open_tunnel(sandbox) as stream:
        client = BareHttp2(stream)
        client.conn.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
        number = client.request(SYNC)
        await client.receive_until(lambda: number in client.status, acknowledge=False)
        client.conn.increment_flow_control_window(size)
        client.conn.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: size})
        await client.receive_until(lambda: number in client.ended, acknowledge=False)
    assert len(client.bodies[number]) == size


async def test_a_stream_may_be_given_up(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    sandbox.faults.add(Fault(path="qe/sync", kind=Oversized(10**9)))
    async with open_tunnel(sandbox) as stream:
        client = BareHttp2(stream)
        large = client.request(SYNC)
        half_sent = client.request("/api/v1/launcher/sync/", method="POST", end=False)
        await client.receive_until(lambda: large in client.status, acknowledge=False)
        for number in (large, half_sent):
            client.conn.reset_stream(number, h2.errors.ErrorCodes.CANCEL)
        client.conn.increment_flow_control_window(1_000_000)
        other = client.request(SYNC)
        await client.receive_until(lambda: other in client.ended)
        client.conn.close_connection()
        await client.send()
    assert client.status[other] == "200"
    assert caplog.records == []


@pytest.mark.parametrize("alpn", ["h2", "http/1.1"])
async def test_a_peer_may_vanish_at_any_moment(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, alpn: str
) -> None:
    """After every prefix of a conversation, politely or not, the sandbox goes on."""
    sandbox.faults.add(Fault(path="qe/sync", kind=Oversized(5_000_000), times=None))
    connect = b"CONNECT i.instagram.com:443 HTTP/1.1\r\nHost: i.instagram.com:443\r\n\r\n"
    for length in (0, 1, 20, len(connect)):
        plain = await trio.open_tcp_stream("127.0.0.1", port_of(sandbox))
        await plain.send_all(connect[:length])
        await trio.aclose_forcefully(plain)
    if alpn == "h2":
        client = BareHttp2(_Nowhere())
        client.request(SYNC)
        conversation = client.conn.data_to_send()
    else:
        conversation = b"GET /api/v1/qe/sync/ HTTP/1.1\r\nHost: i.instagram.com\r\n\r\n"
    for length in range(0, len(conversation) + 1, 7):
        async with open_tunnel(sandbox, alpn=alpn) as stream:
            await stream.send_all(conversation[:length])
    async with open_tunnel(sandbox, alpn=alpn) as stream:
        await stream.send_all(conversation)
        await stream.receive_some(1000)  # and leaves with most of the answer on its way

    async with plain_client(sandbox) as http:
        assert (await http.get(f"{API}/api/v1/users/1/info/")).status_code == 403
    assert caplog.records == []


class _Nowhere(trio.abc.Stream):
    async def send_all(self, data: object) -> None: ...

    async def wait_send_all_might_not_block(self) -> None: ...

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return b""

    async def aclose(self) -> None: ...


@pytest.mark.parametrize("alpn", ["h2", "http/1.1"])
async def test_noise_ends_a_connection_quietly(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, alpn: str
) -> None:
    async with open_tunnel(sandbox, alpn=alpn) as stream:
        await stream.send_all(b"\x00\xff noise \r\n\r\n" * 10)
        while await stream.receive_some():
            pass
    plain = await trio.open_tcp_stream("127.0.0.1", port_of(sandbox))
    async with plain:
        await plain.send_all(b"\x16\x03\x01 not a request line\r\n\r\n")
        assert (await plain.receive_some()).startswith(b"HTTP/1.1 400")
    assert caplog.records == []


async def test_a_peer_that_does_not_trust_us(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    async with httpx.AsyncClient(proxy=sandbox.proxy_url) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(API)
    assert caplog.records == []


async def test_a_body_is_asked_for_when_the_client_waits(sandbox: Sandbox) -> None:
    async with open_tunnel(sandbox, alpn="http/1.1") as stream:
        await stream.send_all(
            b"POST /api/v1/launcher/sync/ HTTP/1.1\r\nHost: i.instagram.com\r\n"
            b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        )
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 100")
        await stream.send_all(b"id=1")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("target", ["example.org:443", "i.instagram.com:80", "instagram.com:443"])
async def test_other_hosts_are_refused_and_recorded(sandbox: Sandbox, target: str) -> None:
    stream = await trio.open_tcp_stream("127.0.0.1", port_of(sandbox))
    async with stream:
        await stream.send_all(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 403")
    [entry] = sandbox.ledger.unknown
    assert (entry.method, entry.host, entry.status) == ("CONNECT", target.partition(":")[0], 403)


async def test_plain_http_is_not_passed_on(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(proxy=sandbox.proxy_url) as client:
        assert (await client.get("http://i.instagram.com/")).status_code == 403
    assert len(sandbox.ledger.unknown) == 1


@pytest.mark.parametrize(
    "url",
    [
        f"{API}/api/v1/accounts/send_confirm_email/",
        f"{API}/",
        "https://www.instagram.com/graphql/query",
        "https://www.instagram.com/api/v1/users/web_profile_info/?username=anna",
        "https://b.i.instagram.com/api/v1/accounts/current_user/",
    ],
)
async def test_unknown_requests_are_recorded(sandbox: Sandbox, studio: Person, url: str) -> None:
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as client:
        response = await client.get(url)
    assert response.status_code == 404
    assert response.json()["status"] == "fail"
    [entry] = sandbox.ledger.unknown
    assert entry is sandbox.ledger.requests[0]
    assert (entry.account, entry.status) == ("studio", 404)


async def test_www_is_reached_by_a_fallback(sandbox: Sandbox, app: App, studio: Person) -> None:
    await app.login(studio)
    sandbox.world.expire_sessions(studio)
    with pytest.raises(Exception):  # noqa: B017
        await app("user_stories", str(studio.pk))
    asked = [entry.host for entry in sandbox.ledger.requests]
    assert asked[-1] == "www.instagram.com"


async def test_tls_versions(sandbox: Sandbox) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = trusting(sandbox)
        context.minimum_version = context.maximum_version = version
        async with httpx.AsyncClient(proxy=sandbox.proxy_url, verify=context) as client:
            assert (await client.get(API + SYNC)).status_code == 200


async def test_a_proxy_that_is_down(sandbox: Sandbox) -> None:
    async with plain_client(sandbox) as client:
        assert (await client.get(API + SYNC)).status_code == 200
        for refuse, error in ((True, httpx.ConnectError), (False, httpx.ProxyError)):
            sandbox.proxy_down(refuse=refuse)
            for _ in range(2):
                with pytest.raises((error, httpx.ReadError)):
                    await client.get(API + SYNC)
            with pytest.raises(error):
                await client.get(API + SYNC)
            sandbox.proxy_up()
            assert (await client.get(API + SYNC)).status_code == 200
    assert sandbox.ledger.count() == 3


async def test_closing_does_not_wait_for_anybody(tmp_path: Path) -> None:
    stop, stopped = trio.Event(), trio.Event()

    async def run(*, task_status: trio.TaskStatus[Sandbox]) -> None:
        async with open_sandbox(tmp_path) as opened:
            task_status.started(opened)
            await stop.wait()
        stopped.set()

    async with trio.open_nursery() as nursery:
        sandbox: Sandbox = await nursery.start(run)
        sandbox.faults.add(Fault(kind=Hang(), times=None))
        idle = await trio.open_tcp_stream("127.0.0.1", port_of(sandbox))
        async with idle, plain_client(sandbox) as client, open_tunnel(sandbox) as half_open:
            await half_open.send_all(b"PRI")
            nursery.start_soon(_fails, client)
            await sandbox.ledger.wait_for("qe/sync")
            stop.set()
            with trio.fail_after(DEADLOCK_S):
                await stopped.wait()


async def _fails(client: httpx.AsyncClient) -> None:
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await client.get(API + SYNC)


async def test_a_sandbox_keeps_its_authority(tmp_path: Path) -> None:
    async with open_sandbox(tmp_path) as first:
        context = trusting(first)
        port = port_of(first)
        certificate = first.ca_file.read_bytes()
    async with open_sandbox(tmp_path, port=port) as second:
        assert second.proxy_url == first.proxy_url
        assert second.ca_file.read_bytes() == certificate
        async with httpx.AsyncClient(proxy=second.proxy_url, verify=context) as client:
            assert (await client.get(API + SYNC)).status_code == 200
        with pytest.raises(OSError, match="in use"):
            async with open_sandbox(tmp_path / "other", port=port):
                pass
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0


async def test_a_bug_of_the_sandbox_is_logged(
    sandbox: Sandbox,
    studio: Person,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sandbox.private.accounts.profile_json", lambda *_: 1 / 0)
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as client:
        assert (await client.get(f"{API}/api/v1/accounts/current_user/")).status_code == 500
        monkeypatch.setattr("sandbox.service.decode_form", lambda *_: 1 / 0)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(API + SYNC)
        monkeypatch.undo()
        assert (await client.get(API + SYNC)).status_code == 200
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    caplog.clear()


async def test_waiting_for_an_entry(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(path="qe/sync", kind=Status(503, {})))
    async with plain_client(sandbox) as client:
        mark = sandbox.ledger.mark()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.get, API + SYNC)
            entry = await sandbox.ledger.wait_for(lambda entry: entry.status == 503, since=mark)
        assert await sandbox.ledger.wait_for("qe/sync", 0.1) is entry
        with pytest.raises(trio.TooSlowError):
            await sandbox.ledger.wait_for("qe/sync", 0.01, since=sandbox.ledger.mark())
