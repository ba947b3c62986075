"""What is said below posts, hashtags, places, stories and highlights."""

from __future__ import annotations

from aiograpi import exceptions

from sandbox.world.comments import Comment
from tests.sandbox.calls.row import Row, Scene, pks


def _chatter(scene: Scene) -> None:
    """More comments than a page has, and more answers."""
    comments = scene.world.comments
    first = comments.add(scene.post, scene.carl, "First!")
    for number in range(25):
        comments.add(scene.post, scene.carl, f"Number {number}")
        comments.add(scene.post, scene.anna, f"Thank you {number}", parent=first)
    scene.keep("first", first)


def _said(scene: Scene) -> Comment:
    return scene.world.comments.below(scene.post)[0]


def _bread(scene: Scene) -> None:
    """More posts with a hashtag and a place than a page has."""
    place = scene.world.add_place("Bakery", 52.5, 13.4)
    scene.keep("place", place)
    for number in range(24):
        post = scene.world.add_post(scene.carl, scene.square, caption=f"#bread {number}")
        post.location_id = str(place.pk)


def _watched(scene: Scene) -> None:
    for person in (scene.anna, scene.carl):
        scene.world.views.add(person, scene.own_story)
    scene.world.likes.add(scene.carl, scene.own_story)


def _pages_of_place(tab: str) -> tuple[Row, Row]:
    return (
        Row(
            "location_medias_v1_chunk",
            lambda s: (s.kept["place"].pk, 63, tab),
            lambda s, page: len(page[0]) == 21 and s.keep("cursor", page[1]),
        ),
        Row(
            "location_medias_v1_chunk",
            lambda s: (s.kept["place"].pk, 63, tab, s.kept["cursor"]),
            lambda s, page: len(page[0]) == 3 and not page[1],
        ),
    )


COMMENTS = (
    Row(
        "media_comment",
        lambda s: (s.post.media_id, "Well done"),
        lambda s, comment: (comment.text, comment.user.username) == ("Well done", "studio"),
        lambda s: (
            s.keep("mine", _said(s)) and s.world.activity.of(s.anna)[0][0].text == "Well done"
        ),
    ),
    Row("media_comment", lambda s: (s.post.media_id, "   "), refused=exceptions.UnknownError),
    Row("media_comment", lambda s: ("77_1", "Hello"), refused=exceptions.ClientNotFoundError),
    Row(
        "media_comments_chunk",
        lambda s: (s.post.media_id, 20),
        lambda s, page: len(page[0]) == 27 and not page[1],  # it goes on until it has enough
        before=_chatter,
    ),
    Row(
        "media_stream_comments_v1_chunk",
        lambda s: (s.post.media_id,),
        lambda s, page: len(page[0]) == 20 and s.keep("cursor", page[1]) and page[1],
    ),
    Row(
        "media_stream_comments_v1_chunk",
        lambda s: (s.post.media_id, s.kept["cursor"]),
        lambda s, page: page[0][-1].text == "Well done" and len(page[0]) == 7 and not page[1],
    ),
    Row(
        "media_comment_replies",
        lambda s: (s.post.media_id, s.kept["first"].pk),
        lambda s, found: (
            len(found) == 25
            and {each.replied_to_comment_id for each in found} == {str(s.kept["first"].pk)}
        ),
    ),
    Row(
        "media_comment",
        lambda s: (s.post.media_id, "And second", s.kept["first"].pk),
        lambda s, comment: comment.replied_to_comment_id == str(s.kept["first"].pk),
        lambda s: s.world.comments.answers(s.kept["first"])[0].text == "And second",
    ),
    Row(
        "media_comment_infos",
        lambda s: ([s.post.media_id],),
        lambda s, it: it["comment_infos"][s.post.media_id]["comment_count"] == 53,
    ),
    Row(
        "media_check_offensive_comment_v2",
        lambda s: (s.post.media_id, "You idiot"),
        lambda s, it: it["is_offensive"] is True,
    ),
    Row(
        "media_check_offensive_comment_v2",
        lambda s: (s.post.media_id, "You genius"),
        lambda s, it: it["is_offensive"] is False,
    ),
    Row(
        "comment_like",
        lambda s: (s.kept["first"].pk,),
        leaves=lambda s: s.world.likes.has(s.studio, s.kept["first"]),
    ),
    Row(
        "comment_likers_gql",
        lambda s: (s.kept["first"].pk,),
        lambda s, found: [each["username"] for each in found] == ["studio"],
    ),
    Row(
        "comment_unlike",
        lambda s: (s.kept["first"].pk,),
        leaves=lambda s: not s.world.likes.count(s.kept["first"]),
    ),
    Row("comment_like", lambda s: (5,), refused=exceptions.ClientNotFoundError),
    Row(
        "comment_pin",
        lambda s: (s.own.media_id, s.kept["ours"].pk),
        leaves=lambda s: s.kept["ours"].pinned,
        before=lambda s: s.keep("ours", s.world.comments.add(s.own, s.carl, "Nice")),
    ),
    Row(
        "comment_unpin",
        lambda s: (s.own.media_id, s.kept["ours"].pk),
        leaves=lambda s: not s.kept["ours"].pinned,
    ),
    Row(
        "comment_pin",
        lambda s: (s.post.media_id, s.kept["first"].pk),
        refused=exceptions.UnknownError,
    ),
    Row(
        "comment_bulk_delete",
        lambda s: (s.post.media_id, [s.kept["first"].pk]),
        refused=exceptions.ClientForbiddenError,
    ),
    Row(
        "comment_bulk_delete",
        lambda s: (s.post.media_id, [s.kept["mine"].pk]),
        leaves=lambda s: s.world.comments.count(s.post) == 52,
    ),
    Row(
        "comment_bulk_delete",
        lambda s: (s.own.media_id, [s.kept["ours"].pk]),
        leaves=lambda s: s.world.comments.count(s.own) == 0,
    ),
    Row(
        "media_comments_chunk",
        lambda s: (s.post.media_id, 20),
        refused=exceptions.CommentsDisabled,
        before=lambda s: s.post.__setattr__("comments_off", True),
    ),
)

