"""Posts: reading them, and what this account does about its own and others'."""

from __future__ import annotations

from typing import Any

from instagram.private import calls
from instagram.private.feed import Said, Tag, edit
from instagram.private.stories import delete_media
from session_api.addresses import code_in
from session_api.given import Malformed
from session_api.json_fields import TAGS
from session_api.question import Question
from session_api.row import Given, Group, Rail, fields_of
from session_api.said import tags

media = Group("Media")


def _pk_of(client: Any, given: Given) -> str:
    """Return a post's number by whichever way it was named; nothing is sent."""
    named = {name: given.get(name) for name in ("pk", "id", "code", "url") if given.get(name)}
    if len(named) != 1:
        raise Malformed("Send exactly one of pk, id, code and url")
    ((way, value),) = named.items()
    if way == "url":
        way, value = "code", code_in(str(value))
    local = {"id": client.media_pk, "code": client.media_pk_from_code}.get(way, str)
    return str(local(value))


async def _post(client: Any, given: Given) -> Any:
    return await client.media_info_v1(_pk_of(client, given))


async def _author(client: Any, given: Given) -> Any:
    return (await client.media_info_v1(given["media_pk"])).user


media.row(
    "GET", "/media", "pk:i, id:number, code, url, use_cache:bool=true", None, "Media", Rail.READ,
    "One post, by number, id, code or address", step=_post,
)  # fmt: skip
media.row(
    "GET", "/media/info", "pk*:i, use_cache:bool=true", None, "Media", Rail.READ,
    "One post by number", step=_post, is_older=True,
)  # fmt: skip


async def _delete(client: Any, given: Given) -> Any:
    return await delete_media(client, client.media_pk(given["media_id"]))


media.row(
    "DELETE", "/media", "media_id*", None, "bool", Rail.PUBLISH,
    "Delete a post of this account", step=_delete, act="delete",
)  # fmt: skip


async def _edit(question: Question) -> Any:
    given = question.given
    said = await tags(question)
    tagged = [
        Tag(user_pk=each["userId"], x=each["x"], y=each["y"]) for each in said["user_tags"] or ()
    ]
    spoken = Said(
        caption=given["caption"],
        tags=tagged,
        location_id=said.get("location_id"),
        location_name=said.get("location_name"),
    )

    async def change(client: Any) -> Any:
        return calls.told(await edit(client, given["media_id"], spoken, given["title"]))

    return await question.run(change)


media.row(
    "PATCH", "/media", (*fields_of("media_id*, caption*, title"), *TAGS), None, "Dict",
    Rail.PUBLISH, "Change caption, tags or place of a post of this account", handler=_edit,
    act="edit", sends="1 to 52: names and a place that are not sent are asked first",
)  # fmt: skip
media.row(
    "GET", "/media/author", "media_pk*:i", None, "UserShort", Rail.READ, "Whose a post is",
    step=_author, older=["/media/user"],
)  # fmt: skip
media.row(
    "GET", "/media/oembed", "url*", "media_oembed(url)", "MediaOembed", Rail.READ,
    "What a site that embeds a post is told",
)  # fmt: skip
media.pair(
    "/media/like", "media_id*, revert:bool=false", "media_like(media_id, revert)",
    "media_unlike(media_id)", "bool", Rail.SOCIAL, "Like a post", act="like",
)  # fmt: skip
media.row(
    "PATCH", "/media/seen", "media_ids*[], skipped_media_ids[]",
    "media_seen(media_ids, skipped_media_ids)", "bool", Rail.OWN, "Say that posts were seen",
)  # fmt: skip
media.row(
    "GET", "/media/likers", "media_id*", "media_likers(media_id)", "[UserShort]", Rail.READ,
    "Who likes a post",
)  # fmt: skip
media.pair(
    "/media/archive", "media_id*, revert:bool=false", "media_archive(media_id, revert)",
    "media_unarchive(media_id)", "bool", Rail.PUBLISH, "Hide a post of this account",
)  # fmt: skip
media.pair(
    "/media/save", "media_id*, collection_pk:i, revert:bool=false",
    "media_save(media_id, collection_pk, revert)", "media_unsave(media_id, collection_pk)",
    "bool", Rail.OWN, "Save a post",
)  # fmt: skip
media.pair(
    "/media/pin", "media_pk*, revert:bool=false", "media_pin(media_pk, revert)",
    "media_unpin(media_pk)", "bool", Rail.PUBLISH, "Pin a post to this account's profile",
)  # fmt: skip


async def _number(client: Any, given: Given) -> Any:
    return _pk_of(client, {name: given.get(name) for name in ("code", "url")})


async def _number_of_id(client: Any, given: Given) -> Any:
    return _pk_of(client, {"id": given["media_id"]})


async def _id_of_number(client: Any, given: Given) -> Any:
    return (await client.media_info_v1(given["media_pk"])).id


media.row(
    "GET", "/media/id", "media_pk*:i", None, "str", Rail.READ,
    "The id of a number, which ends with whose the post is", step=_id_of_number,
)  # fmt: skip
media.row(
    "GET", "/media/pk", "media_id*", None, "str", Rail.LOCAL, "The number in an id",
    step=_number_of_id,
)  # fmt: skip
media.row(
    "GET", "/media/pk/from/code", "code*", None, "str", Rail.LOCAL, "The number of a code",
    step=_number,
)  # fmt: skip
media.row(
    "GET", "/media/pk/from/url", "url*", None, "str", Rail.LOCAL, "The number of an address",
    step=_number,
)  # fmt: skip
media.row(
    "GET", "/account/feed/timeline", "", "get_timeline_feed()", "Dict", Rail.READ,
    "The home screen's posts", older=["/auth/timeline/feed"],
)  # fmt: skip
