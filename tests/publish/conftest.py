"""A daemon that Meta reaches, as most tests of publishing need it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from publish import scheduler
from sandbox import Sandbox
from tests.support.clock import TestClock
from tests.support.graph import serve_publicly
from tests.support.served import Served


@pytest.fixture
async def public(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    """A daemon with an address, which notices within a moment that a clock was moved on."""
    monkeypatch.setattr(scheduler, "SLICE_S", 0.02)
    limits = {"rate_limit_rpm": 1_000_000, "rate_limit_rph": 1_000_000}
    async with serve_publicly(sandbox, clock, tmp_path, **limits) as served:
        yield served
