"""Text as pixels: the order of mixed scripts, the fonts that draw them, wrapping."""

from __future__ import annotations

import pytest
from PIL import Image

from media.lettering import Block, draw, fit, set_line
from media.typefaces import EMOJI, clusters, undrawable


def pieces(text: str, family: str = "sans") -> list[str]:
    """Return a line's runs from left to right, those that read the other way in brackets."""
    (line,) = set_line(text, family, 40).lines
    return [run.text if run.rightward else f"[{run.text}]" for run in line]


def test_emoji_are_whole() -> None:
    assert clusters("a👩‍👩‍👧b🇪🇬🇩🇪1️⃣❤️👍🏽#") == [
        "a", "👩‍👩‍👧", "b", "🇪🇬", "🇩🇪", "1️⃣", "❤️", "👍🏽", "#",
    ]  # fmt: skip


def test_latin_stays_one_piece_and_emoji_have_their_font() -> None:
    (line,) = set_line("via @marta 💛!", "serif", 40).lines
    assert [run.text for run in line] == ["via @marta ", "💛", "!"]
    assert [run.font == EMOJI for run in line] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("שלום", ["[שלום]"]),
        ("Danke שלום du", ["Danke ", "[שלום]", " ", "du"]),
        ("שלום Danke", ["Danke", "[שלום ]"]),
        ("שלום @marta", ["@marta", "[שלום ]"]),  # the sign stays with its name
        ("שלום 💛 טוב", ["[טוב]", "[ ]", "[💛]", "[שלום ]"]),
        ("قبل 123 بعد", ["[بعد]", "[ ]", "123", "[قبل ]"]),
    ],
)
def test_right_to_left_and_mixed_text_is_in_the_order_of_reading(
    text: str, expected: list[str]
) -> None:
    assert pieces(text) == expected


def test_letters_come_from_the_family_and_from_others_where_it_ends() -> None:
    (line,) = set_line("Hello Ελλάδα", "script", 40).lines
    assert [run.font.stem for run in line] == ["Caveat-Bold", "Inter-SemiBold"]
    assert undrawable("Hello Ελλάδα 💛 שלום مرحبا Привет", "script") == []
    assert undrawable("a𓀀b", "sans") == ["𓀀"]


def test_arabic_letters_are_joined() -> None:
    word = "محمد"
    apart = "\u200c".join(word)  # the sign that keeps letters from joining
    assert set_line(word, "sans", 80).width != pytest.approx(
        set_line(apart, "sans", 80).width, abs=3
    )


def lines(block: Block) -> list[str]:
    return ["".join(run.text for run in line) for line in block.lines]


def test_long_text_is_wrapped_between_words_then_made_smaller_then_cut() -> None:
    text = "one two three four five six seven eight nine ten"
    wrapped = fit(text, "sans", 60, (500, 1000), 20)
    assert wrapped.size == 60
    assert wrapped.width <= 500
    assert " ".join(lines(wrapped)) == text

    smaller = fit(text, "sans", 60, (500, 150), 20)
    assert 20 <= smaller.size < 60
    assert smaller.height <= 150
    assert " ".join(lines(smaller)) == text

    cut = fit(text * 9, "sans", 60, (200, 60), 20)
    assert (cut.size, len(cut.lines)) == (20, 2)
    assert lines(cut)[-1].endswith("…")
    assert cut.width <= 200


def test_a_word_without_end_is_broken() -> None:
    block = fit("w" * 200, "sans", 60, (500, 2000), 20)
    assert block.width <= 500
    assert "".join(lines(block)) == "w" * 200


def test_emoji_are_drawn_in_colour_and_letters_in_theirs() -> None:
    heart = draw(set_line("💛", "sans", 100), (255, 255, 255, 255))
    red, green, blue, alpha = heart.getpixel((heart.width // 2, heart.height // 2))  # type: ignore[misc]
    assert alpha == 255
    assert red > green > 150 > blue

    letter = draw(set_line("I", "sans", 100), (10, 200, 30, 255))
    assert (10, 200, 30, 255) in {
        letter.getpixel((x, letter.height // 2)) for x in range(letter.width)
    }


def test_a_shadow_lies_under_the_text_only_where_asked() -> None:
    block = set_line("I", "sans", 100)

    def dark(image: Image.Image) -> bool:
        return any(
            image.getpixel((x, y)) [3] > 20 and max(image.getpixel((x, y))[:3]) < 20  # type: ignore[index]
            for x in range(image.width) for y in range(0, image.height, 4)
        )  # fmt: skip

    assert dark(draw(block, (255, 255, 255, 255), shadow=True))
    assert not dark(draw(block, (255, 255, 255, 255)))
