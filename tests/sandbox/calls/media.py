"""Posts: shown, liked, saved, put away; the feeds that show them."""

from __future__ import annotations

from aiograpi import exceptions

from sandbox.world.post import short_code
from sandbox.world.published import UserTag
from tests.sandbox.calls.row import Row, Scene, names, pks


def _many(scene: Scene) -> None:
    """More posts of Carl's than a page has, each with Anna in it."""
    tag = UserTag("anna", scene.anna.pk, 0.5, 0.5)
    for number in range(25):
        post = scene.world.add_post(scene.carl, scene.square, caption=f"Number {number} #cake")
        post.shots[0].tags = (tag,)


def _collect(scene: Scene) -> None:
    scene.keep("collection", scene.world.collections.add(scene.studio, "Ideas"))


def _address(scene: Scene) -> str:
    return f"https://www.instagram.com/p/{short_code(scene.post.pk)}/"


MEDIA = (
    Row(
        "media_info_v1",
        lambda s: (s.post.pk,),
        lambda s, post: (
            (post.code, post.user.username, post.like_count, post.has_liked)
            == (short_code(s.post.pk), "anna", 0, False)
        ),
    ),
    Row("media_info_v1", lambda s: (77,), refused=exceptions.MediaNotFound),
    Row(
        "media_oembed",
        lambda s: (_address(s),),
        lambda s, it: (
            (it.author_name, it.media_id, it.title)
            == ("anna", s.post.media_id, "Fresh #bread today")
        ),
    ),
    Row(
        "media_oembed",
        lambda s: ("https://www.instagram.com/p/nothing/",),
        refused=exceptions.ClientNotFoundError,
    ),
    # Likes
    Row(
        "media_like",
        lambda s: (s.post.media_id,),
        leaves=lambda s: (
            s.world.likes.has(s.studio, s.post) and s.world.activity.of(s.anna)[0][0].kind == "like"
        ),
    ),
    Row(
        "media_like",
        lambda s: (s.post.media_id,),
        leaves=lambda s: s.world.likes.count(s.post) == 1,
    ),
    Row("media_likers", lambda s: (s.post.media_id,), lambda s, found: names(found) == ["studio"]),
    Row("liked_medias", gives=lambda s, found: pks(found) == [s.post.pk] and found[0].has_liked),
    Row(
        "media_unlike",
        lambda s: (s.post.media_id,),
        leaves=lambda s: (
            not s.world.likes.count(s.post) and s.world.activity.of(s.anna) == ([], [])
        ),
    ),
    Row("media_like", lambda s: ("77_1",), refused=exceptions.ClientNotFoundError),
    # Saved
    Row(
        "media_save",
        lambda s: (s.reel.media_id,),
        leaves=lambda s: [post for post, _ in s.world.collections.saved(s.studio)] == [s.reel],
    ),
    Row(
        "media_save",
        lambda s: (s.post.media_id, s.kept["collection"].pk),
        leaves=lambda s: s.kept["collection"].posts == [s.post],
        before=_collect,
    ),
    Row("media_save", lambda s: (s.post.media_id, 5), refused=exceptions.ClientNotFoundError),
    Row(
        "collections",
        gives=lambda s, found: (
            [(each.name, each.media_count) for each in found] == [("All posts", 2), ("Ideas", 1)]
        ),
    ),
    Row(
        "collection_medias",
        lambda s: (str(s.kept["collection"].pk),),
        lambda s, found: pks(found) == [s.post.pk],
    ),
    Row(
        "collection_medias_by_name",
        lambda s: ("Ideas",),
        lambda s, found: pks(found) == [s.post.pk],
    ),
    Row(
        "media_unsave",
        lambda s: (s.post.media_id,),
        leaves=lambda s: s.kept["collection"].posts == [],
    ),
    # Feeds
    Row(
        "get_timeline_feed",
        gives=lambda s, feed: (
            [each["media_or_ad"]["pk"] for each in feed["feed_items"]] == [s.reel.pk, s.post.pk]
        ),
    ),
    Row(
        "user_medias_paginated_v1",
        lambda s: (s.carl.pk, 10),
        lambda s, page: len(page[0]) == 10 and s.keep("cursor", page[1]),
        before=_many,
    ),
    Row(
        "user_medias_paginated_v1",
        lambda s: (s.carl.pk, 50, s.kept["cursor"]),
        lambda s, page: len(page[0]) == 15 and not page[1],
    ),
    Row("user_medias_paginated_v1", lambda s: (s.berta.pk, 10), refused=exceptions.PrivateAccount),
    Row(
        "usertag_medias_paginated_v1",
        lambda s: (s.anna.pk, 50),
        lambda s, page: len(page[0]) == 21 and s.keep("cursor", page[1]),
    ),
    Row(
        "usertag_medias_paginated_v1",
        lambda s: (s.anna.pk, 50, s.kept["cursor"]),
        lambda s, page: len(page[0]) == 4 and not page[1],
    ),
    Row(
        "user_clips_paginated_v1",
        lambda s: (s.anna.pk, 10),
        lambda s, page: pks(page[0]) == [s.reel.pk] and not page[1],
    ),
    Row(
        "user_videos_paginated_v1",
        lambda s: (s.anna.pk, 10),
        lambda s, page: pks(page[0]) == [s.reel.pk] and not page[1],
    ),
    Row("reels_timeline_media", lambda s: ("reels",), lambda s, found: pks(found) == [s.reel.pk]),
    Row(
        "reels_timeline_media",
        lambda s: ("explore_reels",),
        lambda s, found: pks(found) == [s.reel.pk],
    ),
    Row(
        "reels_timeline_media",
        lambda s: ("friends_reels",),
        lambda s, found: pks(found) == [s.reel.pk],
        before=lambda s: s.world.likes.add(s.anna, s.reel),
    ),
    Row(
        "explore_page",
        gives=lambda s, it: len(it["sectional_items"][0]["layout_content"]["medias"]) == 12,
    ),
    Row(
        "explore_page_media_info",
        lambda s: (s.post.pk,),
        lambda s, it: it["pk"] == s.post.pk,
    ),
    # The own ones
    Row(
        "media_edit",
        lambda s: (s.own.media_id, "Said better"),
        lambda s, it: it["media"]["caption"]["text"] == "Said better",
        lambda s: s.own.caption == "Said better",
    ),
    Row("media_edit", lambda s: (s.post.media_id, "Mine"), refused=exceptions.UnknownError),
    Row(
        "media_pin",
        lambda s: (s.own.pk,),
        leaves=lambda s: s.own.pinned,
    ),
    Row("user_pinned_medias", lambda s: (s.studio.pk,), lambda s, found: pks(found) == [s.own.pk]),
    Row("media_unpin", lambda s: (s.own.pk,), leaves=lambda s: not s.own.pinned),
    Row(
        "media_archive", lambda s: (s.own.media_id,), leaves=lambda s: s.world.grid(s.studio) == []
    ),
    Row(
        "media_unarchive",
        lambda s: (s.own.media_id,),
        leaves=lambda s: s.world.grid(s.studio) == [s.own],
    ),
    Row("media_archive", lambda s: (s.post.media_id,), refused=exceptions.UnknownError),
    Row(
        "media_seen",
        lambda s: ([s.post.media_id],),
        leaves=lambda s: s.world.views.has(s.studio, s.post),
    ),
    Row("media_delete", lambda s: (s.own.media_id,), leaves=lambda s: s.own.deleted),
    Row("media_info_v1", lambda s: (s.own.pk,), refused=exceptions.MediaNotFound),
    # A post that is deleted is gone everywhere.
    Row(
        "collections",
        gives=lambda s, found: [each.media_count for each in found] == [0],
        before=lambda s: s.world.delete_post(s.reel),
    ),
    Row("liked_medias", gives=lambda s, found: found == []),
    Row("reels_timeline_media", lambda s: ("reels",), lambda s, found: found == []),
)
