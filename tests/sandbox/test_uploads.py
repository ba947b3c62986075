from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from aiograpi import exceptions
from aiograpi.types import StoryMention, UserShort
from PIL import Image

from sandbox import Sandbox
from sandbox.world.person import Person
from sandbox.world.sample_media import make_video
from tests.sandbox.clients import (
    AIOGRAPI,
    API,
    App,
    configure,
    logged_in,
    plain_client,
    upload_headers,
    upload_photo,
)
from tests.sandbox.conftest import Clock

pytestmark = [pytest.mark.acceptance, AIOGRAPI]


def mention(person: Person) -> StoryMention:
    return StoryMention(user=UserShort(pk=str(person.pk)), x=0.5, y=0.25, width=0.4, height=0.1)


@pytest.fixture
async def client(sandbox: Sandbox, studio: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as opened:
        yield opened


@pytest.mark.usefixtures("no_waiting")
async def test_a_photo_becomes_a_story(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, photo: Path, clock: Clock
) -> None:
    await app.login(studio)
    uploaded = await app("photo_upload_to_story", photo, caption="hello", mentions=[mention(anna)])

    [post] = sandbox.ledger.published
    assert sandbox.world.published(studio) == [post]
    assert (post.account, post.kind, post.pk) == ("studio", "photo", int(uploaded.pk))
    assert (post.caption, post.at, post.duration) == ("hello", clock.now, None)
    [told] = post.mentions
    assert (told.username, told.user_id, told.x, told.y) == ("anna", anna.pk, 0.5, 0.25)
    assert (told.width, told.height) == (0.4, 0.1)
    assert [sticker["type"] for sticker in post.reel_mentions] == ["mention"]
    assert post.extra["upload_id"] == post.upload_id
    with Image.open(post.file) as received:
        assert received.size == (post.width, post.height)

    reel = (await app("private_request", f"feed/user/{studio.pk}/story/"))["reel"]
    assert reel["items"][0]["device_timestamp"] == int(post.upload_id)
    assert reel["items"][0]["reel_mentions"][0]["user"]["username"] == "anna"
    assert not sandbox.ledger.unknown


@pytest.mark.usefixtures("no_waiting")
async def test_a_video_becomes_a_story_and_is_taken_down(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, video: Path, photo: Path, clock: Clock
) -> None:
    await app.login(studio)
    studio.transcode_polls = 2
    uploaded = await app(
        "video_upload_to_story", video, thumbnail=photo, mentions=[mention(anna), mention(studio)]
    )

    [post] = sandbox.ledger.published
    assert (post.kind, post.width, post.height) == ("video", 270, 480)
    assert post.duration == pytest.approx(2, abs=0.1)
    assert post.file.read_bytes() == video.read_bytes()
    assert [told.username for told in post.mentions] == ["anna", "studio"]
    assert post.reel_mentions == []
    configured = sandbox.ledger.find("media/configure_to_story/")
    assert [entry.status for entry in configured] == [202, 202, 200]
    assert uploaded.media_type == 2

    clock.now += 5
    assert await app("story_delete", f"{post.pk}_{studio.pk}")
    assert post.deleted_at == clock.now
    assert sandbox.world.published(studio) == [post]


@pytest.mark.usefixtures("no_waiting")
async def test_a_mention_is_told_to_both_sides(
    sandbox: Sandbox, app: App, open_app: Callable[..., App], studio: Person, photo: Path
) -> None:
    berta = sandbox.world.add_person("berta", password="b")
    await app.login(studio)
    await app("photo_upload_to_story", photo, mentions=[mention(berta)])

    [own] = (await app("direct_threads"))[0].messages
    assert own.is_sent_by_viewer
    other = open_app()
    await other.login(berta)
    [received] = (await other("direct_threads"))[0].messages
    assert not received.is_sent_by_viewer
    assert (await other("news_inbox_v1"))["counts"]["story_mentions"] == 1


async def test_the_same_upload_twice_makes_two_stories(
    sandbox: Sandbox, client: httpx.AsyncClient, studio: Person, photo: Path
) -> None:
    await upload_photo(client, photo)
    first, second = await configure(client), await configure(client)
    assert first.json()["media"]["pk"] != second.json()["media"]["pk"]
    assert first.json()["upload_id"] == "1001"
    assert [post.upload_id for post in sandbox.world.published(studio)] == ["1001", "1001"]


async def test_an_upload_belongs_to_its_account(
    sandbox: Sandbox, client: httpx.AsyncClient, photo: Path
) -> None:
    await upload_photo(client, photo)
    other = sandbox.world.add_person("other", password="x")
    async with plain_client(sandbox, headers=logged_in(sandbox, other)) as stranger:
        assert (await configure(stranger)).status_code == 400
    assert sandbox.ledger.published == []


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-instagram-rupload-params", "not json"),
        ("x-instagram-rupload-params", '{"upload_id": "abc"}'),
        ("x-entity-length", "7"),
        ("x-entity-name", "another"),
        ("offset", "100"),
    ],
)
async def test_headers_of_an_upload_have_to_be_right(
    client: httpx.AsyncClient, photo: Path, header: str, value: str
) -> None:
    content = photo.read_bytes()
    headers = upload_headers("1001", "1001_0_7", len(content)) | {header: value}
    response = await client.post(
        f"{API}/rupload_igphoto/1001_0_7", content=content, headers=headers
    )
    assert response.status_code == 400
    assert response.json()["status"] == "fail"


