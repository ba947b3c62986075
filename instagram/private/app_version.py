"""Which Instagram app the client poses as, and the newest one that aiograpi knows."""

from __future__ import annotations

import re

import httpx
from aiograpi import config

CURRENT: str = config.DEFAULT_APP_VERSION
_SOURCE = "https://raw.githubusercontent.com/subzeroid/aiograpi/main/aiograpi/config.py"
_VERSION = re.compile(
    r"""^DEFAULT_APP_VERSION\s*(?::\s*str\s*)?=\s*["']([\d.]{5,40})["']""", re.MULTILINE
)
_MAX_BYTES = 256 * 1024


async def newest(client: httpx.AsyncClient) -> str | None:
    """Look the newest app version up in aiograpi's own source; None when that fails."""
    try:
        async with client.stream("GET", _SOURCE) as response:
            if response.status_code != 200:
                return None
            text = b""
            async for chunk in response.aiter_bytes():
                text += chunk
                if len(text) > _MAX_BYTES:
                    return None
    except httpx.HTTPError:
        return None
    found = _VERSION.search(text.decode("utf-8", "replace"))
    return found.group(1) if found else None
