"""One uploaded file, streamed to the disk with its limit enforced on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

import trio
from quart import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from api.body import chunks
from api.errors import ApiError
from ground.refusal import ErrorCode

_WRITE_BYTES = 1024 * 1024
_BUFFER_BYTES = 2 * 1024 * 1024  # parts' headers, and what the network brings at once
_FIELD = "file"


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that has arrived; `name` is what the client called it, without any folder."""

    name: str
    size: int


async def receive_file(request: Request, target: Path, max_bytes: int) -> UploadedFile:
    """Write the part called `file` to `target`; raises `ApiError`, leaving no file behind."""
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary:
        raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send the file as multipart/form-data")
    receiver = _Receiver(boundary.encode("latin-1", "replace"), target, max_bytes)
    try:
        async for part in chunks(request):
            await receiver.feed(part)
        return await receiver.finish()
    except (ValueError, RequestEntityTooLarge):
        raise ApiError(
            ErrorCode.UPLOAD_ERROR, "The multipart body is malformed or broke off"
        ) from None
    finally:
        await receiver.close()


class _Receiver:
    def __init__(self, boundary: bytes, target: Path, max_bytes: int) -> None:
        self._decoder = MultipartDecoder(boundary, _BUFFER_BYTES, max_parts=20)
        self._target = target
        self._max_bytes = max_bytes
        self._file: IO[bytes] | None = None
        self._pending = bytearray()
        self._current_is_ours = False
        self._name: str | None = None
        self._size = 0
        self._received = 0

    async def feed(self, part: bytes | None) -> None:
        """Take bytes of the body, or None at its end; raises `ValueError` when it is malformed."""
        self._received += len(part or b"")
        if self._received > self._max_bytes + _BUFFER_BYTES:
            raise self._too_large()  # whatever fields they are in
        self._decoder.receive_data(part)
        while not isinstance(event := self._decoder.next_event(), NeedData | Epilogue):
            await self._take(event)

    async def finish(self) -> UploadedFile:
        """Return the file once the body has ended; raises `ApiError` when it was no upload."""
        await self.feed(None)
        if self._name is None:
            raise ApiError(ErrorCode.UPLOAD_ERROR, "Send the file in the field `file`")
        if self._size == 0:
            raise ApiError(ErrorCode.UPLOAD_ERROR, "The file is empty")
        await self._flush()
        self._close_file()
        return UploadedFile(self._name, self._size)

    async def close(self) -> None:
        """Give up what has not been finished."""
        if self._file is not None:
            self._close_file()
            with trio.CancelScope(shield=True):
                await trio.Path(self._target).unlink(missing_ok=True)

    async def _take(self, event: Event) -> None:
        if isinstance(event, (File, Field)):
            self._current_is_ours = event.name == _FIELD and isinstance(event, File)
            if self._current_is_ours:
                if self._name is not None:
                    raise ApiError(ErrorCode.UPLOAD_ERROR, "Send one file at a time")
                self._name = _base_name(getattr(event, "filename", ""))
                await trio.Path(self._target).touch(mode=0o600)
                self._file = await trio.to_thread.run_sync(self._target.open, "wb")
        elif isinstance(event, Data) and self._current_is_ours:
            self._size += len(event.data)
            if self._size > self._max_bytes:
                raise self._too_large()
            self._pending += event.data
            if len(self._pending) >= _WRITE_BYTES:
                await self._flush()

    def _too_large(self) -> ApiError:
        limit = self._max_bytes // (1024 * 1024)
        return ApiError(ErrorCode.UPLOAD_ERROR, f"The file is larger than {limit} MB", status=413)

    async def _flush(self) -> None:
        if self._file is not None and self._pending:
            pending, self._pending = self._pending, bytearray()
            await trio.to_thread.run_sync(self._file.write, pending)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _base_name(name: str | None) -> str:
    # Only for showing: nothing on disk is ever named by it.
    base = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in base if char.isprintable())[:255] or "upload"
