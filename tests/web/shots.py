"""Pictures of every screen, empty, lived in and full: `make shots ARGS=FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from sandbox import open_sandbox
from storage import browser_sessions
from tests.support.browsing import Browser, open_browser
from tests.support.clock import TestClock
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio
from tests.web.household import move_in
from tests.web.many import fill_past, fill_plan, fill_waiting

SCREENS = (
    "/", "/mentions", "/mentions?state=missed", "/calendar", "/calendar?view=week",
    "/calendar?view=list", "/cards", "/compose", "/media", "/insights",
    "/history", "/account", "/settings", "/welcome", "/welcome/account", "/welcome/login",
    "/welcome/rules", "/welcome/next",
)  # fmt: skip
# Where it matters how much there is.
FULL = ("/", "/mentions", "/calendar", "/calendar?view=week", "/calendar?view=list", "/history")
SIZES = ((1440, 900), (820, 1180), (390, 844))


@asynccontextmanager
async def house() -> AsyncIterator[tuple[Served, Browser]]:
    """Yield a house without anything in it, and a browser that is signed in as `a`."""
    with TemporaryDirectory() as name:
        place, clock = Path(name), TestClock()
        async with (
            open_sandbox(place / "sandbox", clock=clock.seconds) as sandbox,
            open_studio(sandbox, clock, place) as studio,
            serve_studio(studio) as served,
            open_browser("tests.web.steps") as browser,
        ):
            code = await studio.core.store.write(
                browser_sessions.create_code, user_id=studio.core.owner.id, now=clock.now()
            )
            await browser.take("sign_in", f"{served.url}/login?code={code}")
            yield served, browser


async def fill(served: Served) -> None:
    """Let 10,000 mentions wait, 3,000 posts be planned, and 10,000 have gone out."""
    store = served.studio.core.store
    await store.write(fill_waiting, served.studio, 10_000)
    await store.write(fill_plan, served.studio, 3_000)
    await store.write(fill_past, served.studio, 10_000)


async def main(folder: Path) -> None:
    """Write a picture for each screen, size and colours."""
    async with house() as (served, browser):
        await served.studio.configure(approval_required=True)
        await _shoot(served, browser, folder / "empty", SCREENS)
        await move_in(served)
        await _shoot(served, browser, folder / "demo", SCREENS)
        await fill(served)
        await _shoot(served, browser, folder / "full", FULL)


async def _shoot(served: Served, browser: Browser, folder: Path, screens: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for screen in screens:
        for width, height in SIZES:
            for scheme in ("light", "dark"):
                await browser.take("dress", "a", width, height, scheme)
                await browser.take("go", "a", served.url + screen)
                said = screen.strip("/").replace("/", "-").replace("?", "-") or "today"
                path = folder / f"{said}-{width}-{scheme}.png"
                await browser.take("shoot", "a", str(path), True)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1] if len(sys.argv) > 1 else "shots"))
