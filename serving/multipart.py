"""Multipart bodies: files are streamed to the disk, and every limit is enforced on the way."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import trio
from quart import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from ground.plain_text import file_name
from ground.refusal import ErrorCode, Refusal
from serving.body import MAX_JSON_BYTES, TooLarge, chunks

_WRITE_BYTES = 1024 * 1024
_BUFFER_BYTES = 2 * 1024 * 1024  # parts' headers, and what the network brings at once
_MOST_PARTS = 100
_FIELD = "file"


@dataclass(slots=True)
class UploadedFile:
    """A file that has arrived; `name` is what the client called it, without any folder."""

    field: str
    name: str
    kind: str
    path: Path
    size: int = 0


@dataclass(slots=True)
class Form:
    """What a body brought: its fields in their order, and its files."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[UploadedFile] = field(default_factory=list)

    async def discard(self) -> None:
        """Delete the files that nobody has taken."""
        with trio.CancelScope(shield=True):
            for file in self.files:
                await trio.Path(file.path).unlink(missing_ok=True)


def announced(request: Request, max_bytes: int) -> int:
    """Return how many bytes a body says that it has; raises `TooLarge` where none of it is taken.

    Asked before there is looked for room: no disk has room for whatever somebody says.
    """
    length = request.content_length or 0
    if length > max_bytes + _BUFFER_BYTES:
        raise _too_large(max_bytes)
    return length


async def receive_file(request: Request, target: Path, max_bytes: int) -> UploadedFile:
    """Write the one part called `file` to `target`; raises `Refusal`, leaving no file behind."""
    form = await receive_form(
        request, lambda: target, max_bytes, wanted={_FIELD}, most=1, keeps_fields=False
    )
    if not form.files:
        raise Refusal(ErrorCode.UPLOAD_ERROR, "Send the file in the field `file`")
    return form.files[0]


async def receive_form(
    request: Request,
    scratch: Callable[[], Path],
    max_bytes: int,
    *,
    wanted: Collection[str],
    most: int,
    keeps_fields: bool = True,
    may_be_empty: bool = False,
) -> Form:
    """Return the body's fields, and up to `most` files in the fields that are `wanted`.

    Each file lies where `scratch` says; all together are `max_bytes` at most. With `may_be_empty`
    so may files, and a field in which a browser's user has chosen none is as good as left out.
    Raises `Refusal`, leaving no file behind.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary:
        raise Refusal(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send the file as multipart/form-data")
    receiver = _Receiver(boundary.encode("latin-1", "replace"), scratch, max_bytes, most)
    receiver.wanted, receiver.keeps_fields = wanted, keeps_fields
    receiver.may_be_empty = may_be_empty
    try:
        async for part in chunks(request):
            await receiver.feed(part)
        return await receiver.finish()
    except (ValueError, RequestEntityTooLarge):
        raise Refusal(
            ErrorCode.UPLOAD_ERROR, "The multipart body is malformed or broke off"
        ) from None
    finally:
        await receiver.close()


class _Receiver:
    wanted: Collection[str]
    keeps_fields: bool
    may_be_empty: bool

    def __init__(
        self, boundary: bytes, scratch: Callable[[], Path], max_bytes: int, most: int
    ) -> None:
        self.most = most
        parts = _MOST_PARTS if most <= _MOST_PARTS else most + _MOST_PARTS
        self._decoder = MultipartDecoder(boundary, _BUFFER_BYTES, max_parts=parts)
        self._scratch = scratch
        self._max_bytes = max_bytes
        self._form = Form()
        self._file: IO[bytes] | None = None
        self._pending = bytearray()
        # What the bytes that come now belong to.
        self._name: str | None = None
        self._text = bytearray()
        self._is_whole = False
        self._size = self._received = self._text_size = 0

    async def feed(self, part: bytes | None) -> None:
        """Take bytes of the body, or None at its end; raises `ValueError` when it is malformed."""
        self._received += len(part or b"")
        if self._received > self._max_bytes + _BUFFER_BYTES:
            raise _too_large(self._max_bytes)  # whatever fields they are in
        self._decoder.receive_data(part)
        while not isinstance(event := self._decoder.next_event(), NeedData | Epilogue):
            await self._take(event)

    async def finish(self) -> Form:
        """Return the form once the body has ended; raises `Refusal` for an empty file."""
        await self.feed(None)
        await self._end_part()
        if not self.may_be_empty and any(file.size == 0 for file in self._form.files):
            raise Refusal(ErrorCode.UPLOAD_ERROR, "The file is empty")
        self._is_whole = True
        return self._form

    async def close(self) -> None:
        """Give up what has not been finished."""
        if self._file is not None:
            self._close_file()
        if not self._is_whole:
            await self._form.discard()

    async def _take(self, event: Event) -> None:
        is_none = self.may_be_empty and isinstance(event, File) and not event.filename
        if isinstance(event, File) and event.name in self.wanted and not is_none:
            await self._begin_file(event)
        elif isinstance(event, Field | File):
            await self._end_part()
            is_text = isinstance(event, Field) and self.keeps_fields
            self._name = event.name if is_text else None
        elif isinstance(event, Data) and self._file is not None:
            await self._take_bytes(event.data)
        elif isinstance(event, Data) and self._name is not None:
            self._text_size += len(event.data)
            if self._text_size > MAX_JSON_BYTES:
                raise TooLarge("The fields are larger than 1 MB")
            self._text += event.data

    async def _begin_file(self, event: File) -> None:
        await self._end_part()
        if len(self._form.files) >= self.most:
            several = "one file at a time" if self.most == 1 else f"{self.most} files at most"
            raise Refusal(ErrorCode.UPLOAD_ERROR, f"Send {several}")
        path = self._scratch()
        await trio.Path(path).touch(mode=0o600)
        kind = event.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._form.files.append(
            UploadedFile(event.name or "", file_name(event.filename or ""), kind, path)
        )
        self._file = await trio.to_thread.run_sync(path.open, "wb")

    async def _take_bytes(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._max_bytes:
            raise _too_large(self._max_bytes)
        self._form.files[-1].size += len(data)
        self._pending += data
        if len(self._pending) >= _WRITE_BYTES:
            await self._flush()

    async def _end_part(self) -> None:
        if self._file is not None:
            await self._flush()
            self._close_file()
        elif self._name is not None:
            text = self._text.decode()  # a UnicodeDecodeError is a ValueError
            self._form.fields.append((self._name, text))
        self._name = None
        self._text.clear()

    async def _flush(self) -> None:
        if self._file is not None and self._pending:
            pending, self._pending = self._pending, bytearray()
            await trio.to_thread.run_sync(self._file.write, pending)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"The file is larger than {max_bytes // (1024 * 1024)} MB")
