from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from aiograpi import exceptions
from PIL import Image

from sandbox import Sandbox
from sandbox.world.person import Person
from sandbox.world.probe import BadMedia
from tests.sandbox.clients import AIOGRAPI, API, App, logged_in, plain_client
from tests.sandbox.conftest import Clock

pytestmark = [pytest.mark.acceptance, AIOGRAPI]


@pytest.fixture
async def app(app: App, studio: Person) -> App:
    await app.login(studio)
    return app


async def test_a_reel(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, photo: Path, video: Path, clock: Clock
) -> None:
    first = sandbox.world.add_story(anna, photo, mentions=[studio], taken_at=clock.now - 60)
    second = sandbox.world.add_story(anna, video)

    shown = await app("user_stories_v1", str(anna.pk))

    assert [story.pk for story in shown] == [str(first.pk), str(second.pk)]
    assert [story.media_type for story in shown] == [1, 2]
    assert [mention.user.username for mention in shown[0].mentions] == ["studio"]
    assert str(shown[0].thumbnail_url).endswith(f"/v/{first.pk}.jpg?oe={int(first.expiring_at):X}")
    assert shown[1].video_duration == pytest.approx(2, abs=0.1)
    info = await app("story_info", f"{second.pk}_{anna.pk}")
    assert info.code == shown[1].code
    assert not sandbox.ledger.unknown


async def test_a_private_reel_is_for_followers(
    sandbox: Sandbox, app: App, studio: Person, photo: Path
) -> None:
    secret = sandbox.world.add_person("secret", private=True)
    story = sandbox.world.add_story(secret, photo)

    assert (await app("private_request", f"feed/user/{secret.pk}/story/"))["reel"] is None
    with pytest.raises(exceptions.PrivateAccount):
        await app("media_info_v1", story.pk)

    sandbox.world.follow(studio, secret)
    assert len(await app("user_stories_v1", str(secret.pk))) == 1
    assert (await app("media_info_v1", story.pk)).pk == story.pk


@pytest.mark.parametrize("gone", ["expired", "deleted"])
async def test_a_story_that_is_gone(
    sandbox: Sandbox, app: App, anna: Person, photo: Path, clock: Clock, gone: str
) -> None:
    story = sandbox.world.add_story(anna, photo)
    url = str((await app("user_stories_v1", str(anna.pk)))[0].thumbnail_url)
    if gone == "expired":
        clock.now = story.expiring_at
    else:
        sandbox.world.delete_story(story)

    assert (await app("private_request", f"feed/user/{anna.pk}/story/"))["reel"] is None
    with pytest.raises(exceptions.MediaNotFound):
        await app("media_info_v1", story.pk)
    async with plain_client(sandbox) as client:
        assert (await client.get(url)).status_code == (403 if gone == "expired" else 404)


async def test_only_the_owner_deletes(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, photo: Path
) -> None:
    own = sandbox.world.add_story(studio, photo)
    hers = sandbox.world.add_story(anna, photo)

    assert await app("story_delete", own.media_id)
    assert own.deleted
    with pytest.raises(exceptions.UnknownError, match="can't delete"):
        await app("story_delete", hers.media_id)
    with pytest.raises(exceptions.ClientNotFoundError):
        await app("story_delete", own.media_id)


async def test_an_expired_story_stays_in_its_owners_archive(
    sandbox: Sandbox, app: App, studio: Person, photo: Path, clock: Clock
) -> None:
    own = sandbox.world.add_story(studio, photo)
    clock.now = own.expiring_at + 1
    assert (await app("media_info_v1", own.pk)).pk == own.pk
    assert (await app("private_request", f"feed/user/{studio.pk}/story/"))["reel"] is None


async def test_the_activity_page_shows_mentions(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, photo: Path
) -> None:
    secret = sandbox.world.add_person("secret", private=True)
    sandbox.world.add_story(secret, photo, mentions=[studio])
    sandbox.world.add_story(anna, photo)
    told = sandbox.world.add_story(anna, photo, mentions=[studio])
    gone = sandbox.world.add_story(anna, photo, mentions=[studio])
    sandbox.world.delete_story(gone)

    news = await app("news_inbox_v1")

    assert news["counts"]["story_mentions"] == 1
    [reel] = news["story_mentions"]["reels"]
    assert [item["pk"] for item in reel["items"]] == [told.pk]
    assert reel["user"]["username"] == "anna"


