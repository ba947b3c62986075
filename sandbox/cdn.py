"""The content delivery network: addresses of photos, videos and profile pictures, and the files."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from pathlib import Path

import trio
from PIL import Image

from sandbox.call import Call
from sandbox.message import Data, Fields, FilePart, Response
from sandbox.person import Person
from sandbox.sample_media import draw_photo
from sandbox.story import Story

HOST = "scontent-sandbox.cdninstagram.com"
# Every photo is on offer in its own size and in a small one, as the real CDN does it.
SMALL_WIDTH = 320
_AVATAR_SIZE = 150
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def photo_url(story: Story, *, small: bool = False) -> str:
    suffix = f"_w{SMALL_WIDTH}" if small else ""
    return f"https://{HOST}/v/{story.pk}{suffix}.jpg?oe={int(story.expiring_at):X}"


def video_url(story: Story) -> str:
    return f"https://{HOST}/v/{story.pk}.mp4?oe={int(story.expiring_at):X}"


def small_size(story: Story) -> tuple[int, int]:
    """The size of a story's small picture."""
    width = min(SMALL_WIDTH, story.width)
    return width, max(1, round(story.height * width / story.width))


def avatar_url(person: Person) -> str:
    return f"https://{HOST}/p/{person.pk}.jpg"


async def photo_file(call: Call) -> Response:
    """A story's photo, or the first frame of its video."""
    story = _story(call)
    if isinstance(story, Response):
        return story
    kind = story.probe.content_type if story.kind == "photo" else "image/jpeg"
    return _ranged(call, story.poster, kind)


async def small_photo_file(call: Call) -> Response:
    """The same picture, small."""
    story = _story(call)
    if isinstance(story, Response):
        return story
    return _image(await trio.to_thread.run_sync(_shrunk, story))


async def video_file(call: Call) -> Response:
    """A story's video."""
    story = _story(call)
    if isinstance(story, Response):
        return story
    if story.kind != "video":
        return Response(404)
    return _ranged(call, story.file, "video/mp4")


def _story(call: Call) -> Story | Response:
    """The story the address names, or the refusal if its files are gone with it."""
    story = call.world.stories.get(int(call.args[0]))
    if story is None or story.deleted:
        return Response(404)
    if story.is_gone(call.world.now()):
        return Response(403)  # the address carries its time of expiry
    return story


async def avatar(call: Call) -> Response:
    """A profile picture, drawn from the person's id."""
    person = call.world.find_person(pk=int(call.args[0]))
    if person is None:
        return Response(404)
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


def _shrunk(story: Story) -> bytes:
    with Image.open(story.poster) as image:
        return _jpeg(image.convert("RGB").resize(small_size(story)))


@lru_cache(maxsize=64)
def _drawn(seed: int, label: str) -> bytes:
    return _jpeg(draw_photo(_AVATAR_SIZE, _AVATAR_SIZE, seed, label[:1].upper()))


def _jpeg(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=85)
    return target.getvalue()
