"""Whatever Instagram answers to whatever row: an answer of the guide's, and nothing swallowed.

Each row is tried with every odd answer in place of its last request's. It may never be a bug of
ours, a list that lost its items, or a success that nobody has told; and what Instagram holds
against the account opens its brake.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sandbox import Sandbox
from sandbox.private import failures
from sandbox.wire.faults import Fault
from sandbox.wire.message import Data, Exchange, Response
from session_api.row import Row
from session_api.table import rows
from storage import holds
from tests.session_api.desk import Desk, open_desk
from tests.session_api.tries import TRIES
from tests.session_api.tries_auth import AUTH
from tests.session_api.trying import Try, ask_row, name_of_try
from tests.support.clock import TestClock

PAGE = b"<!DOCTYPE html><html><body>Something went wrong</body></html>"
HTML, JSON = "text/html; charset=utf-8", "application/json; charset=utf-8"


@dataclass(frozen=True)
class Odd:
    """One odd answer: `made` of the true one. `opens`: it has to open the account's brake."""

    made: Callable[[bytes], bytes]
    status: int = 200
    content_type: str = JSON
    opens: bool = False
    # Whether nothing of the true answer is left that could be a success or a list.
    is_void: bool = True

    async def answer(self, exchange: Exchange) -> Response:
        true = await exchange.perform()
        body = true.body.content if isinstance(true.body, Data) else b"{}"
        return Response(self.status, Data(self.made(body)), (("content-type", self.content_type),))


def _fixed(content: bytes) -> Callable[[bytes], bytes]:
    return lambda true: content


def _refusal(status: failures.Status, code: int) -> Odd:
    return Odd(_fixed(json.dumps(status.json).encode()), code, opens=True)


