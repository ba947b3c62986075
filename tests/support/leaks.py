"""Secrets that tests use, and everything that is logged meanwhile: the two must never meet.

Installed for the whole session by `tests/conftest.py`. Whatever is sealed, issued or signed is
known by itself; the log is read in the form in which the daemon writes it.
"""

from __future__ import annotations

import copy
import functools
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import sandbox.world.graph_account
from api.session_cookie import SessionCookies
from daemon.logs import TALKATIVE, Redaction, TextFormatter
from sandbox.world.person import Person
from sandbox.world.session import Sessions
from storage import api_keys
from storage.vault import Vault

OURS = (
    *("accounts", "api", "daemon", "instagram", "media", "operations", "publish", "repost"),
    *("serving", "session_api", "storage"),
)
# Shorter ones are words of the log as well.
SHORTEST = 8
_WORDS = {"password"}
_SECRET_NAMES = re.compile(r"session|token|password|authorization|seed|secret|csrf", re.IGNORECASE)
_SHAPES = re.compile(r"vg_live_[\w-]{43}|IGT:2:[A-Za-z0-9+/]{16,}|#PWD_INSTAGRAM:\d")

# By how they begin: a run makes tens of thousands, and each test's log is searched for all of them.
_known: dict[str, set[str]] = {}
_said: list[str] = []


def remember(secret: str | None) -> None:
    """Know a secret, or what is secret inside a JSON document."""
    if not secret:
        return
    try:
        parsed = json.loads(secret)
    except ValueError:
        parsed = None
    for value in _leaves(parsed) if isinstance(parsed, dict) else (secret,):
        if len(value) >= SHORTEST and value not in _WORDS:
            _known.setdefault(value[:SHORTEST], set()).add(value)


def heard(text: str) -> None:
    """Take in what a process has logged."""
    _said.append(text)


def begin() -> None:
    """Forget what was said before; secrets stay secrets."""
    _said.clear()


def found() -> list[str]:
    """Return the lines with a secret in them, each with the secret blotted out."""
    said = "\n".join(_said)
    begun = {said[at : at + SHORTEST] for at in range(len(said))} & _known.keys()
    seen = [secret for start in begun for secret in _known[start] if secret in said]
    seen += _SHAPES.findall(said)
    lines = {line for line in said.splitlines() if any(secret in line for secret in seen)}
    return [
        functools.reduce(lambda text, one: text.replace(one, "█"), seen, line) for line in lines
    ]


class Listener(logging.Handler):
    """Takes in every record as the daemon would write it."""

    def __init__(self) -> None:
        super().__init__()
        self._redaction = Redaction()
        self.setFormatter(TextFormatter(journal=False))

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(TALKATIVE) and record.levelno < logging.CRITICAL:
            return  # as `daemon.logs.configure` has it
        shown = copy.copy(record)
        self._redaction.filter(shown)
        heard(self.format(shown))
        heard("\n".join(getattr(shown, "fields", {}).values()))


def install() -> None:
    """Listen to the whole session, and know every secret that is made in it."""
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    for name in TALKATIVE:
        # They tell of every header and byte; a tenth of the suite's time went into that.
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger().addHandler(Listener())
    _after(Vault, "seal", lambda _sealed, _vault, secret, _place: remember(secret))
    _after(api_keys, "create", lambda made, *_, **__: remember(made[1]))
    _after(SessionCookies, "sign", lambda cookie, *_: remember(cookie))
    _after(sandbox.world.graph_account, "new_token", lambda token, *_: remember(token))
    _after(Sessions, "open", lambda session, *_: _of_session(session))
    _after(Person, "__init__", lambda _none, person, *_, **__: _of_person(person))


def _after(owner: Any, name: str, then: Callable[..., None]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        then(result, *args, **kwargs)
        return result

    setattr(owner, name, wrapped)


def _of_session(session: Any) -> None:
    remember(session.id)
    remember(session.bearer.rpartition(":")[2])


def _of_person(person: Any) -> None:
    remember(person.password)
    remember(person.totp_seed)


def _leaves(value: Any, named: str = "") -> Iterator[str]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _leaves(inner, str(name))
        case list():
            for inner in value:
                yield from _leaves(inner, named)
        case str() if _SECRET_NAMES.search(named):
            yield value
