"""Rate limits (contract §7): two windows per key, exact headers, and nobody else is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from api import rate_limits
from api.rate_limits import RateLimits
from ground.clock import Clock
from storage import api_keys
from tests.support.posting import API, NOBODY
from tests.support.served import Answer, Served, serve_studio
from tests.support.studio import Studio

ME = f"{API}/auth/me"


class Seconds:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.value = 1000.0

    def __call__(self) -> float:
        return self.value


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@asynccontextmanager
async def limited(studio: Studio, rpm: int, rph: int) -> AsyncIterator[Served]:
    """Serve with other limits, as RATE_LIMIT_RPM and RATE_LIMIT_RPH set them."""
    settings = replace(studio.core.settings, rate_limit_rpm=rpm, rate_limit_rph=rph)
    async with serve_studio(replace(studio, core=replace(studio.core, settings=settings))) as one:
        yield one


def limits_of(answer: Answer) -> tuple[str, ...]:
    names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-policy")
    return tuple(answer.headers[name] for name in names)


async def test_every_answer_to_a_key_carries_the_headers(served: Served) -> None:
    policy = "100;w=60, 1000;w=3600"
    calls: list[tuple[str, str, int]] = [
        ("GET", ME, 200),
        ("GET", f"{API}/auth/check", 200),
        ("POST", f"{API}/auth/logout", 200),
        ("GET", f"{API}/posts?limit=0", 400),
        ("GET", f"{API}/posts/{NOBODY}", 404),
        ("GET", f"{API}/nothing/of/this/name", 404),
        ("PATCH", f"{API}/posts", 405),
        ("POST", f"{API}/posts/draft", 415),
        ("POST", f"{API}/media/upload", 415),
        ("POST", f"{API}/settings/api-keys", 403),
        ("GET", f"{API}/cloudflare/diagnostics", 400),
    ]
    for number, (method, path, status) in enumerate(calls, start=1):
        answer = await served.call(method, path)
        assert answer.status == status, path
        assert limits_of(answer) == ("100", str(100 - number), policy), path
        assert 1 <= int(answer.headers["ratelimit-reset"]) <= 60
        assert "retry-after" not in answer.headers


async def test_a_used_up_minute_is_refused_with_the_time_to_wait(studio: Studio) -> None:
    async with limited(studio, rpm=3, rph=50) as served:
        for left in (2, 1, 0):
            assert limits_of(await served.call("GET", ME)) == ("3", str(left), "3;w=60, 50;w=3600")
        for path in (ME, f"{API}/nothing", f"{API}/settings/api-keys"):
            refused = await served.call("GET", path)
            wait = refused.body["retryAfter"]
            assert refused.status == 429
            assert set(refused.body) == {"error", "code", "status", "retryAfter"}
            assert (refused.body["code"], refused.body["status"]) == ("RATE_LIMITED", 429)
            assert type(wait) is int
            assert 1 <= wait <= 60
            assert refused.headers["retry-after"] == str(wait)
            assert refused.headers["ratelimit-reset"] == str(wait)
            assert limits_of(refused)[:2] == ("3", "0")
        # Another key has a bucket of its own, a browser session and open endpoints have none.
        core = studio.core
        _, other = await core.store.write(
            api_keys.create, user_id=core.owner.id, name="other", now=core.clock.now()
        )
        assert limits_of(await served.call("GET", ME, key=other))[1] == "2"
        await served.sign_in()
        for _ in range(10):
            answer = await served.call("GET", ME, key=None)
            assert answer.status == 200
            assert not any(name.startswith("ratelimit") for name in answer.headers)
        assert (await served.call("GET", f"{API}/health")).status == 200
        # Nothing was done for those that were refused.
        refused = await served.call("POST", f"{API}/auth/accounts", {"username": "never"})
        assert refused.status == 429
        me = (await served.call("GET", ME, key=None)).body
        assert [one["username"] for one in me["accounts"]] == ["studio"]


async def test_the_stricter_window_wins(studio: Studio) -> None:
    async with limited(studio, rpm=50, rph=2) as served:
        for left in (1, 0):
            answer = await served.call("GET", ME)
            assert limits_of(answer) == ("2", str(left), "50;w=60, 2;w=3600")
        refused = await served.call("GET", ME)
        assert refused.status == 429
        assert 3590 <= refused.body["retryAfter"] <= 3600


async def test_keys_that_are_no_keys_are_not_counted(served: Served) -> None:
    for key in ("vg_live_" + "x" * 43, "nonsense"):
        answer = await served.call("GET", ME, key=key)
        assert answer.status == 401
        assert "ratelimit-limit" not in answer.headers


def taken(limits: RateLimits, times: int, key: str = "k") -> list[bool]:
    return [limits.take(key).allowed for _ in range(times)]


def test_a_window_ends_a_minute_after_its_first_request(seconds: Seconds) -> None:
    limits = RateLimits(2, 100, Clock(monotonic=seconds))
    assert taken(limits, 3) == [True, True, False]
    seconds.value += 20.4
    verdict = limits.take("k")
    assert (verdict.allowed, verdict.retry_after_s) == (False, 40)
    assert verdict.headers["RateLimit-Reset"] == "40"
    seconds.value += 40
    assert taken(limits, 3) == [True, True, False]


def test_refused_requests_do_not_extend_the_window(seconds: Seconds) -> None:
    limits = RateLimits(1, 3, Clock(monotonic=seconds))
    assert taken(limits, 1) == [True]
    for _ in range(60):
        assert taken(limits, 1) == [False]
        seconds.value += 1
    # One of the hour's three is used, however many were refused.
    for _ in range(2):
        assert taken(limits, 1) == [True]
        seconds.value += 60
    refused = limits.take("k")
    assert not refused.allowed
    assert 3000 < refused.retry_after_s <= 3600


def test_waiting_exactly_as_long_as_told_is_enough(seconds: Seconds) -> None:
    limits = RateLimits(3, 7, Clock(monotonic=seconds))
    for _ in range(40):
        verdict = limits.take("k")
        if not verdict.allowed:
            seconds.value += verdict.retry_after_s
            assert limits.take("k").allowed
        seconds.value += 1.37


def test_the_window_that_is_nearest_to_exhaustion_is_shown(seconds: Seconds) -> None:
    limits = RateLimits(10, 12, Clock(monotonic=seconds))
    assert limits.take("k").headers["RateLimit-Limit"] == "10"
    seconds.value += 61  # a fresh minute; the hour has 11 left
    taken(limits, 5)
    shown = limits.take("k").headers
    assert (shown["RateLimit-Limit"], shown["RateLimit-Remaining"]) == ("10", "4")
    seconds.value += 61
    shown = limits.take("k").headers
    assert (shown["RateLimit-Limit"], shown["RateLimit-Remaining"]) == ("12", "4")


def test_memory_is_bounded_and_the_oldest_bucket_goes(
    seconds: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "_KEPT", 3)
    limits = RateLimits(1, 100, Clock(monotonic=seconds))
    for key in ("a", "b", "c"):
        taken(limits, 1, key)
    taken(limits, 1, "a")  # refused, but seen: b is the oldest now
    taken(limits, 1, "d")
    assert [taken(limits, 1, key)[0] for key in ("a", "c", "d")] == [False, False, False]
    assert taken(limits, 1, "b") == [True]
    assert len(limits._buckets) == 3
