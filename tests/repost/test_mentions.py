"""The parser of raw inbox JSON: every shape, and no invention whatever the JSON."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instagram.mentioned import Box, boxes_of
from repost.mentions import Mention, parse_activity, parse_inbox, parse_thread

ME, ANNA = "42", "7"
AT = 1764928992135312  # microseconds


def xma(**changes: Any) -> dict[str, Any]:
    url = "https://www.instagram.com/stories/anna/3780820745543877518?igsh=abc"
    item = {
        "item_id": "3255",
        "user_id": 7,
        "timestamp": AT,
        "item_type": "xma_reel_mention",
        "is_sent_by_viewer": False,
        "xma_reel_mention": [{"target_url": url, "header_title_text": "anna"}],
    }
    return item | changes


def legacy(**changes: Any) -> dict[str, Any]:
    share = {
        "type": "mention",
        "mentioned_user_id": 42,
        "reel_owner_id": 7,
        "media": {
            "pk": 3780820745543877518,
            "user": {"pk": 7, "username": "anna"},
            "image_versions2": {"candidates": [{"url": "https://x"}]},
        },
    }
    return xma(item_type="reel_share", reel_share=share | changes)


def inbox(*items: object, **changes: Any) -> dict[str, Any]:
    thread = {"thread_id": "t1", "items": list(items), "last_activity_at": AT}
    box = {"threads": [thread], "has_older": True, "oldest_cursor": "c1"}
    return {"inbox": box | changes, "status": "ok"}


def only(answer: object) -> Mention:
    (mention,) = parse_inbox(answer, ME).mentions
    return mention


@pytest.mark.parametrize("item", [xma(), legacy()])
def test_both_shapes_name_story_author_and_time(item: dict[str, Any]) -> None:
    mention = only(inbox(item))
    assert (mention.story_pk, mention.author_pk) == ("3780820745543877518", ANNA)
    assert (mention.author_username, mention.item_id) == ("anna", "3255")
    assert mention.at == datetime(2025, 12, 5, 10, 3, 12, tzinfo=UTC)


def test_the_list_may_stand_under_the_generic_key() -> None:
    shares = xma()["xma_reel_mention"]
    item = xma(generic_xma=shares)
    del item["xma_reel_mention"]
    assert only(inbox(item)).story_pk == "3780820745543877518"


def test_several_stories_in_one_message_all_count() -> None:
    urls = [f"https://www.instagram.com/stories/anna/{number}" for number in (11, 12)]
    item = xma(xma_reel_mention=[{"target_url": url} for url in urls])
    found = parse_inbox(inbox(item), ME).mentions
    assert [mention.story_pk for mention in found] == ["11", "12"]


def test_a_username_of_digits_is_not_taken_for_the_story() -> None:
    url = "https://www.instagram.com/stories/12345/678/"
    mention = only(inbox(xma(xma_reel_mention=[{"target_url": url}])))
    assert (mention.author_username, mention.story_pk) == ("12345", "678")


def test_expired_mentions_have_no_story() -> None:
    assert only(inbox(xma(xma_reel_mention=[{"target_url": None}]))).story_pk is None
    assert only(inbox(legacy(media={"pk": 1}))).story_pk is None


def test_a_mention_of_somebody_else_is_not_ours() -> None:
    answer = inbox(legacy(mentioned_user_id=43))
    answer["inbox"]["threads"][0]["users"] = [{"pk": 7, "username": "anna"}, {"pk": "43"}]
    page = parse_inbox(answer, ME)
    assert (page.mentions, page.odd) == ([], [])
    assert page.passed_over["other account"] == 1


@pytest.mark.parametrize("number", [0, "17841400000000042", 44])
def test_a_mention_of_a_number_that_is_nobodys_is_shown_to_a_person(number: object) -> None:
    page = parse_inbox(inbox(legacy(mentioned_user_id=number)), ME)
    assert page.mentions == []
    assert [found.story_pk for found in page.odd] == ["3780820745543877518"]


@pytest.mark.parametrize(
    "item",
    [
        xma(is_sent_by_viewer=True),
        xma(user_id=42),
        xma(item_type="xma_story_share"),
        xma(item_type="text"),
        legacy(type="reply"),
        legacy(type="reaction"),
        xma(xma_reel_mention=[{"target_url": "https://www.instagram.com/p/abc/"}]),
        xma(xma_reel_mention=[{"target_url": "https://evil.example/stories/"}]),
    ],
)
def test_other_messages_are_passed_over_and_counted(item: dict[str, Any]) -> None:
    page = parse_inbox(inbox(item), ME)
    assert page.mentions == []
    assert sum(page.passed_over.values()) == 1


def test_the_name_that_the_author_has_now_counts() -> None:
    answer = inbox(xma())
    answer["inbox"]["threads"][0]["users"] = [{"pk": 7, "username": "anna.new"}]
    assert only(answer).author_username == "anna.new"


def test_pinned_chats_and_instagrams_own_time_are_told() -> None:
    answer = inbox(xma()) | {"snapshot_at_ms": 1_764_928_993_000}
    answer["inbox"]["threads"][0]["is_pin"] = True
    page = parse_inbox(answer, ME)
    assert page.threads[0].pinned
    assert page.at == datetime(2025, 12, 5, 10, 3, 13, tzinfo=UTC)


def test_paging_follows_has_older() -> None:
    assert parse_inbox(inbox(), ME).cursor == "c1"
    assert parse_inbox(inbox(has_older=False), ME).cursor is None
    assert parse_inbox(inbox(oldest_cursor=""), ME).cursor is None


def bloks(user_pk: object) -> dict[str, Any]:
    named = {"account_id": user_pk, "username": "studio"}
    sticker = {"bloks_sticker_type": "mention", "sticker_data": {"ig_mention": named}}
    return {"bloks_sticker": sticker, "x": 0.5, "y": 0.25, "width": 0.4, "height": 0.04375}


@pytest.mark.parametrize("told", [{}, {"reel_mentions": []}, {"reel_mentions": None}])
@pytest.mark.parametrize("named", [(42,), ("43", "42"), ("43",)])
def test_a_mention_that_is_told_as_a_sticker_counts(
    told: dict[str, Any], named: tuple[object, ...]
) -> None:
    stickers = [*map(bloks, named), {"bloks_sticker": {"bloks_sticker_type": "hashtag"}}, None]
    item = {"pk": 9, "taken_at": AT // 1_000_000, "story_bloks_stickers": stickers, **told}
    page = parse_activity({"story_mentions": {"reels": [{"id": 7, "items": [item]}]}}, ME)
    assert page.odd == []
    assert [found.story_pk for found in page.mentions] == ["9"] * (named != ("43",))
    assert [box.user_pk for box in boxes_of(item)] == [str(pk) for pk in named]


def test_a_mention_that_is_told_in_both_forms_is_one_in_its_place() -> None:
    item = {"reel_mentions": [{"user": {"pk": 42}}], "story_bloks_stickers": [bloks("42")]}
    assert boxes_of(item) == (Box("42", 0.5, 0.25, 0.4, 0.04375),)


@pytest.mark.parametrize(
    "item",
    [
        xma(item_type="generic_xma", generic_xma=[{}], auxiliary_text="Mentioned you in a story"),
        xma(item_type="xma_reel_share", auxiliary_text="anna mentioned you in their story"),
        xma(item_type="placeholder", placeholder={"message": "anna mentioned you in a story"}),
        xma(item_type="placeholder", placeholder={"title": "Story mention"}),
        xma(item_type="xma_story_share", auxiliary_text="anna mentioned you in their story"),
    ],
)
def test_what_says_in_words_that_it_tells_of_a_mention_is_shown_to_a_person(
    item: dict[str, Any],
) -> None:
    item.pop("xma_reel_mention")
    page = parse_inbox(inbox(item), ME)
    assert page.mentions == []
    assert [(found.author_pk, found.item_id) for found in page.odd] == [(ANNA, "3255")]


URL = "https://www.instagram.com/stories/anna/3780820745543877518"


@pytest.mark.parametrize(
    "item",
    [
        xma(xma_reel_mention={"0": {"target_url": URL}}),
        xma(xma_reel_mention=[{"link": URL}]),
        xma(xma_reel_mention=[{"target_url": f"{URL}_7/"}]),
        xma(xma_reel_mention=URL),
        xma(item_type="xma_reel_share", xma_reel_share=[{"target_url": URL}]),
    ],
)
def test_the_story_that_a_message_points_to_in_an_odd_way_is_told(item: dict[str, Any]) -> None:
    answer = inbox(item)
    answer["inbox"]["threads"][0]["users"] = [{"pk": 7, "username": "anna"}]
    page = parse_inbox(answer, ME)
    assert page.mentions == []
    assert [found.story_pk for found in page.odd] == ["3780820745543877518"]


def test_an_answer_to_a_story_of_the_viewers_is_no_mention() -> None:
    theirs = {"target_url": URL.replace("anna", "studio")}
    answer = inbox(xma(item_type="xma_reel_share", xma_reel_share=[theirs]))
    answer["inbox"]["threads"][0]["users"] = [{"pk": 7, "username": "anna"}]
    page = parse_inbox(answer, ME)
    assert (page.mentions, page.odd, page.passed_over["other"]) == ([], [], 1)


def test_the_activity_inbox_counts_only_stories_that_name_the_account() -> None:
    def story(pk: int, *mentioned: int) -> dict[str, Any]:
        return {
            "pk": pk,
            "taken_at": AT // 1_000_000,
            "reel_mentions": [{"user": {"pk": user}} for user in mentioned],
        }

    user = {"pk": 7, "username": "anna"}
    reel = {"id": 7, "user": user, "items": [story(1, 42), story(2, 43), story(3)]}
    page = parse_activity({"story_mentions": {"reels": [reel]}}, ME)
    assert [(m.story_pk, m.author_username, m.item_id) for m in page.mentions] == [
        ("1", "anna", None)
    ]
    assert page.odd == []


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"reel_mentions": None},
        {"reel_mentions": {"0": {"user": {"pk": 42}}}},
        {"reel_mentions": [{"user": {"pk": 43}}, {"user": {"id": "42"}}]},
        {"reel_mentions": [{"person": {"pk": 42}}]},
        {"reel_mentions": [42]},
        {"story_bloks_stickers": []},
        {"reel_mentions": [], "story_bloks_stickers": [bloks(None)]},
    ],
)
def test_a_story_of_the_activity_inbox_that_names_somebody_in_an_unknown_form_is_kept(
    told: dict[str, Any],
) -> None:
    reel = {"id": 7, "items": [{"pk": 9, "taken_at": AT // 1_000_000, **told}]}
    page = parse_activity({"story_mentions": {"reels": [reel]}}, ME)
    assert page.mentions == []
    assert [(m.story_pk, m.author_pk, m.is_sure) for m in page.odd] == [("9", ANNA, False)]
    assert page.passed_over["odd"] == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a JSON document."""
    found = [path]
    pairs: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        pairs = enumerate(value)
    for key, child in pairs:
        found += places(child, (*path, key))
    return found


