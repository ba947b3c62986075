"""Coming from VoidGram on the page: seen first, then all of it or nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import trio

from operations.scopes import PRESETS, text_of
from storage import accounts, media_files, posts
from tests.api.test_scopes import sign_in
from tests.daemon.test_moving import voidgram
from tests.support.limits import DEADLOCK_S
from tests.support.served import Served

HTML = {"Accept": "text/html"}
HERE = "/welcome/voidgram"


async def send(served: Served, name: str, data: bytes, *media: tuple[str, bytes]) -> str:
    """Send a file as the page's form does; returns the page that is shown then."""
    files = [("file", (name, data)), *(("media", (each, content)) for each, content in media)]
    with trio.fail_after(DEADLOCK_S):
        answer = await served.client.post(HERE, files=files, headers=HTML)
        if answer.status_code == 303:
            assert answer.headers["Location"] == HERE
            answer = await served.client.get(HERE, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


async def stored(served: Served) -> dict[str, list[Any]]:
    def read(db: Any) -> dict[str, list[Any]]:
        return {
            name: db.conn.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
            for name in db.table_names()
        }

    return await served.studio.core.store.read(read)


def incoming(served: Served) -> list[Path]:
    return list(served.studio.folder.incoming.iterdir())


async def take(served: Served, page: str, **more: str) -> str:
    (ticket,) = re.findall(
        r'voidgram/take">\s*<input type="hidden" name="ticket" value="(\w+)"', page
    )
    answer = await served.client.post(f"{HERE}/take", data={"ticket": ticket, **more}, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


async def back(served: Served, page: str) -> httpx.Response:
    """Press the button that takes back what has come."""
    (ticket,) = re.findall(r'voidgram/back"><input type="hidden" name="ticket" value="(\w+)"', page)
    return await served.client.post(f"{HERE}/back", data={"ticket": ticket}, headers=HTML)


async def test_voidgrams_database_is_seen_taken_in_once_and_told(
    served: Served, tmp_path: Path
) -> None:
    studio = served.studio
    ids, _ = voidgram(tmp_path / "voidgram.db", studio.clock)
    data = (tmp_path / "voidgram.db").read_bytes()
    await served.sign_in()
    assert "Bring my data over" in (await served.client.get("/welcome", headers=HTML)).text
    before = await stored(served)
    page = await send(served, "<b>void</b>gram.db", data)
    assert "This would come over" in page
    assert "<b>void" not in page
    assert "parked as failed" in page
    assert await stored(served) == before
    # Not without the other one stopped; and what waits is still there.
    assert "notice bad" in await take(served, page)
    assert await stored(served) == before
    page = (await served.client.get(HERE, headers=HTML)).text
    done = await take(served, page, stopped="on")
    assert "It has come over" in done
    status = {}
    for name, post_id in ids.items():
        status[name] = (await studio.core.store.read(posts.get, post_id)).status.value
    assert status == {
        "published": "PUBLISHED", "future": "DRAFT", "cloud": "DRAFT", "past": "FAILED",
        "going": "FAILED", "draft": "DRAFT",
    }  # fmt: skip
    assert incoming(served) == []
    # In one step all of it is gone again, and what was here is as it was.
    taken = await back(served, done)
    assert (taken.status_code, taken.headers["Location"]) == (303, f"{HERE}?back=1")
    now = await stored(served)
    # What protects an account that was here before stays: a hold that came along for it.
    told = {"facts", "sqlite_sequence", "events", "troubles", "lanes", "state_counts", "row_counts"}
    told |= {"browser_sessions"}
    other = {name for name, rows in now.items() if rows != before[name]} - told
    assert other == set()
    assert "can be taken back" not in (await served.client.get(HERE, headers=HTML)).text
    # Not where something of it was used; then all of it stays.
    done = await take(served, await send(served, "voidgram.db", data), stopped="on")
    draft = f"/api/v1/posts/draft/{ids['draft']}"
    assert (await served.call("PUT", draft, {"caption": "mine now"})).status == 200
    kept = await stored(served)
    refused = await back(served, done)
    assert "a post of it was used or changed" in refused.text
    assert await stored(served) == kept
    # Once more: all of it is here already, and the page says so; then it is left.
    again = await send(served, "voidgram.db", data)
    assert re.search(r'Posts</th><td data-is="New">0</td><td data-is="Here already">6<', again)
    after = await stored(served)
    old = await served.client.post(f"{HERE}/take", data={"ticket": "0", "stopped": "on"})
    assert "notice bad" in old.text
    await served.client.post(f"{HERE}/discard")
    assert "Its data" in (await served.client.get(HERE, headers=HTML)).text
    assert incoming(served) == []
    assert await stored(served) == after


async def test_media_come_along_by_their_names(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    photo = studio.photo(640, 640).read_bytes()
    number = "5b0a3d4e-7a51-4d3e-9a55-0d6a3f1f0a01"
    row = {
        "id": number, "originalFilename": "a.jpg", "storagePath": "2026/a.jpg",
        "mimeType": "image/jpeg", "fileSize": len(photo), "isValid": True,
        "createdAt": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    document = json.dumps({"mediaFiles": [row]}).encode()
    missing = await send(served, "lists.json", document, ("uploads/b.jpg", photo))
    assert "2026/a.jpg is not in media" in missing
    twice = [("uploads/a.jpg", photo), ("uploads/old/a.jpg", photo)]
    assert "two files are called a.jpg" in await send(served, "lists.json", document, *twice)
    text = await send(served, "lists.json", document, ("uploads/a.jpg", b"none"))
    assert "2026/a.jpg is no picture or video" in text
    assert incoming(served) == []
    page = await send(served, "l.json", document, ("u/.DS_Store", b""), ("u/a.jpg", photo))
    assert "It has come over" in await take(served, page, stopped="on")
    taken = await studio.core.store.read(media_files.get, number)
    assert taken.width == 640
    # A file that no browser's picture is: it is told when it is taken in, and nothing is kept.
    broken = json.dumps({"mediaFiles": [{**row, "id": number[:-1] + "2"}]}).encode()
    page = await send(served, "l.json", broken, ("u/a.jpg", photo[:300]))
    before = await stored(served)
    told = await take(served, page, stopped="on") if "ticket" in page else page
    assert "notice bad" in told
    assert await stored(served) == before


async def test_what_is_none_is_refused_in_one_line_and_leaves_nothing(served: Served) -> None:
    await served.sign_in()
    before = await stored(served)
    deep = b'{"posts":[' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"]}"
    paths = [
        {"id": "5b0a3d4e-7a51-4d3e-9a55-0d6a3f1f0a01", "originalFilename": "a", "fileSize": 1,
         "mimeType": "image/jpeg", "isValid": True, "createdAt": "2026-01-01T00:00:00Z",
         "storagePath": path}
        for path in ("../../reprise.db", "/etc/passwd", "a\0b", "a" * 5000)
    ]  # fmt: skip
    for name, data, media in (
        ("a.db", b"SQLite format 3\0" + b"x" * 4000, ()),
        ("a.json", b"{", ()),
        ("a.json", b"\xff\xfe\x00", ()),
        ("a.json", b"[]", ()),
        ("a.json", deep, ()),
        ("a.json", b'{"posts": [{"id": "no uuid"}]}', ()),
        ("<script>x</script>.png", b"\x89PNG\r\n", ()),
        *(
            ("a.json", json.dumps({"mediaFiles": [row]}).encode(), (("reprise.db", b"x"),))
            for row in paths
        ),
    ):
        page = await send(served, name, data, *media)
        assert "notice bad" in page, data[:40]
        assert "<script>x" not in page
        assert "Its data" in page, data[:40]
        assert "Traceback" not in page
        assert incoming(served) == [], data[:40]
    none = await served.client.post(HERE, files=[("file", ("", b""))], headers=HTML)
    assert "Choose the one file" in none.text
    assert await stored(served) == before


async def test_it_is_for_who_may_and_only_for_what_was_received(served: Served) -> None:
    await sign_in(served, scopes=text_of(PRESETS["approver"]))
    refused = await served.client.post(HERE, files=[("file", ("a.json", b"{}"))], headers=HTML)
    assert refused.status_code == 403
    assert incoming(served) == []
    assert await served.studio.core.store.read(accounts.of_user, served.studio.core.owner.id)
