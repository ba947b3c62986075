"""The pages in Chromium: sound for everybody, by keyboard alone, alive, and honest when alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trio

from sandbox import Sandbox
from storage import browser_sessions, repost_lists, reposts
from storage.reposts import RepostStatus
from storage.store import Database
from storage.times import to_text
from tests.support.browsing import Browser, open_browser
from tests.support.clock import TestClock
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio
from tests.support.tools import node_modules
from tests.web.household import move_in

pytestmark = pytest.mark.thirdparty
# Pictures aside: what a page weighs as it is sent, and how often it asks.
HEAVIEST = 60 * 1024
MOST_REQUESTS = 10
SIZES = ((1440, 900), (820, 1180), (390, 844))
EVERY = (
    "/", "/mentions", "/calendar", "/calendar?view=week",
    "/cards",
    "/compose", "/media", "/history", "/account", "/settings", "/welcome",
    "/welcome/account", "/welcome/login", "/welcome/rules", "/welcome/next", "/welcome/sandbox",
    "/welcome/voidgram", "/welcome/token",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Home:
    """A household that is served, and a browser that is signed in as `a`."""

    served: Served
    browser: Browser

    async def take(self, step: str, *given: Any) -> Any:
        return await self.browser.take(step, "a", *given)

    async def go(self, path: str) -> dict[str, Any]:
        told: dict[str, Any] = await self.take("go", self.served.url + path)
        return told

    async def login_link(self) -> str:
        core = self.served.studio.core
        code = await core.store.write(
            browser_sessions.create_code, user_id=core.owner.id, now=core.clock.now()
        )
        return f"{self.served.url}/login?code={code}"

    async def state_of(self, repost_id: str) -> RepostStatus:
        found = await self.served.studio.core.store.read(reposts.get, repost_id)
        return found.status


@pytest.fixture
async def home(sandbox: Sandbox, clock: TestClock, tmp_path: Any) -> AsyncIterator[Home]:
    # Morning: what is planned hours ahead lies on the same days whenever this is run.
    morning = clock.now().replace(hour=8, minute=0, second=0, microsecond=0)
    clock.set_on(morning - clock.now())
    async with (
        open_studio(sandbox, clock, tmp_path, rails_pace=1.0) as studio,
        serve_studio(studio, pace=1.0) as served,
        open_browser("tests.web.steps") as browser,
    ):
        await move_in(served)
        made = Home(served, browser)
        await browser.take("sign_in", await made.login_link(), "a")
        yield made


async def sweep(
    home: Home,
    dressed: Sequence[tuple[int, int, str]],
    more: Sequence[str] = (),
    *,
    in_turn: bool = False,
) -> None:
    """Look at every page in each size and colours: for everybody, in its window, and silent.

    `in_turn` lets axe, which takes longest by far, look at each page in one of them.
    """
    axe = str(node_modules() / "axe-core" / "axe.min.js")
    found = await home.served.studio.history()
    wrong: list[str] = []
    post_id = (await home.served.call("GET", "/api/v1/posts?status=FAILED")).body["posts"][0]["id"]
    drafts = (await home.served.call("GET", "/api/v1/posts?status=DRAFT")).body["posts"]
    paths = (
        *EVERY, *more, f"/mentions/{found[0].id}", f"/mentions?open={found[-1].id}",
        f"/history/{post_id}", f"/posts/{drafts[0]['id']}",
    )  # fmt: skip
    for number, path in enumerate(paths):
        weighs = await home.go(path)
        assert weighs["bytes"] <= HEAVIEST, (path, weighs)
        assert weighs["requests"] <= MOST_REQUESTS, (path, weighs)
        for turn, (width, height, scheme) in enumerate(dressed):
            await home.take("dress", width, height, scheme)
            told = await home.take("measure")
            where = f"{path} {width} {scheme}"
            if told["sideways"] > 0:
                wrong.append(f"{where}: {told['sideways']} px to the side")
            assert told["elements"] < 1500, where
            if not in_turn or number % len(dressed) == turn:
                wrong += [f"{where}: {each}" for each in await home.take("axe", axe)]
        wrong += [f"{path}: {each}" for each in await home.take("complaints")]
    assert "\n".join(dict.fromkeys(wrong)) == ""


@pytest.mark.acceptance
async def test_every_page_is_sound_for_everybody(home: Home) -> None:
    await sweep(home, [(1440, 900, "light"), (390, 844, "dark")], in_turn=True)


@pytest.mark.soak
async def test_every_page_is_sound_in_every_size_and_colour(home: Home) -> None:
    more = (
        "/mentions?state=missed", "/calendar?view=list", "/media?show=unused", "/insights",
        "/calendar?view=day", "/calendar?state=FAILED", "/mentions?state=out",
        "/history?state=FAILED", "/history?text=nothing+like+it",
    )  # fmt: skip
    await sweep(home, [(*size, scheme) for size in SIZES for scheme in ("light", "dark")], more)


# Markup, a word without an end, letters that turn the line around, and signs that pile up.
ODD = (
    "<img src=x onerror=alert(1)>" + "\"'><script>alert(2)</script>",
    "w" * 2000,
    "\u202e\u05e9\u05dc\u05dd " * 60 + "\ufdfa" * 40,
    "e\u0301\u0302\u0303" * 200 + "\U0001f469\u200d\U0001f467" * 30,
)
_THEIRS = {
    "reposts": ("caption", "author_username", "author_full_name", "reason"),
    "posts": ("caption", "error_message"),
    "media_files": ("original_filename",),
    "accounts": ("name",),
    "api_keys": ("name",),
    "story_repost_configs": ("last_poll_error",),
}


def _write_odd(db: Database, text: str) -> None:
    for table, names in _THEIRS.items():
        there = {row[1] for row in db.conn.execute(f"PRAGMA table_info({table})")}
        for name in sorted(there & set(names)):
            db.conn.execute(f"UPDATE {table} SET {name} = ?", (text,))


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["".join(ODD)], id="all"),
        pytest.param(ODD, id="each", marks=pytest.mark.soak),
    ],
)
async def test_whatever_strangers_write_cuts_no_page(home: Home, texts: Sequence[str]) -> None:
    """Every page on a phone, with what others wrote as odd as can be: text, in its window."""
    store = home.served.studio.core.store
    found = await home.served.studio.history()
    failed = (await home.served.call("GET", "/api/v1/posts?status=FAILED")).body["posts"][0]["id"]
    paths = (*EVERY, f"/mentions/{found[0].id}", f"/history/{failed}")
    await home.take("dress", 390, 844, "light")
    wrong: list[str] = []
    for number, text in enumerate(texts):
        await store.write(_write_odd, text)
        for path in paths:
            await home.go(path)
            told = await home.take("measure")
            if told["sideways"] > 0:
                wrong.append(f"{path} with {number}: {told['sideways']} px to the side")
            # A card with such a name is refused, and its picture with it.
            told = [each for each in await home.take("complaints") if "status of 422" not in each]
            wrong += [f"{path} with {number}: {each}" for each in told]
            await home.take("counts", "main img[onerror], main img[src=x], main script", 0)
    assert "\n".join(dict.fromkeys(wrong)) == ""


@pytest.mark.acceptance
async def test_what_strangers_write_is_text(home: Home) -> None:
    found = [
        each for each in await home.served.studio.history() if "onerror" in (each.caption or "")
    ]
    for path in (f"/mentions/{found[0].id}", "/mentions"):
        await home.go(path)
        assert "<img src=x" in await home.take("sees", "main")
        assert await home.take("complaints") == []


@pytest.mark.acceptance
async def test_twenty_keys_decide_and_one_takes_back(home: Home) -> None:
    await home.go("/mentions")
    await home.take("counts", ".stories .story", 8)
    first = str(await home.take("attribute", ".stories .story", "id")).removeprefix("m-")
    await home.take("press", "j", "a")
    await home.take("counts", ".stories .story", 7)
    await home.take("sees", ".toast", "Approved @")
    assert await home.state_of(first) is RepostStatus.QUEUED
    assert "data-act" in await home.take("focused")
    await home.take("press", "u")
    await home.take("counts", ".stories .story", 8)
    assert await home.state_of(first) is RepostStatus.WAITING_APPROVAL
    for left in (7, 6):
        await home.take("press", "j", "s")
        await home.take("counts", ".stories .story", left)
        assert "<body" not in await home.take("focused")
    # Two are marked, and skipped together.
    await home.take("press", "j", "x", "j", "x")
    await home.take("sees", "#chosen", "2 marked")
    await home.take("press", "Shift+S")
    await home.take("counts", ".stories .story", 4)
    await home.take("sees", ".toast", "Skipped 2 stories")
    await home.take("press", "g", "t")
    await home.take("sees", "h1", "4 stories wait for you.")
    await home.take("press", "?")
    await home.take("sees", "#keys", "Approve the story")
    assert await home.take("complaints") == []


@pytest.mark.acceptance
async def test_what_changes_is_drawn_in_every_tab(home: Home) -> None:
    studio = home.served.studio
    await home.go("/mentions")
    await home.browser.take("another_tab", "a", "b", home.served.url)
    studio.mention(studio.friend("zoe.late"))
    await studio.scan()
    await home.take("sees", "#stories", "@zoe.late")
    await home.browser.take("sees", "b", "h1", "9 stories wait for you.")

    def decide(db: Database) -> None:
        for each in repost_lists.waiting(db, studio.core.owner.id)[:3]:
            reposts.change(db, each.id, RepostStatus.SKIPPED, now=studio.clock.now())

    await studio.core.store.write(decide)
    await home.take("counts", ".stories .story", 6)
    await home.browser.take("sees", "b", "h1", "6 stories wait for you.")


@pytest.mark.acceptance
async def test_what_time_changes_is_drawn_too_and_nothing_opened_is_closed(home: Home) -> None:
    await home.take("has_a_clock")
    await home.go("/")
    await home.take("sees", "body[data-live=here]")
    hours = int((await home.take("sees", ".story .about p")).partition(" ")[0])
    # Nothing is changed: it is time alone that passes, here and there.
    home.served.studio.clock.advance(timedelta(hours=1))
    await home.take("time_passes", 120)
    await home.take("sees", ".story .about p", f"{hours + 1} h ago")
    # What somebody has opened and filled in stays while all around it is drawn anew.
    await home.go("/calendar?view=list")
    await home.take("sees", "body[data-live=here]")
    other, was = (
        await home.take("all_of", ".line[data-was]", "each => [each.dataset.id, each.dataset.was]")
    )[3]
    await home.take("click", ".line .mover summary")
    await home.take("fill", ".mover[open] input[name=at]", "2031-02-03T04:05")
    await home.take("click", "#cal-h")
    at = to_text(datetime.fromisoformat(was) + timedelta(minutes=1))
    moved = await home.served.call(
        "POST", f"/api/v1/posts/{other}/reschedule", {"scheduledFor": at}
    )
    assert moved.status == 200, moved.body
    await home.take("changes", f"#l-{other}", "data-was", was)
    said = await home.take("all_of", ".mover[open] input[name=at]", "each => each.value")
    assert said == ["2031-02-03T04:05"]
    assert await home.take("complaints") == []


@pytest.mark.acceptance
async def test_a_post_is_moved_by_mouse_and_by_keys_and_taken_back(home: Home) -> None:
    await home.go("/calendar")
    today = home.served.studio.clock.now().astimezone(ZoneInfo("Europe/Oslo")).date()
    days = [str(today + timedelta(days=number)) for number in range(1, 9)]
    first = f"td[data-day='{days[0]}'] .tile[data-movable]"
    await home.take("sees", first)
    tile = f"#{await home.take('attribute', first, 'id')}"
    clock = await home.take("sees", f"{tile} .t")
    await home.take("drag", tile, f"td[data-day='{days[5]}']")
    await home.take("sees", f"td[data-day='{days[5]}'] {tile} .t", clock)
    await home.take("sees", ".toast", "It goes out")
    await home.take("press", "u")
    await home.take("sees", f"td[data-day='{days[0]}'] {tile} .t", clock)
    await home.take("focus", tile)
    await home.take("press", "Alt+ArrowDown")
    await home.take("sees", f"td[data-day='{days[7]}'] {tile} .t", clock)
    await home.take("has_focus", tile)
    await home.take("press", "Alt+ArrowUp")
    await home.take("sees", f"td[data-day='{days[0]}'] {tile} .t", clock)
    assert "/calendar" in await home.take("at")  # a drag is no click
    # A draft from the tray, in the week by its hours; what is past takes nothing.
    await home.go(f"/calendar?view=week&from={days[6]}")
    draft = "#" + str(await home.take("attribute", ".tray .tile", "id"))
    planned = draft.replace("#d-", "#t-")
    await home.take("drag", draft, f"td[data-day='{days[6]}'][data-hour='17']")
    await home.take("sees", f"td[data-day='{days[6]}'][data-hour='17'] {planned} .t", "17:00")
    await home.take("focus", planned)
    await home.take("press", "Alt+ArrowDown")
    await home.take("sees", f"td[data-day='{days[6]}'][data-hour='17'] {planned} .t", "17:15")
    await home.go("/calendar")
    await home.take("drag", planned, "td.past")
    await home.take("sees", f"td[data-day='{days[6]}'] {planned}")
    # A finger that holds it first, and a list.
    await home.browser.take("sign_in", await home.login_link(), "t", 820, 1180)
    await home.browser.take("go", "t", f"{home.served.url}/calendar")
    where = f"td[data-day='{days[7]}']"
    await home.browser.take("hold_and_drag", "t", f".month {planned}", where)
    await home.browser.take("sees", "t", f"{where} {planned} .t", "17:15")
    await home.go("/calendar?view=list")
    line = planned.replace("#t-", "#l-")
    await home.take("focus", f"{line} a")
    await home.take("press", "Alt+ArrowLeft")
    await home.take("sees", f"section[data-day='{days[6]}'] {line}")
    assert await home.take("complaints") == []


@pytest.mark.acceptance
async def test_in_a_list_two_posts_swap_their_times(home: Home) -> None:
    """By mouse, by keys, by buttons and by a finger, and taken back."""
    await home.go("/calendar?view=list")
    lines = "#calendar .line[data-was]"

    async def order() -> list[tuple[str, str]]:
        found = (await home.take("all_of", lines, "each => [each.id, each.dataset.was]"))[:3]
        return [(f"#{identifier}", at) for identifier, at in found]

    (first, one), (second, two), (third, three) = await order()

    async def swapped(line: str, at: str) -> None:
        await home.take("sees", f"{line}[data-was='{at}']")

    await home.take("drag", first, third)
    await swapped(first, three)
    await swapped(third, one)
    await home.take("sees", ".toast", "Swapped: it goes out")
    await home.take("press", "u")
    await swapped(first, one)
    await home.take("focus", f"{first} a")
    await home.take("press", "Alt+ArrowUp")  # there is none before it
    await home.take("press", "Alt+ArrowDown", "Alt+ArrowDown", "Alt+ArrowDown")  # it is one
    await swapped(first, two)
    await home.take("has_focus", f"{first} a")
    await home.take("counts", ".toast.bad", 0)
    await home.take("press", "Alt+ArrowUp")
    await swapped(first, one)
    await home.take("click", f"{second} .mover summary")
    await home.take("click", f"{second} [data-swap='1']")
    await swapped(second, three)
    await home.browser.take("sign_in", await home.login_link(), "u", 390, 844)
    await home.browser.take("go", "u", f"{home.served.url}/calendar")
    await home.browser.take("hold_and_drag", "u", third, first)
    await home.browser.take("sees", "u", f"{third}[data-was='{one}']")
    await swapped(first, two)
    # A second finger lifts nothing, and nothing is left lying about.
    await home.browser.take("two_fingers", "u", third, second)
    await home.browser.take("counts", "u", ".lift", 0)
    await home.browser.take("carries_to_the_edge", "u", first)
    # What another tab has moved meanwhile, an older note does not take back.
    await home.take("drag", third, first)
    await swapped(third, two)
    await home.browser.take("go", "u", f"{home.served.url}/calendar?view=list")
    await home.browser.take("focus", "u", f"{third} a")
    await home.browser.take("press", "u", "Alt+ArrowRight")
    await home.browser.take("sees", "u", ".toast", "It goes out")
    await home.take("press", "u")
    await home.take("sees", ".toast.bad", "moved meanwhile")
    assert await home.take("complaints") == []


@pytest.mark.acceptance
async def test_stop_everything_holds_all_and_says_so(home: Home) -> None:
    await home.go("/mentions")
    await home.take("click", ".guard .stop")
    await home.take("sees", ".notice", "Everything is stopped")
    assert (await home.take("at")).endswith("/mentions")
    await home.go("/")
    await home.take("sees", "h1", "Everything is stopped.")
    await home.take("click", ".guard .go")
    await home.take("sees", "h1", "8 stories wait for you.")


@pytest.mark.acceptance
async def test_lost_and_signed_out_are_told_in_words(home: Home) -> None:
    core = home.served.studio.core
    await home.browser.take("another_tab", "a", "b", home.served.url)
    await core.store.write(browser_sessions.end_all)
    await home.go("/mentions")
    await home.take("sees", "h1", "You are not signed in")
    await home.take("sees", "code", "reprise login-link")
    await home.browser.take("sign_in", await home.login_link(), "c")
    await home.browser.take("sees", "c", "h1", "8 stories wait")
    await home.browser.take("sees", "c", "body[data-live=here]")  # its scripts are there
    home.served.stop.set()
    await home.browser.take("sees", "c", "#lost", "Reprise does not answer. What you see is from")


@pytest.fixture(autouse=True)
async def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    from web import live

    monkeypatch.setattr(live, "HEARTBEAT_S", 1.0)
    await trio.lowlevel.checkpoint()
