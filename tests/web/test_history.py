"""History over HTTP: found among ten thousand, failed ones first until seen, and what is done."""

from __future__ import annotations

import re

import pytest

from storage import post_lists, posts
from storage.posts import PostStatus
from storage.store import Database
from tests.support.attempts import live
from tests.support.posting import photo_id, publish, until
from tests.support.served import Served
from tests.web.many import fill_past

HTML = {"Accept": "text/html"}


async def read(served: Served, path: str) -> str:
    answer = await served.client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def rows(page: str) -> int:
    return page.count('<li id="p-')


@pytest.mark.acceptance
async def test_ten_thousand_are_found_by_what_they_are_and_read_by_pages(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    await studio.configure(timezone="Europe/Oslo")
    await studio.core.store.write(fill_past, studio, 10_000)
    page = await read(served, "/history")
    assert rows(page) == 50
    assert "10,000 posts" in page
    assert len(re.findall(r"<[a-z]", page)) < 1500
    last = await read(served, "/history?page=200")
    assert rows(last) == 50
    assert "Older" not in last
    for query, found in (
        ("kind=CAROUSEL", "2,500 posts"),
        ("source=reposts", "2,500 posts"),
        ("source=own&kind=STORIES", "Nothing matches"),
        ("text=number+17+OF", "1 post<"),
        ("text=100%25", "10,000 posts"),  # the sign is itself
        ("text=9%25%25", "Nothing matches"),
        ("text=_", "Nothing matches"),
        ("state=FAILED", "2 posts"),
        ("from=2001-01-01&until=2001-01-31", "Nothing matches"),
    ):
        assert found in await read(served, f"/history?{query}"), query
    month = re.findall(r'href="(/history\?from=[^"]+)"', page)[1].replace("&amp;", "&")
    counted = re.search(r"([\d,]+) posts", await read(served, month))
    assert counted is not None
    assert 600 < int(counted[1].replace(",", "")) < 800
    for wrong in ("from=soon", "kind=PAINTING", "page=0", "from=9999-12-31&until=9999-12-31",
                  "text=" + "x" * 300):  # fmt: skip
        answer = await served.client.get(f"/history?{wrong}", headers=HTML)
        assert answer.status_code == 400, wrong


async def test_failed_ones_are_first_until_they_are_seen(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    await studio.core.store.write(fill_past, studio, 8)
    page = await read(served, "/history")
    assert "These did not go out" in page
    assert page.index("These did not go out") < page.index('<li id="p-')
    answer = await served.client.post("/history/seen")
    assert answer.status_code == 303
    page = await read(served, "/history")
    assert "did not go out" not in page
    assert rows(page) == 8  # they are still in their place

    def fail(db: Database) -> None:
        found = post_lists.page(db, studio.core.owner.id, post_lists.EVERYTHING, limit=8, offset=0)
        posts.change_status(
            db, found[-1]["id"], PostStatus.FAILED, now=studio.clock.now().replace(year=2030),
            error_message="<b>no</b>",
        )  # fmt: skip

    await studio.core.store.write(fail)
    page = await read(served, "/history")
    assert "This did not go out" in page
    assert "&lt;b&gt;no" in page


async def test_a_post_has_its_way_and_is_deleted_from_instagram_only_when_one_is_sure(
    served: Served,
) -> None:
    studio = served.studio
    await served.sign_in()
    body = {
        "accountId": studio.account.id, "mediaType": "IMAGE", "caption": "A <i>quiet</i>",
        "mediaFileId": await photo_id(served),
    }  # fmt: skip
    post_id = await publish(served, body)
    await until(served, post_id, "PUBLISHED")
    page = await read(served, f"/history/{post_id}")
    assert "A &lt;i&gt;quiet" in page
    for step in ("<b>On its way", "<b>Out"):
        assert step in page
    assert "Look at it on Instagram" in page
    unsure = await served.client.post("/history/delete", data={"id": post_id})
    assert unsure.status_code == 303
    assert [post.deleted_at for post in live(served, studio.account)] == [None]
    gone = await served.client.post("/history/delete", data={"id": post_id, "sure": "on"})
    assert "It is gone from Instagram" in gone.text
    assert live(served, studio.account)[0].deleted_at is not None
    again = await served.client.get(f"/history/{post_id}", headers=HTML)
    assert again.status_code == 404
