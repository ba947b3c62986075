"""Every row of the table, asked for over HTTP by a plain client, against the sandbox."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from instagram.private.client import PrivateClient
from sandbox import Sandbox
from session_api.openapi import document
from session_api.table import by_path, rows
from tests.session_api.desk import Desk, open_desk
from tests.session_api.tries import try_all
from tests.support.clock import TestClock
from tools import session_reference


@pytest.fixture
async def desk(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(sandbox, clock, tmp_path) as opened:
        yield opened


@pytest.mark.acceptance
async def test_every_row(desk: Desk) -> None:
    wrong = [each.problem for _, each in [found async for found in try_all(desk)] if each.problem]
    assert not wrong, "\n".join(wrong)


def test_every_name_is_there() -> None:
    """Those of both generations of clients, and three of our own."""
    known = set((Path(__file__).parent / "names.txt").read_text().split("\n")) - {""}
    assert len(known) == 233
    served = {f"{row.method} {row.path}" for row in rows()}
    assert known <= served
    assert len(served - known) == 3


def test_every_call_is_one_of_aiograpi() -> None:
    for row in rows():
        ways = [row.call is not None, row.step is not None, row.handler is not None, row.absent]
        assert sum(map(bool, ways)) == 1, row.name
        if row.call is None:
            continue
        given = {each.name: [] if each.many else "1" for each in row.takes}
        positional, named = row.call.arguments(given)
        taken = inspect.signature(getattr(PrivateClient, row.call.name))
        taken.bind(None, *positional, **named)  # its first is the client itself
        assert row.call.uses <= set(given), row.name


def test_the_document_is_one_of_openapi() -> None:
    told = json.loads(document())
    validate(told)
    ids = [each["operationId"] for path in told["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids)) == len(rows())


def test_the_reference_is_of_this_table() -> None:
    assert session_reference.PAGE.read_text() == session_reference.page()


def test_each_path_and_method_is_one_row() -> None:
    assert len(rows()) == sum(len(methods) for methods in by_path().values())
    names = [row.name for row in rows()]
    assert len(names) == len(set(names))
    assert all(name.isalnum() for name in names)
