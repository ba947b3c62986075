"""Fixtures for tests of operations without any face."""

from __future__ import annotations

import pytest

from tests.operations.estate import Estate, build
from tests.support.studio import Studio


@pytest.fixture
async def estate(studio: Studio) -> Estate:
    return await build(studio)
