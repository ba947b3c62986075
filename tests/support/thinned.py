"""A sweep of which the default run takes some, evenly, and `make soak` the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def thinned(values: Iterable[Any], every: int) -> list[Any]:
    """Return parameters of which the first, the last and each `every`-th run by default."""
    found = list(values)
    return [
        value
        if number % every == 0 or number == len(found) - 1
        else pytest.param(value, marks=pytest.mark.soak)
        for number, value in enumerate(found)
    ]


def chosen(values: Iterable[Any], now: Iterable[Any]) -> list[Any]:
    """Return parameters of which those in `now` run by default."""
    by_default = list(now)
    return [
        value if value in by_default else pytest.param(value, marks=pytest.mark.soak)
        for value in values
    ]
