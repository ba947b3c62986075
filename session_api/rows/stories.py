"""Stories: reading them and who looked, and what this account does about them."""

from __future__ import annotations

from typing import Any

from instagram.private.stories import delete_media, shown_story
from session_api.given import Malformed
from session_api.row import Given, Group, Rail

stories = Group("Stories")


async def _story(client: Any, given: Given) -> Any:
    pk, url = given.get("story_pk"), given.get("url")
    if bool(pk) == bool(url):
        raise Malformed("Send exactly one of story_pk and url")
    number = str(pk or client.story_pk_from_url(url))
    return await shown_story(client, number)


async def _delete(client: Any, given: Given) -> Any:
    return await delete_media(client, str(given["story_pk"]))


async def _viewers(client: Any, given: Given) -> Any:
    try:
        return await client.story_viewers_chunk(
            given["story_pk"], given["amount"], given["cursor"] or ""
        )
    except KeyError as error:
        if error.args != ("viewers",):
            raise
        return [], ""  # nobody has looked yet


async def _number(client: Any, given: Given) -> Any:
    return str(client.story_pk_from_url(given["url"]))


stories.row(
    "GET", "/story", "story_pk:i, url, use_cache:bool=true", None, "Story", Rail.READ,
    "One story, by number or address", step=_story,
)  # fmt: skip
stories.row(
    "GET", "/story/info", "story_pk*:i, use_cache:bool=true", None, "Story", Rail.READ,
    "One story by number", step=_story, is_older=True,
)  # fmt: skip
stories.row(
    "DELETE", "/story", "story_pk*:i", None, "bool", Rail.PUBLISH,
    "Delete a story of this account", step=_delete, act="delete",
)  # fmt: skip
stories.row(
    "PATCH", "/story/seen", "story_pks*[i..10], skipped_story_pks[i..10]",
    "story_seen(story_pks, skipped_story_pks)", "bool", Rail.OWN, "Say that stories were seen",
    sends="2 to 21: whose each of them is, then all in one",
)  # fmt: skip
stories.pair(
    "/story/like", "story_id*, revert:bool=false",
    "story_like(story_id, revert, mark_seen=False)", "story_unlike(story_id)", "bool",
    Rail.SOCIAL, "Like a story", act="like",
)  # fmt: skip
stories.row(
    "GET", "/story/viewers", "story_pk*, amount=50, cursor", None, "ViewerPage", Rail.READ,
    "A page of who has looked at a story of this account", step=_viewers,
)  # fmt: skip
stories.row(
    "GET", "/story/archive", "amount=50, cursor, include_memories:bool=true, reel_id",
    "archive_story_days_paginated_v1(0, cursor or '', include_memories, reel_id or '')",
    "StoryArchiveDayPage", Rail.READ, "A page of the days in the archive",
    found_in="items",
)  # fmt: skip
stories.row(
    "GET", "/story/pk/from/url", "url*", None, "str", Rail.LOCAL,
    "The number of a story's address", step=_number,
)  # fmt: skip
