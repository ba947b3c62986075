"""What a log line looks like in each place, and that none of them shows a secret."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api import request_id
from daemon import journal, logs
from daemon.settings import Settings, SettingsError
from tests.support import leaks

KEY = "vg_live_" + "k" * 43


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, log_format="json", log_file=tmp_path / "logs" / "a.log")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Put the session's own logging back."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    for handler in before:
        root.removeHandler(handler)
    yield
    for handler in list(root.handlers):
        handler.close()
        root.removeHandler(handler)
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)
    request_id.current.set("")


def lines(settings: Settings) -> list[dict[str, str]]:
    assert settings.log_file is not None
    return [json.loads(line) for line in settings.log_file.read_text().splitlines()]


def test_a_json_line_has_the_fields_of_its_message_and_of_its_request(settings: Settings) -> None:
    logs.configure(settings)
    request_id.begin("from-the-client")
    logging.getLogger("publish.delivery").warning(
        "failed post=%s after=%.1f %% reason=%s", "p1", 2.25, "no answer"
    )
    (line,) = lines(settings)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "publish.delivery",
        "message": "failed post=p1 after=2.2 % reason=no answer request=from-the-client",
        "post": "p1",
        "after": "2.2",
        "reason": "no answer",
        "request": "from-the-client",
    }


def test_secrets_are_in_no_message_field_or_traceback(settings: Settings) -> None:
    logs.configure(settings)
    logger = logging.getLogger("api")
    logger.info("odd key=%s password=%s", KEY, "hunter2hunter2")
    try:
        raise RuntimeError(f"Authorization: Bearer {KEY}")
    except RuntimeError:
        logger.exception("broken")
    assert settings.log_file is not None
    text = settings.log_file.read_text()
    assert KEY not in text
    assert "hunter2hunter2" not in text
    assert "RuntimeError" in text


def test_a_file_is_private_and_never_grows_beyond_its_bound(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 2000)
    logs.configure(settings)
    for number in range(200):
        logging.getLogger("api").info("line number=%d", number)
    assert settings.log_file is not None
    files = sorted(settings.log_file.parent.iterdir())
    assert [file.name for file in files] == ["a.log", *(f"a.log.{n}" for n in range(1, 6))]
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.stat().st_size <= 2000
    assert lines(settings)[-1]["number"] == "199"


def test_a_file_that_cannot_be_written_is_a_setting_that_cannot_be_used(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="REPRISE_LOG_FILE"):
        logs.configure(replace(settings, log_file=tmp_path / "file" / "a.log"))


def test_what_launchd_keeps_of_failed_starts_stays_small(tmp_path: Path) -> None:
    kept = tmp_path / "start.log"
    with kept.open("a") as file:
        file.write("x" * 1000)
        file.flush()
        logs._keep_small(file.fileno())
        assert kept.stat().st_size == 1000
        file.write("x" * (1 << 20))
        file.flush()
        logs._keep_small(file.fileno())
        assert kept.stat().st_size == 0
    reading, writing = os.pipe()
    logs._keep_small(writing)  # a pipe is nobody's file
    os.close(reading)
    os.close(writing)


def entry(datagram: bytes) -> dict[str, str]:
    """Read a journal entry as journald does."""
    fields = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        if b"=" in line:
            name, _, value = line.partition(b"=")
        else:
            size = int.from_bytes(rest[:8], "little")
            name, value, rest = line, rest[8 : 8 + size], rest[8 + size + 1 :]
        fields[name.decode()] = value.decode()
        datagram = rest
    return fields


def test_the_journal_gets_entries_with_fields_to_search_by(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(tmp_path / "journal"))
        journald.settimeout(5)
        monkeypatch.setattr(journal, "SOCKET", str(tmp_path / "journal"))
        logs.configure(replace(settings, log_file=None, log_format="journal"))
        logger = logging.getLogger("publish.delivery")
        logger.warning("failed post=%s reason=%s", "p1", "line 1\nline 2")
        told = entry(journald.recv(65536))
        assert told == {
            "MESSAGE": "publish.delivery failed post=p1 reason=line 1\nline 2",
            "PRIORITY": "4",
            "SYSLOG_IDENTIFIER": "reprise",
            "REPRISE_LOGGER": "publish.delivery",
            "REPRISE_POST": "p1",
            "REPRISE_REASON": "line 1\nline 2",
        }
    logger.error("nobody listens")
    assert capsys.readouterr().err == "<3>ERROR   publish.delivery nobody listens\n"


def test_only_standard_error_itself_makes_it_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "err").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        status = os.fstat(file.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        assert journal.is_standard_error()
        monkeypatch.setenv("JOURNAL_STREAM", "8:1")  # inherited, and redirected since
        assert not journal.is_standard_error()


def test_the_suite_notices_a_secret_in_the_log() -> None:
    leaks.remember('{"sessionid": "1%3Aabcdefgh", "user": "studio the account"}')
    leaks.heard("all is well with studio the account\nlogged in as 1%3Aabcdefgh")
    assert leaks.found() == ["logged in as █"]
    leaks.begin()
    leaks.heard(f"a key by its shape {KEY}")
    assert leaks.found() == ["a key by its shape █"]
    leaks.begin()


@pytest.mark.parametrize("text", ["a", "http://", "//a", 'token"', "Bearer ", "/m/aaaaaaaa"])
def test_no_text_however_long_holds_the_log_up(text: str) -> None:
    """It is written on the event loop: what a line takes must grow with its length alone."""
    record = logging.LogRecord("x", logging.ERROR, "", 0, text * (60_000 // len(text)), (), None)
    began = time.thread_time()
    assert logs.Redaction().filter(record)
    assert time.thread_time() - began < 1.5
