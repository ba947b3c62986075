"""What all commands have in common: help with examples, JSON, one line for what goes wrong."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import click
import pytest

import cli as commands
from cli import cli, completion
from cli.manual import entries
from cli.output import print_table
from cli.sections import SECTIONS
from ground.clock import utc_now
from operations.media import UploadedFile
from storage import accounts, users, webhooks
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.posts import add as add_post
from storage.store import open_directly, transaction
from tests.support.commands import all_commands, run_here
from tests.support.process import REPRISE, ROOT, environment, reprise
from tests.support.thinned import sparing
from tests.support.tools import program
from tools.command_reference import pages

COMMANDS = list(all_commands())
NAMES = [" ".join(words) for words, _ in COMMANDS]
READING = [
    ["account", "list"],
    ["key", "list"],
    ["history"],
    ["posts"],
    ["queue"],
    ["check-config"],
    ["completion", "bash"],
]
NEEDING_THE_DAEMON = [["scan"], ["login-link"], ["retry", "x"], ["cancel", "x"]]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of one's own for commands that run in this process."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path / "data"


def test_keys_are_limited_from_the_command_line(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(*words: str) -> dict[str, Any]:
        assert run_here("key", "create", "agent", *words, "--json") == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    assert "scopes" not in made()
    assert "scopes" not in made("--preset", "full")
    drafts = made("--preset", "drafts-only")["scopes"].split(",")
    assert "posts:write" in drafts
    assert not {"posts:publish", "posts:delete", "reposts:decide"} & {*drafts}
    assert run_here("account", "add", "--username", "studio") == 0
    capsys.readouterr()
    one = made("--scopes", "posts:read", "--only", "@studio", "--days", "90")
    assert (one["scopes"], len(one["accountIds"]), "expiresAt" in one) == ("posts:read", 1, True)
    assert run_here("key", "list") == 0
    assert "posts:read; 1 account(s)" in capsys.readouterr().out
    for words, reason in (
        (("--scopes", "posts:reed"), "no scope 'posts:reed'"),
        (("--scopes", "posts:read", "--preset", "full"), "not both"),
        (("--preset", "everything"), "is not one of"),
    ):
        assert run_here("key", "create", "agent", *words) == 2
        assert reason in capsys.readouterr().err
    assert run_here("key", "create", "agent", "--only", "nobody") == 1


@pytest.mark.usefixtures("installed")
def test_webhooks_and_events_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    def told(*words: str) -> Any:
        assert run_here(*words, "--json") == 0
        return json.loads(capsys.readouterr().out)

    assert run_here("account", "add", "--username", "studio") == 0
    capsys.readouterr()
    account = told("account", "list")[0]["id"]
    url = "http://localhost:5678/hook"
    made = told("webhook", "add", url, "--type", "post.*", "--only", "studio")
    hook = made["webhook"]["id"]
    assert made["secret"].startswith("whsec_")
    assert made["webhook"]["accountIds"] == [account]
    assert [(each["id"], each["url"]) for each in told("webhook", "list")] == [(hook, url)]
    assert told("webhook", "log", hook) == []
    assert told("webhook", "recover", hook, "--since", "2026-01-01T00:00:00Z") == {"count": 0}
    assert told("webhook", "rotate", hook)["secret"] != made["secret"]
    assert run_here("webhook", "test", hook) == 1  # only a daemon sends it
    assert run_here("webhook", "add", "localhost:5678") == 2
    assert run_here("webhook", "add", url, "--type", "post.eaten") == 2
    assert "post.published" in capsys.readouterr().err  # the types that there are
    assert run_here("webhook", "remove", hook) == 0
    assert run_here("webhook", "log", hook) == 1
    capsys.readouterr()
    assert run_here("events", "--json", "--username", "studio") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["type"] for event in events] == ["account.connected"]
    assert run_here("events", "--since", str(events[0]["id"]), "--json") == 0
    assert capsys.readouterr().out == ""
    assert run_here("events", "--follow") == 1
    assert run_here("events", "--type", "nonsense") == 2


def test_people_are_told_where_they_are(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str) -> Any:
        assert run_here(*words, "--json") == 0
        return json.loads(capsys.readouterr().out)

    made = told("notify", "add", "json://localhost:1/a-key", "--name", "phone")
    assert (made["service"], made["name"]) == ("json://…", "phone")
    assert told("notify", "quiet", "22:00-08:00", "--timezone", "Europe/Berlin")["ends"] == "08:00"
    listed = told("notify", "list")
    assert [each["id"] for each in listed["recipients"]] == [made["id"]]
    assert listed["quiet"]["timezone"] == "Europe/Berlin"
    assert told("notify", "quiet", "off")["begins"] is None
    assert told("notify", "log", made["id"]) == []
    assert run_here("notify", "test", made["id"]) == 1  # only a daemon tells
    for wrong in ("file:///tmp/x", "nonsense"):
        assert run_here("notify", "add", wrong) == 2
    for wrong in ("22:00", "22-08", "25:00-08:00"):
        assert run_here("notify", "quiet", wrong) == 2
        assert "as 22:00-08:00" in capsys.readouterr().err
    assert run_here("notify", "quiet", "22:00-22:00") == 2
    assert told("status")["warnings"] == []
    with open_directly(installed / "reprise.db") as db, transaction(db):
        webhooks.disable(db, made["id"], utc_now(), "nothing reached it for five days")
    warning = f"An address for notices was given up: reprise notify enable {made['id']}"
    assert told("status")["warnings"] == [warning]
    assert run_here("status") == 0
    assert warning in capsys.readouterr().out
    assert told("notify", "enable", made["id"])["disabledAt"] is None
    assert run_here("notify", "remove", made["id"]) == 0
    assert b"a-key" not in (installed / "reprise.db").read_bytes()


def test_people_have_accounts_and_keys_of_their_own(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str) -> Any:
        assert run_here(*words, "--json") == 0
        return json.loads(capsys.readouterr().out)

    told("account", "add", "--username", "studio")
    told("user", "add", "anna")
    told("--user", "Anna", "account", "add", "--username", "annas")
    key = told("--user", "anna", "key", "create", "phone")
    assert [each["username"] for each in told("account", "list")] == ["studio"]
    assert [each["username"] for each in told("--user", "anna", "account", "list")] == ["annas"]
    assert run_here("--user", "anna", "export") == 0
    exported = json.loads(capsys.readouterr().out)
    assert [each["username"] for each in exported["accounts"]] == ["annas"]
    assert [each["name"] for each in told("user", "list")] == [None, "anna"]
    for words, code, reason in (
        (("--user", "nobody", "account", "list"), 1, "No person with id nobody"),
        (("user", "add", "ANNA"), 1, "called ANNA already"),
        (("user", "add", "owner"), 2, "the owner is there already"),
        (("user", "remove", "nobody"), 1, "No person"),
        (("--user", "anna", "account", "add", "--username", "studio"), 1, "connected already"),
    ):
        assert run_here(*words) == code, words
        assert reason in capsys.readouterr().err
    assert run_here("user", "remove", "anna", "--yes") == 0
    said = capsys.readouterr().err
    assert "With anna go: @annas" in said
    (backup,) = installed.glob("reprise-before-anna-left-*.tar")
    assert str(backup) in said
    assert backup.stat().st_mode & 0o777 == 0o600
    assert [each["name"] for each in told("user", "list")] == [None]
    assert [each["username"] for each in told("account", "list")] == ["studio"]
    assert key["id"] not in str(told("key", "list"))


def test_whoever_is_alone_sees_nothing_of_people(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ((), ("key", "create"), ("account", "add"), ("login-link",)):
        assert run_here(*words, "--help") == 0
        assert "--user " not in capsys.readouterr().out
    assert run_here("--help") == 0
    assert " user " not in capsys.readouterr().out
    assert "user" in {name for names in SECTIONS.values() for name in names}


def test_every_command_is_in_a_section() -> None:
    offered = set()
    for module in iter_modules(commands.__path__):
        found = import_module(f"cli.{module.name}")
        offered |= {command.name for command in getattr(found, "COMMANDS", ())}
    top = {name for names in SECTIONS.values() for name in names}
    assert top <= offered
    assert offered - top <= {words[-1] for words, _ in COMMANDS}, "in no section and no group"


def test_the_summaries_are_those_of_the_commands() -> None:
    for entries_of in SECTIONS.values():
        for name, entry in entries_of.items():
            command = cli.get_command(click.Context(cli), name)
            assert command is not None
            assert entry.summary == command.get_short_help_str(400)


@pytest.mark.parametrize(
    ("done", "heavy"),
    sparing(
        [
            (
                "import cli; cli.cli(['--help'], standalone_mode=False)",
                "trio pydantic aiograpi httpx",
            ),
            (
                "import cli.status, local.ask, operations.refusing",
                "aiograpi asyncio httpx curl_cffi av",
            ),
            ("import operations.catalogue, operations.house", "aiograpi asyncio httpx av"),
            ("import daemon.main, cli.mcp", "mcp mcp_types starlette uvicorn"),
        ],
        every=2,
    ),
    ids=["help", "a command beside a daemon", "operations", "a daemon without agents"],
)
def test_nobody_waits_for_libraries_that_are_not_used(done: str, heavy: str) -> None:
    told = f"{done}; import sys; print('loaded', set({heavy.split()}) & set(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "loaded set()"


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=NAMES)
def test_it_explains_itself(words: list[str], command: click.Command) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options or words == ["mcp"]  # which says nothing but JSON
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help or parameter.show_default, f"{parameter.name} has no help"


def test_every_example_is_a_command_that_can_be_given() -> None:
    for _, found in entries():
        for entry in found:
            assert entry.example, f"`{entry.usage}` has no example"
            for line in entry.example.splitlines():
                _parse(line)


def _parse(line: str) -> None:
    """Parse what an example says of `reprise`, without doing it."""
    words = shlex.split(line.replace("$(", " ").replace(")", " ").replace('"', " "), comments=True)
    starts = [number for number, word in enumerate(words) if re.fullmatch(r"(/\S*/)?reprise", word)]
    assert starts, f"an example is a line with `reprise`: {line}"
    rest = words[starts[0] + 1 :]
    ends = [number for number, word in enumerate(rest) if word in ("|", ">", ">>", "&&", ";")]
    rest = rest[: min(ends, default=len(rest))]
    command: click.Command = cli
    context = click.Context(cli, info_name="reprise")
    while isinstance(command, click.Group):
        name, *rest = rest
        found = command.get_command(context, name)
        assert found is not None, line
        command = found
        context = click.Context(command, info_name=name, parent=context)
    command.make_parser(context).parse_args(rest)


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=NAMES)
def test_wrong_use_is_one_line_and_2(
    words: list[str], command: click.Command, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(*words, "--no-such-option") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("reprise: No such option '--no-such-option'")
    assert said.err.endswith(f"(see `reprise {' '.join(words)} --help`)\n")
    assert said.err.count("\n") == 1
    assert not installed.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["key", "create", "x", "--scopes", "nonsense"], "scopes: no scope 'nonsense'; there are"),
        (["webhook", "add", "ftp://x"], "url: no address such as https://example.com/hook"),
        (["notify", "add", "nonsense://x"], "url: no address of a service"),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_what_does_not_fit_is_told_in_our_words(
    words: list[str], said: str, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(*words) == 2
    assert capsys.readouterr().err.startswith(f"reprise: {said}")


@pytest.mark.parametrize(
    "words",
    [
        ["--user", "\udcff", "posts"],
        ["retry", "\udcff"],
        ["key", "revoke", "\udcff"],
        ["key", "create", "\udcff"],
        ["approve", "\udcff"],
    ],
    ids=lambda words: words[0],
)
def test_bytes_that_are_no_text_are_wrong_use(
    words: list[str], installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(*words) == 2
    said = capsys.readouterr().err
    assert (said.count("\n"), "bug" in said) == (1, False)


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    assert UploadedFile(path=tmp_path, name="odd\udcff.jpg").name == "odd?.jpg"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_files_are_empty_ones(installed: Path, closed: str) -> None:
    login = shlex.join([*REPRISE, "account", "login", "--username", "me", "--password-stdin"])
    script = f"{shlex.join(REPRISE)} account add --username me >&2 2>/dev/null; {login} {closed}"
    done = subprocess.run(
        [program("bash"), "-c", script],
        input="",
        capture_output=True,
        text=True,
        env=os.environ | environment(installed.parent),
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("reprise:")]
    assert done.returncode == 2
    empty = "reprise: The Password is empty (see `reprise account login --help`)"
    assert said == ([] if "2>" in closed else [empty])


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_works_while_the_daemon_is_off(
    words: list[str], installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(*words) == 0
    capsys.readouterr()
    assert run_here(*words, "--json") == 0
    said = capsys.readouterr()
    assert isinstance(json.loads(said.out), list | dict)
    assert said.err == ""


@pytest.mark.parametrize("words", NEEDING_THE_DAEMON, ids=" ".join)
def test_what_needs_the_daemon_says_so(
    words: list[str], installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(*words) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "reprise: The daemon is not running; start it with `reprise run`\n",
    )


def test_a_bug_is_one_line_too(
    installed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("of all things")

    monkeypatch.setattr(completion, "print_json", broken)
    assert run_here("completion", "bash", "--json") == 1
    assert capsys.readouterr().err == (
        "reprise: This is a bug in Reprise: RuntimeError: of all things\n"
    )
    monkeypatch.setenv("REPRISE_LOG_LEVEL", "debug")
    assert run_here("completion", "bash", "--json") == 1
    assert "in broken" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("publish", str(installed / "nothing.jpg"), "--username", "me")
    assert run_here(*words) == 2
    assert "nothing.jpg' does not exist" in capsys.readouterr().err


HOSTILE = "[red]\x1b]0;owned\x07\x1b[31mred[/]\nnew\tline ‮ [/nonsense]"


def _seed(installed: Path) -> None:
    installed.mkdir(mode=0o700)
    with open_directly(installed / "reprise.db") as db, transaction(db):
        from ground.clock import utc_now

        owner = users.ensure_owner(db, utc_now())
        account = accounts.add(db, user_id=owner.id, username="me", now=utc_now())
        for number in range(3):
            post = Post(
                id=f"post-{number}",
                user_id=owner.id,
                account_id=account.id,
                instagram_account_id="1",
                media_type=MediaType.IMAGE,
                source_type=SourceType.MANUAL,
                caption=HOSTILE,
                status=PostStatus.FAILED,
                error_message="A reason that is much wider than any terminal " * 5,
                created_at=utc_now(),
                updated_at=utc_now(),
            )
            add_post(db, post, [])


def test_a_pipe_gets_plain_aligned_lines_whatever_strangers_have_written(
    installed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _seed(installed)
    assert run_here("posts") == 0
    head, *rows = capfd.readouterr().out.splitlines()
    assert len(rows) == 3
    at = head.index("Id")
    assert {row[at:] for row in rows} == {"post-0", "post-1", "post-2"}
    for row in rows:
        assert "[red] ]0;owned" in row
        assert all(letter.isprintable() for letter in row)
        assert not set(row) & set("─│┌┐└┘━┃")


def _on_a_terminal(words: list[str], **more: str) -> str:
    """Run a command with a terminal for its output and return what came out."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **more}
    process = subprocess.Popen([*REPRISE, *words], stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # how Linux tells that the other end is closed
        pass
    process.wait()
    os.close(ours)
    return said.decode()


@pytest.mark.acceptance
def test_a_terminal_gets_colours_unless_no_color_says_no(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    _seed(installed)
    coloured = _on_a_terminal(["posts"])
    assert "\x1b[1m" in coloured
    assert "The daemon is not running" in coloured
    assert "\x1b]0;" not in coloured
    plain = _on_a_terminal(["doctor", "--offline"], NO_COLOR="1")
    assert "\x1b[3" not in plain
    assert "permissions" in plain


def test_a_pipe_that_is_closed_early_is_no_bug(installed: Path) -> None:
    done = subprocess.run(
        [program("bash"), "-c", f"{shlex.join(REPRISE)} check-config | head -n 1"],
        capture_output=True,
        text=True,
        env=os.environ | environment(installed.parent),
    )
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_a_table_without_rows_is_its_head(capfd: pytest.CaptureFixture[str]) -> None:
    print_table(["Name", "Id"], [])
    assert capfd.readouterr().out == "Name  Id\n"


def _complete(shell: Path, line: str, env: dict[str, str]) -> list[str]:
    words = line.split(" ")
    script = f"""
        PATH={shell.parent}:$PATH
        source <(reprise completion bash)
        complete -p reprise | grep -q _reprise_completion || echo not registered
        COMP_WORDS=({" ".join(map(shlex.quote, words))})
        COMP_CWORD={len(words) - 1}
        _reprise_completion reprise
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        [program("bash"), "--norc", "-c", script], capture_output=True, text=True, env=env
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("words", [["pause"], ["resume"], ["author", "lena", "never"]])
def test_what_needs_story_reposts_says_how_they_are_switched_on(
    installed: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    _seed(installed)
    assert run_here(*words, "--username", "me") == 1
    assert "`reprise enable`" in capsys.readouterr().err


def test_bash_completes_commands_options_and_usernames(installed: Path) -> None:
    _seed(installed)
    env = os.environ | environment(installed.parent)
    shell = installed.parent / "bin" / "reprise"
    shell.parent.mkdir()
    shell.write_text(f'#!/bin/sh\nexec {shlex.join(REPRISE)} "$@"\n')
    shell.chmod(0o755)
    assert _complete(shell, "reprise acc", env) == ["account"]
    assert "--caption" in _complete(shell, "reprise publish --c", env)
    assert _complete(shell, "reprise scan --username ", env) == ["me"]
    assert _complete(shell, "reprise pause --username ", env) == ["me"]


def test_a_tab_makes_no_database(installed: Path, tmp_path: Path) -> None:
    env = os.environ | {
        "_REPRISE_COMPLETE": "bash_complete",
        "COMP_WORDS": "reprise scan --username ",
        "COMP_CWORD": "3",
    }
    done = subprocess.run(REPRISE, capture_output=True, text=True, env=env)
    assert (done.stdout.strip(), done.stderr) == ("", "")
    assert not installed.exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_other_shells_take_their_scripts(
    shell: str, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("completion", shell, "--json") == 0
    script = json.loads(capsys.readouterr().out)["script"]
    assert "_REPRISE_COMPLETE" in script
    assert "reprise" in script


def test_help_imports_neither_server_nor_instagram() -> None:
    asked = "import sys, cli as c; c.cli.main(['{}'], standalone_mode=False); print()"
    code = f"{asked.format('--version')}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert "click" in loaded
    assert not loaded & {"aiograpi", "quart", "trio", "httpx", "rich"}


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_generated_pages_are_current(path: Path) -> None:
    assert path.read_text() == pages()[path], "run `make docs`"


def test_the_man_page_is_good_roff() -> None:
    man = ROOT / "man" / "reprise.1"
    done = subprocess.run(
        [program("groff"), "-ww", "-man", "-Tutf8", str(man)], capture_output=True, text=True
    )
    assert done.stderr == ""
    for name in NAMES:
        assert f"reprise {name}".replace("-", "\\-") in man.read_text()


async def test_the_installed_command_says_the_same(tmp_path: Path) -> None:
    done = await reprise("key", "creat", env=environment(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'create'?" in done.err
    bare = await reprise(env=environment(tmp_path))
    assert bare.code == 2
    assert "reprise doctor" in bare.err
