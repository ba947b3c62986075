"""Files as answers: opened before the answer begins, so that one that is gone is a plain 404.

A file that is deleted while it is being sent is sent to its end. Whoever asks for one part of it
gets that part (RFC 9110, 14); who asks for several at once gets the whole.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Self

import trio
from quart import Request, Response
from quart_trio.wrappers.response import TrioFileBody, TrioResponse
from werkzeug.http import parse_date

from api.errors import ApiError
from ground.refusal import ErrorCode

_ONE_RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]*)[ \t]*-[ \t]*([0-9]*)[ \t]*", re.IGNORECASE)
# Python reads no number of thousands of digits, and no file is as large as this.
_DIGITS = 19


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

    async def make_conditional(
        self,
        request: Request,
        accept_ranges: bool | str = False,
        complete_length: int | None = None,
    ) -> Response:
        """Answer with a part of a file, or not at all, where the request makes it depend.

        Raises `ApiError` (416) for a part that the file does not have.
        """
        await super().make_conditional(request)
        if not isinstance(self.response, OpenFile):
            return self
        self.headers["Accept-Ranges"] = "bytes"
        if request.method == "GET" and self.status_code == 200 and self._may_be_cut(request):
            self._cut(request.headers.get("Range", ""), self.response)
        return self

    def _may_be_cut(self, request: Request) -> bool:
        """Whether the client's other parts are of this very file, as `If-Range` asks."""
        known_as = request.headers.get("If-Range")
        if known_as is None or known_as == self.headers.get("ETag"):
            return True
        return not known_as.startswith(('"', "W/")) and (
            parse_date(known_as) == self.last_modified is not None
        )

    def _cut(self, asked: str, file: OpenFile) -> None:
        wanted = wanted_part(asked, file.size)
        if wanted is None:
            return
        file.begin, file.end = wanted
        self.status_code = 206
        self.content_length = file.end - file.begin
        self.headers["Content-Range"] = f"bytes {file.begin}-{file.end - 1}/{file.size}"


def wanted_part(asked: str, size: int) -> tuple[int, int] | None:
    """Return where the part begins and where it has ended; None when it is the whole.

    A header of another form is ignored. Raises `ApiError` when there is no such part.
    """
    one = _ONE_RANGE.fullmatch(asked.strip())
    first, last = one.groups() if one else ("", "")
    if not first and not last:
        return None
    if first and last and _number(last) < _number(first):
        return None
    begin = _number(first) if first else max(0, size - _number(last))
    end = min(_number(last) + 1, size) if first and last else size
    if begin >= end:
        raise ApiError(
            ErrorCode.INVALID_PARAM,
            "The file has no such part",
            status=416,
            headers={"Content-Range": f"bytes */{size}"},
        )
    return begin, end


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) < _DIGITS else 10**_DIGITS


async def opened(answer: Awaitable[Response]) -> Response:
    """Return a file's answer with the file open; raises `ApiError` where it was deleted."""
    try:
        response = await answer
        if isinstance(response.response, OpenFile):
            await response.response.open()
    except FileNotFoundError:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such file") from None
    return response
