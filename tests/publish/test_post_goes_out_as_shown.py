"""A post goes out as it is shown: the pictures of its previews in their order, and its words."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from publish import scheduler
from tests.support.posting import API, post, schedule, until, upload
from tests.support.served import Served

# Both are JPEGs of one picture; what was sent may have been one once more often.
ALIKE = 4.0
ORIENTATION = 0x0112


def quarters(size: tuple[int, int], colours: tuple[str, str, str, str]) -> Image.Image:
    picture = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    for number, colour in enumerate(colours):
        place = (half[0] * (number % 2), half[1] * (number // 2))
        picture.paste(Image.new("RGB", half, colour), place)
    return picture


def difference(one: Image.Image, other: Image.Image) -> float:
    small = [each.convert("RGB").resize((64, 64)) for each in (one, other)]
    return max(ImageStat.Stat(ImageChops.difference(*small)).mean)


def upright(picture: Image.Image) -> Image.Image:
    """Return a picture as a browser shows it."""
    if picture.getexif().get(ORIENTATION) == 6:
        return picture.transpose(Image.Transpose.ROTATE_270)
    return picture


def pictures(folder: Path) -> list[Path]:
    """Return what phones and editors write: turned by EXIF, with a transparent part, plain."""
    turned = quarters((500, 400), ("red", "green", "blue", "white"))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    turned.save(folder / "turned.jpg", exif=exif)
    quarters((400, 500), ("white", "blue", "yellow", "black")).save(folder / "plain.png")
    quarters((400, 500), ("black", "red", "white", "green")).save(folder / "other.jpg")
    return [folder / "turned.jpg", folder / "plain.png", folder / "other.jpg"]


async def test_a_post_goes_out_as_it_was_shown_last(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.1)
    types = {".jpg": "image/jpeg", ".png": "image/png"}
    files = pictures(tmp_path)
    ids = [
        (await upload(served, file, content_type=types[file.suffix])).body["id"] for file in files
    ]
    body = {"accountId": served.studio.account.id, "mediaType": "CAROUSEL", "caption": "First"}
    made = await schedule(served, {**body, "mediaFileIds": ids}, timedelta(hours=1))
    edited = {"mediaFileIds": list(reversed(ids)), "caption": "Last words"}
    answer = await served.call("PUT", f"{API}/schedule/{made['postId']}", edited)
    assert answer.status == 200, answer.body
    shown = await post(served, made["postId"])
    served.studio.clock.advance(timedelta(hours=1, seconds=1))
    await until(served, made["postId"], "PUBLISHED")
    (live,) = served.studio.sandbox.world.published(served.studio.person)
    assert live.caption == shown["caption"] == "Last words"
    previews = []
    for media in shown["mediaFiles"]:
        got = await served.client.get(
            media["previewUrl"], headers={"Authorization": f"Bearer {served.key}"}
        )
        previews.append(upright(Image.open(BytesIO(got.content))))
    sent = [Image.open(child.file) for child in live.children]
    apart = [difference(one, other) for one, other in zip(previews, sent, strict=True)]
    assert max(apart) < ALIKE, apart
    assert difference(previews[0], sent[1]) > 3 * ALIKE  # the comparison tells pictures apart
