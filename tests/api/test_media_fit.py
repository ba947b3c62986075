"""What can be made to fit is accepted over HTTP; what cannot is refused before it is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from publish.library import MediaLibrary
from tests.media.samples import make_video
from tests.support.served import Served


async def upload(served: Served, file: Path) -> dict[str, Any]:
    """Take a file in as an upload does, and return what the API shows of it."""
    studio = served.studio
    library = MediaLibrary(studio.core.store, studio.folder, studio.core.clock)
    media = await library.take_in(file, file.name, studio.core.owner.id)
    shown: dict[str, Any] = (await served.call("GET", f"/api/v1/media/{media.id}")).body
    return shown


async def publish(served: Served, media: dict[str, Any], media_type: str) -> Any:
    body = {
        "accountId": served.studio.account.id,
        "mediaType": media_type,
        "mediaFileId": media["id"],
        "scheduledFor": "2099-01-01T00:00:00Z",
    }
    return await served.call("POST", "/api/v1/schedule", body)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.webm", {"codec": "libvpx-vp9", "sound": "libopus"}),
        ("a.mkv", {"codec": "libx265", "sound": "flac"}),
        ("a.avi", {"codec": "mpeg4", "sound": "mp3"}),
    ],
)
async def test_a_video_of_any_format_and_shape_can_be_scheduled(
    served: Served, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    video = make_video(tmp_path / name, size=(320, 100), seconds=3.2, fps=10, **options)

    media = await upload(served, video)

    assert (media["isValid"], media["validationErrors"]) == (True, None)
    for media_type in ("REELS", "STORIES"):
        assert (await publish(served, media, media_type)).status == 201


async def test_a_ribbon_of_a_photo_can_be_a_story_and_nothing_else(
    served: Served, tmp_path: Path
) -> None:
    Image.new("RGB", (1400, 200)).save(tmp_path / "a.png")

    media = await upload(served, tmp_path / "a.png")

    assert media["isValid"] is True
    assert (await publish(served, media, "STORIES")).status == 201
    refused = await publish(served, media, "IMAGE")
    assert (refused.status, refused.body["code"]) == (400, "MEDIA_INVALID")
    assert "1.91:1" in refused.body["error"]


async def test_a_video_that_fits_nowhere_says_so_when_it_arrives(
    served: Served, tmp_path: Path
) -> None:
    media = await upload(served, make_video(tmp_path / "a.mp4", seconds=1))

    assert media["isValid"] is False
    assert "3 to 900 s" in media["validationErrors"]
    refused = await publish(served, media, "REELS")
    assert refused.body["code"] == "MEDIA_INVALID"
