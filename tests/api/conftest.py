"""Fixtures for tests of the listener."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.tiny_server import Server, open_tiny_server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with open_tiny_server() as opened:
        yield opened
