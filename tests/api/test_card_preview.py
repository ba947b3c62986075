"""`POST /story-repost/preview`, and the settings that say what cards look like."""

from __future__ import annotations

import json
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.media.samples import make_video, quarters
from tests.support.in_turn import in_turn
from tests.support.served import Answer, Served

BASE = "/api/v1/story-repost"
OVERLAY = json.dumps({"text": "via @{username} 💛", "size": "large"})


async def upload(served: Served, file: Path) -> str:
    response = await served.client.post(
        f"{served.url}/api/v1/media/upload", files={"file": (file.name, file.read_bytes())},
        headers={"Authorization": f"Bearer {served.key}"},
    )  # fmt: skip
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def photo(served: Served, folder: Path) -> str:
    quarters((400, 500)).save(folder / "a.jpg")
    return await upload(served, folder / "a.jpg")


async def preview(served: Served, media: str, **body: Any) -> Answer:
    return await served.call("POST", f"{BASE}/preview", {"mediaFileId": media, **body})


def picture(answer: Answer) -> Image.Image:
    assert answer.status == 200, answer.body
    head, _, data = answer.body["image"].partition(",")
    assert head == "data:image/jpeg;base64"
    image = Image.open(BytesIO(b64decode(data)))
    assert image.size == (answer.body["width"], answer.body["height"]) == (1080, 1920)
    return image.convert("RGB")


async def test_templates_and_overlay_are_seen_and_nothing_is_kept(
    served: Served, tmp_path: Path
) -> None:
    media = await photo(served, tmp_path)
    answers = [
        await preview(served, media, username="marta", template=template)
        for template in ("classic", "blur", "frame", "full-bleed")
    ]
    signed = await preview(served, media, username="marta", signatureOverlay=OVERLAY)

    pictures = [picture(answer) for answer in (*answers, signed)]
    assert len({image.tobytes() for image in pictures}) == 5
    assert [answer.body["template"] for answer in answers] == [
        "classic", "blur", "frame", "full-bleed",
    ]  # fmt: skip
    assert all(0 < answer.body["sticker"]["width"] < 1 for answer in answers)
    listed = await served.call("GET", "/api/v1/media")
    assert listed.body["total"] == 1
    assert list(served.studio.folder.incoming.iterdir()) == []


async def test_an_account_gives_the_design(served: Served, tmp_path: Path) -> None:
    media, account = await photo(served, tmp_path), served.studio.account.id
    saved = await served.call(
        "POST", f"{BASE}/config",
        {
            "accountId": account, "template": "frame", "signatureOverlay": OVERLAY,
            "autoTagOriginalPoster": False,
        },
    )  # fmt: skip
    assert saved.body["template"] == "frame"
    assert json.loads(saved.body["signatureOverlay"]) == json.loads(OVERLAY)

    own = await preview(served, media, accountId=account)
    told = await preview(served, media, template="frame", signatureOverlay=OVERLAY)
    assert picture(own).tobytes() == picture(told).tobytes()
    assert own.body["sticker"] is None  # autoTagOriginalPoster is off

    cleared = await served.call(
        "POST", f"{BASE}/config", {"accountId": account, "signatureOverlay": None}
    )
    assert cleared.body["signatureOverlay"] is None
    assert cleared.body["template"] == "frame"


async def test_of_a_video_a_picture_is_shown(served: Served, tmp_path: Path) -> None:
    media = await upload(served, make_video(tmp_path / "a.mp4", seconds=3, fps=24))
    composed = await preview(served, media, template="classic")
    copied = await preview(served, media, template="full-bleed")

    assert composed.body["kind"] == copied.body["kind"] == "video"
    picture(composed)
    picture(copied)


@in_turn(
    ("setting", "told"),
    [
        ({"template": "polaroid"}, "'classic', 'blur', 'frame' or 'full-bleed'"),
        ({"template": 3}, "template"),
        ({"signatureOverlay": "via @marta"}, "it is no JSON"),
        ({"signatureOverlay": '{"text": "x", "size": 5}'}, "size: takes small"),
        ({"signatureOverlay": '{"text": "𓀀"}'}, "there is no font here for 𓀀"),
        ({"signatureOverlay": {"text": "x"}}, "signatureOverlay"),
    ],
)
async def test_designs_that_cannot_be_are_refused_by_name(
    served: Served, tmp_path: Path, setting: dict[str, Any], told: str
) -> None:
    media, account = await photo(served, tmp_path), served.studio.account.id
    saved = await served.call("POST", f"{BASE}/config", {"accountId": account, **setting})
    shown = await preview(served, media, **setting)

    for answer in (saved, shown):
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
        assert told in answer.body["error"]
        assert next(iter(setting)) in answer.body["error"]
    status = await served.call("GET", f"{BASE}/status?accountId={account}")
    assert status.body["configured"] is False


async def test_unknown_media_and_accounts(served: Served, tmp_path: Path) -> None:
    nothing = "00000000-0000-4000-8000-000000000000"
    for answer in (
        await preview(served, nothing),
        await preview(served, await photo(served, tmp_path), accountId=nothing),
    ):
        assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")


async def look(served: Served, **body: Any) -> Answer:
    account = served.studio.account.id
    return await served.call("POST", f"{BASE}/look", {"accountId": account, **body})


@pytest.mark.acceptance
async def test_looks_are_of_the_last_story_or_of_a_sample_and_keep_nothing(served: Served) -> None:
    studio = served.studio
    await studio.configure(approval_required=True, signature_overlay=OVERLAY)
    before = sorted(studio.folder.root.rglob("*.jpg"))
    drawn = await look(served)
    assert (drawn.status, drawn.body["sample"], drawn.body["template"]) == (200, "tall", "classic")
    bare = await look(served, signatureOverlay=None)
    seen = {drawn.body["image"], bare.body["image"]}
    for sample in ("wide", "dark", "bright", "video"):
        answer = await look(served, sample=sample, template="frame", username="x" * 30)
        assert (answer.status, answer.body["sample"]) == (200, sample)
        seen.add(answer.body["image"])
    assert sorted(studio.folder.root.rglob("*.jpg")) == before

    studio.mention(studio.friend("lena.morgen"))
    await studio.scan()
    await studio.advance()
    last = await look(served)
    assert last.body["sample"] == "last"
    seen.add(last.body["image"])
    assert len(seen) == 7
    wrong = await look(served, signatureOverlay='{"text": ""}')
    assert (wrong.status, wrong.body["code"]) == (400, "VALIDATION_ERROR")
