"""What the preview of a card shows is what goes out: the same picture, the tag in its place."""

from __future__ import annotations

import json
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from operations import models
from operations.actor import Actor
from operations.card_preview import preview_card
from operations.house import House
from repost.approval import approve
from tests.support.houses import house_of
from tests.support.studio import Studio
from tests.support.thinned import sparing

OVERLAY = json.dumps({"text": "via @{username} 💛", "size": "large"})
# Both are JPEGs of one drawing; what was uploaded has been a JPEG once more often.
ALIKE = 3.0


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    stat = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB")))
    return max(stat.mean)


async def shown(studio: Studio, house: House, file: Path) -> models.CardPreview:
    scratch = house.library.scratch()
    scratch.write_bytes(file.read_bytes())
    media = await house.library.take_in(scratch, file.name, studio.core.owner.id)
    asked = models.CardPreviewRequest(
        media_file_id=media.id, account_id=studio.account.id, username="anna"
    )
    actor = Actor(user_id=studio.core.owner.id, via="test")
    answer: models.CardPreview = await house.perform(preview_card, actor, asked)
    return answer


@pytest.mark.parametrize(
    "settings",
    sparing(
        [
            {"template": "classic"},
            {"template": "blur", "signature_overlay": OVERLAY},
            {"template": "frame", "auto_tag_original_poster": False},
            {"template": "full-bleed"},
        ],
        every=2,
    ),
    ids=lambda settings: str(settings["template"]),
)
async def test_a_repost_looks_as_its_preview(studio: Studio, settings: dict[str, Any]) -> None:
    house = await house_of(studio)
    await studio.configure(**settings)
    preview = await shown(studio, house, studio.photo())
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    (live,) = studio.sandbox.world.published(studio.person)
    before = Image.open(BytesIO(b64decode(preview.image.partition(",")[2])))
    after = Image.open(live.file)
    assert before.size == after.size
    assert mean_difference(before, after) < ALIKE
    places = [(tag.x, tag.y, tag.width, tag.height) for tag in live.mentions]
    sticker = preview.sticker
    expected = [] if sticker is None else [(sticker.x, sticker.y, sticker.width, sticker.height)]
    assert places == [pytest.approx(place, abs=0.001) for place in expected]
    other = Image.open(studio.photo(seed=9)).resize(after.size)
    assert mean_difference(other, after) > 3 * ALIKE  # the comparison tells pictures apart


async def test_what_was_changed_since_the_preview_of_an_approval_is_drawn_anew(
    studio: Studio, tmp_path: Path
) -> None:
    """A card waits for approval, the design is changed: what goes out is what is shown then."""
    house = await house_of(studio)
    await studio.configure(template="classic", approval_required=True)
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    await studio.configure(template="frame", approval_required=True)
    await studio.advance()
    repost = await studio.only()
    await studio.core.store.write(approve, repost.id, studio.clock.now())
    await studio.advance()
    await studio.publish_due()
    (live,) = studio.sandbox.world.published(studio.person)
    preview = await shown(studio, house, studio.photo())
    before = Image.open(BytesIO(b64decode(preview.image.partition(",")[2])))
    assert mean_difference(before, Image.open(live.file)) < ALIKE
