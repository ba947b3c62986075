"""Logging in on the command line: with real processes, killed between the steps, on a terminal."""

from __future__ import annotations

import json
import os
import pty
import signal
import time
from functools import partial
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from cli import cli
from cli.failure import Failed
from instagram.private.two_factor import totp_code
from sandbox import LoginBehaviour, Sandbox
from tests.support.limits import DEADLOCK_S
from tests.support.process import REPRISE, Finished, environment, reprise, running
from tests.support.relay import WORD, open_relay

PASSWORD = "correct horse battery staple"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOGIN = ("account", "login", "--username", "studio")


class Commands:
    """Commands of this process on a data directory; what needs Instagram needs a daemon there."""

    def __init__(self, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        for name, value in env.items():
            if name.startswith("REPRISE_"):
                monkeypatch.setenv(name, value)

    async def __call__(self, *words: str, stdin: str = "") -> Finished:
        invoke = partial(CliRunner().invoke, cli, words, input=stdin)
        done = await trio.to_thread.run_sync(invoke)
        error = str(done.exception) if isinstance(done.exception, Failed) else done.stderr
        assert isinstance(done.exception, (Failed, SystemExit, type(None))), done.exception
        self.said += [done.output, error]
        return Finished(done.exit_code, done.stdout, error)


@pytest.mark.acceptance
async def test_a_login_goes_on_through_killed_daemons_and_its_session_leaves_and_comes_back(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = sandbox.world.add_person("studio", password=PASSWORD)
    studio.login, studio.totp_seed = LoginBehaviour.TWO_FACTOR, SEED
    env, log = environment(tmp_path, sandbox), tmp_path / "log"
    command, file = Commands(env, monkeypatch), tmp_path / "session.json"
    add = ("account", "add", "--username", "studio")
    await command(*add)
    async with open_relay(sandbox) as relay:
        async with running(env, log) as daemon:
            options = ("account", "options", "--username", "studio", "--proxy-stdin", "--json")
            shown = await command(*options, "--locale", "de_DE", stdin=relay.url + "\n")
            assert shown.json["proxy"] == f"127.0.0.1:{relay.port}"
            first = await command(*LOGIN, "--password-stdin", "--json", stdin=PASSWORD)
            assert first.code == 1
            assert first.json["challengeType"] == "two_factor"
            assert await daemon.stop(signal.SIGKILL) < 0
        async with running(env, log) as daemon:
            wrong = await command(*LOGIN, "--code", "000000")
            assert (wrong.code, wrong.out) == (1, "")
            assert "[INVALID_CODE]" in wrong.err
            assert await daemon.stop(signal.SIGKILL) < 0
        async with running(env, log):
            right = await command(*LOGIN, "--code", totp_code(SEED, time.time()))
            assert right.out == "Logged in as @studio\n", right.err
            assert sandbox.ledger.logins("studio") == 1
            await _out_and_in_again(command, add, file)
    assert sandbox.ledger.logins("studio") == 1
    assert len(sandbox.ledger.devices("studio")) == 1
    sessions = [session.id for session in sandbox.world.sessions._by_id.values()]
    for secret in (PASSWORD, SEED, WORD, *sessions):
        assert not [text for text in (*command.said, log.read_text()) if secret in text]


async def _out_and_in_again(command: Commands, add: tuple[str, ...], file: Path) -> None:
    """Take the session out, and bring it in where nothing is known of the account."""
    export = ("account", "export-session", "--username", "studio", "--output")
    out = await command(*export, str(file))
    assert out.code == 0, out.err
    assert file.stat().st_mode & 0o777 == 0o600
    again = await command(*export, str(file))
    assert (again.code, len(again.err.splitlines())) == (1, 1)
    stdout = await command(*export, "-")
    assert stdout.json["uuids"] == json.loads(file.read_text())["uuids"]
    del command.said[-2:]  # the one command whose output is a secret, because it was asked for
    await command("account", "remove", "--username", "studio", "--yes")
    await command(*add)
    bring = ("account", "import-session", "--username", "studio", str(file), "--json")
    assert (await command(*bring)).json["challengeRequired"] is False
    alive = await command("account", "continue", "--username", "studio")
    assert alive.out == "Logged in as @studio\n"


async def test_a_terminal_is_asked_for_password_and_codes(sandbox: Sandbox, tmp_path: Path) -> None:
    studio = sandbox.world.add_person("studio", password=PASSWORD)
    studio.login, studio.challenge.logs_in = LoginBehaviour.CHALLENGE, True
    env = environment(tmp_path, sandbox)
    await reprise("account", "add", "--username", "studio", env=env)
    ours, theirs = pty.openpty()
    process = await trio.lowlevel.open_process(
        [*REPRISE, *LOGIN], env=env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = ""
    try:
        for question, answer in (
            ("Password:", PASSWORD),
            ("Code:", "12x"),
            ("6 digits", ""),
            ("Code:", "000000"),
            ("[INVALID_CODE]", ""),
            ("Code:", studio.security_code),
            ("Logged in as @studio", ""),
        ):
            heard = await _hear(ours, question)
            said += heard
            if answer:
                os.write(ours, answer.encode() + b"\n")
        assert await process.wait() == 0
    finally:
        os.close(ours)
        process.kill()
        await process.wait()
    assert PASSWORD not in said  # typed unseen
    assert sandbox.ledger.logins("studio") == 1


async def _hear(terminal: int, wanted: str) -> str:
    """Read until `wanted` was said, and not a byte further."""
    heard = b""
    with trio.fail_after(DEADLOCK_S):
        while wanted.encode() not in heard:
            await trio.lowlevel.wait_readable(terminal)
            heard += os.read(terminal, 1)
    return heard.decode()


@pytest.mark.parametrize(
    ("words", "stdin", "line"),
    [
        ([*LOGIN, "--code", "12"], "", "6 digits"),
        ([*LOGIN, "--password-stdin"], "", "is empty"),
        ([*LOGIN, "--password-stdin", "--totp-seed-stdin"], "pw\nhunter2\n", "16 or more"),
        (["account", "options", "--username", "studio", "--locale", "x"], "", "a locale like"),
        (["account", "options", "--username", "studio", "--timezone", "x"], "", "a timezone"),
        (
            ["account", "options", "--username", "studio", "--proxy-stdin"],
            "ftp://hunter2@x\n",
            "an address like",
        ),
        (
            ["account", "options", "--username", "studio", "--proxy-stdin", "--no-proxy"],
            "",
            "given and taken away",
        ),
        (["account", "import-session", "--username", "studio"], "", "Give either"),
        (["account", "import-session", "--username", "studio", "-"], "{hunter2", "no settings"),
        (
            ["account", "import-session", "--username", "studio", "--sessionid-stdin"],
            "hunter2\n",
            "no sessionid",
        ),
        (["account", "export-session", "--username", "studio"], "", "--output"),
        (["account", "continue", "--username", "studio", "--by", "pigeon"], "", "--by"),
    ],
)
async def test_wrong_use_is_said_plainly_and_repeats_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], stdin: str, line: str
) -> None:
    command = Commands(environment(tmp_path), monkeypatch)
    await command("account", "add", "--username", "studio")
    done = await command(*words, stdin=stdin)
    assert (done.code, done.out) == (2, "")
    assert line in done.err
    assert "hunter2" not in done.err


async def test_an_account_without_a_session_has_none_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = Commands(environment(tmp_path), monkeypatch)
    await command("account", "add", "--username", "studio")
    file = tmp_path / "x.json"
    done = await command("account", "export-session", "--username", "studio", "--output", str(file))
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert not file.exists()
