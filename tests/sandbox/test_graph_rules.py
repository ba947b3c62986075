from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from sandbox import Sandbox
from sandbox.world.person import Person
from sandbox.world.sample_media import make_photo, make_video
from tests.sandbox.graph_client import PUBLIC, Graph, MediaHost, code


async def failure(graph: Graph, **form: object) -> str:
    """The subcode with which a container ends."""
    container = await graph.create(**form)
    assert await graph.processed(container) == "ERROR"
    status = (await graph.get(container, fields="status"))["status"]
    return str(status).rpartition(" ")[2]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"image_url": "file:///etc/passwd"}, (9004, 2207052)),
        ({"image_url": "no address"}, (9004, 2207052)),
        ({}, (100, None)),
        ({"media_type": "REELS"}, (100, None)),
        ({"media_type": "VIDEO", "video_url": "v"}, (100, 2207023)),
        ({"media_type": "MEME", "image_url": "i"}, (100, 2207023)),
        ({"image_url": "i", "caption": "x" * 2201}, (36004, 2207010)),
        ({"image_url": "i", "caption": "#a " * 31}, (36004, 2207010)),
        ({"image_url": "i", "caption": "@a " * 21}, (36004, 2207010)),
        ({"image_url": "i", "user_tags": json.dumps([{}] * 21)}, (100, 2207040)),
        ({"image_url": "i", "user_tags": '[{"username": "nobody", "x": 0, "y": 0}]'}, (100, None)),
        ({"image_url": "i", "user_tags": '[{"username": "anna"}]'}, (100, None)),
        ({"image_url": "i", "user_tags": '[{"username": "anna", "x": 2, "y": 0}]'}, (100, None)),
        ({"image_url": "i", "user_tags": "anna"}, (100, None)),
        ({"image_url": "i", "collaborators": '["a", "b", "c", "d"]'}, (100, None)),
        ({"image_url": "i", "location_id": "Berlin"}, (100, None)),
        ({"media_type": "REELS", "video_url": "v", "thumb_offset": "soon"}, (1, 2207057)),
        ({"media_type": "CAROUSEL", "children": "17889000"}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": "1,1"}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": "1,2"}, (24, 2207006)),
        ({"media_type": "REELS", "upload_type": "resumable"}, (100, None)),
    ],
)
async def test_what_is_refused_at_once(
    sandbox: Sandbox,
    graph: Graph,
    anna: Person,
    form: dict[str, Any],
    expected: tuple[int, int | None],
) -> None:
    for name in ("image_url", "video_url"):
        if len(form.get(name, "")) == 1:
            form = form | {name: f"{PUBLIC}/{form[name]}"}
    answer = await graph.send("POST", f"{graph.account.ig_user_id}/media", data=form)
    assert answer.status_code == 400
    assert code(answer.json()) == expected
    assert sandbox.world.graph.containers == {}


async def test_what_cannot_be_fetched(
    sandbox: Sandbox, graph: Graph, media_host: MediaHost, square: Path
) -> None:
    assert await failure(graph, image_url=f"{PUBLIC}/missing.jpg") == "2207052"
    assert await failure(graph, image_url="http://127.0.0.1:9/nothing.jpg") == "2207052"
    media_host.put(square)
    media_host.redirects = {"/there": "/square.jpg", "/round": "/round", "/odd": "ftp://x/y"}
    await graph.made(image_url=f"{PUBLIC}/there")
    assert await failure(graph, image_url=f"{PUBLIC}/round") == "2207052"
    assert await failure(graph, image_url=f"{PUBLIC}/odd") == "2207052"
    media_host.content_type = "text/html"  # what a login page looks like
    assert await failure(graph, image_url=f"{PUBLIC}/square.jpg") == "2207052"
    media_host.hangs = True
    sandbox.world.graph.fetch_timeout_s = 0.2
    assert await failure(graph, image_url=f"{PUBLIC}/square.jpg") == "2207003"


async def test_which_photos_are_taken(
    sandbox: Sandbox, graph: Graph, media_host: MediaHost, square: Path, tmp_path: Path
) -> None:
    png, cut, large = (tmp_path / name for name in ("a.png", "cut.jpg", "large.jpg"))
    with Image.open(square) as image:
        image.save(png)
    cut.write_bytes(square.read_bytes()[:-3000])
    large.write_bytes(square.read_bytes() + bytes(8 * 1024 * 1024))
    assert await failure(graph, image_url=media_host.put(png)) == "2207005"
    assert await failure(graph, image_url=media_host.put(cut)) == "2207005"
    assert await failure(graph, image_url=media_host.put(large)) == "2207004"

    tall, wide, huge = (tmp_path / name for name in ("tall.jpg", "wide.jpg", "huge.jpg"))
    make_photo(tall, 400, 600, 1)
    make_photo(wide, 800, 400, 1)
    make_photo(huge, 1800, 1800, 1)
    assert await failure(graph, image_url=media_host.put(tall)) == "2207009"
    assert await failure(graph, image_url=media_host.put(wide)) == "2207009"
    await graph.published(media_type="STORIES", image_url=media_host.put(tall))
    await graph.published(image_url=media_host.put(huge))
    assert (sandbox.ledger.published[-1].width, sandbox.ledger.published[-1].height) == (1440, 1440)


async def test_which_videos_are_taken(
    graph: Graph, media_host: MediaHost, clip: Path, photo: Path, video: Path, tmp_path: Path
) -> None:
    reel = {"media_type": "REELS"}
    late, slow, full = (tmp_path / name for name in ("late.mp4", "slow.mp4", "full.mp4"))
    _with_index_last(clip, late)
    make_video(slow, 64, 64, 4, 12, 1)
    _with_full_colour(clip, full)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    for file in (photo, video, late, slow, full, cut):  # video: two seconds are too few
        assert await failure(graph, **reel, video_url=media_host.put(file)) == "2207026", file
    url = media_host.put(clip)
    assert await failure(graph, **reel, video_url=url, thumb_offset="9000") == "2207057"
    await graph.made(**reel, video_url=url, thumb_offset="1500")
    await graph.made(media_type="STORIES", video_url=url)


async def test_a_reel_may_be_longer_than_a_story(
    graph: Graph, media_host: MediaHost, tmp_path: Path
) -> None:
    long = tmp_path / "long.mp4"
    make_video(long, 64, 64, 62, 23, 1, with_sound=False)
    url = media_host.put(long)
    assert await failure(graph, media_type="STORIES", video_url=url) == "2207026"
    await graph.made(media_type="REELS", video_url=url)


def _with_index_last(source: Path, target: Path) -> None:
    """Rewrite an MP4 so that a player needs all of it before it can begin."""
    with av.open(source) as old, av.open(target, "w", format="mp4") as new:
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)


def _with_full_colour(source: Path, target: Path) -> None:
    """Encode a video again in 4:4:4, which few players know."""
    options = {"movflags": "faststart"}
    with av.open(source) as old, av.open(target, "w", format="mp4", options=options) as new:
        stream = new.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv444p"
        for frame in old.decode(video=0):
            new.mux(stream.encode(frame.reformat(64, 64, "yuv444p")))
        new.mux(stream.encode())
