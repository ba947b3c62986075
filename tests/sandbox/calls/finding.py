"""What is found and told: search, music, notes, guides, insights, the activity page."""

from __future__ import annotations

from aiograpi import exceptions
from aiograpi.mixins.note import NoteAudience

from tests.sandbox.calls.row import Row, Scene, names


def _tracks(scene: Scene) -> None:
    track = scene.world.music.add("Morning", "The Ovens", scene.video)
    scene.world.music.use(track, scene.reel)
    scene.keep("track", track)


def _looked_for(scene: Scene) -> None:
    scene.world.searches[scene.studio] = [(1.0, scene.anna), (2.0, "#bread"), (3.0, "rolls")]


def _guides(scene: Scene) -> None:
    place = scene.world.add_place("Bakery", 52.5, 13.4)
    scene.keep("place", place)
    scene.world.guides.add(scene.post, "Where to eat", "All of it", place)


def _business(scene: Scene) -> None:
    scene.studio.profile.is_business = True
    scene.world.views.add(scene.anna, scene.own)
    for number in range(12):
        scene.world.add_post(scene.studio, scene.square, caption=str(number))


def _others_write(scene: Scene) -> None:
    scene.world.ties.mark("close_friend", scene.anna, scene.studio)
    scene.world.notes.write(scene.anna, "For friends", "close_friends")
    scene.world.notes.write(scene.carl, "Not for the studio")


def _happened(scene: Scene) -> None:
    scene.world.activity.tell(scene.studio, "like", scene.anna, scene.own)
    scene.world.comments.add(scene.own, scene.carl, "Nice")


FINDING = (
    Row(
        "fbsearch_topsearch_v2",
        lambda s: ("bread",),
        lambda s, it: (
            it["list"][0]["hashtag"]["name"] == "bread"
            and len(it["media_grid"]["sections"][0]["layout_content"]["medias"]) == 3
        ),
    ),
    Row(
        "fbsearch_reels_v2",
        lambda s: ("rise",),
        lambda s, it: it["reels_serp_modules"][0]["clips"][0]["media"]["pk"] == s.reel.pk,
    ),
    Row(
        "fbsearch_accounts_v2",
        lambda s: ("ann",),
        lambda s, it: [each["username"] for each in it["users"]] == ["anna"],
    ),
    Row(
        "fbsearch_keyword_typeahead",
        lambda s: ("bre",),
        lambda s, it: it["list"][0]["keyword"]["name"] == "bread",
    ),
    Row("fbsearch_keyword_typeahead", lambda s: ("",), refused=exceptions.UnknownError),
    Row(
        "fbsearch_recent",
        gives=lambda s, found: (
            [type(what).__name__ for _, what in found] == ["dict", "Hashtag", "UserShort"]
        ),
        before=_looked_for,
    ),
    # Music
    Row(
        "search_music",
        lambda s: ("morn",),
        lambda s, found: (
            [(each.title, each.display_artist) for each in found] == [("Morning", "The Ovens")]
        ),
        before=_tracks,
    ),
    Row(
        "track_info_by_id",
        lambda s: (str(s.kept["track"].pk),),
        lambda s, it: it["items"][0]["media"]["pk"] == s.reel.pk,
    ),
    Row(
        "track_info_by_canonical_id",
        lambda s: (s.kept["track"].canonical_id,),
        lambda s, it: it.title == "Morning" and str(it.uri).endswith(".m4a"),
    ),
    Row(
        "track_stream_info_by_id",
        lambda s: (str(s.kept["track"].pk),),
        lambda s, it: it["metadata"]["music_info"]["music_asset_info"]["title"] == "Morning",
    ),
    Row("track_info_by_id", lambda s: ("5",), refused=exceptions.ClientNotFoundError),
    Row("music_in_feed_audio_browser", gives=lambda s, it: len(it["items"]) == 1),
    # Notes
    Row(
        "create_note",
        lambda s: ("Open today",),
        lambda s, note: note.text == "Open today" and s.keep("note", note.id),
        lambda s: [note.text for note in s.world.notes.seen_by(s.studio)] == ["Open today"],
    ),
    Row("create_note", lambda s: ("x" * 61,), refused=exceptions.UnknownError),
    Row(
        "get_notes",
        gives=lambda s, found: [note.text for note in found] == ["Open today", "For friends"],
        before=_others_write,
    ),
    Row("delete_note", lambda s: (5,), refused=exceptions.ClientNotFoundError),
    Row(
        "delete_note",
        lambda s: (s.kept["note"],),
        leaves=lambda s: s.world.notes.of(s.studio) is None,
    ),
    Row(
        "create_note",
        lambda s: ("Only you", NoteAudience.CLOSE_FRIENDS),
        lambda s, note: note.audience == 1,
    ),
    # Guides
    Row(
        "user_guides_v1",
        lambda s: (s.anna.pk,),
        lambda s, found: [each.title for each in found] == ["Where to eat"],
        before=_guides,
    ),
    Row(
        "location_guides_v1",
        lambda s: (s.kept["place"].pk,),
        lambda s, found: [each.description for each in found] == ["All of it"],
    ),
    # Insights
    Row("insights_account", refused=exceptions.UserError),  # not a business account
    Row(
        "insights_account",
        gives=lambda s, it: it["account_summary_unit"]["posts_count"] == 13,
        before=_business,
    ),
    Row(
        "insights_media_feed_all",
        gives=lambda s, found: len(found) == 13,  # two pages
        more={"sleep": 0},
    ),
    Row(
        "insights_media_feed_all",
        gives=lambda s, found: found == [],
        more={"post_type": "CAROUSEL_V2", "sleep": 0},
    ),
    Row(
        "insights_media",
        lambda s: (s.own.pk,),
        lambda s, it: it["inline_insights_node"]["metrics"]["reach_count"] == 1,
    ),
    Row("insights_media", lambda s: (s.post.pk,), refused=exceptions.MediaError),
    # What others did
    Row(
        "news_inbox_v1",
        lambda s: (True,),
        lambda s, it: (
            [each["args"]["profile_name"] for each in it["new_stories"]] == ["carl", "anna"]
            and (it["counts"]["likes"], it["counts"]["comments"]) == (1, 1)
        ),
        before=_happened,
    ),
    Row(
        "news_inbox_v1",
        gives=lambda s, it: it["new_stories"] == [] and len(it["old_stories"]) == 2,
    ),
    Row("search_users", lambda s: ("carl",), lambda s, found: names(found) == ["carl"]),
)
