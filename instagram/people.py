"""Other people's accounts, as far as publishing and choosing among mentions need them."""

from __future__ import annotations

from typing import Any

from aiograpi import exceptions as ig

from instagram.client import PrivateClient


async def user_pk(client: PrivateClient, username: str) -> str:
    """Return the numeric id behind a username; raises aiograpi's not-found errors."""
    user = await _user(client, f"users/{username}/usernameinfo/")
    return str(user["pk"])


async def follower_count(client: PrivateClient, pk: str) -> int:
    """Return how many people follow somebody; raises aiograpi's not-found errors."""
    user = await _user(client, f"users/{pk}/info/")
    count = user.get("follower_count")
    if not isinstance(count, int) or count < 0:
        raise ig.ClientUnknownError("no follower count in the answer")
    return count


async def _user(client: PrivateClient, endpoint: str) -> dict[str, Any]:
    answer = await client.private_request(endpoint)
    user = answer.get("user")
    if not isinstance(user, dict) or not user.get("pk"):
        # Somebody who does not exist is a 404; this is an answer that says nothing.
        raise ig.ClientUnknownError("no user in the answer")
    return user
