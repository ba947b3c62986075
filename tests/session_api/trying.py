"""How one row is tried."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from sandbox.world.ledger import Entry
from session_api.row import Row
from session_api.table import rows
from tests.session_api.desk import Desk


@dataclass(frozen=True)
class Try:
    """How a row is tried: what is sent, what is looked at in the answer, what is left.

    `before` may be a coroutine function; `session` says by which session it is asked.
    """

    given: Callable[[Desk], dict[str, Any]] = lambda desk: {}
    gives: Callable[[Desk, Any], object] = lambda desk, answer: answer is True
    leaves: Callable[[Desk], object] = lambda desk: True
    before: Callable[[Desk], object] = lambda desk: None
    files: Callable[[Desk], Any] = lambda desk: None
    session: Callable[[Desk], str | None] = lambda desk: ""
    sends: int | None = None  # other than the least that its row says


@dataclass(frozen=True)
class Outcome:
    """What came of a try: the status, what went to Instagram, and what is wrong if anything is."""

    status: int
    sent: list[Entry]
    problem: str = ""


async def try_row(desk: Desk, row: Row, tried: Try) -> Outcome:
    """Ask one row over HTTP, and look at what it answers, leaves and sends."""
    marks: list[int] = []
    answer = await ask_row(desk, row, tried, marks)
    sent = desk.sandbox.ledger.requests[marks[0] :]
    return Outcome(answer.status_code, sent, _problem(desk, row, tried, answer, len(sent)))


async def ask_row(
    desk: Desk,
    row: Row,
    tried: Try,
    marks: list[int] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Prepare one row and ask it; `marks` is told how many requests there were before."""
    prepared = tried.before(desk)
    if inspect.isawaitable(prepared):
        await prepared
    given, files = tried.given(desk), tried.files(desk)
    if marks is not None:
        marks.append(len(desk.sandbox.ledger.requests))
    session = None if row.is_public else tried.session(desk)
    return await desk.ask(
        row.method, row.path, given, files=files, session=session, headers=headers
    )


def _problem(desk: Desk, row: Row, tried: Try, answer: Any, sent: int) -> str:
    if row.absent:
        return "" if answer.status_code == 501 else f"{row.name}: {answer.status_code}"
    if answer.status_code != 200:
        return f"{row.name}: {answer.status_code} {answer.text[:300]}"
    is_json = answer.headers["content-type"] == "application/json"
    body = answer.json() if is_json else answer.text
    try:
        if not tried.gives(desk, body):
            return f"{row.name} gave {str(body)[:400]}"
        if not tried.leaves(desk):
            return f"{row.name} left something else"
    except Exception as error:  # noqa: BLE001 - told with the answer that it came of
        return f"{row.name} gave {str(body)[:400]}: {error!r}"
    if sent != (row.requests.start if tried.sends is None else tried.sends):
        return f"{row.name} made {sent} requests and says {row.sends or row.requests.start}"
    if sent not in row.requests:
        return f"{row.name} made {sent} requests and says {row.sends}"
    return ""


def newer(row: Row) -> Row:
    """Return the row whose older name this may be."""
    return next((e for e in rows() if row.path in e.older and e.method == row.method), row)


def name_of_try(row: Row) -> str:
    """Return under which name a row is tried: an older one as its newer one."""
    return row.method.lower() + newer(row).name[len(row.method) :]
