"""Whence a request comes: this machine, another one, and what proxies say (docs/outside.md)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.datastructures import Headers, MultiDict

from api.app import BASE_PATH, operations
from api.arrival import Arrival, Door, arrival_of, stays_encrypted
from api.errors import ApiError
from tests.support.posting import API
from tests.support.raw_http import RawClient
from tests.support.served import Served, serve_studio
from tests.support.studio import Studio

SYSTEM = ("/health", "/ready", "/metrics", "/build", "/deps")
NAME = "reprise.example.com"


@dataclass
class Request:
    """A request's head, as a face hears it."""

    headers: Headers
    scope: Mapping[str, Any]
    scheme: str = "http"
    http_version: str = "1.1"
    method: str = "GET"
    path: str = "/metrics"
    cookies: Mapping[str, str] = field(default_factory=dict)
    args: MultiDict[str, str] = field(default_factory=MultiDict)


def asked(peer: str, *headers: tuple[str, str], host: str = "localhost", **more: Any) -> Request:
    return Request(Headers([("Host", host), *headers]), {"client": (peer, 9)}, **more)


def door(*proxies: str) -> Door:
    networks = tuple(ipaddress.ip_network(each) for each in proxies)
    return Door(frozenset({"localhost", "127.0.0.1", "::1", NAME}), networks)


@pytest.mark.parametrize(
    ("request_", "is_here"),
    [
        (asked("127.0.0.1"), True),
        (asked("127.8.8.8", host="127.0.0.1:3001"), True),
        (asked("::1", host="[::1]:3001"), True),
        (asked("::1", host="[0:0::1]:3001"), True),
        (asked("::ffff:127.0.0.1", host="LOCALHOST:80"), True),
        (asked("192.168.1.7"), False),
        (asked("::ffff:192.168.1.7"), False),
        (asked(""), False),
        # What proxies on this machine pass on, also where they say nothing of it.
        (asked("127.0.0.1", host=NAME), False),
        (asked("127.0.0.1", http_version="1.0"), False),
        (asked("127.0.0.1", ("Via", "1.1 Caddy")), False),
        (asked("127.0.0.1", ("X-Real-IP", "127.0.0.1")), False),
    ],
)
def test_only_what_comes_straight_from_here_is_from_here(request_: Request, is_here: bool) -> None:
    assert arrival_of(request_, door()).is_here is is_here
    assert "ffff" not in arrival_of(request_, door()).client
    assert arrival_of(request_, door("127.0.0.0/8")).is_here is is_here


FORWARDED = "Forwarded"
FOR = "X-Forwarded-For"
PROTO = "X-Forwarded-Proto"
TRUSTED = ("127.0.0.1", "10.0.0.0/8", "fd00::/8")
TOLD: list[tuple[Iterable[tuple[str, str]], str, str]] = [
    ([(FOR, "203.0.113.7"), (PROTO, "https")], "203.0.113.7", "https"),
    ([(FOR, "203.0.113.7"), (PROTO, "HTTP")], "203.0.113.7", "http"),
    ([(FOR, "203.0.113.7")], "203.0.113.7", "http"),
    ([(PROTO, "https")], "127.0.0.1", "https"),
    ([("X-Forwarded-Host", "evil.example")], "127.0.0.1", "http"),
    # The rightmost that is no proxy of ours: what stands before it anybody may have written.
    ([(FOR, "127.0.0.1, 203.0.113.7")], "203.0.113.7", "http"),
    ([(FOR, "10.1.1.1, 203.0.113.7, 10.0.0.2, 127.0.0.1")], "203.0.113.7", "http"),
    ([(FOR, "garbage, 203.0.113.7")], "203.0.113.7", "http"),
    ([(FOR, "127.0.0.1"), (FOR, "203.0.113.7"), (FOR, "10.0.0.2")], "203.0.113.7", "http"),
    ([(FOR, "10.0.0.3, 10.0.0.2")], "10.0.0.3", "http"),
    ([(FOR, "203.0.113.7, 10.0.0.2"), (PROTO, "https, http")], "203.0.113.7", "https"),
    ([(FOR, "127.0.0.1, 203.0.113.7"), (PROTO, "http, https")], "203.0.113.7", "https"),
    # The forms of addresses.
    ([(FOR, "203.0.113.7:4711")], "203.0.113.7", "http"),
    ([(FOR, "2001:db8::1")], "2001:db8::1", "http"),
    ([(FOR, "[2001:DB8:0::1]")], "2001:db8::1", "http"),
    ([(FOR, "[2001:db8::1]:443, [fd00::2]:443")], "2001:db8::1", "http"),
    ([(FOR, "::ffff:203.0.113.7, ::ffff:10.0.0.2")], "203.0.113.7", "http"),
    ([(FORWARDED, "for=203.0.113.7;proto=https")], "203.0.113.7", "https"),
    ([(FORWARDED, 'For="[2001:db8::1]:4711";Proto=https;by=10.0.0.2')], "2001:db8::1", "https"),
    ([(FORWARDED, "for=127.0.0.1, for=203.0.113.7"), (FORWARDED, "for=10.0.0.2")],
     "203.0.113.7", "http"),
    ([(FORWARDED, 'for="_a, for=1.1.1.1", for=203.0.113.7;host="a;b"')], "203.0.113.7", "http"),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "client", "scheme"), TOLD)
