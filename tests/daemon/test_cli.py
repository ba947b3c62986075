"""The command line: what each command does, and one readable line when it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from sandbox import LoginBehaviour, Sandbox
from sandbox.world.sample_media import make_photo
from tests.support.limits import DEADLOCK_S
from tests.support.process import environment, reprise, running


@pytest.mark.acceptance
async def test_connecting_an_account_and_using_it_with_the_daemon_off_and_on(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    studio = sandbox.world.add_person("studio", password="secret")
    env = environment(tmp_path, sandbox)
    added = await reprise("account", "add", "--username", "@studio", "--json", env=env)
    assert added.json["username"] == "studio"
    twice = await reprise("account", "add", "--username", "STUDIO", env=env)
    assert (twice.code, twice.out) == (1, "")
    assert "connected already" in twice.err

    login = ("account", "login", "--username", "studio", "--password-stdin")
    wrong = await reprise(*login, env=env, stdin="wrong\n")
    assert wrong.code == 1
    assert wrong.err.strip().splitlines()[-1].startswith("reprise: Instagram did not accept")
    off = await reprise(*login, env=env, stdin="secret\n")
    assert off.out == "Logged in as @studio\n"

    friend = sandbox.world.add_person("anna")
    make_photo(tmp_path / "photo.jpg", 270, 480, seed=1)
    story = sandbox.world.add_story(friend, tmp_path / "photo.jpg", mentions=[studio])
    sandbox.world.mention(story, studio)
    no_daemon = await reprise("scan", env=env)
    assert no_daemon.code == 1
    assert "start it with `reprise run`" in no_daemon.err

    async with running(env, tmp_path / "log") as daemon:
        on = await reprise(*login, "--json", env=env, stdin="secret\n")
        assert on.json["challengeRequired"] is False
        scanned = await reprise("scan", "--username", "studio", "--json", env=env)
        assert scanned.json["detected"] == 1
        nothing = await reprise("scan", env=env)
        assert (nothing.code, nothing.out) == (1, "")
        assert "no account reposts stories yet" in nothing.err
        status = (await reprise("status", "--json", env=env)).json
        assert status["daemon"] == daemon.url
        assert status["accounts"]["studio"]["holding"]["rail"] == "disabled"
        assert await daemon.stop() == 0

    stopped = await reprise("status", "--username", "studio", env=env)
    assert "the daemon is not running" in stopped.out
    assert "held (disabled) until you act: Story repost is switched off" in stopped.out
    assert "phase 3" in stopped.out

    history = await reprise("history", "--json", env=env)
    (item,) = history.json
    assert (item["originalUsername"], item["status"]) in (
        ("anna", "QUEUED"),
        ("anna", "DETECTED"),
        ("anna", "DOWNLOADED"),
    )
    of_state = ("--state", "expired", "--since", "2026-01-01", "--json")
    assert (await reprise("history", *of_state, env=env)).json == []
    wrong_state = await reprise("history", "--state", "LOST", env=env)
    assert (wrong_state.code, "published" in wrong_state.err) == (2, True)
    gone = await reprise("history", "--after", "nobody", env=env)
    assert (gone.code, gone.err.count("\n")) == (2, 1)
    table = await reprise("history", env=env)
    assert "@anna" in table.out
    assert "\x1b" not in table.out
    listed = await reprise("account", "list", "--json", env=env)
    assert listed.json[0]["lastLoginAt"]
    removed = await reprise("account", "remove", "--username", "studio", "--yes", env=env)
    assert removed.code == 0
    assert (await reprise("account", "list", "--json", env=env)).json == []


async def test_a_challenge_on_the_command_line(sandbox: Sandbox, tmp_path: Path) -> None:
    studio = sandbox.world.add_person("studio", password="pw", login=LoginBehaviour.CHALLENGE)
    env = environment(tmp_path, sandbox)
    await reprise("account", "add", "--username", "studio", env=env)
    login = ("account", "login", "--username", "studio")
    first = await reprise(*login, "--password-stdin", "--json", env=env, stdin="pw\n")
    assert first.code == 1
    assert first.json["challengeRequired"] is True
    wrong = await reprise(*login, "--code", "000000", env=env)
    assert wrong.code == 1
    right = await reprise(*login, "--code", studio.security_code, env=env)
    assert right.out == "Logged in as @studio\n"


async def test_keys_and_the_login_link(tmp_path: Path) -> None:
    env = environment(tmp_path)
    made = await reprise("key", "create", "laptop", "--json", env=env)
    assert set(made.json) == {"id", "name", "prefix", "fullKey"}
    assert made.json["fullKey"].startswith("vg_live_")
    assert len(made.json["fullKey"]) == len("vg_live_") + 43
    assert made.json["prefix"] == made.json["fullKey"][:12]
    assert (await reprise("login-link", env=env)).code == 1

    async with running(env, tmp_path / "log") as daemon:
        key = made.json["fullKey"]
        assert (await daemon.call("GET", "/story-repost/status", key)).status_code == 200
        link = (await reprise("login-link", "--json", env=env)).json["url"]
        assert link.startswith(f"{daemon.url}/login?code=")
        async with httpx.AsyncClient(trust_env=False, timeout=DEADLOCK_S) as browser:
            assert (await browser.get(link)).status_code == 200
            answer = await browser.get(f"{daemon.url}/api/v1/story-repost/status")
            assert answer.status_code == 200
        revoked = await reprise("key", "revoke", made.json["id"], "--json", env=env)
        assert revoked.json == {"id": made.json["id"], "alreadyRevoked": False}
        assert (await daemon.call("GET", "/story-repost/status", key)).status_code == 401
    listed = (await reprise("key", "list", "--json", env=env)).json
    assert listed[0]["revokedAt"]
    assert "fullKey" not in listed[0]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nonsense"], "No such command"),
        (["key", "create"], "Missing argument"),
        (["key", "create", "x" * 65], "1 to 64 characters"),
        (["account", "add"], "Missing option"),
        (["history", "--limit", "0"], "--limit"),
    ],
)
async def test_wrong_use_ends_with_2(tmp_path: Path, words: list[str], line: str) -> None:
    done = await reprise(*words, env=environment(tmp_path))
    assert done.code == 2
    assert line in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["account", "login", "--username", "ghost", "--password-stdin"], "is not connected"),
        (["history", "--username", "ghost"], "is not connected"),
        (["key", "revoke", "no-such-id"], "No api key with id"),
    ],
)
async def test_failures_end_with_1_and_one_line(
    tmp_path: Path, words: list[str], line: str
) -> None:
    done = await reprise(*words, env=environment(tmp_path), stdin="x\n")
    assert done.code == 1
    assert line in done.err
    assert len(done.err.strip().splitlines()) == 1


async def test_check_config_shows_settings_without_secrets(tmp_path: Path) -> None:
    env = environment(tmp_path, None, REPRISE_PROXY="http://me:hunter2@localhost:1")
    shown = await reprise("check-config", "--json", env=env)
    assert shown.json["REPRISE_PORT"] == "0"
    assert "hunter2" not in shown.out
    assert json.loads(shown.out)["REPRISE_PROXY"] == "(set)"
