"""Pictures of every screen, of a household that looks lived in: `make shots ARGS=FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from sandbox import open_sandbox
from storage import browser_sessions
from tests.support.browsing import open_browser
from tests.support.clock import TestClock
from tests.support.served import serve_studio
from tests.support.studio import open_studio
from tests.web.household import move_in

SCREENS = (
    "/", "/mentions", "/mentions?state=missed", "/calendar", "/calendar?view=list", "/cards",
    "/compose", "/media",
    "/history", "/account", "/settings", "/welcome", "/welcome/account", "/welcome/login",
    "/welcome/rules", "/welcome/next",
)  # fmt: skip
SIZES = ((1440, 900), (820, 1180), (390, 844))


async def main(folder: Path) -> None:
    """Write a picture for each screen, size and colours."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        place, clock = Path(name), TestClock()
        async with (
            open_sandbox(place / "sandbox", clock=clock.seconds) as sandbox,
            open_studio(sandbox, clock, place) as studio,
            serve_studio(studio) as served,
            open_browser("tests.web.steps") as browser,
        ):
            await move_in(served)
            code = await studio.core.store.write(
                browser_sessions.create_code, user_id=studio.core.owner.id, now=clock.now()
            )
            await browser.take("sign_in", f"{served.url}/login?code={code}")
            for screen in SCREENS:
                for width, height in SIZES:
                    for scheme in ("light", "dark"):
                        await browser.take("dress", "a", width, height, scheme)
                        await browser.take("go", "a", served.url + screen)
                        said = screen.strip("/").replace("/", "-").replace("?", "-") or "today"
                        path = folder / f"{said}-{width}-{scheme}.png"
                        await browser.take("shoot", "a", str(path), True)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1] if len(sys.argv) > 1 else "shots"))