def test_of_what_trusted_proxies_say_the_nearest_stranger_counts(
    headers: list[tuple[str, str]], client: str, scheme: str
) -> None:
    told = arrival_of(asked("127.0.0.1", *headers), door(*TRUSTED))
    assert told == Arrival(client, scheme, False)
    for stranger in ("127.0.0.2", "192.168.1.7", "::1", ""):
        with pytest.raises(ApiError, match="REPRISE_TRUSTED_PROXIES") as refused:
            arrival_of(asked(stranger, *headers), door(*TRUSTED))
        assert refused.value.status == 400


@pytest.mark.parametrize(
    "headers",
    [
        [(FOR, "")],
        [(FOR, "unknown")],
        [(FOR, "203.0.113.7,")],
        [(FOR, "203.0.113.7, not-an-address")],
        [(FOR, "203.0.113.7 10.0.0.2")],
        [(FOR, "203.0.113.256")],
        [(FOR, "[2001:db8::1")],
        [(FOR, "[203.0.113.7]x")],
        [(FOR, "2001:db8::1]:443")],
        [(FOR, "fe80::1%eth0 address=1.1.1.1")],
        [(FOR, "203.0.113.7:port")],
        [(FOR, "203.0.113.7"), (PROTO, "")],
        [(FOR, "203.0.113.7"), (PROTO, "ftp")],
        [(FOR, "203.0.113.7"), (PROTO, "http, https")],
        [(FOR, "203.0.113.7"), (PROTO, "http"), (PROTO, "https")],
        [(FOR, "203.0.113.7"), (FORWARDED, "for=203.0.113.7")],
        [(FORWARDED, "")],
        [(FORWARDED, "for=_hidden")],
        [(FORWARDED, "for=unknown")],
        [(FORWARDED, "proto=https")],
        [(FORWARDED, "for=203.0.113.7;")],
        [(FORWARDED, "for=203.0.113.7;for=10.0.0.2")],
        [(FORWARDED, 'for="203.0.113.7')],
        [(FORWARDED, 'for="203.0.113.7\\""')],
        [(FORWARDED, "for=203.0.113.7;proto=gopher")],
        [(FORWARDED, "203.0.113.7")],
    ],
)
def test_what_cannot_be_read_is_refused_also_of_trusted_proxies(
    headers: list[tuple[str, str]],
) -> None:
    with pytest.raises(ApiError) as refused:
        arrival_of(asked("127.0.0.1", *headers), door(*TRUSTED))
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("host", "scheme", "stays"),
    [
        (NAME, "https", True),
        (f"{NAME}:3001", "https", True),
        (NAME, "http", False),
        ("evil.example", "https", False),
        ("localhost", "https", False),
        ("nas.local", "https", False),
        ("nas", "https", False),
        ("192.0.2.7", "https", False),
        ("[2001:db8::7]", "https", False),
    ],
)
def test_browsers_are_told_to_stay_encrypted_for_real_names_alone(
    host: str, scheme: str, stays: bool
) -> None:
    names = frozenset({NAME, "localhost", "nas.local", "nas", "192.0.2.7", "2001:db8::7"})
    ours = Door(names, (ipaddress.ip_network("127.0.0.1"),))
    assert stays_encrypted(asked("192.0.2.1", host=host, scheme=scheme), ours) is stays
    told = asked("127.0.0.1", (FOR, "192.0.2.1"), (PROTO, scheme), host=host)
    assert stays_encrypted(told, ours) is stays


async def test_a_proxy_that_nobody_trusts_is_refused_and_told_what_to_set(served: Served) -> None:
    client = RawClient(served.url)
    for header in (f"{FOR}: 127.0.0.1", f"{FORWARDED}: for=127.0.0.1", "X-Forwarded-Host: a",
                   f"{PROTO}: https", f"{FOR}:", "x-FORWARDED-anything: 1"):  # fmt: skip
        for path in (*SYSTEM, "/login?code=x", "/api/docs", "/nothing", f"{API}/openapi.json"):
            sent = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n"
            raw = await client.ask(sent.encode())
            assert raw.status == 400, (header, path)
            assert b"REPRISE_TRUSTED_PROXIES" in raw.body, (header, path)
    for operation in operations():
        path = BASE_PATH + operation.path.replace("<accountId>", "x").replace("<id>", "x")
        answer = await served.call(operation.method, path, headers={FOR: "127.0.0.1"})
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR"), operation.name
    # The media that Meta fetches have signed addresses, whoever passes its requests on.
    assert (await served.call("GET", "/health", key=None)).status == 200


