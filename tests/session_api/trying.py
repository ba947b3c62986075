"""How one row is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.session_api.desk import Desk


@dataclass(frozen=True)
class Try:
    """How a row is tried: what is sent, what is looked at in the answer, what is left."""

    given: Callable[[Desk], dict[str, Any]] = lambda desk: {}
    gives: Callable[[Desk, Any], object] = lambda desk, answer: answer is True
    leaves: Callable[[Desk], object] = lambda desk: True
    before: Callable[[Desk], object] = lambda desk: None
    files: Callable[[Desk], Any] = lambda desk: None
    requests: int | None = 1  # to Instagram
