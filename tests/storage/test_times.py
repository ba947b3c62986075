"""Moments as text: the order of the texts is the order of the moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.times import WANTED, from_text, parse, parse_instant, to_text


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


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        # RFC 3339: small letters, a space, fractions of any length, an unknown local offset
        ("2035-03-04T05:06:07Z", "2035-03-04T05:06:07+00:00"),
        ("2035-03-04t05:06:07z", "2035-03-04T05:06:07+00:00"),
        ("2035-03-04 05:06:07Z", "2035-03-04T05:06:07+00:00"),
        ("2035-03-04t05:06:07+01:00", "2035-03-04T04:06:07+00:00"),
        ("2035-03-04T05:06:07.1234567899Z", "2035-03-04T05:06:07.123456+00:00"),
        ("2035-03-04T05:06:07.99999999Z", "2035-03-04T05:06:07.999999+00:00"),
        ("2035-03-04T05:06:07-00:00", "2035-03-04T05:06:07+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2016-12-31T15:59:60.5-08:00", "2017-01-01T00:00:00+00:00"),
        # ISO 8601: basic, ordinal and week dates, the end of a day, reduced and decimal times
        ("20350304T050607Z", "2035-03-04T05:06:07+00:00"),
        ("20350304T0506+0130", "2035-03-04T03:36:00+00:00"),
        ("2035-063T05:06:07Z", "2035-03-04T05:06:07+00:00"),
        ("2035063T050607Z", "2035-03-04T05:06:07+00:00"),
        ("2036-366T00:00Z", "2036-12-31T00:00:00+00:00"),
        ("2035-W09-7T05:06:07Z", "2035-03-04T05:06:07+00:00"),
        ("2035W097T050607Z", "2035-03-04T05:06:07+00:00"),
        ("2035-w01-1t00:00z", "2035-01-01T00:00:00+00:00"),
        ("2035-03-04T24:00:00Z", "2035-03-05T00:00:00+00:00"),
        ("2035-12-31T24:00+00", "2036-01-01T00:00:00+00:00"),
        ("2035-03-04T05:06:07,25Z", "2035-03-04T05:06:07.250000+00:00"),
        ("2035-03-04T05:06,5Z", "2035-03-04T05:06:30+00:00"),
        ("2035-03-04T05.25Z", "2035-03-04T05:15:00+00:00"),
        ("2035-03-04T05Z", "2035-03-04T05:00:00+00:00"),
        ("2035-03-04T05:06:07+01", "2035-03-04T04:06:07+00:00"),
        ("2035-03-04T05:06:07\u221201:00", "2035-03-04T06:06:07+00:00"),
        ("2035-03-04T05:06:07+05:45:30", "2035-03-03T23:20:37+00:00"),
        # Outside of the calendar: its end
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59+00:00"),
        ("9999-12-31T24:00:00Z", "9999-12-31T23:59:59+00:00"),
    ],
)
def test_every_form_that_the_standards_have_is_understood(text: str, moment: str) -> None:
    assert parse_instant(text).isoformat() == moment


@pytest.mark.parametrize(
    "text",
    [
        "", "Z", "tomorrow", "2035", "2035-03", "2035-W09", "2035-W09T05:06Z",
        "2035-03-04", "2035-03-04T05:06:07", "2035-13-01T00:00Z", "2035-02-29T00:00Z",
        "2035-366T00:00Z", "2035-000T00:00Z", "2035-W53-1T00:00Z", "2035-W09-8T00:00Z",
        "2035-03-04T24:00:01Z", "2035-03-04T24:30Z", "2035-03-04T25:00Z", "2035-03-04T05:60Z",
        "2035-03-04T05:06:61Z", "2035-03-04T05:06:60Z", "2035-03-04T05:06:07.Z",
        "2035-03-04T05:06:07+24:00", "2035-03-04T05:06:07+01:60", "2035-03-04T05:06:07 CET",
        "2035-03-04T05:06:07Z[Europe/Berlin]", "+002035-03-04T05:06:07Z", "0000-01-01T00:00Z",
        " 2035-03-04T05:06:07Z", "2035-03-04T05:06:07Z\n", "2035-03-04T05:06:07ZZ",
        "\uff12\uff10\uff13\uff15-03-04T05:06:07Z", "2035/03/04T05:06:07Z", "4070908800", "P1D",
        "05:06:07Z",
        f"2035-03-04T05:06:07.{'1' * 5000}.Z",
    ],
)  # fmt: skip
def test_what_is_none_is_refused_with_the_form_that_is_wanted(text: str) -> None:
    with pytest.raises(ValueError, match="no ISO 8601 time with an offset, such as 2026-04-20T14"):
        parse_instant(text)


@given(st.datetimes(timezones=st.timezones()))
def test_what_python_writes_is_read_as_python_reads_it(moment: datetime) -> None:
    assert parse(moment.isoformat()) == datetime.fromisoformat(moment.isoformat())
    assert parse(moment.replace(tzinfo=None).isoformat(sep=" ")) == moment.replace(tzinfo=None)


@given(st.text(alphabet="0123456789-:TtZzW+., ", max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    found = None
    try:
        found = parse(text)
    except ValueError as error:
        refused = str(error)
    assert found or refused == f"no {WANTED}"
