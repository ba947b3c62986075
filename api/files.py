"""Files as answers: opened before the answer begins, so that one that is gone is a plain 404.

A file that is deleted while it is being sent is sent to its end.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Self

import trio
from quart import Response
from quart_trio.wrappers.response import TrioFileBody, TrioResponse

from api.errors import ApiError


class OpenFile(TrioFileBody):
    """A file to be sent; each piece costs two hops to a thread, so they are large."""

    buffer_size = 256 * 1024

    async def open(self) -> None:
        """Open it now; raises FileNotFoundError."""
        self.file = await trio.open_file(self.file_path, mode="rb")

    async def __aenter__(self) -> Self:
        if self.file is None:
            await self.open()
        assert self.file is not None
        await self.file.__aenter__()
        await self.file.seek(self.begin)
        return self


class FileResponse(TrioResponse):
    file_body_class = OpenFile


async def opened(answer: Awaitable[Response]) -> Response:
    """Return a file's answer with the file open; raises `ApiError` where it was deleted."""
    try:
        response = await answer
        if isinstance(response.response, OpenFile):
            await response.response.open()
    except FileNotFoundError:
        raise ApiError("NOT_FOUND", "There is no such file") from None
    return response
