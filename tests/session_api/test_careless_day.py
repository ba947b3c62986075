"""A careless client cannot cost the account: what goes out in a day stays within the caps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.careless import live
from sandbox import Sandbox
from session_api.rails import POST_CAPS, SOCIAL_CAPS
from tests.session_api.desk import open_desk
from tests.support.clock import TestClock


@pytest.mark.soak
async def test_a_careless_day(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> None:
    limits: dict[str, Any] = {"session_reads_per_hour": 20, "session_acts_per_day": 200}
    async with open_desk(sandbox, clock, tmp_path, **limits) as desk:
        ledger = await live(desk, clock, share=0.4)
        assert ledger.came["like"]["went out"] == SOCIAL_CAPS["like"]
        assert ledger.came["upload"]["went out"] == POST_CAPS["post"]
        assert ledger.came["read"]["went out"] <= 20 * 24
        assert set(ledger.came["read"]) == {"went out", "429 session_read"}
        assert set(ledger.came["upload"]) == {"went out", "429 session_post"}
        assert set(ledger.came["like"]) == {"went out", "429 session_like"}
        published = [post for post in desk.world.library.posts.values() if post.upload_id]
        assert len(published) == POST_CAPS["post"]
