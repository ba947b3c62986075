"""Other people's accounts, as far as publishing and choosing among mentions need them."""

from __future__ import annotations

from aiograpi import exceptions as ig

from instagram.fields import Json, identifier, mapping, number_of, username
from instagram.private.client import PrivateClient


async def user_pk(client: PrivateClient, name: str) -> str:
    """Return the numeric id behind a username; raises aiograpi's not-found errors."""
    if not username(name):
        raise ig.UserNotFound("nobody has such a name")
    user = await _user(client, f"users/{name}/usernameinfo/")
    return identifier(user["pk"])


async def follower_count(client: PrivateClient, pk: str) -> int:
    """Return how many people follow somebody; raises aiograpi's not-found errors."""
    user = await _user(client, f"users/{pk}/info/")
    count = number_of(user.get("follower_count"))
    if count is None:
        raise ig.ClientUnknownError("no follower count in the answer")
    return count


async def current_username(client: PrivateClient, pk: str) -> str:
    """Return the name that somebody has now; raises aiograpi's not-found errors."""
    name = username((await _user(client, f"users/{pk}/info/")).get("username"))
    if not name:
        raise ig.ClientUnknownError("no username in the answer")
    return name


async def _user(client: PrivateClient, endpoint: str) -> Json:
    answer = await client.private_request(endpoint)
    user = mapping(answer.get("user"))
    if not identifier(user.get("pk")):
        # Somebody who does not exist is a 404; this is an answer that says nothing.
        raise ig.ClientUnknownError("no user in the answer")
    return user
