"""Media over HTTP: judged by their bytes, kept once, listed, served to those who may, deleted."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from PIL import Image

from media.render import draw_small
from publish import library
from publish.library import MediaLibrary
from tests.media import samples
from tests.support.posting import (
    API,
    NOBODY,
    draft,
    photo_id,
    post,
    publish,
    story,
    until,
    upload,
    video_id,
)
from tests.support.served import Served
from tests.support.thinned import sparing

MEDIA = f"{API}/media"


def on_disk(served: Served) -> list[Path]:
    return sorted(path for path in served.studio.folder.root.rglob("*") if path.is_file())


async def fetch(served: Served, path: str, key: str | None = "") -> httpx.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key or served.key}"}
    return await served.client.get(path, headers=headers)


@pytest.mark.parametrize(("suffix", "form"), [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")])
async def test_images_become_upright_jpegs_without_metadata(
    served: Served, tmp_path: Path, suffix: str, form: str
) -> None:
    file = tmp_path / f"sunset.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Camera maker"
    samples.quarters((500, 400)).save(file, form, exif=exif)
    answer = await upload(served, file)
    assert answer.status == 201
    body = answer.body
    assert (body["width"], body["height"], body["mimeType"]) == (400, 500, "image/jpeg")
    assert (body["aspectRatio"], body["durationSeconds"]) == ("4:5", None)
    assert (body["isValid"], body["validationErrors"]) == (True, None)
    assert body["originalFilename"] == file.name
    served_file = await fetch(served, body["previewUrl"])
    assert served_file.headers["content-type"] == "image/jpeg"
    assert len(served_file.content) == body["fileSize"]
    image = Image.open(io.BytesIO(served_file.content))
    assert (image.size, image.format) == ((400, 500), "JPEG")
    assert samples.corners(image) == ["blue", "red", "yellow", "green"]
    assert not image.getexif()
    assert b"Camera maker" not in served_file.content


@pytest.mark.parametrize(
    ("suffix", "codec", "mime"),
    sparing(
        [
            ("mp4", "libx264", "video/mp4"),
            ("mov", "libx264", "video/quicktime"),
            ("mkv", "libx264", "video/x-matroska"),
            ("webm", "libvpx", "video/webm"),
            ("avi", "mpeg4", "video/x-msvideo"),
        ],
        every=2,
    ),
)
async def test_videos_are_kept_as_they_are(
    served: Served, tmp_path: Path, suffix: str, codec: str, mime: str
) -> None:
    file = tmp_path / f"clip.{suffix}"
    samples.make_video(file, size=(180, 320), seconds=3, fps=10, codec=codec, sound=None)
    answer = await upload(served, file, content_type="application/octet-stream")
    assert answer.status == 201, answer.body
    body = answer.body
    assert (body["mimeType"], body["aspectRatio"], body["isValid"]) == (mime, "9:16", True)
    assert body["durationSeconds"] == pytest.approx(3, abs=0.2)
    kept = await fetch(served, body["previewUrl"])
    assert (kept.content, kept.headers["content-type"]) == (file.read_bytes(), mime)
    thumbnail = await fetch(served, body["thumbnailUrl"])
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(thumbnail.content)).format == "JPEG"


@pytest.mark.parametrize("declared", [None, "text/plain", "video/mp4", "image/heic"])
async def test_the_bytes_decide_not_the_name_nor_the_declared_type(
    served: Served, declared: str | None
) -> None:
    photo = served.studio.photo(400, 500)
    answer = await upload(served, photo, name="../../etc/passwd.mp4", content_type=declared)
    assert answer.status == 201
    assert answer.body["mimeType"] == "image/jpeg"
    assert answer.body["originalFilename"] == "passwd.mp4"


async def test_the_list_is_paged_by_offset_and_filtered(served: Served) -> None:
    ids = []
    for seed in range(3):
        ids.append(await photo_id(served, seed=seed))
        served.studio.clock.advance(timedelta(seconds=1))
    ids.append(await video_id(served))
    ids.reverse()
    seen: list[str] = []
    for offset, more in ((0, True), (2, False), (4, False)):
        body = (await served.call("GET", f"{MEDIA}?limit=2&offset={offset}")).body
        assert (body["total"], body["hasMore"]) == (4, more)
        seen += [file["id"] for file in body["files"]]
    assert seen == ids
    for kind, expected in (("video", ids[:1]), ("image", ids[1:])):
        body = (await served.call("GET", f"{MEDIA}?type={kind}")).body
        assert [file["id"] for file in body["files"]] == expected
        assert (body["total"], body["hasMore"]) == (len(expected), False)
        page = (await served.call("GET", f"{MEDIA}?type={kind}&limit=1")).body
        assert page["hasMore"] is (len(expected) > 1)
    for query in ("limit=0", "limit=101", "offset=-1", "offset=x", "type=gif", "type=", "limit="):
        answer = await served.call("GET", f"{MEDIA}?{query}")
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR"), query
    for method in ("GET", "DELETE"):
        for unknown in (NOBODY, "x"):
            answer = await served.call(method, f"{MEDIA}/{unknown}")
            assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")


async def test_the_same_bytes_are_kept_once_until_the_last_goes(served: Served) -> None:
    first, second = await photo_id(served), await photo_id(served)
    assert first != second
    files = on_disk(served)
    assert len(files) == 2  # the photo and its thumbnail
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    body = (await served.call("GET", f"{MEDIA}/{second}")).body
    assert (await served.call("DELETE", f"{MEDIA}/{first}")).body == {"success": True}
    assert on_disk(served) == files
    assert (await fetch(served, body["previewUrl"])).status_code == 200
    await served.call("DELETE", f"{MEDIA}/{second}")
    assert on_disk(served) == []
    assert (await fetch(served, body["previewUrl"])).status_code == 404


async def test_bytes_that_come_while_they_are_deleted_are_not_lost(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await photo_id(served)
    deleted = trio.Event()
    adopt = MediaLibrary._adopt

    async def delete() -> None:
        assert (await served.call("DELETE", f"{MEDIA}/{first}")).status == 200
        deleted.set()

    async with trio.open_nursery() as nursery:

        async def let_the_other_go_on() -> None:
            nursery.start_soon(delete)
            with trio.move_on_after(0.5):
                await deleted.wait()

        def interrupted(*args: Any) -> Any:
            adopted = adopt(*args)
            trio.from_thread.run(let_the_other_go_on)
            return adopted

        monkeypatch.setattr(MediaLibrary, "_adopt", interrupted)
        second = await photo_id(served)  # the same bytes
    kept = (await served.call("GET", f"{MEDIA}/{second}")).body
    assert (await fetch(served, kept["previewUrl"])).status_code == 200
    assert (await fetch(served, kept["thumbnailUrl"])).status_code == 200


async def test_each_medium_has_a_small_webp_that_is_made_once_and_goes_with_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    async def counted(source: Path, target: Path, within: tuple[int, int]) -> None:
        made.append(source)
        await draw_small(source, target, within)

    monkeypatch.setattr(library, "draw_small", counted)
    for size, expected in (((1080, 1920), (144, 256)), ((1080, 1080), (144, 144))):
        body = (await upload(served, served.studio.photo(*size))).body
        found: list[httpx.Response] = []

        async def ask(url: str, found: list[httpx.Response]) -> None:
            found.append(await fetch(served, url))

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(ask, body["thumbnailPreviewUrl"], found)
        assert [each.status_code for each in found] == [200] * 4
        assert len({each.content for each in found}) == 1
        assert found[0].headers["content-type"] == "image/webp"
        picture = Image.open(io.BytesIO(found[0].content))
        assert (picture.format, picture.size) == ("WEBP", expected)
        assert len(found[0].content) < 8000
        assert (await served.call("GET", body["thumbnailPreviewUrl"], key=None)).status == 401
        assert (await served.call("DELETE", f"{MEDIA}/{body['id']}")).status == 200
        assert (await fetch(served, body["thumbnailPreviewUrl"])).status_code == 404
    assert len(made) == 2
    assert on_disk(served) == []
    for odd in ("00/none.144.webp", "00/.144.webp", "../secret.144.webp", ".144.webp"):
        assert (await fetch(served, f"/uploads/{odd}")).status_code == 404


async def test_deleting_media_keeps_its_posts(served: Served) -> None:
    media, other = await photo_id(served), await photo_id(served, seed=2)
    sent = await publish(served, story(served, media))
    await until(served, sent, "PUBLISHED")
    kept = (await draft(served, mediaType="CAROUSEL", mediaFileIds=[media, other, media]))["id"]
    assert (await served.call("DELETE", f"{MEDIA}/{media}")).status == 200
    found = await post(served, sent)
    assert (found["status"], found["mediaFiles"]) == ("PUBLISHED", [])
    assert [file["id"] for file in (await post(served, kept))["mediaFiles"]] == [other]
