"""A daemon that died after a post went live only finishes its record, whatever else is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.crash.chain import open_chain
from tests.crash.points import Held, Point


@pytest.mark.acceptance
async def test_a_live_post_whose_media_is_gone_stays_published(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with open_chain(sandbox, tmp_path) as chain:
        account = chain.accounts["facebook"]
        held = Held("before")
        sandbox.faults.add(Point("permalink").fault(held, account.person.username))
        body = {"accountId": account.id, "mediaType": "IMAGE", "crossPostToFacebook": True}
        photo = await chain.photo(400, 500, seed=1)
        sent = await chain.call("POST", "/posts/publish", {**body, "mediaFileId": photo})
        await held.reached.wait()
        await chain.kill()
        sandbox.faults.clear()
        for file in (tmp_path / "data" / "media").rglob("*.jpg"):
            file.unlink()
        await chain.start()
        post = await chain.ended(sent["postId"])
        assert post is not None
        assert (post["status"], post["errorCode"]) == ("PUBLISHED", None)
        assert "Facebook Page" in post["errorMessage"]
        assert len(chain.live(account)) == 1
        assert "Traceback" not in chain.log
