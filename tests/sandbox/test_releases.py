from __future__ import annotations

import re

from sandbox import Sandbox
from tests.sandbox.clients import plain_client

URL = "https://raw.githubusercontent.com/subzeroid/aiograpi/main/aiograpi/config.py"


async def test_the_newest_app_version_can_be_looked_up(sandbox: Sandbox) -> None:
    async with plain_client(sandbox) as client:
        for version in (sandbox.world.newest_app_version, "512.0.0.1.2"):
            sandbox.world.newest_app_version = version
            text = (await client.get(URL)).text
            assert re.findall(r'^DEFAULT_APP_VERSION = "(.+)"$', text, re.MULTILINE) == [version]
            compile(text, "config.py", "exec")
    assert not sandbox.ledger.unknown
