"""Which stories are kept out and why: authors, followers, words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repost import filters
from repost.filters import Author
from storage.authors import AuthorRule, Verdict
from storage.repost_configs import RepostConfig

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
ANNA = Author(pk="7", username="Anna")


def config(**changes: Any) -> RepostConfig:
    fresh = RepostConfig(id="c", user_id="u", account_id="a", created_at=NOW, updated_at=NOW)
    return replace(fresh, **changes)


def rule(verdict: Verdict, username: str, author_pk: str | None = None) -> AuthorRule:
    return AuthorRule(account_id="a", verdict=verdict, username=username, author_pk=author_pk)


def test_without_lists_everybody_is_welcome() -> None:
    assert filters.author_refusal([], ANNA) is None


def test_deny_wins_over_allow_whatever_the_case() -> None:
    both = [rule(Verdict.ALLOW, "anna"), rule(Verdict.DENY, "ANNA")]
    assert filters.author_refusal(both, ANNA) == "@Anna is on your deny list"


def test_an_allow_list_lets_nobody_else_in() -> None:
    allowed = [rule(Verdict.ALLOW, "anna")]
    assert filters.author_refusal(allowed, ANNA) is None
    ben = Author(pk="8", username="ben")
    assert filters.author_refusal(allowed, ben) == "@ben is not on your allow list"


def test_who_changes_the_name_stays_on_the_list() -> None:
    renamed = replace(ANNA, username="anna.new")
    assert filters.author_refusal([rule(Verdict.DENY, "anna", "7")], renamed) is not None
    assert filters.author_refusal([rule(Verdict.ALLOW, "anna", "7")], renamed) is None


def test_who_takes_over_a_name_is_not_allowed_by_it_and_denied_by_it_all_the_same() -> None:
    thief = Author(pk="666", username="anna")
    assert filters.author_refusal([rule(Verdict.ALLOW, "anna", "7")], thief) is not None
    assert filters.author_refusal([rule(Verdict.DENY, "anna", "7")], thief) is not None


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("sale", "Big SALE!", True),
        ("sale", "wholesale", False),
        ("sale", "#sale_today", True),
        ("café", "le CAFE du coin", True),
        ("Müller", "mit muller", True),
        ("straße", "STRASSE 5", True),
        ("pop up", "our Pop-Up store", True),
        ("pop up", "pop it up", False),
        ("ﬁne", "a fine day", True),
        ("кофе", "Лучший КОФЕ", True),
        ("sale", "", False),
    ],
)
def test_words_are_whole_and_know_neither_case_nor_accents(
    word: str, text: str, found: bool
) -> None:
    refused = filters.word_refusal(config(excluded_words=(word,)), text)
    assert (refused is not None) == found
    if found:
        assert refused == f"Its text holds “{word}”, which you exclude"
    wanted = filters.word_refusal(config(required_words=("nothing like it", word)), text)
    assert (wanted is None) == found


def test_an_excluded_word_wins_over_a_required_one() -> None:
    both = config(required_words=("coffee",), excluded_words=("ad",))
    assert "which you exclude" in (filters.word_refusal(both, "Coffee, an ad") or "")
    assert filters.word_refusal(both, "Coffee") is None
    assert filters.word_refusal(both, None) == "Its text holds none of the words that you ask for"


def test_followers_are_compared_only_when_they_are_known() -> None:
    many = config(minimum_followers=500)
    assert filters.follower_refusal(many, ANNA) is None
    assert filters.follower_refusal(many, replace(ANNA, followers=500)) is None
    assert filters.follower_refusal(many, replace(ANNA, followers=499)) == (
        "@Anna has 499 followers, fewer than the 500 that you ask for"
    )


@given(st.text(), st.text())
def test_no_text_breaks_the_words(text: str, word: str) -> None:
    found = filters.words(text)
    assert filters.words(" ".join(found)) == found
    asked = config(required_words=(word,), excluded_words=(word,))
    assert filters.word_refusal(asked, text) is not None  # it is there, or it is not
