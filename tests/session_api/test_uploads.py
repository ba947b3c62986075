"""Uploads by session: each goes out by the one door, once, and is answered with what is live."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from ground.changes import Change, Changes, Subject
from publish.advice import Adviser
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Reset, Status
from session_api.door import Ends
from storage import posts
from tests.session_api.desk import Desk, open_desk
from tests.support.clock import TestClock


@pytest.fixture
async def desk(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(sandbox, clock, tmp_path) as opened:
        yield opened


async def upload(desk: Desk, path: str, given: dict[str, Any], **files: Path) -> Any:
    sent = [(name.partition("_")[0], file.read_bytes()) for name, file in files.items()]
    return await desk.ask("POST", path, given, files=sent)


@pytest.mark.acceptance
async def test_every_kind(desk: Desk) -> None:
    """One served daemon: it takes a second to come up."""
    await _feed(desk)
    await _story(desk)
    await _by_address(desk)
    await _malformed(desk)
    await _edit(desk)


async def _feed(desk: Desk) -> None:
    tag = json.dumps([{"user": {"pk": desk.anna.pk}, "x": 0.25, "y": 0.75}])
    place = json.dumps({"name": "Bakery", "external_id": 77})
    said = {"caption": "Fresh", "usertags": tag, "location": place}
    for path, kind, file in (
        ("/photo/upload", 1, desk.square),
        ("/video/upload", 2, desk.video),
        ("/clip/upload", 2, desk.video),
        ("/igtv/upload", 2, desk.video),
    ):
        more = {"title": path} if "igtv" in path else {"caption": f"Fresh {path}"}
        given = {**said, **more}
        answer = await upload(desk, path, given, file=file)
        assert answer.status_code == 200, (path, answer.text)
        live = desk.world.library.posts[int(answer.json()["pk"])]
        assert answer.json()["media_type"] == kind
        caption = f"{path}\nFresh" if "igtv" in path else f"Fresh {path}"
        assert (live.caption, live.location_id) == (caption, "77")
        (shot,) = live.shots
        assert [(tag.username, tag.x, tag.y) for tag in shot.tags] == [("anna", 0.25, 0.75)]
    album = await upload(
        desk, "/album/upload", {"caption": "Both"}, files_1=desk.square, files_2=desk.square
    )
    assert album.status_code == 200, album.text
    assert len(album.json()["resources"]) == 2
    packed = await desk.ask("GET", "/album/download", {"media_pk": album.json()["pk"]})
    names = ZipFile(BytesIO(packed.content)).namelist()
    assert [name.rpartition(".")[2] for name in names] == ["jpg", "jpg"]


async def _story(desk: Desk) -> None:
    given = {
        "mentions": json.dumps([{"user": {"pk": str(desk.anna.pk), "username": "anna"}, "x": 0.1}]),
        "links": json.dumps({"webUri": "https://bakery.example/menu"}),
        "hashtags": ["", json.dumps({"hashtag": {"name": "bread"}, "rotation": 0.25})],
        "locations": json.dumps([{"location": {"pk": 77, "name": "Bakery"}}]),
        "stickers": json.dumps({"id": "gif_1", "x": 0.5, "y": 0.5, "width": 0.2, "height": 0.2}),
        "caption": "",
    }
    answer = await upload(desk, "/story/upload", given, file=desk.square)
    assert answer.status_code == 200, answer.text
    live = desk.world.library.stories[int(answer.json()["pk"])]
    (anna,) = live.placed
    assert (anna.username, anna.x, anna.y, anna.height) == ("anna", 0.1, 0.5, 0.2)
    kinds = {sticker["type"]: sticker for sticker in live.stickers}
    assert set(kinds) == {"story_link", "hashtag", "location", "gif"}
    assert kinds["hashtag"]["rotation"] == 0.25
    filmed = await upload(desk, "/story/upload", {"as_video": "true"}, file=desk.square)
    assert (filmed.status_code, filmed.json()["media_type"]) == (200, 2), filmed.text
    assert 14 < filmed.json()["video_duration"] < 16


async def _by_address(desk: Desk) -> None:
    at_instagram = f"https://scontent.cdninstagram.com/v/{desk.reel.pk}.mp4"
    answer = await desk.ask(
        "POST", "/clip/upload/by/url", {"url": at_instagram, "caption": "Again"}
    )
    assert answer.status_code == 200, answer.text
    before = len(desk.sandbox.ledger.requests)
    for url in (
        "http://127.0.0.1:9/a.jpg",
        "http://[::1]/a.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:3001/session/health",
        "http://[::ffff:10.0.0.1]/a.jpg",
        "http://[64:ff9b::7f00:1]/a.jpg",
        "http://[2002:7f00:1::]/a.jpg",
        "http://2130706433/a.jpg",
        "ftp://example.com/a.jpg",
        "file:///etc/passwd",
        "http://user:word@example.com/a.jpg",
    ):
        refused = await desk.ask("POST", "/photo/upload/by/url", {"url": url, "caption": "x"})
        assert refused.status_code == 422, (url, refused.text)
        assert "word@" not in refused.text
    assert len(desk.sandbox.ledger.requests) == before


async def _malformed(desk: Desk) -> None:
    """Nothing is uploaded where one of several fields is bad, and the field is named."""
    before = len(desk.sandbox.ledger.requests)
    good = json.dumps({"user": {"pk": "1"}})
    for name, value in (
        *(("mentions", bad) for bad in ("null", "1", '"x"', "[[]]", "{", "{}", "NaN")),
        ("mentions", '{"user": {"pk": "1"}, "x": NaN}'),
        ("mentions", '{"user": {"pk": "1"}, "x": 1e999}'),
        ("mentions", '{"user": {"pk": "../x"}}'),
        ("mentions", "[" * 100_000),
        ("stickers", '{"x": 0.5}'),
        ("links", '{"webUri": "javascript:alert(1)"}'),
        ("locations", '{"location": {"name": "Nowhere"}}'),
    ):
        given = {"mentions": [good], "hashtags": "", name: value}
        refused = await upload(desk, "/story/upload", given, file=desk.square)
        assert refused.status_code == 422, (value[:40], refused.text)
        assert refused.json()["detail"][0]["loc"][:2] == ["body", name]
    two = await upload(
        desk, "/photo/upload", {"caption": "x", "location": '[{"name": "a"}, {"name": "b"}]'},
        file=desk.square,
    )  # fmt: skip
    assert two.json()["detail"][0]["loc"] == ["body", "location"]
    for path, file in (("/photo/upload", desk.video), ("/clip/upload", desk.square)):
        assert (await upload(desk, path, {"caption": "x"}, file=file)).status_code == 422
    single = await upload(desk, "/album/upload", {"caption": "x"}, files=desk.square)
    assert single.status_code == 422
    assert len(desk.sandbox.ledger.requests) == before
    folder = desk.served.studio.core.settings.data_dir
    assert not list((folder / "media" / "incoming").glob("*"))


async def _edit(desk: Desk) -> None:
    tags = desk.own.shots[0].tags
    given = {"media_id": desk.own.media_id, "caption": "Later"}
    before = len(desk.sandbox.ledger.requests)
    edited = await desk.ask("PATCH", "/media", given)
    assert (edited.status_code, desk.own.caption) == (200, "Later"), edited.text
    assert len(desk.sandbox.ledger.requests) == before + 1
    assert desk.own.shots[0].tags == tags


@pytest.mark.acceptance
async def test_once(desk: Desk, clock: TestClock) -> None:
    """However often the same is sent, and whatever answer is lost, it is one post."""
    given = {"caption": "Once"}

    def live(caption: str) -> int:
        return sum(post.caption == caption for post in desk.world.library.posts.values())

    first = await upload(desk, "/photo/upload", given, file=desk.square)
    again = await upload(desk, "/photo/upload", given, file=desk.square)
    assert first.json()["pk"] == again.json()["pk"]
    assert live("Once") == 1
    keyed = {"Idempotency-Key": "one"}
    file = {"file": desk.square.read_bytes()}
    meant = [
        await desk.ask("POST", "/photo/upload", given, files=file, headers=keyed) for _ in "12"
    ]
    assert {each.json()["pk"] for each in meant} != {first.json()["pk"]}
    assert len({each.json()["pk"] for each in meant}) == 1
    assert live("Once") == 2
    other = await desk.ask("POST", "/photo/upload", {"caption": "Other"}, files=file, headers=keyed)
    assert (other.status_code, live("Other")) == (422, 0)
    # An answer that is lost after the effect: asked about, and found.
    desk.sandbox.faults.add(Fault(path="/media/configure/", kind=Reset(after_effect=True)))
    lost = await upload(desk, "/photo/upload", {"caption": "Lost"}, file=desk.square)
    assert (lost.status_code, live("Lost")) == (200, 1), lost.text
    tried = await desk.ask(
        "POST", "/photo/upload", {"caption": "Dry"}, files=file, headers={"X-Dry-Run": "1"}
    )
    assert (tried.json()["held"], live("Dry")) == (None, 0)
    # One that is tried again in a while is told at once, and is not given up.
    desk.sandbox.faults.add(Fault(path="/rupload_igphoto/", kind=Status(503)))
    waits = await upload(desk, "/photo/upload", {"caption": "Waits"}, file=desk.square)
    assert (waits.status_code, waits.json()["exc_type"]) == (504, "StillOnItsWay"), waits.text
    assert (waits.json()["until"], live("Waits")) != (None, 1)
    clock.advance(timedelta(minutes=1))
    joined = await upload(desk, "/photo/upload", {"caption": "Waits"}, file=desk.square)
    assert (joined.status_code, live("Waits")) == (200, 1), joined.text
    clock.advance(timedelta(hours=2))
    later = await upload(desk, "/photo/upload", given, file=desk.square)
    assert (later.status_code, live("Once")) == (200, 3)


async def test_the_door_has_its_own_rails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    store, account = desk.served.studio.core.store, desk.served.studio.account
    for number in range(12):
        given = {"caption": f"Number {number}", "upload_id": "1" if number == 0 else ""}
        answer = await upload(desk, "/photo/upload", given, file=desk.square)
        if number < 10:
            assert answer.status_code == 200, answer.text
            warned = answer.headers.get("Reprise-Warning", "")
            assert ("`upload_id` is not sent" in warned) == (number == 0)
        else:
            assert (answer.status_code, answer.json()["rail"]) == (429, "session_post")
            assert answer.json()["until"]
            assert int(answer.headers["Retry-After"]) > 3600
    made = await store.read(posts.unfinished_of, account.id)
    assert made == []
    dry = await desk.ask(
        "POST", "/photo/upload", {"caption": "x"}, files={"file": b"x"}, headers={"X-Dry-Run": "1"}
    )
    assert dry.json()["held"]["rail"] == "session_post"
    # Why Meta lets an account publish nothing is told in its own words, in as many lines as it has.
    told, forged = Adviser.warnings, "It cannot go out yet. No right (\r\nX-Forged: 1)"
    monkeypatch.setattr(Adviser, "warnings", lambda *asked: [*told(*asked), forged])
    story = await upload(desk, "/story/upload", {"caption": "Unseen"}, file=desk.square)
    assert story.status_code == 200, story.text
    assert story.headers["Reprise-Warning"].endswith("No right (  X-Forged: 1)")
    assert "`caption` is not sent" in story.headers["Reprise-Warning"]
    await _a_browser_sends_every_field(desk)


async def _a_browser_sends_every_field(desk: Desk) -> None:
    """A file that nobody has chosen is none, and what is not heard is told."""
    parts = [
        b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, value)
        for name, value in (
            (b'caption"; x="', b"All"),
            (b'thumb"; filename="', b""),
            (b'file"; filename="v.mp4', b"video"),
        )
    ]
    answer = await desk.served.client.post(
        "/session/clip/upload",
        content=b"".join(parts) + b"--B--\r\n",
        headers={
            "Authorization": f"Bearer {desk.served.key}",
            "X-Session-ID": desk.session,
            "X-Dry-Run": "1",
            "Content-Type": "multipart/form-data; boundary=B",
        },
    )
    assert answer.status_code == 200, answer.text
    muted = await desk.ask(
        "POST", "/user/mute/posts", {"user_id": desk.anna.pk}, headers={"Idempotency-Key": "1"}
    )
    assert "uploads alone" in muted.headers["Reprise-Warning"], muted.text


def test_who_waits_for_a_post_is_forgotten_with_its_wait() -> None:
    changes = Changes()
    ends = Ends(changes)
    event, other = ends.changed("one"), ends.changed("other")
    assert ends.changed("one") is event
    changes.announce([
        Change(subject=Subject.POST, subject_id="one", user_id="", account_id=None, state="FAILED")
    ])  # fmt: skip
    assert (event.is_set(), other.is_set()) == (True, False)
    del event, other
    assert len(ends._waiting) == 0
