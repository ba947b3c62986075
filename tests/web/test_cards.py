"""The cards' page in Chromium: what is tried is drawn at once, and only what is saved holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import Sandbox
from storage import browser_sessions, repost_configs
from tests.support.browsing import Browser, open_browser
from tests.support.clock import TestClock
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio
from tests.support.tools import node_modules


async def typed_outlasts_daemon_and_session(browser: Browser, served: Served) -> None:
    """What is typed while nobody answers, or as the session ends, waits for who takes it."""
    studio, core = served.studio, served.studio.core
    await browser.take("fill", "a", "[name=text]", "typed for @{username}")
    await browser.take("is_offline", "a", True)
    await browser.take("click", "a", "#cards .go")
    await browser.take("sees", "a", ".toast", "Reprise does not answer. What you typed is kept")
    await browser.take("is_offline", "a", False)
    await core.store.write(browser_sessions.end_all)
    await browser.take("click", "a", "#cards .go")
    await browser.take("sees", "a", ".toast", "signed out. What you typed is kept here")
    code = await core.store.write(
        browser_sessions.create_code, user_id=core.owner.id, now=studio.clock.now()
    )
    await browser.take("another_tab", "a", "b", f"{served.url}/login?code={code}")
    await browser.take("click", "a", "#cards .go")
    await browser.take("sees", "a", ".notice", "Saved")
    saved = await core.store.read(repost_configs.get, studio.account.id)
    assert json.loads(saved.signature_overlay or "")["text"] == "typed for @{username}"


@pytest.mark.acceptance
async def test_cards_are_tried_and_saved(sandbox: Sandbox, clock: TestClock, tmp_path: Any) -> None:
    async with (
        open_studio(sandbox, clock, tmp_path) as studio,
        serve_studio(studio) as served,
        open_browser("tests.web.steps") as browser,
    ):
        core = studio.core
        await studio.configure(approval_required=True)
        studio.mention(studio.friend("lena.morgen"))
        await studio.scan()
        await studio.advance()
        code = await core.store.write(
            browser_sessions.create_code, user_id=core.owner.id, now=clock.now()
        )
        await browser.take("sign_in", f"{served.url}/login?code={code}", "a")
        await browser.take("go", "a", f"{served.url}/cards")
        await browser.take("sees", "a", "#looks-said", "Drawn on your last story")
        first = await browser.take("attribute", "a", "[data-look=frame]", "src")
        await browser.take("fill", "a", "[name=text]", "<b>via</b> @{username}")
        await browser.take("changes", "a", "[data-look=frame]", "src", first)
        await browser.take("fill", "a", "[name=text]", "{nobody}")
        await browser.take("sees", "a", "#looks-said", "unknown placeholder")
        await browser.take("fill", "a", "[name=text]", "<b>via</b> @{username}")
        await browser.take("sees", "a", "#looks-said", "Drawn on your last story")
        assert (await core.store.read(repost_configs.get, studio.account.id)).template == "classic"
        await browser.take("click", "a", "[data-look=frame]")
        await browser.take("focus", "a", ".places [value=top]")
        await browser.take("press", "a", "Space")
        axe = str(node_modules() / "axe-core" / "axe.min.js")
        assert await browser.take("axe", "a", axe) == []
        await browser.take("click", "a", "#cards .go")
        await browser.take("sees", "a", ".notice", "The mention that waits")
        saved = await core.store.read(repost_configs.get, studio.account.id)
        assert saved.template == "frame"
        line = json.loads(saved.signature_overlay or "")
        assert (line["text"], line["position"]) == ("<b>via</b> @{username}", "top")
        assert await browser.take("complaints", "a") == []
        await typed_outlasts_daemon_and_session(browser, served)
