"""Every operation of the session API, really called over HTTP against the sandbox, as a table.

Run: `python -m bench session_calls`. For each name: what came of it, by which call of aiograpi or
request of our own it is served, how many requests to Instagram went out and which, and what its
row says of them. It ends with a failure where a row is not as it says.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiograpi
import trio

from instagram.private import client
from sandbox import open_sandbox
from session_api.row import Row
from tests.session_api.desk import open_desk
from tests.session_api.tries import try_all
from tests.session_api.trying import Outcome, newer
from tests.support.clock import TestClock

_OWN = "private_request"
# What every request passes through, and says nothing of which call it is.
_BELOW = {"pause", "small_delay", "close", "request_log", "graphql_request", "public_request"}
_called: list[str] = []
_is_inside: ContextVar[bool] = ContextVar("is_inside", default=False)


@contextmanager
def noted() -> Iterator[None]:
    """Note every call of aiograpi that is not made by another of its calls."""
    ours, changed = client.PrivateClient, []
    for name, made in inspect.getmembers(aiograpi.Client, inspect.iscoroutinefunction):
        if not name.startswith("_") and name not in _BELOW and name not in vars(ours):
            changed.append(name)
            setattr(ours, name, _noting(name, made))
    try:
        yield
    finally:
        for name in changed:
            delattr(ours, name)


def _noting(name: str, made: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(made)
    async def call(*args: Any, **kwargs: Any) -> Any:
        if _is_inside.get():
            return await made(*args, **kwargs)
        _called.append(name)
        token = _is_inside.set(True)
        try:
            return await made(*args, **kwargs)
        finally:
            _is_inside.reset(token)

    return call


async def tell() -> list[str]:
    """Call every row, print its line, and return what is wrong."""
    wrong, outcomes = [], Counter[str]()
    print("| operation | came | through | requests | what went out | remarks |")
    print("|---|---|---|---|---|---|")
    async for row, outcome, through in _all():
        outcomes[_came(row, outcome)] += 1
        print(_line(row, outcome, through), flush=True)
        if outcome.problem:
            wrong.append(outcome.problem)
    print(
        f"\n{sum(outcomes.values())} names: " + ", ".join(f"{n} {k}" for k, n in outcomes.items())
    )
    return wrong


async def _all() -> AsyncIterator[tuple[Row, Outcome, list[str]]]:
    clock = TestClock()
    with TemporaryDirectory() as temporary, noted():
        folder = Path(temporary)
        async with (
            open_sandbox(folder / "sandbox", clock=clock.seconds) as sandbox,
            open_desk(sandbox, clock, folder) as desk,
        ):
            _called.clear()
            async for row, outcome in try_all(desk):
                yield row, outcome, list(_called)
                _called.clear()


def _came(row: Row, outcome: Outcome) -> str:
    return "wrong" if outcome.problem else "not served" if row.absent else "served"


def _line(row: Row, outcome: Outcome, through: list[str]) -> str:
    of_row = [row.call.name] if row.call is not None else []
    calls = list(dict.fromkeys(of_row + [each for each in through if each != _OWN]))
    by = [f"`{each}`" for each in calls]
    if _OWN in through and not of_row:
        by.append("own request")
    if not outcome.sent and not of_row:
        by = ["local"]
    sent = Counter(entry.endpoint.replace("/api/v1/", "") for entry in outcome.sent)
    out = "<br>".join(f"`{name}`" + (f" ({n} times)" if n > 1 else "") for name, n in sent.items())
    says = [row.absent or row.sends.partition(": ")[2]]
    says += [f"older name of `{newer(row).path}`"] if newer(row) is not row else []
    cells = (
        f"`{row.method} {row.path}`",
        f"{outcome.status} {outcome.problem}".strip(),
        ", ".join(by) or "a file from Instagram's hosts",
        str(len(outcome.sent)),
        out,
        "; ".join(filter(None, says)),
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    logging.disable(logging.WARNING)
    if wrong := trio.run(tell):
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
