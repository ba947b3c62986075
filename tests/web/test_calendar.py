"""Moving posts in the calendar, over HTTP: what is kept, refused and taken back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

from storage import posts
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.store import Database
from storage.times import to_text
from tests.support.posting import API, photo_id
from tests.support.served import Served

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
    await move(served, fields["id"], at=fields["at"])
    assert await due(served, post_id) == at
    await move(served, post_id, minutes="15")
    assert (await due(served, post_id)).minute == 30
    before = await due(served, post_id)
    for wrong in ({"day": "2020-01-01"}, {"day": "0001-01-01"}, {"day": "soon"}, {"at": "x"}, {},
                  {"at": "1999-01-01T10:00"}, {"at": "9999-12-31T23:59:59+00:00"}):  # fmt: skip
        assert "toast bad" in await move(served, post_id, **wrong), wrong
    assert await due(served, post_id) == before
    strange = await move(served, "00000000-0000-4000-8000-000000000000", day=f"{year}-04-02")
    assert "toast bad" in strange


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
    assert "It goes out" in await move(served, draft, day=str(day))
    assert (await due(served, draft)).replace(tzinfo=None) == datetime(
        day.year, day.month, day.day, 10
    )


async def test_three_thousand_posts_are_one_range_and_a_bounded_page(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    await studio.configure(timezone="Europe/Oslo")
    now = studio.clock.now()

    def fill(db: Database) -> None:
        for number in range(3000):
            at = now + timedelta(minutes=20 * number)
            made = Post(
                id=f"{number:08d}-0000-4000-8000-000000000000", user_id=studio.core.owner.id,
                account_id=studio.account.id, instagram_account_id=studio.account.id,
                media_type=MediaType.IMAGE, source_type=SourceType.SCHEDULED, caption="x",
                is_scheduled=True, scheduled_for=at, status=PostStatus.SCHEDULED,
                created_at=now, updated_at=now,
            )  # fmt: skip
            posts.take_over(db, made, [])

    await studio.core.store.write(fill)
    page = (await served.client.get("/calendar")).text
    assert page.count(" more</a>") >= 28
    assert len(re.findall(r"<[a-z]", page)) < 1500
    listed = (await served.client.get("/calendar?view=list")).text
    assert len(re.findall(r"<[a-z]", listed)) < 2000
    query = f"accountId={studio.account.id}&from=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z"
    wide: Any = await served.call("GET", f"{API}/calendar?{query}")
    assert (wide.status, wide.body["code"]) == (400, "VALIDATION_ERROR")
