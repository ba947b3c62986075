"""People: who they are, what they show, and what this account does about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from instagram.private import pages
from session_api.given import Malformed
from session_api.row import Given, Group, Rail, Step

users = Group("Users")
_EITHER = "Send exactly one of user_id and username"


def one_person(given: Given) -> tuple[str, str]:
    """Return somebody's number and name, one of them empty; raises `Malformed`."""
    number = (given.get("user_id") or "").strip()
    name = (given.get("username") or "").strip().lstrip("@").strip()
    if bool(number) == bool(name):
        raise Malformed(_EITHER)
    if number and not (number.isascii() and number.isdigit()):
        return "", number.lstrip("@")  # clients of the first generation
    return number, name


async def number_of(client: Any, given: Given) -> str:
    """Return somebody's number, looked up where a name was given."""
    number, name = one_person(given)
    return number or str((await client.user_info_by_username_v1(name)).pk)


def _of(page: Callable[..., Awaitable[Any]]) -> Step:
    async def step(client: Any, given: Given) -> Any:
        number = await number_of(client, given)
        return await page(client, number, given["amount"], given["cursor"] or "")

    return step


async def _person(client: Any, given: Given) -> Any:
    number, name = one_person(given)
    if number:
        return await client.user_info_v1(number)
    return await client.user_info_by_username_v1(name)


async def _friendship(client: Any, given: Given) -> Any:
    # aiograpi's own call swallows every refusal and answers None.
    answer = await client.private_request(f"friendships/show/{int(given['user_id'])}/")
    return {"user_id": given["user_id"], **{k: v for k, v in answer.items() if k != "status"}}


_COLLECTION = "user_id:user, username:user, amount=50, cursor"
for _path, _page, _older, _what in (
    ("/user/posts", pages.posts, "/user/medias", "posts"),
    ("/user/tagged/posts", pages.tagged, "/user/tagged/medias", "posts that tag them"),
    ("/user/reels", pages.reels, "/user/clips", "Reels"),
    ("/user/videos", pages.videos, "", "videos"),
):
    users.row(
        "GET", _path, _COLLECTION, None, "MediaPage", Rail.READ,
        f"A page of somebody's {_what}, all of what Instagram gave",
        step=_of(_page), older=[_older] if _older else [],
        sends="1 to 2: a name is looked up first",
    )  # fmt: skip

_PEOPLE = "user_id*:pk, amount=50, cursor"
users.row(
    "GET", "/user/followers", _PEOPLE, "user_followers_v1_chunk(user_id, amount, cursor or '')",
    "UserShortPage", Rail.READ, "A page of who follows somebody",
)  # fmt: skip
users.row(
    "GET", "/user/following", _PEOPLE, "user_following_v1_chunk(user_id, amount, cursor or '')",
    "UserShortPage", Rail.READ, "A page of whom somebody follows",
)  # fmt: skip
users.row(
    "GET", "/user", "user_id:user, username:user, use_cache:bool=true", None, "User", Rail.READ,
    "Somebody by number or name, as Instagram shows them now", step=_person,
)  # fmt: skip
users.row(
    "GET", "/user/info", "user_id*:user, use_cache:bool=true", None, "User", Rail.READ,
    "Somebody by number", step=_person, is_older=True,
)  # fmt: skip
users.row(
    "GET", "/user/info/by/username", "username*:user, use_cache:bool=true", None, "User", Rail.READ,
    "Somebody by name", step=_person, is_older=True,
)  # fmt: skip
users.row(
    "GET", "/user/about", "user_id*:pk", "user_about_v1(user_id)", "About", Rail.READ,
    "What Instagram tells about an account: since when, and where",
)  # fmt: skip
users.pair(
    "/user/follow", "user_id*:i", "user_follow(user_id)", "user_unfollow(user_id)", "bool",
    Rail.SOCIAL, "Follow somebody", act="follow",
)  # fmt: skip
users.row(
    "DELETE", "/user/follower", "user_id*:i", "user_remove_follower(user_id)", "bool",
    Rail.SOCIAL, "Have somebody not follow this account any more",
)  # fmt: skip
users.pair(
    "/user/close-friend", "user_id*:i", "close_friend_add(user_id)",
    "close_friend_remove(user_id)", "bool", Rail.OWN, "Make somebody a close friend",
)  # fmt: skip
for _what in ("posts", "stories"):
    users.pair(
        f"/user/mute/{_what}", "user_id*:i, revert:bool=false",
        f"mute_{_what}_from_follow(user_id, revert)", f"unmute_{_what}_from_follow(user_id)",
        "bool", Rail.OWN, f"Mute somebody's {_what}",
    )  # fmt: skip
for _what in ("posts", "stories", "reels", "videos"):
    users.pair(
        f"/user/notifications/{_what}", "user_id*:i",
        f"enable_{_what}_notifications(user_id)", f"disable_{_what}_notifications(user_id)",
        "bool", Rail.OWN, f"Be told of somebody's new {_what}",
    )  # fmt: skip
users.row(
    "GET", "/user/friendship", "user_id*:pk", None, "Dict", Rail.READ,
    "What this account and somebody are to each other", step=_friendship,
)  # fmt: skip
_BLOCK = "user_id*:pk, surface:profile|direct_thread_info=profile"
users.pair(
    "/user/block", _BLOCK, "user_block(user_id, surface)", "user_unblock(user_id, surface)",
    "bool", Rail.SOCIAL, "Block somebody",
)  # fmt: skip
users.row(
    "GET", "/user/pinned/posts", "user_id*:i", "user_pinned_medias(user_id)", "[Media]",
    Rail.READ, "The posts that somebody has pinned", found_in="items",
)  # fmt: skip
users.row(
    "GET", "/user/highlights", "user_id*:i, amount:i=0", "user_highlights_v1(user_id, amount)",
    "[Highlight]", Rail.READ, "Somebody's highlights", found_in="tray",
)  # fmt: skip
users.row(
    "GET", "/user/guides", "user_id*:i", "user_guides_v1(user_id)", "[Guide]", Rail.READ,
    "Somebody's guides", found_in="guides",
)  # fmt: skip
users.row(
    "GET", "/user/stories", "user_id*:pk, amount:i", "user_stories_v1(user_id, amount)", "[Story]",
    Rail.READ, "Somebody's stories now", older=["/story/user/stories"], found_in="reel?.items",
)  # fmt: skip


async def _name(client: Any, given: Given) -> Any:
    return (await client.user_info_v1(str(given["user_id"]))).username


async def _number(client: Any, given: Given) -> Any:
    return await number_of(client, {"username": given["username"]})


users.row(
    "GET", "/user/id/from/username", "username*:user", None, "str", Rail.READ,
    "The number of a name", step=_number,
)  # fmt: skip
users.row(
    "GET", "/user/username/from/id", "user_id*:i", None, "str", Rail.READ,
    "The name of a number", step=_name,
)  # fmt: skip
