from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from media.encoding import pace

rates = st.sampled_from([Fraction(23), Fraction(30_000, 1001), Fraction(30), Fraction(60)])


def test_an_even_rate_passes_through() -> None:
    frames = [(n / 30, n) for n in range(5)]

    assert list(pace(frames, Fraction(30), 5)) == [(n, 1) for n in range(5)]


def test_a_low_rate_is_filled_up_and_a_high_one_thinned_out() -> None:
    assert list(pace([(0, "a"), (0.1, "b")], Fraction(30), 6)) == [("a", 3), ("b", 3)]
    thinned = list(pace([(n / 120, n) for n in range(8)], Fraction(60), 4))
    assert [count for _, count in thinned] == [1, 1, 1, 1]


def test_a_false_time_far_ahead_ends_it() -> None:
    assert list(pace([(0, "a"), (1e12, "b")], Fraction(30), 90)) == [("a", 90)]


@given(st.lists(st.floats(0.001, 2), max_size=50), rates, st.integers(1, 500))
def test_every_place_is_filled_and_order_kept(
    steps: list[float], fps: Fraction, total: int
) -> None:
    times = [0.0]
    for step in steps:
        times.append(times[-1] + step)

    paced = list(pace([(time, time) for time in times], fps, total))

    assert sum(count for _, count in paced) == total
    assert all(count > 0 for _, count in paced)
    assert [time for time, _ in paced] == sorted(time for time, _ in paced)
    shown = 0
    for time, count in paced:  # none comes earlier or later than half a place
        assert abs(shown - time * fps) <= 1
        shown += count
