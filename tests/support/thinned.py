"""A sweep of which `make test` takes some, and `make acceptance` or `make soak` the rest."""

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


def sparing(values: Iterable[Any], every: int) -> list[Any]:
    """Return parameters of which the first and each `every`-th run by default; CI runs all."""
    return [
        value if number % every == 0 or isinstance(value, _MARKED) else _marked(value)
        for number, value in enumerate(values)
    ]


def _marked(value: Any) -> Any:
    values = value if isinstance(value, tuple) else (value,)
    return pytest.param(*values, marks=pytest.mark.acceptance)


_MARKED = type(pytest.param())
