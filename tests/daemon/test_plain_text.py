"""Text from elsewhere steers neither a log, nor a terminal, nor the service manager."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from rich.console import Console

import cli
from api import request_id
from cli import output
from cli.failure import Failed
from cli.standard_input import read_line
from daemon import logs
from daemon.journal import JournalHandler
from daemon.settings import Settings
from ground.plain_text import escaped, json_text, plain
from tests.test_architecture import LAYERS

# One of each kind that is not printable, and what they are used for.
STEERING = [
    *(chr(code) for code in (*range(32), *range(127, 161))),
    "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069", "\u200b", "\u200e", "\u061c",
    "\ufeff", "\u00ad", "\U000e0041", "\ud800", "\udfff", "\ue000", "\uffff",
]  # fmt: skip
EVIL = "x\n2031-01-01 00:00:00,000 ERROR   api account deleted\x1b]0;pwned\x07\x1b[2J\r\u202e"


def record(message: str, *args: object, level: int = logging.ERROR) -> logging.LogRecord:
    made = logging.LogRecord("publish.delivery", level, "file.py", 1, message, args, None)
    logs.Redaction().filter(made)
    return made


def failed(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except Exception:  # noqa: BLE001 - as the log gets it
        trace = sys.exc_info()
    made = logging.LogRecord("api", logging.ERROR, "file.py", 1, "broken", (), trace)
    logs.Redaction().filter(made)
    return made


def harmless(line: str) -> bool:
    return line.isprintable() and line.encode() is not None


@pytest.mark.parametrize("letter", STEERING, ids=lambda letter: f"U+{ord(letter):04X}")
def test_no_letter_steers(letter: str) -> None:
    text = f"before{letter}after"
    assert unicodedata.category(letter)[0] in "CZ"
    assert harmless(plain(text))
    assert harmless(escaped(text))
    assert escaped(text) != plain(text)
    assert json.loads(json_text({"said": text})) == {"said": text}
    assert harmless(json_text({"said": text}))
    for in_journal in (False, True):
        made = logs.TextFormatter(journal=in_journal).format(record("event said=%s", text))
        assert harmless(made)
    line = logs.JsonFormatter().format(record("event said=%s", text))
    assert harmless(line)
    assert json.loads(line)["said"] == text


def test_printable_text_stays_as_it_is() -> None:
    text = 'Grüße, 你好 שלום 👍🏽 "quoted" \\ back'
    assert plain(text) == escaped(text) == text
    assert json_text({"a": text}) == json.dumps({"a": text}, ensure_ascii=False)


@pytest.mark.parametrize("in_journal", [False, True])
def test_a_line_and_a_traceback_are_our_own_lines(in_journal: bool) -> None:
    form = logs.TextFormatter(journal=in_journal)
    assert len(form.format(record("request path=%s", EVIL)).split("\n")) == 1
    first, *trace = form.format(failed(RuntimeError(EVIL))).split("\n")
    begin = "<3>  " if in_journal else "  "
    assert trace
    assert all(line.startswith(begin) and harmless(line) for line in trace)
    assert any("2031-01-01" in line for line in trace)
    assert harmless(first)


def test_the_journal_takes_text_that_is_none() -> None:
    handler = JournalHandler.__new__(JournalHandler)
    logging.Handler.__init__(handler)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    sent = handler._datagram(record("event said=%s", "half an emoji \ud83d\x1b[2J")).decode()
    assert "\\ud83d\\x1b[2J" in sent
    assert "\x1b" not in sent


SECRETS = [
    "GET https://graph.facebook.com/oauth/access_token?client_id=1&client_secret={} HTTP/1.1",
    "HTTP Request: GET https://graph.instagram.com/me?access_token={}&fields=id",
    "https://graph.facebook.com/v1/x?grant_type=x&fb_exchange_token={}",
    "for url 'https://scontent.cdninstagram.com/v/t1.jpg?_nc_ht=x&oh={}&oe=1'",
    "fb_exchange_token={}", "client_secret={}", "'client_secret': '{}'", "appsecret_proof={}",
    '{{"access_token": "{}"}}', "access_token%3D x access_token={}", "b'access_token={}'",
    "Cookie: ds_user_id=1; sessionid={}; x=y", "{{'cookie': 'a=b; sid={}'}}",
    "Set-Cookie: sessionid={}; Path=/", "Authorization: Bearer IGT:2:{}", "authorization={}",
    "[(b'Authorization', b'Bearer {}')]", "('authorization', 'Basic {}')",
    "enc_password=%23PWD_INSTAGRAM%3A4%3A1%3A{}", "#PWD_INSTAGRAM:4:1:{}",
    "signed_body=SIGNATURE.{}",
    "password={}", '"password": "{}"', "igPassword='{}'", "totpSeed={}", "totp_seed: {}",
    "verification_code={}", "http://localhost:3001/login?code={}", "/login?code={} ", "code={}",
    "https://user:{}@proxy.example:8080", "socks5://user:{}@10.0.0.1", "http://u:a@{}@proxy",
    "https://media.example/m/{}", "GET /m/{} HTTP/1.1", "csrftoken={}", "X-CSRFToken: {}",
    "jwt={}", "refresh_token={}", "secret={}", "vg_live_{}abcdefghijklmnopqrstuvwxyz",
]  # fmt: skip


@pytest.mark.parametrize("form", SECRETS)
def test_no_form_of_a_secret_is_logged(form: str) -> None:
    secret = "Zx9Kq7Lm2Pw5Rt8Vy3Bn6"
    said = form.format(secret)
    for made in (record("event said=%s", said), failed(RuntimeError(said)), record(said)):
        for shown in (logs.TextFormatter(journal=False), logs.JsonFormatter()):
            line = shown.format(made)
            assert secret[4:] not in line, line
            assert "…" in line


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    found = logging.getLogger()
    handlers, level = list(found.handlers), found.level
    yield found
    for handler in list(found.handlers):
        if handler not in handlers:
            found.removeHandler(handler)
            handler.close()
    found.handlers[:] = handlers
    found.setLevel(level)
    request_id.current.set("")


@pytest.mark.parametrize("level", ["debug", "info", "warning"])
def test_libraries_do_not_talk_at_any_level(
    root: logging.Logger, tmp_path: Path, level: str
) -> None:
    file = tmp_path / "a.log"
    logs.configure(Settings(data_dir=tmp_path, log_file=file, log_level=level))
    for name in (
        *logs.TALKATIVE,
        "httpcore.http11",
        "httpx._client",
        "never.heard.of",
        "PIL.Image",
    ):
        logging.getLogger(name).debug("send_request_headers %s", "s3cret")
        logging.getLogger(name).info("HTTP Request %s", "s3cret")
    for name in logs.TALKATIVE:
        logging.getLogger(name).error("HTTP Error %s", "s3cret")
    logging.getLogger("never.heard.of").warning("something is wrong")
    logging.getLogger("publish.delivery").warning("published")
    text = file.read_text()
    assert "s3cret" not in text
    assert [line.rpartition(" ")[2] for line in text.splitlines()] == ["wrong", "published"]


def test_commands_print_strangers_text_harmlessly(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(f"says: {EVIL}", "second")
    output.say(EVIL, err=True)
    output.print_table(["Caption", EVIL], [[EVIL, None], ["[bold]b[/bold]", "\ud800"]])
    output.print_json({"caption": EVIL, EVIL: ["\ud800", "\x9b31m"]})
    printed = capsys.readouterr()
    assert all(harmless(line) for line in (printed.out + printed.err).split("\n"))
    assert "[bold]b[/bold]" in printed.out
    assert printed.out.count("\n") == 2 + 3 + 7


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"pa ss\n", "pa ss"), (b"pass\r\n", "pass"), (b"pass", "pass"), (b"pass\r", "pass"),
        (b" pass  \r\n", " pass  "), (b"\xef\xbb\xbfpass\r\n", "pass"), (b"\tp\t\n", "\tp\t"),
        (b"p\xc3\xa4ss\xf0\x9f\x91\x8d\r\n", "päss👍"), (b"a\rb\n", "a\rb"),
        (b"p\xc2\xa0\xe2\x80\x8dx\n", "p\u00a0\u200dx"),
    ],
)  # fmt: skip
def test_a_line_of_standard_input_is_without_its_end(
    monkeypatch: pytest.MonkeyPatch, sent: bytes, read: str
) -> None:
    second = sent if sent.endswith(b"\n") else b""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sent + second), "ascii"))
    assert read_line("password") == read
    if second:
        assert read_line("seed") == read


@pytest.mark.parametrize(
    "sent", [b"", b"\n", b"\r\n", b"\xef\xbb\xbf\r\n", b"\xff\xfep\0", b"\xe4"]
)
def test_no_line_or_no_text_is_wrong_use(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sent)))
    with pytest.raises(click.UsageError):
        read_line("password")


def test_every_package_of_ours_is_heard() -> None:
    packages = {name for name in LAYERS if name not in {"sandbox", "tools"}}
    assert packages == set(logs._OURS)


def test_commands_print_through_one_door() -> None:
    # Files that a command writes to standard output as they are, for the next program.
    as_they_are = {"output.py": 3, "moving.py": 1, "session_files.py": 1, "completion.py": 1}
    for path in sorted(Path(output.__file__).parent.glob("*.py")):
        calls = [
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
        ]
        printed = sum(
            call in {"print", "click.echo", "click.secho", "traceback.print_exc"}
            or call.startswith(("sys.stdout.write", "sys.stderr.write"))
            for call in calls
        )
        assert printed == as_they_are.get(path.name, 0), path


@pytest.mark.parametrize("error", [RuntimeError(EVIL), OSError(5, EVIL, EVIL), Failed(EVIL)])
def test_a_command_that_fails_steers_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setenv("REPRISE_LOG_LEVEL", "debug")
    monkeypatch.setattr(cli, "cli", click.Command("x", callback=fail))
    monkeypatch.setattr(sys, "argv", ["reprise"])
    with pytest.raises(SystemExit):
        cli.main()
    lines = capsys.readouterr().err.splitlines()
    assert all(map(harmless, lines))
    assert sum("2031" in line and line.startswith("reprise: ") for line in lines) == 1


def test_a_bug_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("GET https://graph.facebook.com/me?access_token=Zx9Kq7Lm2Pw5Rt8Vy")

    monkeypatch.setenv("REPRISE_LOG_LEVEL", "debug")
    monkeypatch.setattr(cli, "cli", click.Command("x", callback=fail))
    monkeypatch.setattr(sys, "argv", ["reprise"])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().err
    assert "RuntimeError" in said
    assert "Zx9Kq7" not in said


def test_the_name_of_a_file_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    def on_a_terminal() -> Console:
        return Console(file=shown, force_terminal=True, width=200)

    monkeypatch.setattr(output, "_errors", on_a_terminal)
    for name in ("[/b] x.json", "[link=http:evil]x", "[red]x", EVIL):
        shown = io.StringIO()
        with output.working(name):
            pass
        assert "\x1b[2J\r" not in shown.getvalue()
        assert plain(name) in shown.getvalue()
