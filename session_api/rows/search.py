"""Searching, music, and what Instagram itself puts together: Reels and explore."""

from __future__ import annotations

from typing import Any

from instagram.private import reels as own
from session_api.given import Malformed
from session_api.row import Given, Group, Rail, Step

search = Group("Search")
music = Group("Music")
reels = Group("Reels and explore")

search.row(
    "GET", "/search/users", "query*", "search_users(query)", "[UserShort]", Rail.READ,
    "People by a text in their name", older=("/user/search",),
)  # fmt: skip
search.row(
    "GET", "/search/hashtags", "query*", "search_hashtags(query)", "[Hashtag]", Rail.READ,
    "Hashtags by a text in them",
)  # fmt: skip
search.row(
    "GET", "/search/music", "query*", "search_music(query)", "[Track]", Rail.READ,
    "Music by title or artist",
)  # fmt: skip
search.row(
    "GET", "/search/top", "query*, next_max_id, reels_max_id, rank_token",
    "fbsearch_topsearch_v2(query, next_max_id=next_max_id, reels_max_id=reels_max_id, "
    "rank_token=rank_token)",
    "Dict", Rail.READ, "Everything at once",
)  # fmt: skip
search.row(
    "GET", "/search/reels", "query*, reels_max_id, rank_token",
    "fbsearch_reels_v2(query, reels_max_id=reels_max_id, rank_token=rank_token)", "Dict", Rail.READ,
    "Reels by a text in their caption",
)  # fmt: skip
search.row(
    "GET", "/search/accounts", "query*, page_token",
    "fbsearch_accounts_v2(query, page_token=page_token)", "Dict", Rail.READ,
    "Accounts, a page at a time",
)  # fmt: skip
for _whose in ("followers", "following"):
    search.row(
        "GET", f"/search/{_whose}", "user_id*:pk, query*", f"search_{_whose}_v1(user_id, query)",
        "[UserShort]", Rail.READ, f"Among somebody's {_whose}, by a text in their name",
        found_in="users",
    )  # fmt: skip


async def _recent(client: Any, given: Given) -> Any:
    return [
        {"timestamp": timestamp, "item": item} for timestamp, item in await client.fbsearch_recent()
    ]


search.row(
    "GET", "/search/recent", "", None, "[Dict]", Rail.READ, "What the account looked for",
    step=_recent, found_in="recent",
)  # fmt: skip
search.row(
    "GET", "/search/typeahead", "query*, timezone_offset:i=0, count:i[1..100]=30",
    "fbsearch_keyword_typeahead(query, timezone_offset=timezone_offset, count=count)", "Dict",
    Rail.READ, "What a text being typed may become",
)  # fmt: skip


async def _track(client: Any, given: Given) -> Any:
    if bool(given["id"]) == bool(given["canonical_id"]):
        raise Malformed("Send either `id` or `canonical_id`")
    if given["id"]:
        return await client.track_info_by_id(given["id"], given["max_id"])
    return await client.track_info_by_canonical_id(given["canonical_id"])


music.row(
    "GET", "/track", "id, canonical_id, max_id=", None, "Dict", Rail.READ,
    "A piece of music, by one of its ids", step=_track,
)  # fmt: skip
music.row(
    "GET", "/track/stream", "id*, max_id=", "track_stream_info_by_id(id, max_id)", "Dict",
    Rail.READ, "The same from the app's newer page",
)  # fmt: skip
music.row(
    "GET", "/music/feed/browser", "browse_session_id",
    "music_in_feed_audio_browser(browse_session_id)", "Dict", Rail.READ,
    "The music that the app offers unasked",
)  # fmt: skip


def _stream(which: str) -> Step:
    async def step(client: Any, given: Given) -> Any:
        stream = which or given["collection_pk"]
        return await own.reels(client, stream, given["amount"], given["last_media_pk"])

    return step


for _path, _which, _summary in (
    ("/reels", "reels", "Reels of those whom the account follows"),
    ("/reels/friends", "friends_reels", "Reels that those like whom the account follows"),
    ("/reels/explore", "explore_reels", "Reels that Instagram suggests"),
):
    reels.row(
        "GET", _path, "amount=10, last_media_pk:i[0..]=0", None, "[Media]", Rail.READ, _summary,
        step=_stream(_which), sends="1 to 20: a page each",
    )  # fmt: skip
reels.row(
    "GET", "/reels/timeline",
    f"collection_pk*:{'|'.join(own.WHERE)}, amount=10, last_media_pk:i[0..]=0", None, "[Media]",
    Rail.READ, "The Reels of one of these streams, by its name", step=_stream(""),
    sends="1 to 20: a page each",
)  # fmt: skip
reels.row("GET", "/explore", "", "explore_page()", "Dict", Rail.READ, "The explore page")
reels.row(
    "GET", "/explore/media", "media_pk*:i", "explore_page_media_info(media_pk)", "Dict", Rail.READ,
    "A post of the explore page",
)  # fmt: skip
