"""Recognising our own story after its answer was lost: sure, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from instagram.private.stickers import Shown
from instagram.private.stories import Story
from publish.recognition import Liveness, Sent, recognise

AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ANNA = frozenset({"7"})
STICKERS = Shown(hashtags=frozenset({"sea"}), links=1)
SENT = Sent(upload_id="1780000000000", at=AT, kind=1, marks=(ANNA, STICKERS))
OURS = Story(
    pk="100",
    owner_pk="42",
    owner_username="studio",
    is_video=False,
    url="https://x",
    taken_at=AT + timedelta(seconds=2),
    expires_at=AT + timedelta(hours=24),
    upload_id="1780000000000",
    mentioned_pks=ANNA,
    stickers=STICKERS,
)


def test_the_upload_id_decides() -> None:
    assert recognise([replace(OURS, pk="99", upload_id="1"), OURS], SENT, set()) is OURS


def test_without_the_id_one_new_story_with_our_mentions_is_ours() -> None:
    unnamed = replace(OURS, upload_id=None)
    assert recognise([unnamed], SENT, set()) is unnamed


def test_another_upload_id_is_somebodys_own_hand_or_nobody_knows() -> None:
    by_hand = replace(OURS, upload_id="5")
    assert recognise([by_hand], SENT, set()) is Liveness.UNCLEAR
    assert recognise([by_hand, OURS], SENT, set()) is OURS


def test_what_has_no_mark_is_like_any_other() -> None:
    plain = replace(OURS, upload_id=None, mentioned_pks=frozenset(), stickers=Shown())
    sent = replace(SENT, marks=(frozenset(), Shown()), is_marked=False)
    assert recognise([plain], sent, set()) is Liveness.UNCLEAR


def test_the_id_of_a_part_is_ours_too() -> None:
    part = replace(OURS, upload_id="7")
    assert recognise([part], replace(SENT, part_ids=frozenset("7")), set()) is part


def test_a_clock_that_is_ahead_hides_nothing() -> None:
    ahead = replace(SENT, at=AT + timedelta(hours=2), newest_before=99)
    unnamed = replace(OURS, upload_id=None)
    assert recognise([unnamed], ahead, {"99"}) is unnamed
    assert recognise([replace(unnamed, pk="98")], ahead, {"99"}) is Liveness.ABSENT


def test_what_has_no_name_may_be_older_by_a_clock_that_was_wrong() -> None:
    ahead = replace(SENT, upload_id=None, at=AT + timedelta(days=2))
    assert recognise([OURS], ahead, set()) is Liveness.UNCLEAR
    assert recognise([OURS], ahead, {OURS.pk}) is Liveness.ABSENT
    assert recognise([OURS], replace(ahead, newest_before=100), set()) is Liveness.ABSENT
    assert recognise([OURS], replace(ahead, is_marked=False), set()) is Liveness.ABSENT


def test_what_was_there_before_is_not_ours() -> None:
    unnamed = replace(OURS, upload_id=None)
    assert recognise([unnamed], SENT, {"100"}) is Liveness.ABSENT
    old = replace(unnamed, taken_at=AT - timedelta(hours=1))
    assert recognise([old], SENT, set()) is Liveness.ABSENT
    video = replace(unnamed, is_video=True)
    assert recognise([video], SENT, set()) is Liveness.ABSENT
    assert recognise([], SENT, set()) is Liveness.ABSENT


@pytest.mark.parametrize(
    "shown", [Shown(), Shown(hashtags=frozenset({"sea"})), Shown(hashtags=frozenset("a"), links=1)]
)
def test_other_stickers_are_another_story(shown: Shown) -> None:
    other = replace(OURS, upload_id=None, stickers=shown)
    assert recognise([other], SENT, set()) is Liveness.UNCLEAR


def test_doubt_is_never_resolved_by_guessing() -> None:
    unnamed = replace(OURS, upload_id=None)
    twice = [unnamed, replace(unnamed, pk="101")]
    assert recognise(twice, SENT, set()) is Liveness.UNCLEAR
    without_mention = replace(unnamed, mentioned_pks=frozenset())
    assert recognise([without_mention], SENT, set()) is Liveness.UNCLEAR
