"""Times and timezones as clients write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from storage.times import WANTED, parse_instant, to_text
from tests.support.in_turn import in_turn
from tests.support.posting import (
    API,
    photo_id,
    schedule,
    story,
)
from tests.support.served import Answer, Served

HOUR = timedelta(hours=1)


async def call(served: Served, method: str, post_id: str, body: Any = None) -> Answer:
    return await served.call(method, f"{API}/schedule/{post_id}", body)


@in_turn("form", ["Z", "small", "week", "offset", "isoformat", "far offset"])
async def test_any_time_with_an_offset_is_taken(served: Served, form: str) -> None:
    at = (served.studio.clock.now() + HOUR).replace(microsecond=123456)
    text = {
        "Z": to_text(at),
        "small": to_text(at).lower(),
        "week": f"{at:%G-W%V-%uT%H:%M:%S},123+00",
        "offset": at.astimezone(timezone(-timedelta(hours=7))).isoformat(timespec="seconds"),
        "isoformat": at.isoformat(),  # as the quickstart's Python script sends it
        "far offset": at.astimezone(timezone(timedelta(hours=13, minutes=45))).isoformat(),
    }[form]
    body = {**story(served, await photo_id(served)), "scheduledFor": text}
    answer = await served.call("POST", f"{API}/schedule", body)
    assert answer.status == 201, answer.body
    shown = datetime.fromisoformat(answer.body["scheduledFor"])
    assert answer.body["scheduledFor"].endswith("Z")
    expected = parse_instant(text)
    assert shown == expected.replace(microsecond=expected.microsecond // 1000 * 1000)
    assert answer.body["timezone"] == "UTC"


async def test_times_that_cannot_be(served: Served) -> None:
    now = served.studio.clock.now()
    media = await photo_id(served)
    for value, code in [
        (to_text(now - timedelta(days=1)), "INVALID_SCHEDULE"),
        ("2020-063t24:00z", "INVALID_SCHEDULE"),
        (to_text(now), "INVALID_SCHEDULE"),
        ("1969-12-31T23:59:59Z", "INVALID_SCHEDULE"),
        ("2099-01-01T12:00:00", "VALIDATION_ERROR"),
        ("2099-01-01", "VALIDATION_ERROR"),
        ("2099-13-01T12:00:00Z", "VALIDATION_ERROR"),
        ("tomorrow", "VALIDATION_ERROR"),
        ("", "VALIDATION_ERROR"),
        (None, "VALIDATION_ERROR"),
        (4070908800, "VALIDATION_ERROR"),
        (4070908800.5, "VALIDATION_ERROR"),
        (True, "VALIDATION_ERROR"),
        (["2099-01-01T12:00:00Z"], "VALIDATION_ERROR"),
    ]:
        body = {**story(served, media), "scheduledFor": value}
        answer = await served.call("POST", f"{API}/schedule", body)
        assert (answer.status, answer.body["code"]) == (400, code), value
        if code == "VALIDATION_ERROR":
            assert WANTED in answer.body["error"], value
    answer = await served.call("POST", f"{API}/schedule", story(served, media))
    assert answer.body["code"] == "VALIDATION_ERROR"
    assert (await served.call("GET", f"{API}/posts")).body["total"] == 0


async def test_timezones_are_kept_for_display(served: Served) -> None:
    body = story(served, await photo_id(served))
    made = await schedule(served, {**body, "timezone": "America/Los_Angeles"}, HOUR)
    assert made["timezone"] == "America/Los_Angeles"
    changed = await call(served, "PUT", made["postId"], {"timezone": "Asia/Tokyo"})
    assert changed.body["timezone"] == "Asia/Tokyo"
    assert changed.body["scheduledFor"] == made["scheduledFor"]
    for name in ("Mars/Olympus", "", "../../etc/passwd", "UTC\u0000", 5):
        answer = await call(served, "PUT", made["postId"], {"timezone": name})
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR"), name
        later = {**body, "scheduledFor": "2099-01-01T00:00:00Z", "timezone": name}
        answer = await served.call("POST", f"{API}/schedule", later)
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR"), name
