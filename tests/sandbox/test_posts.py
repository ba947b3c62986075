from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiograpi import exceptions
from aiograpi.types import Location, UserShort, Usertag

from sandbox import Sandbox
from sandbox.world.person import Person
from tests.sandbox.clients import AIOGRAPI, API, App, logged_in, plain_client
from tests.sandbox.conftest import Clock

pytestmark = [pytest.mark.acceptance, AIOGRAPI, pytest.mark.usefixtures("no_waiting")]


@pytest.fixture
async def app(app: App, studio: Person) -> App:
    await app.login(studio)
    return app


@pytest.fixture
def still(photo: Path, tmp_path: Path) -> Path:
    """A cover: aiograpi crops the file in place, so every test needs its own."""
    path = tmp_path / "still.jpg"
    path.write_bytes(photo.read_bytes())
    return path


def tag(person: Person) -> Usertag:
    return Usertag(user=UserShort(pk=str(person.pk)), x=0.25, y=0.75)


async def test_a_photo(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, square: Path, clock: Clock
) -> None:
    cafe = sandbox.world.add_place("Café", 52.5, 13.4, address="Unter den Linden 1")
    berta = sandbox.world.add_person("berta")
    where = Location(name="Café", lat=52.5, lng=13.4)
    shown = await app(
        "photo_upload",
        square,
        "hello",
        usertags=[tag(anna)],
        location=where,
        coauthor_user_ids=[berta.pk],
    )

    [post] = sandbox.world.published(studio)
    assert (post.route, post.product, post.kind, post.pk) == (
        "private",
        "feed",
        "photo",
        int(shown.pk),
    )
    assert (post.caption, post.at, post.location_id) == ("hello", clock.now, str(cafe.pk))
    assert [(told.username, told.x, told.y) for told in post.user_tags] == [("anna", 0.25, 0.75)]
    assert post.collaborators == ("berta",)
    assert shown.usertags[0].user.username == "anna"
    assert shown.location.name == "Café"
    assert (shown.media_type, shown.product_type, shown.caption_text) == (1, "feed", "hello")
    assert not sandbox.ledger.unknown
    assert sandbox.ledger.count("media/configure/") == 1


async def test_a_video(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, video: Path, still: Path
) -> None:
    studio.transcode_polls = 1
    shown = await app("video_upload", video, "moves", thumbnail=still, usertags=[tag(anna)])
    [post] = sandbox.world.published(studio)
    assert (post.product, post.kind, post.file.read_bytes()) == (
        "feed",
        "video",
        video.read_bytes(),
    )
    assert (shown.media_type, shown.video_duration) == (2, pytest.approx(2, abs=0.1))
    configured = sandbox.ledger.find("media/configure/")
    assert [entry.status for entry in configured] == [202, 200]
    assert not sandbox.ledger.unknown


async def test_a_reel(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, video: Path, still: Path
) -> None:
    shown = await app(
        "clip_upload",
        video,
        "a reel",
        thumbnail=still,
        usertags=[tag(anna)],
        extra_data={"invite_coauthor_user_ids": [str(anna.pk)]},
    )
    [post] = sandbox.world.published(studio)
    assert (post.product, post.kind, post.caption) == ("reel", "video", "a reel")
    assert post.collaborators == ("anna",)
    assert (shown.product_type, shown.media_type) == ("clips", 2)
    reel = sandbox.world.library.posts[post.pk]
    assert reel.shots[0].poster == sandbox.world.library.uploads[studio.pk, post.upload_id].cover
    assert [found.pk for found in await app("user_clips_v1", str(studio.pk))] == [shown.pk]
    assert not sandbox.ledger.unknown


async def test_an_album(
    sandbox: Sandbox,
    app: App,
    studio: Person,
    anna: Person,
    square: Path,
    video: Path,
    still: Path,
) -> None:
    client = app.client
    uploaded = await app("photo_rupload", square, to_album=True)
    moving = await app("video_rupload", video, still, to_album=True)
    await app("photo_rupload", still, moving[0])
    children = [{"upload_id": uploaded[0]}, {"upload_id": moving[0], "length": moving[3]}]
    answer = await app("album_configure", children, "an album", usertags=[[tag(anna)], []])

    [post] = sandbox.world.published(studio)
    assert (post.product, post.kind, post.caption) == ("carousel", "photo", "an album")
    assert [child.kind for child in post.children] == ["photo", "video"]
    assert [told.username for told in post.children[0].user_tags] == ["anna"]
    assert post.children[1].user_tags == ()
    media = client._extract_configured_media(answer)
    assert (media.media_type, len(media.resources)) == (8, 2)
    assert not sandbox.ledger.unknown


