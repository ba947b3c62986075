"""Music: looking for it, a track with the Reels that use it."""

from __future__ import annotations

from sandbox.private import cdn
from sandbox.private.asked import asked, need
from sandbox.private.posts import PAGE, page_of_posts, post_json
from sandbox.private.refused import Refused
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.music import Track
from sandbox.world.person import Person


def track_json(track: Track) -> JsonObject:
    url = cdn.sound_url(track.sound_pk)
    return {
        "id": str(track.pk),
        "audio_asset_id": str(track.pk),
        "audio_cluster_id": str(track.pk),
        "music_canonical_id": track.canonical_id,
        "title": track.title,
        "subtitle": "",
        "display_artist": track.artist,
        "artist_id": None,
        "progressive_download_url": url,
        "dash_manifest": f"<MPD><Period><BaseURL>{url}</BaseURL></Period></MPD>",
        "highlight_start_times_in_ms": [0],
        "duration_in_ms": int(track.duration_s * 1000),
        "is_explicit": False,
        "has_lyrics": False,
        "allows_saving": True,
        "territory_validity_periods": {},
    }


async def search(call: Call, viewer: Person) -> Response:
    """`music/audio_global_search/`."""
    asked(call, "browse_session_id")
    found = call.world.music.search(asked(call, "query"))
    return Response.ok({"items": [{"track": track_json(track)} for track in found]})


async def browser(call: Call, viewer: Person) -> Response:
    """`music/music_in_feed_audio_browser/`: what the app offers unasked."""
    need(call, "_uuid", "product", "browse_session_id")
    items = [{"track": track_json(track)} for track in call.world.music.search("")]
    return Response.ok({"items": items, "page_info": {"more_available": False, "next_max_id": ""}})


async def track(call: Call, viewer: Person) -> Response:
    """`clips/music/`: a track by one of its ids, with a page of the Reels that use it."""
    form = call.form
    number = form.get("music_canonical_id") or form.get("audio_cluster_id")
    return _track_page(call, viewer, number, form.get("max_id"))


async def stream(call: Call, viewer: Person) -> Response:
    """`clips/stream_clips_pivot_page/`: the same for the app's newer page."""
    wanted = call.form.get("music_page")
    if call.form.get("pivot_page_type") != "audio" or not isinstance(wanted, dict):
        raise Refused("Invalid parameter: music_page")
    return _track_page(call, viewer, wanted.get("audio_cluster_id"), wanted.get("max_id"))


def _track_page(call: Call, viewer: Person, number: object, cursor: object) -> Response:
    found = call.world.music.find(str(number))
    if found is None:
        raise Refused("Audio not found", 404)
    reels = call.world.music.reels(found)
    shown, after = page_of_posts(call, reels, cursor, PAGE)
    return Response.ok(
        {
            "items": [{"media": post_json(post, call.world, viewer)} for post in shown],
            "metadata": {"music_info": {"music_asset_info": track_json(found)}},
            "media_count": {"clips_count": len(reels), "photos_count": 0},
            "paging_info": {"more_available": bool(after), "max_id": after},
        }
    )
