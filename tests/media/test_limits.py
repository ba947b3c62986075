"""What can never be sent is said when it arrives; what can be made to fit is not complained of."""

from __future__ import annotations

import pytest

from media.limits import Facts, Use, problems, problems_anywhere


def photo(width: int, height: int) -> Facts:
    return Facts(is_video=False, width=width, height=height, duration_s=None)


def video(seconds: float, width: int = 1080, height: int = 1920) -> Facts:
    return Facts(is_video=True, width=width, height=height, duration_s=seconds)


@pytest.mark.parametrize(
    ("facts", "use"),
    [
        (photo(1080, 1350), Use.FEED_IMAGE),
        (photo(320, 320), Use.CAROUSEL_ITEM),
        (photo(4000, 400), Use.STORY),
        (photo(400, 4000), Use.STORY),
        (video(10, 1920, 200), Use.STORY),
        (video(3), Use.STORY),
        (video(60, 1080, 1080), Use.CAROUSEL_ITEM),
        (video(900, 4096, 4096), Use.REEL),
    ],
)
def test_what_can_be_made_to_fit_is_accepted(facts: Facts, use: Use) -> None:
    assert problems(facts, use) == []
    assert problems_anywhere(facts) == []


@pytest.mark.parametrize(
    ("facts", "use", "limit"),
    [
        (photo(1080, 1920), Use.FEED_IMAGE, "4:5"),
        (photo(1920, 500), Use.CAROUSEL_ITEM, "1.91:1"),
        (photo(300, 300), Use.STORY, "320 px"),
        (photo(1080, 1080), Use.REEL, "a Reel is a video"),
        (video(30), Use.FEED_IMAGE, "use REELS"),
        (video(2), Use.REEL, "3 to 900 s"),
        (video(901), Use.REEL, "3 to 900 s"),
        (video(61), Use.STORY, "3 to 60 s"),
        (video(61, 1080, 1080), Use.CAROUSEL_ITEM, "3 to 60 s"),
        (video(30), Use.CAROUSEL_ITEM, "4:5"),
    ],
)
def test_what_cannot_is_refused_with_its_limit(facts: Facts, use: Use, limit: str) -> None:
    (problem,) = problems(facts, use)
    assert limit in problem


@pytest.mark.parametrize("facts", [photo(300, 300), video(1), video(1000)])
def test_a_file_that_fits_nowhere_is_invalid(facts: Facts) -> None:
    assert problems_anywhere(facts) != []
