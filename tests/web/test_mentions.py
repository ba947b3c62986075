"""Mentions with thousands that wait: read by pages, decided by keys, and bounded."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox import Sandbox
from storage import browser_sessions, repost_lists
from tests.support.browsing import open_browser
from tests.support.clock import TestClock
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio
from tests.web.many import fill_waiting

PAGE = 50
MOST_ELEMENTS = 1500


@pytest.mark.acceptance
@pytest.mark.parametrize("waiting", [1500, pytest.param(10_000, marks=pytest.mark.soak)])
async def test_thousands_are_decided_by_keys_and_read_by_pages(
    sandbox: Sandbox, clock: TestClock, tmp_path: Any, waiting: int
) -> None:
    every, one_less, two_less, thousand_less = (f"{waiting - less:,}" for less in (0, 1, 2, 1000))
    async with (
        open_studio(sandbox, clock, tmp_path, rails_pace=1.0) as studio,
        serve_studio(studio, pace=1.0) as served,
        open_browser("tests.web.steps") as browser,
    ):
        core = studio.core
        hour = clock.now().hour  # asleep: nothing goes out before it is taken back, however slow
        await studio.configure(
            approval_required=True, sleep_window_start=hour, sleep_window_end=(hour + 12) % 24
        )
        studio.mention(studio.friend("lena.morgen"))
        await studio.scan()
        await studio.advance()
        await core.store.write(fill_waiting, studio, waiting - 1)
        await served.sign_in()
        await every_page_is_bounded(served)
        code = await core.store.write(
            browser_sessions.create_code, user_id=core.owner.id, now=clock.now()
        )
        await browser.take("sign_in", f"{served.url}/login?code={code}", "a")
        told = await browser.take("go", "a", f"{served.url}/mentions")
        assert told["elements"] < MOST_ELEMENTS
        await browser.take("counts", "a", ".stories .story", PAGE)
        await browser.take("sees", "a", "body[data-live=here]")
        await browser.take("sees", "a", "#n-waiting", every)
        # What is decided goes alone: nothing else is drawn anew, and the focus is on the next.
        await browser.take("press", "a", "j", "a")
        await browser.take("counts", "a", ".stories .story", PAGE - 1)
        await browser.take("sees", "a", "#n-waiting", one_less)
        await browser.take("has_focus", "a", ".stories .story [data-act=approve]")
        first = await browser.take("attribute", "a", ".stories .story", "id")
        # All that match are one decision, a thousand at most; what comes in meanwhile is not meant.
        await browser.take("press", "a", "Shift+X")
        await browser.take("sees", "a", "#chosen", "All 1,000 are marked")
        studio.mention(studio.friend("late.arrival"))
        await studio.scan()
        await studio.advance()
        await browser.take("sees", "a", "#n-waiting", every)
        await browser.take("sees", "a", "#chosen", "All 1,000 are marked")
        await browser.take("draws_anew_meanwhile", "a", "#bulk")
        await browser.take("press", "a", "Shift+A")
        await browser.take("sees", "a", "#toasts", "Approved 1,000 stories. 1 came after you")
        await browser.take("sees", "a", "#n-waiting", thousand_less)
        await browser.take("counts", "a", f"#{first}", 0)
        await browser.take("press", "a", "u")
        await browser.take("sees", "a", "#n-waiting", every)
        # The numbers come first; what is marked before the list is there goes with the old one.
        await browser.take("sees", "a", f"#{first}")
        await browser.take("press", "a", "j", "x", "j", "x")
        await browser.take("sees", "a", "#chosen", "2 marked")
        await browser.take("press", "a", "Shift+S")
        await browser.take("sees", "a", "#n-waiting", two_less)
        await browser.take("press", "a", "u")
        await browser.take("sees", "a", "#n-waiting", every)
        # The next page comes as one goes down.
        await browser.take("focus", "a", ".stories .story:nth-last-of-type(2) [data-act=skip]")
        await browser.take("press", "a", "End")
        await browser.take("sees", "a", f".stories .story:nth-of-type({PAGE + 20})")
        assert (await browser.take("measure", "a"))["elements"] < 2 * MOST_ELEMENTS
        assert await browser.take("complaints", "a") == []
        left = await core.store.read(repost_lists.waiting, core.owner.id)
        assert len(left) == waiting


async def every_page_is_bounded(served: Served) -> None:
    """Go through a thousand by what each page says is next: none twice, and none too many."""
    page = (await served.client.get("/mentions")).text
    assert len(re.findall(r"<[a-z]", page)) < MOST_ELEMENTS
    seen = re.findall(r'id="m-([0-9a-f-]{36})"', page)
    assert len(seen) == PAGE
    for _ in range(20):
        more = re.search(r'hx-get="(/mentions/more\?[^"]*)"', page)
        assert more is not None
        page = (await served.client.get(more[1].replace("&amp;", "&"))).text
        seen += re.findall(r'id="m-([0-9a-f-]{36})"', page)
    assert len(seen) == len(set(seen)) == 21 * PAGE
    for tab in ("moving", "out", "skipped", "missed"):
        empty = (await served.client.get(f"/mentions?state={tab}")).text
        assert 'class="empty"' in empty, tab
    for path in ("/", "/insights", "/account"):
        told = (await served.client.get(path)).text
        assert len(re.findall(r"<[a-z]", told)) < MOST_ELEMENTS, path


async def test_never_and_always_from_somebody_are_said_at_the_story_and_undone(
    served: Served,
) -> None:
    studio, headers = served.studio, {"Accept": "text/html"}
    await served.sign_in()
    await studio.configure(approval_required=True)
    studio.mention(studio.friend("lena.morgen"))
    await studio.scan()
    await studio.advance()
    told = await studio.only()

    async def page() -> str:
        return str((await served.client.get(f"/mentions/{told.id}", headers=headers)).text)

    async def ask(**form: str) -> str:
        answer = await served.client.post("/mentions/author", data=form, headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    shown = await page()
    assert "Never from @lena.morgen" in shown
    assert "Ask about" not in shown
    for rule, state in (("never", "SKIPPED"), ("always", "QUEUED")):
        note = await ask(username="lena.morgen", rule=rule)
        assert "1 of their stories" in note
        assert (await studio.only()).status == state
        assert "Ask about @lena.morgen" in await page()
        # The undo that the note has: the rule as it was, and the story waits again.
        back = dict(re.findall(r'name="(\w+)" value="([^"]*)"', note))
        assert back == {"username": "lena.morgen", "rule": "ask", "id": told.id}
        await ask(**back)
        assert (await studio.only()).status == "WAITING_APPROVAL"
        assert "Ask about" not in await page()

    # Another card for this one: drawn beside the story, and what is approved is what was drawn.
    async def card(template: str) -> str:
        said = {"id": told.id, "template": template}
        answer = await served.client.post("/mentions/card", data=said, headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def look_in(shown: str) -> str:
        found = re.search(r"card\.jpg\?look=(\w+)", shown)
        assert found is not None
        assert f'name="look" value="{found[1]}"' in shown
        return found[1]

    old = look_in(await page())
    assert "The card of @lena.morgen: frame" in await card("frame")
    new = look_in(shown := await page())
    assert new != old
    assert 'id="card-frame" aria-pressed="true"' in shown
    approve = {"id": told.id, "look": old}
    stale = await served.client.post("/mentions/approve", data=approve, headers=headers)
    assert (stale.status_code, (await studio.only()).status) == (409, "WAITING_APPROVAL")
    done = await served.client.post("/mentions/approve", data=approve | {"look": new})
    assert ("Approved @lena.morgen" in done.text, (await studio.only()).status) == (True, "QUEUED")
    assert "it waits for you again" in await card("")
    assert (await studio.only()).status == "WAITING_APPROVAL"
