"""Logging: one line per change of state, without secrets, in the form the place wants."""

from __future__ import annotations

import logging
import os
import re
import stat
import sys
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from api import request_id
from daemon import journal
from daemon.settings import Settings, SettingsError
from ground.plain_text import escaped, json_text

# Libraries that would print what they send and receive, whatever level is chosen.
TALKATIVE = (
    "aiograpi", "private_request", "public_request", "graphql_request",
    "httpx", "httpcore", "h11", "h2", "hpack", "hypercorn", "curl_cffi", "urllib3",
)  # fmt: skip
# Of others, only that something is wrong.
_OURS = (
    "accounts", "agents", "api", "cli", "cloud", "daemon", "ground", "install", "instagram",
    "local", "media", "moving", "notices", "operations", "publish", "repost", "serving",
    "session_api", "storage", "web", "webhooks",
)  # fmt: skip
_FILE_BYTES, _OLD_FILES = 10 * 1024 * 1024, 5
_START_BYTES = 1024 * 1024
# A conversion in a message, with the name before it: the lines are `event key=%s key=%d`.
# It begins where a word does, or a long one would be read from each of its letters.
_CONVERSION = re.compile(r"(?:(?<!\w)(\w+)=)?(%[-+ #0]*\d*(?:\.\d+)?[a-zA-Z%])")
_NAMES = (
    "sessionid", "session_id", "password", "passwd", "pwd", "igPassword", "token", "secret", "code",
    "csrftoken", "private_key", "appsecret_proof", "signed_body", "signature", "otp", "totp",
    "seed", "api_key", "apikey", "jwt",
)  # fmt: skip
_SECRETS = re.compile(
    r"(vg_live_[A-Za-z0-9_-]{4})[A-Za-z0-9_-]+"
    # Headers that hold several, to the end of their text.
    r"|((?:\b(?:set-)?cookie|\bauthorization)[\"']?\s*[:=,]\s*b?[\"']?(?:Bearer\s+)?)[^\"'\n]+"
    r"|(Bearer\s+(?:IGT:2:)?)[A-Za-z0-9_\-+/=.:%]+"
    r"|(IGT:2:)[A-Za-z0-9+/=%]+"
    r"|(#PWD_INSTAGRAM:|%23PWD_INSTAGRAM%3A)[^\s\"'\\&]+"
    # What addresses have behind the question mark: tokens, signatures and one-time codes.
    r"|(https?://[^\s?#\"'<>]{0,2048}[?#])[^\s\"'<>]+"
    r"|(/m/)[\w-]{8,}(?:\.[\w-]+)*"
    rf"|((?:{'|'.join(_NAMES)})[\"'\\]*\s*[:=]\s*b?[\"'\\]*)[^\s\"'\\&,;}}]+"
    r"|(//)[^/\s]+(?=@)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return `text` with everything that looks like a secret replaced by `…`."""
    return _SECRETS.sub(lambda m: f"{next((g for g in m.groups() if g), '')}…", text)


def _is_worth_it(record: logging.LogRecord) -> bool:
    """Whether a record is ours, or says that something is wrong elsewhere."""
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in _OURS


class Redaction(logging.Filter):
    """Rewrites records in place; on handlers, so that no logger gets past it.

    A record gets `fields`, by name, from its message and from the request that is being answered.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "fields"):
            fields = _fields(record)
            record.msg = redact(record.getMessage())
            if known_as := request_id.current.get():
                fields["request"] = known_as
                record.msg += f" request={known_as}"
            record.args = None
            record.fields = fields
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


def _fields(record: logging.LogRecord) -> dict[str, str]:
    if not isinstance(record.msg, str) or not isinstance(record.args, tuple):
        return {}
    found, values = {}, iter(record.args)
    for match in _CONVERSION.finditer(record.msg):
        name, conversion = match.groups()
        if conversion.endswith("%"):
            continue
        with suppress(StopIteration, TypeError, ValueError):
            value = conversion % next(values)
            if name is not None:
                found[name] = redact(f"{name}={value}").removeprefix(f"{name}=")
    return found


class TextFormatter(logging.Formatter):
    """One line for what is said, and indented ones for a traceback: nobody else begins a line.

    `journal` is for a journal that reads standard error: a priority before each line.
    """

    def __init__(self, *, journal: bool) -> None:
        pattern = "%(levelname)-7s %(name)s %(message)s"
        super().__init__(pattern if journal else f"%(asctime)s {pattern}")
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        lines = [escaped(self.formatMessage(record))]
        if record.exc_info:
            trace = record.exc_text or self.formatException(record.exc_info)
            lines += [f"  {escaped(line)}" for line in trace.split("\n")]
        if self._journal:
            priority = journal.PRIORITIES.get(record.levelname, 6)
            lines = [f"<{priority}>{line}" for line in lines]
        return "\n".join(lines)


class JsonFormatter(logging.Formatter):
    """One object a line; the message's fields are its own."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            **getattr(record, "fields", {}),
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = record.exc_text or self.formatException(record.exc_info)
        return json_text(line)


class PrivateFile(RotatingFileHandler):
    """A log that grows to 10 MB, then becomes the first of five old ones; only we may read it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(path, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return open(descriptor, "a", encoding=self.encoding)  # noqa: PTH123 - no path


def configure(settings: Settings) -> None:
    """Send every log line of this process to its place in the chosen form.

    Raises `SettingsError` when the log file cannot be written.
    """
    handler = _handler(settings)
    handler.addFilter(_is_worth_it)
    handler.addFilter(Redaction())
    level = settings.log_level.upper()
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel("CRITICAL")


def _handler(settings: Settings) -> logging.Handler:
    as_json = settings.log_format == "json"
    if settings.log_file is not None:
        _keep_small(sys.stderr.fileno())
        try:
            file = PrivateFile(settings.log_file)
        except OSError as error:
            raise SettingsError(
                f"REPRISE_LOG_FILE {settings.log_file} cannot be written: {error.strerror}"
            ) from None
        file.setFormatter(JsonFormatter() if as_json else TextFormatter(journal=False))
        return file
    in_journal = settings.log_format == "journal" or (
        settings.log_format == "auto" and journal.is_standard_error()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter(journal=in_journal))
    if not in_journal:
        return handler
    try:
        return journal.JournalHandler(handler)
    except OSError:
        return handler


def _keep_small(descriptor: int) -> None:
    # launchd's own file has what was said before the log was open, and nobody else rotates it.
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size > _START_BYTES:
        os.ftruncate(descriptor, 0)