async def test_behind_a_proxy_nothing_is_this_machine(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    settings = studio.core.settings
    object.__setattr__(settings, "trusted_proxies", (ipaddress.ip_network("127.0.0.0/8"),))
    object.__setattr__(settings, "allowed_hosts", (NAME,))
    object.__setattr__(settings, "system_from", (ipaddress.ip_network("192.0.2.9"),))
    async with serve_studio(studio) as served:
        for path in SYSTEM:
            for more in ({FOR: "203.0.113.7"}, {FOR: "127.0.0.1"}, {"Via": "1.1 x"},
                         {PROTO: "http"}, {FOR: "192.0.2.9, 203.0.113.7"},
                         {"Host": NAME}):  # fmt: skip
                answer = await served.call("GET", path, key=None, headers=more)
                assert (answer.status, answer.body["code"]) == (403, "FORBIDDEN_ORIGIN"), more
            old = await RawClient(served.url).ask(
                f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
            )
            assert old.status == 403
            allowed = await served.call("GET", path, key=None, headers={FOR: "192.0.2.9"})
            assert allowed.status == 200
            assert (await served.call("GET", path, key=None)).status == 200
        by_proxy = {FOR: "203.0.113.7", PROTO: "https", "Host": NAME}
        # A key may come over it; the name has to be ours; the browser is told to stay encrypted.
        me = await served.call("GET", f"{API}/auth/me", headers=by_proxy)
        assert me.status == 200
        assert me.headers["strict-transport-security"] == "max-age=31536000"
        other = await served.call(
            "GET", f"{API}/auth/me", headers=by_proxy | {"Host": "evil.example"}
        )
        assert (other.status, other.body["code"]) == (403, "FORBIDDEN_ORIGIN")
        assert "REPRISE_ALLOWED_HOSTS" in other.body["error"]
        plain = await served.call("GET", f"{API}/auth/me", headers=by_proxy | {PROTO: "http"})
        assert "strict-transport-security" not in plain.headers
        await _browser(served, by_proxy)
        await _brake(served, by_proxy, caplog)


async def _browser(served: Served, by_proxy: dict[str, str]) -> None:
    """A session by the proxy: its cookie is for TLS alone, and only its own pages write."""
    code = await served.login_code()
    signed_in = await served.call("GET", f"/login?code={code}", key=None, headers=by_proxy)
    assert "; Secure" in signed_in.headers["set-cookie"]
    cookie = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    served.client.cookies.clear()
    body = {"accountId": served.studio.account.id}
    for origin, status in ((f"https://{NAME}", 200), (f"http://{NAME}", 403),
                           ("null", 403), (f"https://{NAME}:8443", 403),
                           ("https://evil.example", 403)):  # fmt: skip
        answer = await served.call(
            "POST", f"{API}/story-repost/disable", body, key=None,
            headers=by_proxy | cookie | {"Origin": origin},
        )  # fmt: skip
        assert answer.status == status, origin


async def _brake(
    served: Served, by_proxy: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Guesses by the proxy are braked by their own address, and nobody else's."""
    caplog.clear()
    wrong = "vg_live_" + "x" * 43
    ways = [("GET", f"{API}/auth/me", wrong), ("GET", f"{API}/auth/check", wrong),
            ("GET", "/login?code=x", None), ("POST", f"{API}/auth/logout", wrong),
            ("GET", f"{API}/nothing", wrong)]  # fmt: skip
    for number in range(10):
        method, path, key = ways[number % len(ways)]
        answer = await served.call(method, path, key=key, headers=by_proxy)
        assert answer.status in (200, 401, 404), path
    for method, path, _ in ways:
        answer = await served.call(method, path, headers=by_proxy)  # also with the right key
        assert (answer.status, answer.body["code"]) == (429, "RATE_LIMITED"), path
        assert 50 < int(answer.headers["retry-after"]) <= 60
    elsewhere = by_proxy | {FOR: "203.0.113.7, 203.0.113.8"}
    assert (await served.call("GET", f"{API}/auth/me", headers=elsewhere)).status == 200
    for _ in range(30):
        assert (await served.call("GET", f"{API}/auth/me", key=wrong)).status == 401
    assert (await served.call("GET", f"{API}/auth/me")).status == 200
    assert caplog.text.count("address=203.0.113.7") == 11
    assert "address=127" not in caplog.text
