"""Odd answers of the official API: none raises what is no `InstagramError`, none is believed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from httpx._decoders import SUPPORTED_DECODERS

from accounts.trouble import RATE_PAUSE, consequence_of
from instagram import errors
from instagram.graph.http import _object
from instagram.graph.objects import all_in, cursor_in, id_in, media_in
from instagram.hour import told_by
from instagram.private.translation import translate
from session_api.errors import answer_to
from storage.troubles import Trouble, TroubleKind

NOW = datetime(2026, 11, 28, tzinfo=UTC)
DEEP = b"[" * 100_000
HALF = b'{"error": {"message": "\\ud83d is odd", "code": 1}}'


def answer(status: int, body: bytes = b"{}", **headers: bytes) -> httpx.Response:
    raw = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    request = httpx.Request("GET", "https://graph.instagram.com/me")
    return httpx.Response(status, headers=raw, content=body, request=request)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("body", [DEEP, b'{"a":' + DEEP, HALF, b'{"error": ' + b"9" * 5000 + b"}"])
def test_no_body_breaks_its_reader(status: int, body: bytes) -> None:
    with pytest.raises(errors.InstagramError) as raised:
        id_in(_object(answer(status, body), writes=True))
    assert raised.value.reason.encode()


@pytest.mark.parametrize(
    "odd", [None, "", True, {"a": 1}, ["1"], 1.5, "../1", "\ud83d", "1 2", -1.0]
)
def test_an_odd_id_is_none(odd: Any) -> None:
    with pytest.raises(errors.Unreachable) as raised:
        id_in({"id": odd}, writes=True)
    assert raised.value.maybe_applied


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "x",
        {},
        {"id": "1"},
        {"id": "1", "timestamp": None},
        {"id": "1", "timestamp": 5},
        {"id": {}, "timestamp": "2026-11-28T00:00:00+0000"},
        {"id": "1", "timestamp": "0001-01-01T00:00:00+14:00"},
    ],
    ids=repr,
)
def test_own_media_that_cannot_be_read_are_not_absent(odd: Any) -> None:
    known = {"id": "2", "timestamp": "2026-11-28T00:00:00+0000"}
    assert [media.id for media in all_in({"data": [known]}, media_in)] == ["2"]
    with pytest.raises(errors.Unreachable):
        all_in({"data": [known, odd]}, media_in)


def test_a_time_without_a_zone_is_metas_and_not_this_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        (media,) = all_in({"data": [{"id": "2", "timestamp": "2026-11-28T10:00:00"}]}, media_in)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert media.at == datetime(2026, 11, 28, 10, tzinfo=UTC)


@pytest.mark.parametrize("odd", [None, 5, [], {"after": None}, {"after": {}}], ids=repr)
def test_a_list_that_goes_on_is_not_taken_for_whole(odd: Any) -> None:
    assert cursor_in({"data": [], "paging": {"cursors": {"after": "x"}}}) is None
    with pytest.raises(errors.Unreachable):
        cursor_in({"data": [], "paging": {"next": "https://graph.facebook.com", "cursors": odd}})


USAGE = '{"1": [{"estimated_time_to_regain_access": %s}]}'


@pytest.mark.parametrize(
    "headers",
    [
        {"retry_after": b"\xb2"},
        {"retry_after": b"9" * 400},
        {"retry_after": b"-5"},
        {"retry_after": b"soon"},
        {"x_business_use_case_usage": DEEP[:9_000]},
        *(
            {"x_business_use_case_usage": (USAGE % odd).encode()}
            for odd in ("NaN", "-5", "1e999", "1" + "0" * 400, "[]", '"x"', "true", "{}")
        ),
    ],
    ids=repr,
)
def test_no_stated_wait_breaks_the_hold_or_makes_it_endless(headers: dict[str, bytes]) -> None:
    refused = answer(429, b"{}", **headers)
    with pytest.raises(errors.RateLimited) as graph:
        _object(refused, writes=False)
    private = translate(httpx.HTTPStatusError("", request=refused.request, response=refused))
    for error in (graph.value, private):
        until = consequence_of(error, [], NOW).until
        assert until is not None
        assert timedelta(minutes=1) <= until - NOW <= timedelta(days=7)
        waits = answer_to(error, NOW, "").headers.get("Retry-After", "1")
        assert int(waits) > 0  # what a caller by session is told


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 -0100",
        f"Mon, 01 Jan {10**20} 00:00:00 GMT",
        f"Mon, 01 Jan 2026 00:00:00 +{10**14}",
        "Mon, 01 Jan 2026 00:00:00 -0000",
        "\xb2",
        "",
        None,
    ],
)
def test_no_date_breaks_the_answer_that_it_came_with(date: str | None) -> None:
    """It is read of every answer, also of one to a request that has had its effect."""
    assert told_by(date) is None


@pytest.mark.parametrize("stated", [float("nan"), float("-inf"), float("inf"), -1.0, 0.0, None])
def test_a_wait_that_is_none_is_an_hour_or_the_longest(stated: float | None) -> None:
    until = consequence_of(errors.RateLimited("", stated), [], NOW).until
    assert until is not None
    assert until - NOW in (RATE_PAUSE, timedelta(days=7))


@pytest.mark.parametrize("before", [0, 5, 30, 400])
def test_any_number_of_blocks_is_a_hold_that_ends(before: int) -> None:
    earlier = [Trouble(account_id="a", kind=TroubleKind.BLOCK, reason="", at=NOW)] * before
    until = consequence_of(errors.ActionBlocked(""), earlier, NOW).until
    assert until is not None
    assert timedelta(days=1) <= until - NOW <= timedelta(days=32)


@pytest.mark.parametrize("packing", sorted(SUPPORTED_DECODERS.keys() - {"identity"}))
async def test_what_is_not_packed_as_it_says_is_no_usable_answer(packing: str) -> None:
    def garbled(request: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(b"not packed" * 9)
        return httpx.Response(200, headers={"content-encoding": packing}, stream=stream)

    async with httpx.AsyncClient(transport=httpx.MockTransport(garbled)) as client:
        with pytest.raises(httpx.HTTPError):
            await client.get("https://graph.instagram.com/me")