def both_shapes() -> dict[str, Any]:
    return copy.deepcopy(inbox(xma(), legacy()))


@st.composite
def mutilated(draw: st.DrawFn, real: Callable[[], Any] = both_shapes) -> Any:
    """Real answers with any value missing or replaced by any JSON."""
    document: Any = {"answer": real()}
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(document)[1:]))
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        if draw(st.booleans()) and isinstance(parent, dict):
            del parent[path[-1]]
        else:
            parent[path[-1]] = draw(JSON)
        if "answer" not in document:
            return None
    return document["answer"]


@given(mutilated())
def test_no_json_makes_the_parser_raise_or_invent_a_story(answer: Any) -> None:
    for page in (
        parse_inbox(answer, ME),
        parse_activity(answer, ME),
        parse_thread({"thread": answer}, ME),
    ):
        for mention in page.mentions:
            # Of a message that does not say who sent it, its story tells.
            assert mention.author_pk.isdigit() or (not mention.author_pk and mention.story_pk)
            assert mention.author_pk != ME
            # A story's number is only ever one that Instagram wrote, in its own place.
            if mention.story_pk is not None:
                assert mention.story_pk.isdigit()
                assert mention.story_pk in str(answer)


@given(JSON)
def test_any_json_at_all_is_survived(answer: Any) -> None:
    assert parse_inbox(answer, ME).mentions == []
    assert parse_activity(answer, ME).mentions == []


@pytest.mark.parametrize(
    ("item", "reel"),
    [
        ({"pk": 12, "user": {}}, {"user": {"pk": 7}}),
        ({"pk": 12, "user": {"pk": "x"}}, {"id": "7"}),
        ({"pk": 12}, {"id": 7, "user": None}),
        ({"id": "12_7"}, {}),
        ({"pk": None, "id": "12_7"}, {"user": []}),
    ],
)
def test_a_story_of_the_activity_inbox_is_known_by_what_is_left_of_its_ids(
    item: dict[str, Any], reel: dict[str, Any]
) -> None:
    told = {**reel, "items": [{**item, "reel_mentions": [{"user": {"pk": 42}}]}]}
    page = parse_activity({"story_mentions": {"reels": [told]}}, ME)
    assert [(each.story_pk, each.author_pk) for each in page.mentions] == [("12", ANNA)]


def test_a_story_of_the_activity_inbox_without_ids_is_a_gap() -> None:
    told = {"items": [{"reel_mentions": [{"user": {"pk": 42}}]}]}
    assert parse_activity({"story_mentions": {"reels": [told]}}, ME).gaps
