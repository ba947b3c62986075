"""Hashtags and places.

Their pages are not cut to `amount`: aiograpi would drop the rest while the cursor moves on.
"""

from __future__ import annotations

from typing import Any

from session_api.given import Malformed
from session_api.row import Given, Group, Rail

hashtags = Group("Hashtags")
locations = Group("Locations")

hashtags.row(
    "GET", "/hashtag", "name*:tag", "hashtag_info_v1(name)", "Hashtag", Rail.READ, "One hashtag",
    older=("/hashtag/info",),
)  # fmt: skip
for _tab, _amount in (("top", 9), ("recent", 27)):
    hashtags.row(
        "GET", f"/hashtag/media/{_tab}", f"name*:tag, amount={_amount}, cursor",
        f'hashtag_medias_v1_chunk(name, 0, "{_tab}", cursor)', "MediaPage", Rail.READ,
        f"A page of a hashtag's {_tab} posts, as long as Instagram makes it",
        older=(f"/hashtag/medias/{_tab}",),
    )  # fmt: skip
hashtags.row(
    "GET", "/hashtag/related", "name*:tag", None, "[Hashtag]", Rail.READ, "Related hashtags",
    absent="Instagram no longer tells which hashtags are related",
)  # fmt: skip
hashtags.row(
    "GET", "/hashtag/reels", "name*:tag, amount=27", "hashtag_medias_reels_v1(name, amount)",
    "[Media]", Rail.READ, "A hashtag's Reels",
)  # fmt: skip
hashtags.pair(
    "/hashtag/follow", "hashtag*:tag, unfollow:bool=false", "hashtag_follow(hashtag, unfollow)",
    "hashtag_unfollow(hashtag)", "bool", Rail.SOCIAL, "Follow a hashtag", act="follow",
)  # fmt: skip

locations.row(
    "GET", "/location", "location_pk*:i", "location_info(location_pk)", "Location", Rail.READ,
    "One place", older=("/location/info",),
)  # fmt: skip
for _tab, _key, _amount in (("top", "ranked", 27), ("recent", "recent", 63)):
    locations.row(
        "GET", f"/location/media/{_tab}", f"location_pk*:i, amount={_amount}, cursor",
        f'location_medias_v1_chunk(location_pk, amount, "{_key}", cursor)', "MediaPage", Rail.READ,
        f"A page of a place's {_tab} posts, as long as Instagram makes it",
        older=(f"/location/medias/{_tab}",), found_in="sections",
    )  # fmt: skip
locations.row(
    "GET", "/location/guides", "location_pk*:i", "location_guides_v1(location_pk)", "[Guide]",
    Rail.READ, "The guides about a place", found_in="guides",
)  # fmt: skip


async def _places(client: Any, given: Given) -> Any:
    name, lat, lng = given["name"], given["lat"], given["lng"]
    if (lat is None) != (lng is None) or (not name and lat is None):
        raise Malformed("Send `name`, or `lat` and `lng`")
    if name:
        near = {} if lat is None else {"lat": lat, "lng": lng}
        return await client.fbsearch_places(name, **near)
    return await client.location_search(lat, lng)


locations.row(
    "GET", "/search/locations", "name, lat:float, lng:float", None, "[Location]", Rail.READ,
    "The places near a point, or of a name", older=("/location/search",), step=_places,
)  # fmt: skip
locations.row(
    "GET", "/search/places", "query*, lat:float=40.74, lng:float=-73.94",
    "fbsearch_places(query, lat, lng)", "[Location]", Rail.READ, "The places of a name",
)  # fmt: skip
