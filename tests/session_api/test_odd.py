"""Whatever a client sends, the answer is one of the documented, and the next request is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Sandbox
from session_api.table import rows
from tests.session_api.desk import open_desk
from tests.support.clock import TestClock

ODD = ("", " ", "x", "-1", "9" * 39, "1\0", "é", "{", "[[]]", "1/../2", "nan", "~\u00cf\u008b\5")
# Each ends what the others are tried with.
_ENDING = {"deleteAuthSession", "deleteAuthTotp"}


@pytest.mark.soak
async def test_odd_input(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> None:
    wrong = []
    async with open_desk(sandbox, clock, tmp_path) as desk:
        for row in rows():
            if row.name in _ENDING or row.is_public:
                continue
            for odd in ODD if row.takes else ("",):
                answer = await desk.ask(row.method, row.path, {f.name: odd for f in row.takes})
                if answer.status_code in (500, 503):
                    wrong.append((row.name, odd, answer.text[:200]))
                elif answer.status_code != 200:
                    assert "detail" in answer.json()
    sandbox.ledger.unknown.clear()  # of numbers that are nobody's
    assert not wrong, "\n".join(map(str, wrong))