async def send(client: httpx.AsyncClient, kind: str, content: bytes) -> httpx.Response:
    headers = upload_headers("1001", "name", len(content))
    return await client.post(f"{API}/rupload_ig{kind}/name", content=content, headers=headers)


async def test_media_has_to_decode(
    client: httpx.AsyncClient, photo: Path, video: Path, tmp_path: Path
) -> None:
    with Image.open(photo) as image:
        image.save(tmp_path / "photo.png")
    make_video(tmp_path / "long.mp4", 64, 64, 62, 2, 1, with_sound=False)
    whole = video.read_bytes()
    for kind, content in [
        ("photo", photo.read_bytes()[:-2000]),
        ("photo", (tmp_path / "photo.png").read_bytes()),
        ("photo", b"nothing"),
        ("photo", b""),
        ("video", whole[: len(whole) // 2]),
        ("video", photo.read_bytes()),
        ("video", (tmp_path / "long.mp4").read_bytes()),
    ]:
        response = await send(client, kind, content)
        assert response.status_code == 400, (kind, len(content))
    assert (await send(client, "photo", photo.read_bytes())).status_code == 200
    assert (await send(client, "video", whole)).status_code == 200


async def test_a_video_without_sound_is_fine(client: httpx.AsyncClient, tmp_path: Path) -> None:
    make_video(tmp_path / "silent.mp4", 64, 64, 1, 5, 1, with_sound=False)
    response = await send(client, "video", (tmp_path / "silent.mp4").read_bytes())
    assert response.status_code == 200, response.text


PLACED = {"type": "mention", "x": 0.5, "y": 0.5, "width": 0.2, "height": 0.1}


@pytest.mark.parametrize(
    "fields",
    [
        {"upload_id": "2002"},
        {"upload_id": None},
        {"video": True},
        {"tap_models": "no json"},
        {"tap_models": json.dumps({"type": "mention"})},
        {"tap_models": json.dumps(["mention"])},
        {"tap_models": json.dumps([{**PLACED, "user_id": "1"}])},
        {"tap_models": json.dumps([{**PLACED, "user_id": "{anna}", "width": None}])},
        {"tap_models": json.dumps([{**PLACED, "user_id": "{anna}", "x": "0.5"}])},
        {"tap_models": json.dumps([{**PLACED, "user_id": "{anna}", "x": True}])},
        {"tap_models": json.dumps([{**PLACED, "user_id": "{anna}", "x": float("nan")}])},
        {"reel_mentions": "[{}]"},
    ],
)
async def test_a_wrong_configure_publishes_nothing(
    sandbox: Sandbox,
    client: httpx.AsyncClient,
    anna: Person,
    photo: Path,
    fields: dict[str, object],
) -> None:
    await upload_photo(client, photo)
    text = json.dumps(fields).replace("{anna}", str(anna.pk))
    response = await configure(client, **{"upload_id": "1001", **json.loads(text)})
    assert response.status_code == 400, response.text
    assert sandbox.ledger.published == []


async def test_without_a_session_nothing_is_taken(sandbox: Sandbox, photo: Path) -> None:
    async with plain_client(sandbox) as stranger:
        assert (await upload_photo(stranger, photo)).status_code == 403
        assert (await configure(stranger)).status_code == 403
    assert sandbox.world.library.uploads == {}


async def test_a_refused_upload_is_what_the_client_takes_it_for(
    sandbox: Sandbox, app: App, studio: Person, photo: Path
) -> None:
    await app.login(studio)
    sandbox.world.expire_sessions(studio)
    with pytest.raises(exceptions.PhotoNotUpload, match="login_required"):
        await app("photo_upload_to_story", photo)


@pytest.mark.parametrize("http", ["1.1", "2"])
async def test_a_large_upload(
    sandbox: Sandbox, app: App, studio: Person, photo: Path, http: str
) -> None:
    # A JPEG stays one with any number of bytes behind its end.
    content = photo.read_bytes() + bytes(40_000_000)
    headers = upload_headers("1001", "name", len(content)) | logged_in(sandbox, studio)
    url = f"{API}/rupload_igphoto/name"
    if http == "2":
        response = await app.post(url, content, headers)
    else:
        async with plain_client(sandbox) as client:
            response = await client.post(url, content=content, headers=headers)
    assert response.status_code == 200, response.text
    [entry] = sandbox.ledger.requests
    assert (entry.http, entry.bytes_in) == (http, len(content))
    assert sandbox.world.library.uploads[studio.pk, "1001"].file.stat().st_size == len(content)
