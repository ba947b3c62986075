"""The content delivery network: addresses of photos, videos and profile pictures, and the files."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from pathlib import Path

import trio
from PIL import Image

from sandbox.wire.call import Call
from sandbox.wire.message import Data, Fields, FilePart, Response
from sandbox.world.person import Person
from sandbox.world.sample_media import draw_photo
from sandbox.world.shot import Shot

HOST = "scontent-sandbox.cdninstagram.com"
# Every photo is on offer in its own size and in a small one, as the real CDN does it.
SMALL_WIDTH = 320
_AVATAR_SIZE = 150
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def photo_url(shot: Shot, *, small: bool = False) -> str:
    suffix = f"_w{SMALL_WIDTH}" if small else ""
    return f"https://{HOST}/v/{shot.pk}{suffix}.jpg{_expiry(shot)}"


def video_url(shot: Shot) -> str:
    return f"https://{HOST}/v/{shot.pk}.mp4{_expiry(shot)}"


def _expiry(shot: Shot) -> str:
    return "" if shot.expiring_at is None else f"?oe={int(shot.expiring_at):X}"


def small_size(shot: Shot) -> tuple[int, int]:
    """The size of the small picture."""
    width = min(SMALL_WIDTH, shot.width)
    return width, max(1, round(shot.height * width / shot.width))


def avatar_url(person: Person) -> str:
    chosen = person.profile.picture
    return f"https://{HOST}/p/{person.pk}.jpg{f'?v={chosen.stem}' if chosen else ''}"


async def photo_file(call: Call) -> Response:
    """A photo, or the cover of a video."""
    shot = _shot(call)
    if isinstance(shot, Response):
        return shot
    kind = shot.probe.content_type if shot.kind == "photo" else "image/jpeg"
    return _ranged(call, shot.poster, kind)


async def small_photo_file(call: Call) -> Response:
    """The same picture, small."""
    shot = _shot(call)
    if isinstance(shot, Response):
        return shot
    return _image(await trio.to_thread.run_sync(_shrunk, shot))


async def video_file(call: Call) -> Response:
    """A video."""
    shot = _shot(call)
    if isinstance(shot, Response):
        return shot
    if shot.kind != "video":
        return Response(404)
    return _ranged(call, shot.file, "video/mp4")


def sound_url(pk: int) -> str:
    return f"https://{HOST}/a/{pk}.m4a"


async def sound_file(call: Call) -> Response:
    """A piece of music, or what somebody said."""
    file = call.world.library.sounds.get(int(call.args[0]))
    return Response(404) if file is None else _ranged(call, file, "audio/mp4")


def _shot(call: Call) -> Shot | Response:
    """What the address names, or the refusal if its files are gone with it."""
    shot = call.world.library.shots.get(int(call.args[0]))
    if shot is None or shot.deleted:
        return Response(404)
    if shot.is_gone(call.world.now()) and not call.world.highlights.keeps(shot):
        return Response(403)  # the address carries its time of expiry
    return shot


async def avatar(call: Call) -> Response:
    """A profile picture: the chosen one, or one drawn from the person's id."""
    person = call.world.find_person(pk=int(call.args[0]))
    if person is None:
        return Response(404)
    if person.profile.picture is not None:
        return _ranged(call, person.profile.picture, "image/jpeg")
    return _image(await trio.to_thread.run_sync(_drawn, person.pk, person.username))


def _image(content: bytes) -> Response:
    return Response(200, Data(content), (("content-type", "image/jpeg"),))


def _ranged(call: Call, path: Path, content_type: str) -> Response:
    size = path.stat().st_size
    headers: Fields = (("content-type", content_type), ("accept-ranges", "bytes"))
    asked = _RANGE.fullmatch(call.request.headers.get("range", ""))
    if asked is None or asked.groups() == ("", ""):
        return Response(200, FilePart(path, 0, size), headers)
    first, last = asked.groups()
    if first:
        start, end = int(first), min(int(last or size), size - 1)
    else:
        start, end = max(0, size - int(last)), size - 1
    if start > end:
        return Response(416, headers=(*headers, ("content-range", f"bytes */{size}")))
    headers = (*headers, ("content-range", f"bytes {start}-{end}/{size}"))
    return Response(206, FilePart(path, start, end - start + 1), headers)


def _shrunk(shot: Shot) -> bytes:
    with Image.open(shot.poster) as image:
        return _jpeg(image.convert("RGB").resize(small_size(shot)))


@lru_cache(maxsize=64)
def _drawn(seed: int, label: str) -> bytes:
    return _jpeg(draw_photo(_AVATAR_SIZE, _AVATAR_SIZE, seed, label[:1].upper()))


def _jpeg(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=85)
    return target.getvalue()
