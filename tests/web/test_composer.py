"""The composer in Chromium: from files to a planned post, and nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sandbox import Sandbox
from storage import browser_sessions, media_files, post_lists, posts
from storage.errors import Unavailable
from storage.posts import MediaType, Post, PostStatus
from storage.store import Database
from tests.support.browsing import open_browser
from tests.support.clock import TestClock
from tests.support.posting import API, draft
from tests.support.served import serve_studio
from tests.support.studio import open_studio
from tests.web.test_pages import Home

pytestmark = [pytest.mark.acceptance, pytest.mark.thirdparty]


@pytest.fixture
async def home(sandbox: Sandbox, clock: TestClock, tmp_path: Any) -> AsyncIterator[Home]:
    morning = clock.now().replace(hour=8, minute=0, second=0, microsecond=0)
    clock.set_on(morning - clock.now())
    async with (
        open_studio(sandbox, clock, tmp_path) as studio,
        serve_studio(studio) as served,
        open_browser("tests.web.composing") as browser,
    ):
        await studio.configure(timezone="Europe/Oslo")
        made = Home(served, browser)
        await browser.take("sign_in", await made.login_link(), "a")
        yield made


async def the_post(home: Home) -> Post:
    """Return the only post that there is."""

    def read(db: Database) -> Post:
        (one,) = post_lists.page(
            db, home.served.studio.core.owner.id, post_lists.EVERYTHING, limit=9, offset=0
        )
        return posts.get(db, one["id"])

    return await home.served.studio.core.store.read(read)


async def test_files_become_a_planned_post_and_are_a_draft_all_the_while(home: Home) -> None:
    studio, take = home.served.studio, home.take
    studio.friend("anna")
    await home.go("/calendar")
    await take("press", "n")
    await take("sees", "body[data-composer=here]")
    await take("bring", "body", "drop", str(studio.photo(1080, 1080, 1)), "image/jpeg")
    await take("counts", "#slides > li", 1)
    await take("bring", "#caption", "paste", str(studio.photo(1080, 1350, 2)), "image/jpeg")
    await take("counts", "#slides > li", 2)
    await take("sees", "#saved", "Saved as a draft")
    post = await the_post(home)
    assert (post.status, post.media_type) == (PostStatus.DRAFT, MediaType.CAROUSEL)
    await take("arrives", f"/posts/{post.id}")
    # In another order by a key, which stays with what it moved, and back by the mouse.
    names = await take("labels", "#slides [data-do=open]")
    await take("focus", "#slides > li:last-child [data-do=open]")
    await take("press", "Alt+ArrowLeft")
    await take("has_focus", "#slides > li:first-child [data-do=open]")
    assert [each[3:] for each in await take("labels", "#slides [data-do=open]")] == [
        names[1][3:], names[0][3:],
    ]  # fmt: skip
    await take("drag", "#slides > li:first-child img", "#slides > li:last-child img")
    assert await take("labels", "#slides [data-do=open]") == names
    # What a picture shows stays with it, wherever it goes.
    await take("click", "#slides > li:first-child [data-do=open]")
    await take("fill", "#alt", "A red cup")
    await take("click", "#slides > li:last-child [data-do=open]")
    await take("has_value", "#alt", "")
    await take("press", "Alt+ArrowLeft")
    await take("sees", "#saved", "Saved as a draft")
    await take("click", "#slides > li:last-child [data-do=open]")
    await take("has_value", "#alt", "A red cup")
    await take("press", "Alt+ArrowLeft")
    # Words, people, and what is drawn by the publisher's own hand.
    await take("fill", "#caption", "Morning #coffee with @anna <b>")
    await take("sees", "#counted", "30 of 2,200 characters · 1 of 30 hashtags · 1 of 20 mentions")
    await take("click", "#slides > li:first-child [data-do=open]")
    await take("sees", "#change", "It goes out as it is")
    await take("click", "#stage img")
    await take("types", "@anna")
    await take("press", "Enter")
    await take("sees", "#marks", "@anna · 50 % across")
    await take("focus", "#stage .tag")
    await take("press", "Shift+ArrowRight", "ArrowUp")
    await take("sees", "#marks", "@anna · 55 % across, 49 % down")
    await take("sees", "#saved", "Saved as a draft")
    await take("reload")
    await take("has_value", "#caption", "Morning #coffee with @anna <b>")
    await take("sees", "#marks", "@anna · 55 % across, 49 % down")
    # The past is refused where it is chosen; a time is one of the account's clocks.
    await take("fill", "#at", "2020-01-01T10:00")
    await take("sees", "#problem", "must be in the future")
    day = (studio.clock.now() + timedelta(days=2)).astimezone(ZoneInfo("Europe/Oslo")).date()
    await take("fill", "#at", f"{day}T09:30")
    await take("sees", "#at-told", "09:30")
    await take("hidden", "#problem")
    await take("press", "Control+Enter")
    await take("sees", "h1", "Planned post")
    post = await the_post(home)
    assert post.status is PostStatus.SCHEDULED
    assert post.scheduled_for is not None
    assert f"{post.scheduled_for.astimezone(ZoneInfo('Europe/Oslo')):%Y-%m-%d %H:%M}" == (
        f"{day} 09:30"
    )
    assert [tag["username"] for tag in post.user_tags or ()] == ["anna"]
    # What is planned changes when it is saved; until then it is kept here.
    await take("fill", "#caption", "Another word")
    await take("sees", "#saved", "Not saved yet")
    await take("reload")
    await take("has_value", "#caption", "Another word")
    assert (await the_post(home)).caption == "Morning #coffee with @anna <b>"
    await take("click", "#schedule")
    await take("sees", "#saved", "It goes out")
    assert (await the_post(home)).caption == "Another word"
    assert (await the_post(home)).alt_texts == ["A red cup"]
    # Back to a draft, and out now: asked once.
    await take("click", "#undraft")
    await take("sees", "h1", "Compose")
    await take("click", "#now")
    await take("sees", "#sure", "Carousel of @studio")
    await take("press", "Escape")
    assert (await the_post(home)).status is PostStatus.DRAFT
    await take("click", "#now")
    await take("sees", "#sure", "Another word")
    await take("click", "#sure-yes")
    await take("sees", "#past", "It went out")
    assert (await the_post(home)).status is PostStatus.PUBLISHED
    assert await take("complaints") == []


@pytest.mark.soak
async def test_a_story_on_a_phone_has_its_stickers_and_a_photo_other_cuts(home: Home) -> None:
    studio, phone = home.served.studio, home.browser
    await phone.take("sign_in", await home.login_link(), "m", 390, 844, "dark")
    await phone.take("go", "m", home.served.url + "/compose")
    await phone.take("sees", "m", "body[data-composer=here]")
    await phone.take("choose", "m", str(studio.photo(1200, 400, 5)))
    # What fits is chosen, the others say why not.
    await phone.take("sees", "m", "[data-why=IMAGE]", "aspect ratio")
    await phone.take("sees", "m", "[data-why=REELS]", "a Reel is a video")
    await phone.take("sees", "m", "#change", "Its own blur fills the room around it")
    await phone.take("opt", "m", "#mark-kind", "link")
    await phone.take("fill", "m", "#mark-text", "https://example.com/<b>")
    await phone.take("click", "m", "#mark-add")
    await phone.take("focus", "m", "#stage .tag")
    await phone.take("looks", "m", "#stage .zone.bottom", "opacity", "1")
    await phone.take("press", "m", "ArrowUp")
    await phone.take("sees", "m", "#saved", "Saved as a draft")
    post = await the_post(home)
    assert post.media_type is MediaType.STORIES
    assert [(each["type"], each["y"]) for each in post.story_stickers or ()] == [("link", 0.49)]
    # Cut around the point that was pressed, it fits the feed; the photo itself is still there.
    await phone.take("opt", "m", "#cut-aspect", "4:5")
    await phone.take("click", "m", "#cut-do")
    await phone.take("hidden", "m", "[data-why=IMAGE]")
    await phone.take("click", "m", "input[value=IMAGE]")
    await phone.take("sees", "m", "#change", "It goes out as it is")
    await phone.take("choose", "m", str(studio.photo(1080, 1350, 6)))
    await phone.take("counts", "m", "#slides > li", 2)
    names = await phone.take("labels", "m", "#slides [data-do=open]")
    first, last = (f"#slides > li:{each}-child [data-do=open]" for each in ("first", "last"))
    await phone.take("lift_and_drag", "m", first, last)
    await phone.take("has_attribute", "m", last, "aria-label", f"2{names[0][1:]}")
    await phone.take("sees", "m", "#saved", "Saved as a draft")
    assert (await phone.take("measure", "m"))["sideways"] == 0
    assert await phone.take("complaints", "m") == []


async def test_nothing_typed_is_lost(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    served, take = home.served, home.take
    made = await draft(served, caption="as it was")
    path = f"/posts/{made['id']}"
    await home.go(path)
    await take("sees", "body[data-composer=here]")
    # A second tab of the same post: both are told, and what one saves the other shows.
    await home.browser.take("another_tab", "a", "b", served.url + path)
    await take("sees", "#told", "open in another tab")
    await home.browser.take("sees", "b", "#told", "open in another tab")
    await home.browser.take("fill", "b", "#caption", "from the other tab")
    await home.browser.take("sees", "b", "#saved", "Saved as a draft")
    await take("has_value", "#caption", "from the other tab")

    async def elsewhere(caption: str) -> None:
        answer = await served.call("PUT", f"{API}/posts/draft/{made['id']}", {"caption": caption})
        assert answer.status == 200

    # Changed by a program while it is typed here: both are shown, and either can stand.
    for press, stands in (("#keep-mine", "mine"), ("#take-theirs", "<b>theirs</b>")):
        await take("offline", True)
        await take("fill", "#caption", "mine")
        await take("sees", "#saved", "Reprise does not answer. What you typed is kept")
        await elsewhere("<b>theirs</b>")
        await take("offline", False)
        await take("sees", "#mine", "mine")
        await take("sees", "#theirs", "<b>theirs</b>")
        await take("click", press)
        await take("has_value", "#caption", stands)
        await take("sees", "#saved", "Saved as a draft" if stands == "mine" else "This is how")
    assert (await the_post(home)).caption == "<b>theirs</b>"
    # It was saved and the answer was lost: nobody is asked.
    await take("lose", "**/posts/draft/*", "lost")
    await take("fill", "#caption", "an answer that is lost")
    await take("sees", "#saved", "Reprise does not answer")
    await take("sees", "#saved", "Saved as a draft")
    assert (await the_post(home)).caption == "an answer that is lost"
    # An upload that hangs is stopped. A disk that is full: the file waits where it is.
    folder = served.studio.folder
    await take("lose", "**/media/upload", "hangs")
    await take("choose", str(served.studio.photo(1080, 1350, 4)))
    await take("click", "#uploads button:has-text('Cancel')")
    await take("counts", "#uploads li", 0)
    monkeypatch.setattr(type(folder), "check_room", _full)
    await take("choose", str(served.studio.photo(1080, 1350, 3)))
    await take("sees", "#uploads .bad", "is full")
    monkeypatch.undo()
    await take("click", "#uploads button:has-text('Try again')")
    await take("counts", "#slides > li", 1)
    await take("sees", "#saved", "Saved as a draft")
    # What is refused stays as it was typed, and says why beside its field.
    await take("fill", "#caption", "#a " + " ".join(f"#t{number}" for number in range(30)))
    await take("sees", "#problem", "31 hashtags")
    await take("has_attribute", "#caption", "aria-invalid", "true")
    await take("fill", "#caption", "kept over a lost session")
    await take("sees", "#saved", "Saved as a draft")
    # The session ends; what is typed then is there after the next login.
    await take("offline", True)
    await take("fill", "#caption", "typed after the session")
    await take("sees", "#saved", "Reprise does not answer")
    await served.studio.core.store.write(browser_sessions.end_all)
    await take("offline", False)
    await take("sees", "h1", "You are not signed in")
    await home.browser.take("go", "a", await home.login_link())
    await home.go(path)
    await take("has_value", "#caption", "typed after the session")
    await take("sees", "#saved", "Saved as a draft")
    assert (await the_post(home)).caption == "typed after the session"
    # The post goes meanwhile: what is typed becomes one of its own, where that is chosen.
    await take("offline", True)
    await take("fill", "#caption", "of a post that went")
    await take("sees", "#saved", "Reprise does not answer")
    assert (await served.call("DELETE", f"{API}/posts/{made['id']}")).status == 200
    await take("offline", False)
    await take("sees", "#why", "not there any more")
    await take("click", "#keep-mine")
    await take("sees", "#saved", "Saved as a draft")
    post = await the_post(home)
    assert (post.caption, post.id == made["id"]) == ("of a post that went", False)


def _full(*_: object) -> None:
    raise Unavailable("The disk is full: 0 MB are free")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    from web import live

    with monkeypatch.context() as patched:
        patched.setattr(live, "HEARTBEAT_S", 1.0)


async def test_the_library_leads_to_a_planned_post_by_keys_alone(home: Home) -> None:
    studio, take = home.served.studio, home.take
    await home.go("/")
    await take("press", "g", "l")
    await take("sees", "body[data-library=here]")
    await take("sees", ".empty", "Nothing has been uploaded yet")
    await take("choose", str(studio.photo(1080, 1080, 1)), str(studio.photo(1080, 1350, 2)))
    await take("counts", ".files > li", 2)
    await draft_of(home)
    await take("sees", ".files", "In a post")
    # What is ticked stays so while something else changes.
    await take("focus", ".files > li:first-child input")
    await take("press", "Space", "Tab", "Tab")
    await draft_of(home)
    await take("counts", ".files input:checked", 1)
    await take("focus", ".files-do button")
    await take("press", "Enter")
    await take("arrives", "/posts/")
    await take("counts", "#slides > li", 1)
    await take("focus", "#caption")
    await take("types", "by keys alone")
    await take("press", "Control+Enter")
    await take("sees", "h1", "Planned post")
    # What a post that is planned shows is kept; what nothing shows can be deleted.
    await home.go("/media?show=unused")
    await take("sees", ".empty", "Every file is in a post")
    await home.go("/media")
    await take("sees", ".files", "Kept while a post is planned with it")
    await take("focus", ".files summary")
    await take("press", "Enter", "Tab", "Enter")
    await take("counts", ".files > li", 1)
    assert await take("complaints") == []
    await home.served.studio.core.store.write(ten_thousand, studio.core.owner.id)
    told = await home.go("/media?page=2")
    await take("counts", ".files > li", 50)
    assert told["elements"] < 1500
    await home.go("/media?text=%3Cb%3E9999")
    await take("sees", ".files .name", "<b>9999.jpg")


async def draft_of(home: Home) -> None:
    """Make a draft of the oldest upload."""
    files = (await home.served.call("GET", f"{API}/media")).body["files"]
    await draft(home.served, mediaFileId=files[-1]["id"])


def ten_thousand(db: Database, user_id: str) -> None:
    """Fill the library, as years would."""
    (one, *_) = media_files.page(db, user_id, None, limit=1, offset=0)
    for number in range(10_000):
        media_id = f"{number:08d}-0000-4000-8000-000000000000"
        media_files.add(db, replace(one, id=media_id, original_filename=f"<b>{number}.jpg"))
