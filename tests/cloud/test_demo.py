"""`reprise demo --cloud`: a post goes out while the daemon is off, and the daemon learns of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.process import environment, reprise


@pytest.mark.soak
async def test_the_demo_of_the_cloud_ends_well(tmp_path: Path, program: Path) -> None:
    words = ("demo", "--cloud", "--json", "--output", str(tmp_path / "output"))
    done = await reprise(*words, env=environment(tmp_path))
    assert done.code == 0, done.err
    assert (done.json["ok"], done.json["post"]["status"]) == (True, "PUBLISHED")
