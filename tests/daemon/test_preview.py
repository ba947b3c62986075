"""`reprise preview`: cards without a daemon or an account."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.media.samples import make_video, quarters
from tests.support.process import environment, reprise


async def test_a_photo_becomes_a_card(tmp_path: Path) -> None:
    quarters((300, 400)).save(tmp_path / "story.jpg")
    (tmp_path / "line.json").write_text('{"text": "via @{username} 💛"}', encoding="utf-8")
    done = await reprise(
        "preview", "story.jpg", "--template", "frame", "--author", "marta",
        "--overlay", "@line.json", "--json",
        env=environment(tmp_path), cwd=tmp_path,
    )  # fmt: skip

    assert done.code == 0, done.err
    assert done.json["file"] == "story-card.jpg"
    assert (done.json["kind"], done.json["width"], done.json["height"]) == ("photo", 1080, 1920)
    assert 0.5 < done.json["sticker"]["y"] < 0.9
    with Image.open(tmp_path / "story-card.jpg") as card:
        assert (card.format, card.size) == ("JPEG", (1080, 1920))
    files = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert files - {"config.toml"} == {"story.jpg", "line.json", "story-card.jpg"}  # no thumbnail
    assert not list(tmp_path.glob("**/reprise.db"))


@pytest.mark.acceptance
async def test_a_video_becomes_a_video_where_it_is_told_to_go(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", seconds=0.3)
    done = await reprise(
        "preview", "a.mp4", "--output", "out.mp4", env=environment(tmp_path), cwd=tmp_path
    )

    assert (done.code, done.out.strip()) == (0, "out.mp4"), done.err
    assert (tmp_path / "out.mp4").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["page.jpg"], 1, "No card can be made of page.jpg: it is neither a photo nor a video"),
        (["none.jpg"], 2, "none.jpg"),
        (["story.jpg", "--template", "polaroid"], 2, "polaroid"),
        (["story.jpg", "--overlay", '{"text": "x", "txet": 1}'], 2, "txet: there is no such key"),
        (["story.jpg", "--overlay", "@none.json"], 2, "none.json"),
        (["story.jpg", "--output", "story.jpg"], 2, "that is the file itself"),
        (["story.jpg", "--output", "card.png"], 2, "the card of a photo is a .jpg file"),
        (["story.jpg", "--output", "no/folder/card.jpg"], 1, "cannot be written to no/folder"),
    ],
)
async def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    quarters((30, 40)).save(tmp_path / "story.jpg")
    (tmp_path / "page.jpg").write_text("<html>")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = await reprise("preview", *arguments, env=environment(tmp_path), cwd=tmp_path)

    assert done.code == code
    assert told in done.err
    assert "Traceback" not in done.err
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name in before}
    assert kept == before
    assert not list(tmp_path.glob("*card*"))
