"""What is tested here is the login: the studio's is a real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.support.clock import TestClock
from tests.support.studio import Studio, open_studio


@pytest.fixture
async def studio(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Studio]:
    """A connected account that has logged in, request by request."""
    async with open_studio(sandbox, clock, tmp_path, logged_in=False) as opened:
        await opened.log_in()
        yield opened
