"""A sweep whose cases leave nothing behind: one sandbox does for all of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

Test = Callable[..., Awaitable[None]]


def in_turn(names: str | Sequence[str], values: Iterable[Any]) -> Callable[[Test], Test]:
    """Give a test its values one after the other, with the same fixtures; a failure names its own.

    As `pytest.mark.parametrize`, but for the fixtures, which are made once.
    """
    each = [names] if isinstance(names, str) else list(names)
    cases = [
        dict(zip(each, (value,) if len(each) == 1 else value, strict=True)) for value in values
    ]

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        async def all_of_them(**fixtures: Any) -> None:
            for case in cases:
                try:
                    await test(**fixtures, **case)
                except BaseException as error:
                    error.add_note(f"with {case}")
                    raise

        signature = inspect.signature(test)
        kept = [each for name, each in signature.parameters.items() if name not in cases[0]]
        vars(all_of_them)["__signature__"] = signature.replace(parameters=kept)
        return all_of_them

    return decorate