TAGS = (
    Row(
        "hashtag_info_v1",
        lambda s: ("bread",),
        lambda s, tag: (tag.name, tag.media_count) == ("bread", 27),
        before=_bread,
    ),
    Row("hashtag_info_v1", lambda s: ("nothing",), refused=exceptions.ClientNotFoundError),
    Row(
        "search_hashtags", lambda s: ("bre",), lambda s, found: [t.name for t in found] == ["bread"]
    ),
    Row(
        "hashtag_medias_v1_chunk",
        lambda s: ("bread", 50, "recent"),
        lambda s, page: len(page[0]) == 21 and s.keep("cursor", page[1]),
    ),
    Row(
        "hashtag_medias_v1_chunk",
        lambda s: ("bread", 50, "recent", s.kept["cursor"]),
        lambda s, page: len(page[0]) == 6 and page[1] is None,
    ),
    Row(
        "hashtag_medias_v1_chunk",
        lambda s: ("bread", 50, "top"),
        lambda s, page: int(page[0][0].pk) == s.reel.pk and s.keep("cursor", page[1]),
        before=lambda s: s.world.likes.add(s.carl, s.reel),
    ),
    Row(
        "hashtag_medias_v1_chunk",
        lambda s: ("bread", 50, "top", s.kept["cursor"]),
        lambda s, page: len(page[0]) == 6 and page[1] is None,
    ),
    Row(
        "hashtag_medias_v1_chunk",
        lambda s: ("bread", 50, "top", "rubbish"),
        refused=exceptions.WrongCursorError,
    ),
    Row(
        "hashtag_medias_reels_v1", lambda s: ("bread",), lambda s, found: pks(found) == [s.reel.pk]
    ),
    Row(
        "hashtag_follow",
        lambda s: ("bread",),
        leaves=lambda s: s.world.hashtags.follows(s.studio, "bread"),
    ),
    Row(
        "hashtag_unfollow",
        lambda s: ("bread",),
        leaves=lambda s: not s.world.hashtags.follows(s.studio, "bread"),
    ),
    Row("hashtag_follow", lambda s: ("nothing",), refused=exceptions.ClientNotFoundError),
    # Places
    Row("location_info", lambda s: (s.kept["place"].pk,), lambda s, it: it.name == "Bakery"),
    Row("location_info", lambda s: (5,), refused=exceptions.ClientNotFoundError),
    Row(
        "location_search",
        lambda s: (52.5, 13.4),
        lambda s, found: [p.name for p in found] == ["Bakery"],
    ),
    Row(
        "fbsearch_places",
        lambda s: ("bake",),
        lambda s, found: [p.name for p in found] == ["Bakery"],
    ),
    *_pages_of_place("ranked"),
    *_pages_of_place("recent"),
)

