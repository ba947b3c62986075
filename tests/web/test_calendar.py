"""Moving posts in the calendar, over HTTP: what is kept, refused and taken back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from storage import posts
from storage.times import to_text
from tests.support.posting import API, photo_id
from tests.support.served import Served
from tests.web.many import fill_past, fill_plan
from web.spans import VIEWS, days_of, hours_of, placed

OSLO = ZoneInfo("Europe/Oslo")


async def planned(served: Served, at: datetime) -> str:
    body = {
        "accountId": served.studio.account.id, "mediaType": "IMAGE",
        "mediaFileId": await photo_id(served), "caption": "A quiet morning",
        "scheduledFor": to_text(at.astimezone(UTC)), "timezone": "Europe/Oslo",
    }  # fmt: skip
    answer = await served.call("POST", f"{API}/schedule", body)
    assert answer.status == 201, answer.body
    return str(answer.body["postId"])


async def move(served: Served, post_id: str, **fields: str) -> str:
    answer = await served.client.post("/calendar/move", data={"id": post_id, **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.text)


async def due(served: Served, post_id: str) -> datetime:
    post = await served.studio.core.store.read(posts.get, post_id)
    assert post.scheduled_for is not None
    return post.scheduled_for.astimezone(OSLO)


async def test_a_day_keeps_its_time_over_a_change_of_clocks_and_the_past_is_refused(
    served: Served,
) -> None:
    studio = served.studio
    await served.sign_in()
    await studio.configure(timezone="Europe/Oslo")
    year = studio.clock.now().year + 1
    at = datetime(year, 3, 20, 9, 15, tzinfo=OSLO)
    post_id = await planned(served, at)
    told = await move(served, post_id, day=f"{year}-04-02")
    assert (await due(served, post_id)).replace(tzinfo=None) == datetime(year, 4, 2, 9, 15)
    assert "09:15" in told
    fields = {
        name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', told)
    }
    moved_elsewhere = await due(served, post_id) + timedelta(days=1)
    await move(served, post_id, at=to_text(moved_elsewhere))
    assert "changed elsewhere" in await move(served, **{"post_id": fields.pop("id"), **fields})
    assert await due(served, post_id) == moved_elsewhere, "an older note takes nothing back"
    await move(served, post_id, at=fields["at"])
    assert await due(served, post_id) == at
    await move(served, post_id, minutes="15")
    assert (await due(served, post_id)).minute == 30
    forward = max(day for day in range(25, 32) if date(year, 3, day).weekday() == 6)
    told = await move(served, post_id, day=f"{year}-03-{forward}", hour="2")
    assert (await due(served, post_id)).hour == 3
    assert "03:30" in told, "what the clocks leave out is not told"
    told = await move(served, post_id, day=f"{year}-04-02", hour="17")
    assert (await due(served, post_id)).replace(tzinfo=None) == datetime(year, 4, 2, 17, 30)
    week = (await served.client.get(f"/calendar?view=week&from={year}-04-02")).text
    cell = week.split(f'data-day="{year}-04-02" data-hour="17"')[1].split("</td>")[0]
    assert f'id="t-{post_id}"' in cell
    before = await due(served, post_id)
    same = str(before.date())
    for wrong in ({"day": "2020-01-01"}, {"day": "0001-01-01"}, {"day": "soon"}, {"at": "x"}, {},
                  {"day": same, "hour": "24"}, {"day": same, "hour": "000099"},
                  {"at": "1999-01-01T10:00"}, {"at": "9999-12-31T23:59:59+00:00"}):  # fmt: skip
        assert "toast bad" in await move(served, post_id, **wrong), wrong
    assert await due(served, post_id) == before
    strange = await move(served, "00000000-0000-4000-8000-000000000000", day=f"{year}-04-02")
    assert "toast bad" in strange


async def test_two_posts_swap_their_times_both_or_neither(served: Served) -> None:
    studio, store = served.studio, served.studio.core.store
    await served.sign_in()
    await studio.configure(timezone="Europe/Oslo")
    now = studio.clock.now()
    early, late = now + timedelta(days=2, minutes=7), now + timedelta(days=9, hours=3)
    one, other = await planned(served, early), await planned(served, late)

    async def swap(**fields: str) -> str:
        answer = await served.client.post("/calendar/swap", data=fields)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    async def times() -> list[datetime]:
        return [await due(served, each) for each in (one, other)]

    async def jobs_of() -> list[str]:
        rows = await store.read(
            lambda db: db.conn.execute(
                "SELECT post_id, run_at FROM jobs WHERE status = 'PENDING' ORDER BY run_at"
            ).fetchall()
        )
        return [row[0] for row in rows]

    before = await times()
    page = (await served.client.get("/calendar?view=list")).text
    seen = dict(re.findall(r'data-id="([^"]+)" data-movable data-was="([^"]+)"', page))
    assert set(seen) == {one, other}
    told = await swap(id=one, other=other, was=seen[one], other_was=seen[other])
    assert "Swapped: it goes out" in told
    assert await times() == before[::-1]
    assert await jobs_of() == [other, one]
    undo = {
        name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', told)
    }
    # What was seen is what is swapped: the first note's way back, a second time, changes nothing.
    assert "toast bad" in await swap(id=one, other=other, was=seen[one], other_was=seen[other])
    assert "Swapped" in await swap(**undo)
    assert "toast bad" in await swap(**undo)
    assert await times() == before
    draft = (
        await served.call(
            "POST",
            f"{API}/posts/draft",
            {"accountId": studio.account.id, "mediaType": "IMAGE"},
        )
    ).body["id"]
    for wrong in (one, draft, "", "x", "00000000-0000-4000-8000-000000000000"):
        for pair in ({"id": one, "other": wrong}, {"id": wrong, "other": one}):
            assert "toast bad" in await swap(**pair), pair
    # What has begun, here in the worker's hands, or is over, swaps with nothing.
    job = (await jobs_of())[0]
    await store.write(
        lambda db: db.conn.execute(
            "UPDATE jobs SET status = 'PROCESSING' WHERE post_id = ? AND status = 'PENDING'", (job,)
        )
    )
    assert "going out right now" in await swap(id=other, other=one)
    assert "going out right now" in await swap(id=one, other=other)
    assert await times() == before
    await store.write(
        lambda db: db.conn.execute(
            "UPDATE jobs SET status = 'PENDING' WHERE post_id = ? AND status = 'PROCESSING'", (job,)
        )
    )
    studio.clock.advance(timedelta(days=3))
    for pair in ({"id": one, "other": other}, {"id": other, "other": one}):
        assert "toast bad" in await swap(**pair), "it is due, or over by now"
    assert (await due(served, other)) == before[1]


async def test_a_draft_that_is_dropped_on_a_day_goes_out_then(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    await studio.configure(timezone="Europe/Oslo")
    body = {"accountId": studio.account.id, "mediaType": "IMAGE",
            "mediaFileId": await photo_id(served)}  # fmt: skip
    draft = (await served.call("POST", f"{API}/posts/draft", body)).body["id"]
    page = (await served.client.get("/calendar")).text
    assert f'id="d-{draft}"' in page
    day = studio.clock.now().astimezone(OSLO).date() + timedelta(days=3)
    told = await move(served, draft, day=str(day))
    assert "It goes out" in told
    assert "/calendar/unplan" in told
    assert (await due(served, draft)).replace(tzinfo=None) == datetime(
        day.year, day.month, day.day, 10
    )
    undone = await served.client.post("/calendar/unplan", data={"id": draft})
    assert "a draft again" in undone.text
    assert f'id="d-{draft}"' in (await served.client.get("/calendar")).text


@pytest.mark.acceptance
async def test_three_thousand_posts_are_one_range_and_a_bounded_page(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    await studio.configure(timezone="Europe/Oslo")
    now = studio.clock.now()

    await studio.core.store.write(fill_plan, studio, 3000)
    await studio.core.store.write(fill_past, studio, 3000)
    page = (await served.client.get("/calendar")).text
    assert page.count(" more</a>") >= 28
    tomorrow = (now.astimezone(OSLO) + timedelta(days=1)).date()
    for view in ("weeks", "week", "list"):
        shown = (await served.client.get(f"/calendar?view={view}")).text
        assert len(re.findall(r"<[a-z]", shown)) < 1500, view
    # A day that is cut off says where the rest is, and nothing is lost on the way there.
    whole = (await served.client.get(f"/calendar?view=day&from={tomorrow}")).text
    assert whole.count('class="line"') == 72
    query = f"accountId={studio.account.id}&from=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z"
    wide: Any = await served.call("GET", f"{API}/calendar?{query}")
    assert (wide.status, wide.body["code"]) == (400, "VALIDATION_ERROR")


async def test_a_free_place_leads_to_the_composer_at_the_usual_time_of_that_day(
    served: Served,
) -> None:
    studio = served.studio
    now = studio.clock.now().astimezone(OSLO)
    noon = now.replace(hour=12, minute=0) + timedelta(days=1)
    studio.clock.set_on(noon - now)  # today's nine o'clock is over, at whatever hour this runs
    await served.sign_in()
    await studio.configure(timezone="Europe/Oslo")
    today = studio.clock.now().astimezone(OSLO).date()
    week = today + timedelta(days=7)
    page = (await served.client.get("/calendar")).text
    assert f'href="/compose?day={week}"' in page
    assert f'href="/compose?day={today - timedelta(days=1)}"' not in page
    hours = (await served.client.get(f"/calendar?view=week&from={week}")).text
    assert f'href="/compose?at={week}T17%3A00"' in hours

    async def begins(**asked: str) -> str:
        form = (await served.client.get("/compose", params=asked)).text
        return str(re.findall(r'id="at" value="([^"]*)"', form)[0])

    assert await begins(day=str(week)) == f"{week}T10:00"
    assert await begins(at=f"{week}T17:00") == f"{week}T17:00"
    for wrong in ("soon", "0001-01-01", "9999-12-31"):
        assert await begins(day=wrong)
    # From now on it is known when this account posts on that weekday.
    nine = datetime(week.year, week.month, week.day, 9, 5, tzinfo=OSLO)
    post_id = await planned(served, nine + timedelta(days=7))
    assert await begins(day=str(week)) == f"{week}T09:00"
    query = f"accountId={studio.account.id}"
    told: Any = await served.call("GET", f"{API}/schedule/usual-times?{query}")
    assert next(each["at"] for each in told.body["times"]).startswith(
        nine.replace(minute=0).astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    )
    form = (await served.client.get("/compose")).text
    assert f'data-usual="{week}T09:00"' in form
    # A post is the beginning of another one, and stays what it is.
    assert (
        f'href="/compose?like={post_id}"' in (await served.client.get(f"/history/{post_id}")).text
    )
    copy = unescape((await served.client.get(f"/compose?like={post_id}")).text)
    assert '"caption":"A quiet morning"' in copy
    assert '"id":null' in copy


async def test_only_what_is_chosen_is_shown(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    await studio.configure(timezone="Europe/Oslo")
    at = studio.clock.now().astimezone(OSLO) + timedelta(days=2)
    post_id = await planned(served, at)
    shown = (await served.client.get("/calendar")).text.split(f'id="t-{post_id}"')[1]
    tile = shown.split("</a>")[0]
    assert "icons.svg#image" in tile
    assert "Photo, planned" in tile
    for chosen, is_there in (
        ("state=SCHEDULED", True), ("state=FAILED", False), ("kind=IMAGE&source=own", True),
        ("kind=REELS", False), ("source=reposts", False),
    ):  # fmt: skip
        page = (await served.client.get(f"/calendar?{chosen}")).text
        assert (f'id="t-{post_id}"' in page) is is_there, chosen
        assert page.count(chosen.split("&")[0]) >= 5, "each way on keeps what was chosen"
        if not is_there:
            assert "Show all" in page
    assert (await served.client.get("/calendar?state=NONSENSE")).status_code == 400


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Europe/Oslo", "2027-03-28"), ("Europe/Oslo", "2027-10-31"),
        # Midnight itself is left out, or comes twice; half an hour; and the day before anybody's.
        ("Africa/Cairo", "2027-04-30"), ("America/Havana", "2026-11-01"),
        ("America/Santiago", "2026-09-06"), ("Australia/Lord_Howe", "2027-04-04"),
        ("Pacific/Kiritimati", "2027-01-01"),
    ],
)  # fmt: skip
def test_where_clocks_change_everything_lies_in_one_place(name: str, day: str) -> None:
    zone, on = ZoneInfo(name), date.fromisoformat(day)
    for view in VIEWS.values():
        span = days_of(view, on, on)
        first = datetime.combine(span[0], time(), zone).astimezone(UTC)
        end = datetime.combine(span[-1] + timedelta(days=1), time(), zone).astimezone(UTC)
        quarters = range(int((end - first) / timedelta(minutes=15)))
        found: Any = [
            SimpleNamespace(at=first + number * timedelta(minutes=15), source_type="MANUAL")
            for number in quarters
        ]
        days = placed(span, found, zone)
        assert sum(len(each.posts) for each in days) == len(found), view.name
        if view.name == "week":
            cells = [cell for row in hours_of(days, first, zone, (23, 7)) for cell in row.cells]
            assert sum(len(each.tiles) + each.rest for each in cells) == len(found)
