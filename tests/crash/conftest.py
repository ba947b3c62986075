"""A daemon that is killed, and the table of the long run at the end of its report."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.crash.chain import Chain, open_chain
from tests.crash.outcomes import Outcomes

_OUTCOMES = pytest.StashKey[Outcomes]()


@pytest.fixture
async def chain(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Chain]:
    async with open_chain(sandbox, tmp_path) as opened:
        yield opened
        assert await opened.stop() == 0
    assert "Traceback" not in opened.log


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> Outcomes:
    """Counts of all that is killed in the long run; shown when it is over."""
    return request.config.stash.setdefault(_OUTCOMES, Outcomes())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = terminalreporter.config.stash.get(_OUTCOMES, None)
    if found is not None:
        terminalreporter.section("posts whose daemon was killed")
        for line in found.table():
            terminalreporter.write_line(line)
