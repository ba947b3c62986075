"""Logging: one line per change of state, without secrets, in the form the place wants."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime

from daemon.settings import Settings

# Libraries that would print what they send and receive.
_TALKATIVE = ("aiograpi", "private_request", "public_request", "graphql_request", "httpx")
_PRIORITIES = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}
_SECRETS = re.compile(
    r"(vg_live_[A-Za-z0-9_-]{4})[A-Za-z0-9_-]+"
    r"|(Bearer\s+(?:IGT:2:)?)[A-Za-z0-9_\-+/=.:%]+"
    r"|(IGT:2:)[A-Za-z0-9+/=]+"
    r"|(#PWD_INSTAGRAM:)[^\s\"'\\&]+"
    r"|((?:sessionid|password|enc_password|igPassword|access_token|verification_code|"
    r"security_code|code|csrftoken|private_key)[\"'\\]*\s*[:=]\s*[\"'\\]*)[^\s\"'\\&,;}]+"
    r"|(//)[^/\s:@]+:[^/\s@]+(?=@)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return `text` with everything that looks like a secret replaced by `…`."""
    return _SECRETS.sub(lambda m: f"{next((g for g in m.groups() if g), '')}…", text)


class Redaction(logging.Filter):
    """Rewrites records in place; on handlers, so that no logger gets past it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


class TextFormatter(logging.Formatter):
    def __init__(self, *, journal: bool) -> None:
        pattern = "%(levelname)-7s %(name)s %(message)s"
        super().__init__(pattern if journal else f"%(asctime)s {pattern}")
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if not self._journal:
            return text
        priority = _PRIORITIES.get(record.levelname, 6)
        return "\n".join(f"<{priority}>{line}" for line in text.splitlines())


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(settings: Settings) -> None:
    """Send every log line of this process to standard error in the chosen form."""
    journal = settings.log_format == "journal" or (
        settings.log_format == "auto" and "JOURNAL_STREAM" in os.environ
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Redaction())
    handler.setFormatter(
        JsonFormatter() if settings.log_format == "json" else TextFormatter(journal=journal)
    )
    level = settings.log_level.upper()
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(level if level == "DEBUG" else "CRITICAL")