def _spoiled(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    """Replace every value within the first two levels, but for the status."""

    def made(true: bytes) -> bytes:
        try:
            told = json.loads(true)
        except ValueError:
            return true
        return json.dumps(change(told)).encode()

    return made


def _each(new: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def change(told: Any) -> Any:
        if not isinstance(told, dict):
            return new(told)
        return {name: value if name == "status" else new(value) for name, value in told.items()}

    return change


def _deeper(new: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Replace the items of lists, and what is in objects."""

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [new(each) for each in value]
        if isinstance(value, dict):
            return {name: new(each) for name, each in value.items()}
        return value

    return _each(change)


def _other_kind(value: Any) -> Any:
    """Return a value of a kind that this is not."""
    if isinstance(value, bool | str):
        return 7
    if isinstance(value, int | float):
        return "many"
    return {"0": value} if isinstance(value, list) else [value]


def _checkpoint() -> failures.Status:
    return failures.checkpoint_required()


ODD: dict[str, Odd] = {
    "null": Odd(_fixed(b"null")),
    "a list": Odd(_fixed(b"[]")),
    "a text": Odd(_fixed(b'"done"')),
    "a number": Odd(_fixed(b"7")),
    "an empty object": Odd(_fixed(b"{}")),
    "only a status": Odd(_fixed(b'{"status": "ok"}'), is_void=False),
    "a failed status": Odd(_fixed(b'{"status": "fail", "message": "Sorry"}')),
    "an empty body": Odd(_fixed(b"")),
    "a page": Odd(_fixed(PAGE), content_type=HTML),
    "a page with 502": Odd(_fixed(PAGE), 502, HTML),
    "a page with 403": Odd(_fixed(PAGE), 403, HTML),
    "a page with 404": Odd(_fixed(PAGE), 404, HTML),
    "JSON with 500": Odd(_fixed(b'{"message": "Oops", "status": "fail"}'), 500),
    "truncated": Odd(lambda true: true[: len(true) * 2 // 3]),
    "no JSON": Odd(_fixed(b"\xff\xfe\x00{")),
    "nulls": Odd(_spoiled(_each(lambda value: None)), is_void=False),
    "other kinds": Odd(_spoiled(_each(_other_kind)), is_void=False),
    "nulls within": Odd(_spoiled(_deeper(lambda value: None)), is_void=False),
    "other kinds within": Odd(_spoiled(_deeper(_other_kind)), is_void=False),
    "texts within": Odd(_spoiled(_deeper(lambda value: "x")), is_void=False),
    "feedback with 400": _refusal(failures.feedback_required(), 400),
    "feedback with 200": _refusal(failures.feedback_required(), 200),
    "checkpoint with 400": _refusal(_checkpoint(), 400),
    "checkpoint with 200": _refusal(_checkpoint(), 200),
    "challenge with 400": Odd(
        _fixed(
            b'{"message": "challenge_required", "challenge": {"url": "https://i.instagram.com/'
            b'challenge/1/x/", "api_path": "/challenge/1/x/"}, "status": "fail"}'
        ),
        400,
        opens=True,
    ),
    "challenge with 200": Odd(
        _fixed(
            b'{"message": "challenge_required", "challenge": {"url": "https://i.instagram.com/'
            b'challenge/1/x/", "api_path": "/challenge/1/x/"}, "status": "fail"}'
        ),
        opens=True,
    ),
    "wait with 429": Odd(_fixed(b'{"message": "Please wait a few minutes", "status": "fail"}'), 429,
                         opens=True),
}  # fmt: skip
# With what each upload is tried, which takes longest.
UPLOADS = ("null", "an empty object", "a page with 502", "truncated", "other kinds within",
           "feedback with 400", "challenge with 200")  # fmt: skip
# A file as it is: there is nothing in it that we would read.
_RAW = {"file", "[file]"}


def _every() -> list[tuple[Row, Try]]:
    found = []
    for row in rows():
        tried = TRIES.get(row.name) or TRIES[name_of_try(row)]
        if row.is_older or row.absent or name_of_try(row) in AUTH or not row.requests.stop - 1:
            continue
        found.append((row, tried))
    return sorted(found, key=lambda each: _is_upload(each[0]))  # by then days have passed


@dataclass(frozen=True)
class Trial:
    """A row, how it is tried, and whether its true answer has items."""

    row: Row
    tried: Try
    has_items: bool


async def _trials(desk: Desk, every: int) -> list[Trial]:
    found = []
    for row, tried in _every()[::every]:
        is_full = False
        if _is_list(row):
            is_full = bool(_items(row, await ask_row(desk, row, tried)))
            await _let_go(desk)
        found.append(Trial(row, tried, is_full))
    return found


async def _swept(
    desk: Desk, wanted: Callable[[int, int], bool], *, every: int = 1
) -> tuple[list[str], Counter[str]]:
    """Try every nth row with the odd answers that are wanted; say what is wrong, and what came."""
    wrong: list[str] = []
    came: Counter[str] = Counter()
    for number, trial in enumerate(await _trials(desk, every)):
        for index, (name, odd) in enumerate(ODD.items()):
            if not wanted(number, index) or (_is_upload(trial.row) and name not in UPLOADS):
                continue
            status, problem = await _met(desk, trial, odd)
            came[str(status)] += 1
            if problem:
                wrong.append(f"{trial.row.name}, {name}: {problem}")
    return wrong, came


async def _met(desk: Desk, trial: Trial, odd: Odd) -> tuple[int, str]:
    row, tried = trial.row, trial.tried
    if _is_upload(row):  # the day's posts are few
        desk.served.studio.clock.advance(timedelta(days=1))
    last = row.requests.start - 1
    handle = desk.sandbox.faults.add(Fault(kind=odd, skip=last))
    try:
        answer = await ask_row(desk, row, tried, headers={"Idempotency-Key": uuid4().hex})
    finally:
        handle.remove()
    is_held = await _is_held(desk)
    await _let_go(desk)
    if not handle.hits:
        return answer.status_code, f"it never came: {answer.status_code} {answer.text[:200]}"
    return answer.status_code, _problem(trial, odd, answer, is_held=is_held)


def _is_legal(row: Row, odd: Odd) -> bool:
    """Say whether Instagram itself says so that there is nothing."""
    return row.name == "getUserStories" and odd is ODD["nulls"]  # `reel` is null


def _is_list(row: Row) -> bool:
    return row.gives not in _RAW and (row.gives.startswith("[") or row.gives.endswith("Page"))


def _is_upload(row: Row) -> bool:
    return "/upload" in row.path


def _items(row: Row, answer: httpx.Response) -> Any:
    told = answer.json()
    return told["items"] if row.gives.endswith("Page") else told


def _problem(trial: Trial, odd: Odd, answer: httpx.Response, *, is_held: bool) -> str:
    row, status, told = trial.row, answer.status_code, answer.text[:300]
    if status == 500 or "Traceback" in told:
        return f"{status} {told}"
    if status != 200 and not {"detail", "exc_type"} <= set(answer.json()):
        return f"not the guide's body: {told}"
    if row.gives in _RAW:
        return ""
    if odd.opens and not is_held:
        return f"the brake is not open after {status} {told}"
    if _is_upload(row):
        # It is out, and what is shown of it is told from our own record.
        return "" if status == 200 else f"{status} {told}"
    if odd.opens and status not in (403, 429):
        return f"{status} {told}"
    if status == 200 and odd.is_void:
        return f"a success that nobody told of: {told}"
    if status == 200 and trial.has_items and not _items(row, answer) and not _is_legal(row, odd):
        return f"its items are lost: {told}"
    return ""


async def _is_held(desk: Desk) -> bool:
    studio = desk.served.studio
    core, account_id = studio.core, studio.account.id
    return await core.store.read(holds.active, account_id, core.clock.now()) is not None


async def _let_go(desk: Desk) -> None:
    """Take the brake off, and the counts of acts with it."""

    def clean(db: Any) -> None:
        db.conn.execute("DELETE FROM troubles")
        db.conn.execute("DELETE FROM session_calls")

    await desk.served.studio.core.store.write(clean)


async def test_an_odd_answer_to_some_rows(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_desk(sandbox, clock, tmp_path) as desk:
        wrong, _ = await _swept(desk, lambda number, index: number == index, every=6)
    assert not wrong, "\n".join(wrong)
    assert "request failed" not in caplog.text


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_every_odd_answer_to_every_row(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_desk(sandbox, clock, tmp_path) as desk:
        wrong, came = await _swept(desk, lambda number, index: True)
    print(f"{sum(came.values())} odd answers: {dict(came)}")  # noqa: T201 - the figure
    assert not wrong, "\n".join(wrong)
    assert "request failed" not in caplog.text
