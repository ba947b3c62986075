"""Fetching media: from Instagram's own hosts only, within bounds, leaving nothing half-written."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from instagram.download import check_media_url, download
from instagram.errors import DownloadFailed
from sandbox.wire.faults import Body, Fault, Oversized, Redirect, Slow, Truncated
from storage import client_options
from storage.client_options import StoredOptions
from tests.support.studio import Studio


@pytest.mark.parametrize(
    "url",
    [
        "http://scontent.cdninstagram.com/a.jpg",
        "https://evil.example/a.jpg",
        "https://cdninstagram.com.evil.example/a.jpg",
        "https://evilcdninstagram.com/a.jpg",
        "https://scontent.cdninstagram.com@evil.example/a.jpg",
        "https://scontent.cdninstagram.com:8443/a.jpg",
        "https://127.0.0.1/a.jpg",
        "file:///etc/passwd",
        "https://[::1/a.jpg",
        "",
    ],
)
def test_only_https_on_instagrams_media_hosts(url: str) -> None:
    with pytest.raises(DownloadFailed) as raised:
        check_media_url(url)
    assert raised.value.permanent


@pytest.mark.parametrize(
    "url",
    ["https://scontent-ber1-1.cdninstagram.com/v/a.jpg?x=1", "https://video.fbcdn.net/v.mp4"],
)
def test_instagrams_media_hosts_are_fine(url: str) -> None:
    check_media_url(url)


async def media_url(studio: Studio) -> str:
    friend = studio.friend("anna")
    studio.mention(friend)
    (story,) = await studio.api.stories_of(str(friend.pk))
    assert story.url is not None
    return story.url


async def test_a_file_arrives_whole_and_private(studio: Studio, tmp_path: Path) -> None:
    target = tmp_path / "story"
    size = await studio.api.download(await media_url(studio), target)
    assert target.read_bytes() == studio.photo().read_bytes()
    assert size == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600


async def test_a_redirect_off_the_media_hosts_is_not_followed(
    studio: Studio, tmp_path: Path
) -> None:
    url = await media_url(studio)
    studio.sandbox.faults.add(Fault(path=".jpg", kind=Redirect("https://evil.example/a.jpg")))
    with pytest.raises(DownloadFailed, match="not on Instagram's own servers"):
        await studio.api.download(url, tmp_path / "story")
    elsewhere = url.replace("scontent-sandbox", "scontent-other")
    studio.sandbox.faults.add(Fault(path=".jpg", kind=Redirect(elsewhere)))
    assert await studio.api.download(url, tmp_path / "story") > 0


@pytest.mark.parametrize(
    "kind",
    [
        Truncated(1000),
        Oversized(101 * 1024 * 1024),
        Oversized(101 * 1024 * 1024, announced=False),
    ],
)
async def test_bad_files_leave_nothing_behind_and_may_be_asked_for_again(
    studio: Studio, tmp_path: Path, kind: Truncated | Oversized
) -> None:
    url, target = await media_url(studio), tmp_path / "story"
    studio.sandbox.faults.add(Fault(path=".jpg", kind=kind))
    with pytest.raises(DownloadFailed) as raised:
        await studio.api.download(url, target)
    assert not raised.value.permanent
    assert not target.exists()


async def test_no_cookie_tells_whose_downloads_are_one_persons(
    studio: Studio, tmp_path: Path
) -> None:
    url = await media_url(studio)
    cookie = ("set-cookie", "id=abc; Domain=.cdninstagram.com; Path=/; Max-Age=9999; Secure")
    studio.sandbox.faults.add(Fault(path=".jpg", kind=Body(b"a picture", headers=(cookie,))))
    await studio.api.download(url, tmp_path / "story")
    await studio.api.download(url, tmp_path / "story")
    assert list(studio.core.gateway._media_client(studio.sandbox.proxy_url).cookies.jar) == []


async def test_nothing_is_unpacked_that_may_have_no_end(studio: Studio, tmp_path: Path) -> None:
    url, target = await media_url(studio), tmp_path / "story"
    for packing in ("zstd", "gzip, gzip", "br"):
        body = Body(zstandard.compress(bytes(10_000_000)), headers=(("content-encoding", packing),))
        studio.sandbox.faults.add(Fault(path=".jpg", kind=body))
        with pytest.raises(DownloadFailed, match="odd way"):
            await studio.api.download(url, target)
        assert not target.exists()
    body = Body(gzip.compress(b"a picture"), headers=(("content-encoding", "gzip"),))
    studio.sandbox.faults.add(Fault(path=".jpg", kind=body))
    assert await studio.api.download(url, target) == len(b"a picture")


async def test_a_drip_ends_at_the_time_limit(studio: Studio, tmp_path: Path) -> None:
    url, target = await media_url(studio), tmp_path / "story"
    studio.sandbox.faults.add(Fault(path=".jpg", kind=Slow(bytes_per_second=200)))
    client = studio.core.gateway._media_client(studio.sandbox.proxy_url)
    with pytest.raises(DownloadFailed, match="did not arrive within") as raised:
        await download(client, url, target, user_agent="test", time_limit_s=0.5)
    assert not raised.value.permanent
    assert not target.exists()


async def test_no_proxy_that_an_account_once_had_is_kept(studio: Studio, tmp_path: Path) -> None:
    core, url = studio.core, await media_url(studio)
    kept = len(core.gateway._media)
    for port in range(1, 6):
        own = StoredOptions(proxy=f"http://user:hunter2@127.0.0.1:{port}")
        await core.store.write(client_options.save, core.vault, studio.account.id, own)
        with pytest.raises(DownloadFailed):
            await studio.api.download(url, tmp_path / "story")
    assert len(core.gateway._media) == kept
