"""Pictures of every screen, empty, lived in and full: `make shots ARGS=FOLDER`.

Each screen is loaded once, and then dressed in every size and colours. Beside the pictures lies a
sheet of each screen, with all six of them, so that a person can look at all of it.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import trio
from PIL import Image

from sandbox import open_sandbox
from storage import browser_sessions
from tests.support.browsing import Browser, open_browser
from tests.support.clock import TestClock
from tests.support.posting import API
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio
from tests.web.household import move_in
from tests.web.many import fill_past, fill_plan, fill_waiting

SCREENS = (
    "/", "/mentions", "/mentions?state=missed", "/mentions?state=out", "/calendar",
    "/calendar?view=week", "/calendar?view=day", "/calendar?view=list", "/cards", "/compose",
    "/media", "/media?show=unused", "/insights", "/history", "/history?state=FAILED", "/account",
    "/settings", "/welcome", "/welcome/account", "/welcome/login", "/welcome/rules",
    "/welcome/next", "/nothing-is-here",
)  # fmt: skip
# Where it matters how much there is.
FULL = (
    "/", "/mentions", "/calendar", "/calendar?view=week", "/calendar?view=day",
    "/calendar?view=list", "/history", "/insights", "/account", "/media",
)  # fmt: skip
SIZES = ((1440, 900), (820, 1180), (390, 844))
DRESSED = [(*size, scheme) for size in SIZES for scheme in ("light", "dark")]
SHEET_HEIGHT = 2600


@asynccontextmanager
async def house() -> AsyncIterator[tuple[Served, Browser]]:
    """Yield a house without anything in it, and a browser that is signed in as `a`."""
    with TemporaryDirectory() as name:
        place, clock = Path(name), TestClock()
        clock.set_on(clock.now().replace(hour=8, minute=0, second=0, microsecond=0) - clock.now())
        async with (
            open_sandbox(place / "sandbox", clock=clock.seconds) as sandbox,
            open_studio(sandbox, clock, place, rails_pace=1.0) as studio,
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
        await _shoot(served, browser, folder / "demo", [*SCREENS, *await _of_one(served)])
        await fill(served)
        await _shoot(served, browser, folder / "full", FULL)
        await browser.take("sign_in", served.url, "nobody")
        await _shoot(served, browser, folder / "out", ["/"], "nobody")


async def _of_one(served: Served) -> list[str]:
    """Return the screens that show one mention or one post, which has ended or not."""
    found = await served.studio.history()
    answer = await served.call("GET", f"{API}/posts?limit=20")
    by_status = {each["status"]: each["id"] for each in answer.body["posts"]}
    return [
        f"/mentions/{found[0].id}", f"/mentions?open={found[-1].id}",
        *(f"/history/{post_id}" for post_id in by_status.values()),
        *(f"/posts/{by_status[each]}" for each in ("SCHEDULED", "DRAFT")),
    ]  # fmt: skip


async def _shoot(
    served: Served, browser: Browser, folder: Path, screens: Sequence[str], who: str = "a"
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for screen in screens:
        said = screen.strip("/").replace("/", "-").replace("?", "-") or "today"
        await browser.take("dress", who, *DRESSED[0])
        await browser.take("go", who, served.url + screen)
        made = []
        for width, height, scheme in DRESSED:
            await browser.take("dress", who, width, height, scheme)
            made.append(folder / f"{said}-{width}-{scheme}.png")
            await browser.take("shoot", who, str(made[-1]), True)
        _sheet(made).save(folder / f"sheet-{said}.png")


def _sheet(made: Sequence[Path]) -> Image.Image:
    """Return the pictures beside each other, as high as a sheet may be."""
    pictures = [Image.open(each).convert("RGB") for each in made]
    height = min(SHEET_HEIGHT, max(each.height for each in pictures))
    sheet = Image.new("RGB", (sum(each.width + 20 for each in pictures), height), "#888888")
    left = 0
    for each in pictures:
        sheet.paste(each.crop((0, 0, each.width, min(each.height, height))), (left, 0))
        left += each.width + 20
    return sheet


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1] if len(sys.argv) > 1 else "shots"))