async def test_an_album_of_photos(
    sandbox: Sandbox, app: App, studio: Person, square: Path, photo: Path
) -> None:
    shown = await app("album_upload", [square, photo], "two")
    [post] = sandbox.world.published(studio)
    assert [child.pk for child in post.children] == [int(part.pk) for part in shown.resources]


async def test_a_grid_and_its_pages(
    sandbox: Sandbox, app: App, anna: Person, square: Path, video: Path, clock: Clock
) -> None:
    for number in range(40):
        sandbox.world.add_post(anna, square, caption=str(number), taken_at=clock.now - number)
    reel = sandbox.world.add_post(anna, video, product="reel", taken_at=clock.now + 1)
    sandbox.world.add_post(anna, square, square, taken_at=clock.now - 99)

    shown = await app("user_medias_v1", anna.pk)

    assert [found.caption_text for found in shown] == ["", *map(str, range(40)), ""]
    assert shown[0].pk == str(reel.pk) or shown[0].pk == reel.pk
    assert [found.media_type for found in shown[:2]] == [2, 1]
    assert len(shown[-1].resources) == 2
    assert sandbox.ledger.count(f"feed/user/{anna.pk}/") == 2
    assert (await app("user_info_v1", anna.pk)).media_count == 42
    page, cursor = await app("user_medias_paginated_v1", anna.pk, 3)
    sandbox.world.delete_post(sandbox.world.library.posts[int(str(page[-1].pk))])
    following, _ = await app("user_medias_paginated_v1", anna.pk, 2, end_cursor=cursor)
    assert [found.caption_text for found in following] == ["2", "3"]
    assert not sandbox.ledger.unknown


async def test_looking_at_a_post(
    sandbox: Sandbox, app: App, anna: Person, square: Path, studio: Person
) -> None:
    secret = sandbox.world.add_person("secret", private=True)
    hidden = sandbox.world.add_post(secret, square)
    open_post = sandbox.world.add_post(anna, square, caption="seen")

    assert (await app("media_info_v1", open_post.pk)).caption_text == "seen"
    with pytest.raises(exceptions.PrivateAccount):
        await app("media_info_v1", hidden.pk)
    with pytest.raises(exceptions.PrivateAccount):
        await app("user_medias_paginated_v1", secret.pk)
    sandbox.world.follow(studio, secret)
    assert len(await app("user_medias_v1", secret.pk)) == 1
    with pytest.raises(exceptions.UnknownError, match="can't delete"):
        await app("media_delete", open_post.media_id)


async def test_a_post_is_taken_down(
    sandbox: Sandbox, app: App, studio: Person, square: Path, clock: Clock
) -> None:
    shown = await app("photo_upload", square, "soon gone")
    clock.now += 7
    assert await app("media_delete", shown.id)
    assert sandbox.ledger.published[0].deleted_at == clock.now
    assert await app("user_medias_v1", studio.pk) == []
    with pytest.raises(exceptions.MediaNotFound):
        await app("media_info_v1", shown.pk)
    async with plain_client(sandbox) as client:
        assert (await client.get(str(shown.thumbnail_url))).status_code == 404


async def test_a_post_is_edited(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, square: Path
) -> None:
    post = sandbox.world.add_post(studio, square, caption="before")
    data = {"caption_text": "after", "location": "{}", "usertags": '{"in": []}'}
    await app("private_request", f"media/{post.media_id}/edit_media/", data)
    assert (await app("media_info_v1", post.pk)).caption_text == "after"
    hers = sandbox.world.add_post(anna, square)
    with pytest.raises(exceptions.UnknownError, match="can't edit"):
        await app("private_request", f"media/{hers.media_id}/edit_media/", data)


