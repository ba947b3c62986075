"""The user's own line: what is taken, what is refused and why, and where it goes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repost.layout import CANVAS, SAFE, SIDE, Template, layout
from repost.overlay import OverlayInvalid, parse_overlay
from repost.signature import lettered, placed

PLACES = [
    "top-left", "top", "top-right", "left", "center", "right",
    "bottom-left", "bottom", "bottom-right",
]  # fmt: skip


def test_text_alone_is_enough_and_names_the_author() -> None:
    overlay = parse_overlay('{"text": "  via   @{username}\\n thanks "}')

    assert overlay.text_for("marta") == "via @marta\nthanks"
    assert (overlay.position, overlay.pixels, overlay.rgba) == ("bottom", 48, (255, 255, 255, 255))


def test_every_key_is_heard() -> None:
    given_ = {
        "text": "x", "position": {"x": 0.2, "y": 0.5}, "size": 100, "color": "#12345680",
        "font": "serif", "shadow": False,
    }  # fmt: skip
    overlay = parse_overlay(json.dumps(given_))

    assert json.loads(overlay.model_dump_json()) == given_
    assert overlay.rgba == (0x12, 0x34, 0x56, 0x80)


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ("via @{username}", "no JSON"),
        ('"via"', "no JSON object"),
        ("{}", "text: it is missing"),
        ({"text": " \n "}, "text: is empty"),
        ({"text": 3}, "text: "),
        ({"text": "x" * 201}, "text: takes 200"),
        ({"text": "a\nb\nc\nd\ne"}, "text: takes"),
        ({"text": "hi {name}"}, "unknown placeholder {name}"),
        ({"text": "\x07"}, "text: has characters that cannot be printed"),
        ({"text": "\ue000"}, "text: has characters that cannot be printed"),
        ({"text": "ok 𓀀"}, "text: there is no font here for 𓀀"),
        ({"text": "x", "colour": "red"}, "colour: there is no such key; there are text,"),
        ({"text": "x", "color": "blood"}, "color: takes a colour"),
        ({"text": "x", "size": 19}, "size: takes small"),
        ({"text": "x", "size": "huge"}, "size: takes small"),
        ({"text": "x", "size": True}, "size: takes small"),
        ({"text": "x", "position": "north"}, "position: takes top"),
        ({"text": "x", "position": {"x": 0.5}}, "position: takes top"),
        ({"text": "x", "position": {"x": 0.5, "y": 2}}, "position: takes top"),
        ({"text": "x", "position": {"x": 0.5, "y": 0.2, "z": 1}}, "position: takes top"),
        ({"text": "x", "font": "Comic Sans"}, "font: "),
        ({"text": "x", "shadow": "soft"}, "shadow: "),
    ],
)
def test_what_is_wrong_is_named(given_: dict[str, Any] | str, told: str) -> None:
    with pytest.raises(OverlayInvalid) as refused:
        parse_overlay(given_ if isinstance(given_, str) else json.dumps(given_))

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@settings(max_examples=60, deadline=None)
@given(
    st.text("abc שלום\n", min_size=1, max_size=200).filter(
        lambda text: text.strip() != "" and text.strip().count("\n") < 4
    ),
    st.sampled_from(PLACES) | st.fixed_dictionaries({"x": st.floats(0, 1), "y": st.floats(0, 1)}),
    st.integers(20, 160),
    st.sampled_from(Template),
    st.sampled_from([(1080, 1920), (1600, 900), (800, 800), (100, 100)]),
    st.floats(0, 900),
)
def test_it_is_on_the_canvas_and_clear_of_the_name(
    text: str, position: Any, size: int, template: Template, story: tuple[int, int], name: float
) -> None:
    overlay = parse_overlay(json.dumps({"text": text, "position": position, "size": size}))
    plan = layout(*story, name, template)
    block = lettered(overlay, "marta", plan)

    place = placed(overlay, (round(block.width), round(block.height)), plan.label_room)

    assert place.x >= SIDE
    assert place.right <= CANVAS[0] - SIDE
    assert SAFE.y <= place.y
    assert place.bottom <= SAFE.bottom
    assert not place.meets(plan.label_room)
    assert 20 <= block.size <= size


@pytest.mark.parametrize("place", PLACES)
def test_named_places_are_where_they_say(place: str) -> None:
    overlay = parse_overlay(json.dumps({"text": "x", "position": place}))
    label = layout(1600, 900, 300).label  # in the middle of the canvas, below a landscape story
    room = placed(overlay, (200, 60), label)

    middle = room.x + 100, room.y + 30
    assert ("left" in place) == (room.x == SIDE)
    assert ("right" in place) == (room.right == CANVAS[0] - SIDE)
    assert ("top" in place) == (room.y == SAFE.y)
    assert ("bottom" in place) == (room.bottom == SAFE.bottom)
    if place == "center":
        assert middle == (540, 915)
