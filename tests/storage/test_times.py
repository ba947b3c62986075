"""Moments as text: the order of the texts is the order of the moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from storage.times import from_text, to_text


def test_every_year_is_written_with_four_digits() -> None:
    moments = [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 4, 20, 7, tzinfo=timezone(-timedelta(hours=7))),
        datetime(9999, 12, 31, tzinfo=UTC),
    ]
    texts = [to_text(moment) for moment in moments]
    assert texts == sorted(texts)
    assert texts[0] == "0001-01-01T00:00:00.000Z"
    assert texts[1] == "0999-12-31T23:59:59.999Z"  # cut off, never rounded into the future
    assert texts[2] == "2026-04-20T14:00:00.000Z"
    assert from_text(texts[2]) == moments[2]