async def test_people(sandbox: Sandbox, app: App, studio: Person, anna: Person) -> None:
    sandbox.world.follow(studio, anna)
    user = await app("user_info_by_username_v1", "anna")
    assert (user.pk, user.full_name, user.follower_count) == (str(anna.pk), "Anna Berg", 1)
    assert (await app("user_info_v1", anna.pk)).username == "anna"
    with pytest.raises(exceptions.UserNotFound):
        await app("user_info_by_username_v1", "nobody")
    with pytest.raises(KeyError):
        sandbox.world.person("nobody")
    with pytest.raises(ValueError, match="already"):
        sandbox.world.add_person("anna")
    assert sandbox.world.person_by_pk(anna.pk) is sandbox.world.person("anna") is anna
    assert len(str(anna.pk)) >= 10


async def test_the_tray_shows_reels_of_followed_people(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, photo: Path
) -> None:
    sandbox.world.add_story(anna, photo)
    assert (await app("get_reels_tray_feed"))["tray"] == []
    sandbox.world.follow(studio, anna)
    [entry] = (await app("get_reels_tray_feed"))["tray"]
    assert entry["user"]["username"] == "anna"


async def test_files_are_delivered_whole_and_in_part(
    sandbox: Sandbox, studio: Person, anna: Person, photo: Path, video: Path
) -> None:
    sandbox.world.add_story(anna, photo)
    sandbox.world.add_story(anna, video)
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as client:
        reel = (await client.get(f"{API}/api/v1/feed/user/{anna.pk}/story/")).json()["reel"]
        still, moving = reel["items"]
        content = await _fetch(client, moving["video_versions"][0]["url"])
        assert content.headers["content-type"] == "video/mp4"
        assert content.content == video.read_bytes()
        full, small = still["image_versions2"]["candidates"]
        assert (await _fetch(client, full["url"])).content == photo.read_bytes()
        for found in (small, *moving["image_versions2"]["candidates"], _avatar(reel)):
            picture = Image.open(io.BytesIO((await _fetch(client, found["url"])).content))
            assert picture.size == (found["width"], found["height"])
        await _check_ranges(client, full["url"], photo.read_bytes())
    assert not sandbox.ledger.unknown


def _avatar(reel: Any) -> dict[str, Any]:
    return {"url": reel["user"]["profile_pic_url"], "width": 150, "height": 150}


async def _fetch(client: Any, url: str, **headers: str) -> Any:
    response = await client.get(url, headers=headers)
    assert response.status_code in (200, 206), response
    assert int(response.headers["content-length"]) == len(response.content)
    return response


async def _check_ranges(client: Any, url: str, content: bytes) -> None:
    size = len(content)
    for asked, part in {
        "bytes=0-99": content[:100],
        "bytes=100-": content[100:],
        "bytes=-50": content[-50:],
        f"bytes=10-{size * 2}": content[10:],
    }.items():
        response = await _fetch(client, url, range=asked)
        assert response.status_code == 206
        assert response.content == part
    beyond = await client.get(url, headers={"range": f"bytes={size}-"})
    assert beyond.status_code == 416
    assert (await _fetch(client, url, range="pages=1-2")).status_code == 200


async def test_files_of_other_hosts_and_stories_nobody_has(
    sandbox: Sandbox, anna: Person, photo: Path
) -> None:
    story = sandbox.world.add_story(anna, photo)
    async with plain_client(sandbox) as client:
        for host in ("scontent-fra3-1.cdninstagram.com", "scontent.xx.fbcdn.net"):
            assert (await client.get(f"https://{host}/v/{story.pk}.jpg")).status_code == 200
        for path in (f"{story.pk}.mp4", f"{story.pk + 1}.jpg"):
            url = f"https://scontent.cdninstagram.com/v/{path}"
            assert (await client.get(url)).status_code == 404


async def test_a_story_is_a_photo_or_a_video(
    sandbox: Sandbox, anna: Person, tmp_path: Path
) -> None:
    text = tmp_path / "story.jpg"
    text.write_text("neither")
    with pytest.raises(BadMedia):
        sandbox.world.add_story(anna, text)


async def test_what_is_known_about_a_story(
    sandbox: Sandbox, anna: Person, video: Path, clock: Clock
) -> None:
    story = sandbox.world.add_story(anna, video)
    assert (story.kind, story.width, story.height) == ("video", 270, 480)
    assert story.size == video.stat().st_size
    assert story.expiring_at == story.taken_at + 24 * 3600 == clock.now + 24 * 3600