async def test_places(sandbox: Sandbox, app: App) -> None:
    far = sandbox.world.add_place("Far", 52.9, 13.4)
    near = sandbox.world.add_place("Near", 52.5, 13.4)
    sandbox.world.add_place("Elsewhere", -33.8, 151.2)
    found = await app("location_search", 52.51, 13.4)
    assert [(place.name, place.external_id) for place in found] == [
        ("Near", near.pk),
        ("Far", far.pk),
    ]
    assert (await app("location_info", near.pk)).name == "Near"
    with pytest.raises(exceptions.ClientNotFoundError):
        await app("location_info", 12345)


@pytest.fixture
async def client(sandbox: Sandbox, studio: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as opened:
        yield opened


@pytest.fixture
async def uploads(client: httpx.AsyncClient, square: Path, video: Path) -> dict[str, str]:
    """A photo and a video that have come in, the video without a cover."""
    for number, file, kind in (("1", square, "photo"), ("2", video, "video")):
        content = file.read_bytes()
        headers = {
            "x-instagram-rupload-params": f'{{"upload_id": "{number}"}}',
            "x-entity-name": "name",
            "x-entity-length": str(len(content)),
            "offset": "0",
        }
        url = f"{API}/rupload_ig{kind}/name"
        assert (await client.post(url, content=content, headers=headers)).status_code == 200
    return {"photo": "1", "video": "2"}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("configure/", {"upload_id": "7"}),
        ("configure/", {"upload_id": "2"}),
        ("configure/?video=1", {"upload_id": "1"}),
        ("configure/?video=1", {"upload_id": "2"}),  # it has no cover
        ("configure_to_clips/?video=1", {"upload_id": "1"}),
        ("configure_to_clips/?video=1", {"upload_id": "2"}),
        ("configure/", {"upload_id": "1", "caption": "x" * 2201}),
        ("configure/", {"upload_id": "1", "usertags": "anna"}),
        ("configure/", {"upload_id": "1", "usertags": '{"in": [{"user_id": 1}]}'}),
        ("configure/", {"upload_id": "1", "usertags": '{"in": [{"user_id": "{anna}"}]}'}),
        ("configure/", {"upload_id": "1", "location": "Berlin"}),
        ("configure/", {"upload_id": "1", "invite_coauthor_user_ids": ["1"]}),
        ("configure/", {"upload_id": "1", "invite_coauthor_user_ids": "anna"}),
        ("configure_sidecar/", {"children_metadata": []}),
        ("configure_sidecar/", {"children_metadata": [{"upload_id": "1"}]}),
        ("configure_sidecar/", {"children_metadata": [{"upload_id": "1"}, "2"]}),
        ("configure_sidecar/", {"children_metadata": [{"upload_id": "1"}, {"upload_id": "9"}]}),
    ],
)
async def test_a_wrong_configure_publishes_nothing(
    sandbox: Sandbox,
    client: httpx.AsyncClient,
    anna: Person,
    uploads: dict[str, str],
    path: str,
    fields: dict[str, Any],
) -> None:
    for name, value in fields.items():
        if isinstance(value, str):
            fields = fields | {name: value.replace("{anna}", str(anna.pk))}
    answer = await client.post(f"{API}/api/v1/media/{path}", json=fields)
    assert answer.status_code == 400, answer.text
    assert sandbox.ledger.published == []


async def test_the_same_upload_twice_makes_two_posts(
    sandbox: Sandbox, client: httpx.AsyncClient, uploads: dict[str, str]
) -> None:
    for _ in range(2):
        answer = await client.post(f"{API}/api/v1/media/configure/", json={"upload_id": "1"})
        assert answer.status_code == 200
    assert len({post.pk for post in sandbox.ledger.published}) == 2


async def test_both_routes_know_the_same_posts(
    sandbox: Sandbox, open_app: Callable[..., App], studio: Person, square: Path
) -> None:
    app = open_app()
    await app.login(studio)
    shown = await app("photo_upload", square, "one world")
    account = sandbox.world.connect_graph(studio)
    async with plain_client(sandbox) as client:
        url = "https://graph.instagram.com/me/media?fields=ig_id,shortcode"
        headers = {"authorization": f"Bearer {account.token}"}
        [listed] = (await client.get(url, headers=headers)).json()["data"]
    assert (listed["ig_id"], listed["shortcode"]) == (str(shown.pk), shown.code)
    assert listed["id"] == sandbox.ledger.published[0].graph_id
