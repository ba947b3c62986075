"""The source file in which the client library's newest app version can be looked up."""

from __future__ import annotations

from sandbox.wire.call import Call
from sandbox.wire.message import Data, Response

HOST = "raw.githubusercontent.com"
PATH = "/subzeroid/aiograpi/main/aiograpi/config.py"

_SOURCE = '''"""Constants of the client."""

API_DOMAIN = "i.instagram.com"
DEFAULT_APP_VERSION = "{version}"
APP_SETTINGS = {{
    DEFAULT_APP_VERSION: {{"app_version": DEFAULT_APP_VERSION}},
}}
'''


async def client_config(call: Call) -> Response:
    """A short Python text with `world.newest_app_version` in it."""
    text = _SOURCE.format(version=call.world.newest_app_version)
    return Response(200, Data(text.encode()), (("content-type", "text/plain; charset=utf-8"),))
