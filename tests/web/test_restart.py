"""The composer over a daemon that goes and comes back, and over a full disk: nothing is lost."""

from __future__ import annotations

import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.world.sample_media import make_photo
from storage import browser_sessions
from tests.support.browsing import Browser, open_browser
from tests.support.clock import TestClock
from tests.support.disks import filled
from tests.support.process import environment, reprise, running
from tests.support.served import serve_studio
from tests.support.studio import open_studio

pytestmark = [pytest.mark.acceptance, pytest.mark.thirdparty]
AWAY = "Reprise does not answer"


def free_port() -> int:
    """Return a port that nobody has: the page comes back to where it was."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def drafts(data: Path) -> list[str]:
    """Return the captions of all posts, as the disk has them."""
    with closing(sqlite3.connect(data / "reprise.db")) as db:
        return [row[0] for row in db.execute("SELECT caption FROM posts ORDER BY created_at")]


async def write(browser: Browser, text: str, told: str) -> None:
    """Type a caption, and wait for what is said of it."""
    await browser.take("fill", "a", "#caption", text)
    await browser.take("sees", "a", "#saved", told)


async def test_a_daemon_goes_and_is_killed_under_an_open_composer(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    env = environment(tmp_path, sandbox, REPRISE_PORT=str(free_port()))
    log, photo = tmp_path / "log", tmp_path / "photo.jpg"
    make_photo(photo, 1080, 1080, seed=1)
    async with open_browser("tests.web.composing") as browser:
        async with running(env, log) as daemon:
            link = (await reprise("login-link", "--json", env=env)).json["url"]
            await browser.take("sign_in", link, "a")
            await browser.take("go", "a", f"{daemon.url}/welcome/account")
            await browser.take("fill", "a", "input[name=username]", "studio")
            await browser.take("press", "a", "Enter")
            await browser.take("arrives", "a", "/welcome/login")
            await browser.take("go", "a", f"{daemon.url}/compose")
            await browser.take("sees", "a", "body[data-composer=here]")
            await write(browser, "as it was", "Saved as a draft")
            path = await browser.take("arrives", "a", "/posts/")
            await browser.take("sees", "a", "body[data-live=here]")
            # It goes a moment after something was typed.
            await browser.take("fill", "a", "#caption", "typed as it went")
            assert await daemon.stop() == 0
        await browser.take("sees", "a", "#lost", f"{AWAY}. What you see is from")
        await write(browser, "typed while it was away", AWAY)
        await browser.take("choose", "a", str(photo))
        await browser.take("sees", "a", "#uploads .bad", f"{AWAY}. The file is still here")
        async with running(env, log) as daemon:
            # Nobody does anything: the page comes back by itself.
            await browser.take("hidden", "a", "#lost")
            await browser.take("sees", "a", "#saved", "Saved as a draft")
            await browser.take("has_value", "a", "#caption", "typed while it was away")
            assert drafts(tmp_path / "data") == ["typed while it was away"]
            await browser.take("click", "a", "#uploads button:has-text('Try again')")
            await browser.take("counts", "a", "#slides > li", 1)
            await browser.take("sees", "a", "#saved", "Saved as a draft")
            await browser.take("fill", "a", "#caption", "typed as it was killed")
            await daemon.stop(signal.SIGKILL)
        await browser.take("sees", "a", "#saved", AWAY)
        async with running(env, log):
            await browser.take("go", "a", path)
            await browser.take("has_value", "a", "#caption", "typed as it was killed")
            await browser.take("counts", "a", "#slides > li", 1)
            await browser.take("sees", "a", "#saved", "Saved as a draft")
            assert drafts(tmp_path / "data") == ["typed as it was killed"]
            # A backup, and more is typed and saved; then the backup comes back under the page.
            archive = str(tmp_path / "backup.tar")
            assert (await reprise("backup", archive, env=env)).code == 0
            await browser.take("fill", "a", "#caption", "typed before the restore")
            await browser.take("sees", "a", "#saved", "Saved as a draft")
        await write(browser, "typed as it was restored", AWAY)
        assert (await reprise("restore", archive, "--force", env=env)).code == 0
        async with running(env, log) as daemon:
            link = (await reprise("login-link", "--json", env=env)).json["url"]
            await browser.take("another_tab", "a", "b", link)
            # Never over what came back, though it may look as what this page had read once.
            await browser.take("sees", "a", "#mine", "typed as it was restored")
            await browser.take("sees", "a", "#theirs", "typed as it was killed")
            assert drafts(tmp_path / "data") == ["typed as it was killed"]
            await browser.take("click", "a", "#take-theirs")
            await browser.take("has_value", "a", "#caption", "typed as it was killed")


async def test_what_is_typed_and_brought_waits_for_room_on_a_full_disk(
    sandbox: Sandbox, clock: TestClock, tiny_disk: Path
) -> None:
    async with (
        open_studio(sandbox, clock, tiny_disk, min_free_mb=1) as studio,
        serve_studio(studio) as served,
        open_browser("tests.web.composing") as browser,
    ):
        photo = str(studio.photo(1080, 1080, 1))
        code = await studio.core.store.write(
            browser_sessions.create_code, user_id=studio.core.owner.id, now=clock.now()
        )
        await browser.take("sign_in", f"{served.url}/login?code={code}", "a")
        await browser.take("go", "a", f"{served.url}/compose")
        await browser.take("sees", "a", "body[data-composer=here]")
        await write(browser, "while there was room", "Saved as a draft")
        with closing(sqlite3.connect(tiny_disk / "data" / "reprise.db")) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with filled(tiny_disk):
            await browser.take("choose", "a", photo)
            await browser.take("sees", "a", "#uploads .bad", "is full")
            await write(browser, "typed on a full disk" * 90, "Not saved yet")
            assert drafts(tiny_disk / "data") == ["while there was room"]
        # There is room again: it is saved by itself, and the file is brought by a press.
        await browser.take("sees", "a", "#saved", "Saved as a draft")
        await browser.take("click", "a", "#uploads button:has-text('Try again')")
        await browser.take("counts", "a", "#slides > li", 1)
        await browser.take("sees", "a", "#saved", "Saved as a draft")
        assert drafts(tiny_disk / "data") == ["typed on a full disk" * 90]
