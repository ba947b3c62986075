"""What a check has found: a state, a sentence, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "OK"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `mend` says what to do where something is to be done."""

    state: State
    text: str
    mend: str | None = None


def ok(text: str) -> Finding:
    return Finding(State.OK, text)


def warning(text: str, mend: str | None = None) -> Finding:
    return Finding(State.WARNING, text, mend)


def problem(text: str, mend: str | None = None) -> Finding:
    return Finding(State.PROBLEM, text, mend)
