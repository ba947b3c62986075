"""Insights: the account's past counted in its own zone, and drawn with words for each mark."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from operations import models
from storage import insights, posts, reposts
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.reposts import Repost, RepostStatus
from storage.store import Database
from tests.support.browsing import open_browser
from tests.support.posting import API
from tests.support.served import Served
from tests.support.tools import node_modules
from web import plots

HTML = {"Accept": "text/html"}


def _past(db: Database, served: Served, now: datetime) -> None:
    """Two posts late on one evening that is the next day in Kathmandu, a repost, a mention."""
    studio = served.studio
    at = now.replace(hour=19, minute=0, second=0, microsecond=0) - timedelta(days=2)
    for number, (source, late) in enumerate(
        ((SourceType.SCHEDULED, 250), (SourceType.SCHEDULED, 90_000), (SourceType.STORY_REPOST, 0))
    ):
        is_planned = source is SourceType.SCHEDULED
        post = Post(
            id=str(uuid4()), user_id=studio.core.owner.id, account_id=studio.account.id,
            instagram_account_id=studio.account.id, media_type=MediaType.IMAGE, source_type=source,
            is_scheduled=is_planned, scheduled_for=at if is_planned else None,
            status=PostStatus.QUEUED, created_at=at, updated_at=at,
        )  # fmt: skip
        posts.add(db, post, [])
        out = at + timedelta(milliseconds=late, seconds=number)
        posts.change_status(db, post.id, PostStatus.PUBLISHED, now=out, published_at=out)
    reposts.add_new(
        db,
        Repost(
            id=str(uuid4()), user_id=studio.core.owner.id, account_id=studio.account.id,
            story_pk="77", status=RepostStatus.DETECTED, source="inbox", author_pk="7",
            author_username="anna", mentioned_at=at, expires_at=at, detected_at=at, created_at=at,
            updated_at=at,
        ),
    )  # fmt: skip


@pytest.mark.acceptance
async def test_the_past_is_counted_in_the_accounts_zone_and_drawn(served: Served) -> None:
    studio = served.studio
    address = f"{API}/insights?accountId={studio.account.id}"
    await studio.configure(timezone="Asia/Kathmandu")
    empty = (await served.call("GET", address)).body
    assert (empty["days"], empty["lateness"]) == ([], [])
    await served.sign_in()
    page = (await served.call("GET", "/insights", key=None, headers=HTML)).body
    assert "Nothing went out yet" in page
    assert "Nobody has mentioned you yet" in page

    now = studio.clock.now()
    await studio.core.store.write(_past, served, now)
    found = (await served.call("GET", address)).body
    # 19:00 in UTC is 00:45 on the next day there.
    day = (now - timedelta(days=1)).date()
    assert found["days"] == [{"day": day.isoformat(), "posts": 2, "reposts": 1}]
    assert found["mentionsByHour"][day.weekday()][0] == 1
    assert sum(map(sum, found["mentionsByHour"])) == 1
    assert [each["lateMs"] for each in found["lateness"]] == [91_000, 250]
    # A sandbox where nothing takes time warms nothing up, here as elsewhere.
    assert studio.core.clock.pace == 0
    assert found["warmUp"]["complete"] is True
    page = (await served.call("GET", "/insights", key=None, headers=HTML)).body
    assert "The warm-up is over" in page
    assert f"{plots.DAYS[day.weekday()]} {day.day} {day:%b %Y}: 3 went out" in page
    assert "People mention you most around 00:00" in page
    assert (await served.call("GET", f"{API}/insights?accountId={uuid4()}")).status == 404
    assert (await served.call("GET", f"{API}/insights")).body["code"] == "MISSING_ACCOUNT_ID"

    async with open_browser("tests.web.steps") as browser:
        code = await served.login_code()
        axe = str(node_modules() / "axe-core" / "axe.min.js")
        await browser.take("sign_in", f"{served.url}/login?code={code}")
        for width, scheme in ((1440, "light"), (820, "dark"), (390, "light")):
            await browser.take("dress", "a", width, 900, scheme)
            measured = await browser.take("go", "a", f"{served.url}/insights")
            assert measured["sideways"] == 0, width
            assert await browser.take("axe", "a", axe) == [], (width, scheme)
        await browser.take("press", "a", "g", "t")
        await browser.take("sees", "a", "#today")
        await browser.take("press", "a", "g", "i")
        await browser.take("sees", "a", "#insights h2", "1 day with something new")
        assert await browser.take("complaints", "a") == []


async def test_each_question_goes_by_an_index(served: Served) -> None:
    """Nothing of a table that grows is read whole."""
    account_id, since = served.studio.account.id, datetime(2026, 1, 1, tzinfo=UTC)

    def plans(db: Database) -> list[str]:
        asked: list[str] = []
        db.conn.set_trace_callback(asked.append)
        insights.went_out(db, account_id, since, 9)
        insights.mentioned(db, account_id, since, 9)
        insights.out_after_due(db, account_id, since, 9)
        db.conn.set_trace_callback(None)
        assert len(asked) == 3
        return [row[3] for text in asked for row in db.conn.execute(f"EXPLAIN QUERY PLAN {text}")]

    for step in await served.studio.core.store.read(plans):
        assert step.startswith("SEARCH"), step
        assert "USING INDEX" in step, step


def test_a_stair_ends_where_the_limit_is_and_no_day_is_missing() -> None:
    steps = [models.StairStep(until_day=day, reposts=cap)
             for day, cap in ((7, 1), (14, 3), (21, 5), (30, 8))]  # fmt: skip
    for day, limit, used in (
        (1, 12, [0]),
        (18, 4, [1] * 18),
        (30, 48, [8] * 30),
        (90, 3, [9] * 30),
    ):
        drawn = plots.stair(
            models.WarmUp(
                started_at=datetime(2026, 1, 1, tzinfo=UTC), day=day, steps=steps,
                daily_limit=limit, used=used, complete=day > 30,
            )
        )  # fmt: skip
        assert len(drawn.marks) == len(used)
        assert all(mark.y >= 0 for mark in drawn.marks)
        assert (drawn.present is None) == (day > 30)
    days = [models.DayCount(day=f"2026-11-{n:02d}", posts=1, reposts=n) for n in (1, 9, 27)]
    found = models.Insights(
        timezone="UTC", since="2025-11-29", days=days, mentions_by_hour=[[0] * 24] * 7,
        lateness=[], warm_up=None, is_cut=False,
    )  # fmt: skip
    drawn = plots.year(found, date(2026, 11, 28))
    assert len(drawn.marks) == 365
    assert drawn.title == "3 days with something new"
    assert "Longest pause since the first: 17 days" in drawn.note
