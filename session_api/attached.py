"""A file that came with a request, verified by decoding it before anything is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import trio

from media.errors import MediaError
from media.normalise import normalise
from media.sniff import FileType, sniff
from operations.media import refusal
from session_api.given import Malformed
from session_api.question import Question

Kind = Literal["photo", "video", "sound"]
_SOUNDS = (FileType.MP4, FileType.MOV)


@asynccontextmanager
async def attached(question: Question, name: str, kind: Kind) -> AsyncIterator[Path]:
    """Lend the file of that field: a photo as a JPEG, a video or a sound as it came.

    Raises `Malformed` for another kind of file, and `Refusal` for one that does not decode.
    """
    arrived = next(file for file in question.form.files if file.field == name)
    found = await trio.to_thread.run_sync(sniff, arrived.path)
    if kind == "sound":
        if found not in _SOUNDS:
            raise _other(name, "It is no M4A sound")
        yield arrived.path
        return
    if found is None or found.is_video != (kind == "video"):
        raise _other(name, f"It is no {kind}")
    try:
        made = await normalise(arrived.path, arrived.path.parent)
    except MediaError as error:
        raise refusal(error) from error
    try:
        yield made.file
    finally:
        with trio.CancelScope(shield=True):
            for file in {made.file, made.thumbnail} - {arrived.path}:
                await trio.Path(file).unlink(missing_ok=True)


def _other(name: str, message: str) -> Malformed:
    return Malformed([{"type": "value_error", "loc": ["body", name], "msg": message}])