STORIES = (
    Row("user_stories_v1", lambda s: (s.anna.pk,), lambda s, found: pks(found) == [s.story.pk]),
    Row("story_info_v1", lambda s: (s.story.media_id,), lambda s, it: it.pk == str(s.story.pk)),
    Row(
        "story_seen",
        lambda s: ([s.story.media_id],),
        leaves=lambda s: s.world.views.has(s.studio, s.story),
    ),
    Row(
        "story_like",
        lambda s: (s.story.media_id,),
        leaves=lambda s: s.world.likes.has(s.studio, s.story),
    ),
    Row(
        "story_unlike",
        lambda s: (s.story.media_id,),
        leaves=lambda s: not s.world.likes.has(s.studio, s.story),
    ),
    Row("story_viewers_chunk", lambda s: (s.own_story.pk, 50), refused=KeyError),  # nobody looked
    Row(
        "story_viewers_chunk",
        lambda s: (s.own_story.pk, 50),
        lambda s, page: (
            [(each.username, each.has_liked) for each in page[0]]
            == [("carl", True), ("anna", False)]
        ),
        before=_watched,
    ),
    Row("story_viewers_chunk", lambda s: (s.story.pk, 50), refused=exceptions.ClientForbiddenError),
    Row(
        "archive_story_days_paginated_v1",
        lambda s: (50,),
        lambda s, page: [day.media_count for day in page[0]] == [1] and not page[1],
    ),
    # Highlights
    Row(
        "highlight_create",
        lambda s: ("Summer", [s.own_story.media_id]),
        lambda s, it: (
            s.keep("highlight", it.pk)
            and (it.title, it.media_count, it.media_ids) == ("Summer", 1, [s.own_story.pk])
        ),
        lambda s: [each.title for each in s.world.highlights.of(s.studio)] == ["Summer"],
    ),
    Row(
        "highlight_create",
        lambda s: ("Not ours", [s.story.media_id]),
        refused=exceptions.ClientForbiddenError,
    ),
    Row(
        "user_highlights_v1",
        lambda s: (s.studio.pk,),
        lambda s, found: [each.pk for each in found] == [s.kept["highlight"]],
    ),
    Row(
        "highlight_info_v1",
        lambda s: (s.kept["highlight"],),
        lambda s, it: pks(it.items) == [s.own_story.pk],
    ),
    Row("highlight_info_v1", lambda s: ("5",), refused=exceptions.HighlightNotFound),
    Row(
        "highlight_edit",
        lambda s: (s.kept["highlight"], "Winter"),
        lambda s, it: it.title == "Winter",
    ),
    Row(
        "highlight_add_stories",
        lambda s: (s.kept["highlight"], [s.kept["second"].media_id]),
        lambda s, it: it.media_count == 2,
        before=lambda s: s.keep("second", s.world.add_story(s.studio, s.photo)),
    ),
    Row(
        "highlight_remove_stories",
        lambda s: (s.kept["highlight"], [s.own_story.media_id]),
        lambda s, it: it.media_ids == [s.kept["second"].pk],
    ),
    Row(
        "highlight_delete",
        lambda s: (s.kept["highlight"],),
        leaves=lambda s: s.world.highlights.of(s.studio) == [],
    ),
    Row(
        "highlight_delete", lambda s: (s.kept["highlight"],), refused=exceptions.ClientNotFoundError
    ),
    Row("story_delete", lambda s: (s.own_story.media_id,), leaves=lambda s: s.own_story.deleted),
    Row("user_stories_v1", lambda s: (s.berta.pk,), lambda s, found: found == []),
)
