"""Other people's accounts, as far as publishing needs them."""

from __future__ import annotations

from aiograpi import exceptions as ig

from instagram.client import PrivateClient


async def user_pk(client: PrivateClient, username: str) -> str:
    """Return the numeric id behind a username; raises aiograpi's not-found errors."""
    answer = await client.private_request(f"users/{username}/usernameinfo/")
    pk = (answer.get("user") or {}).get("pk")
    if not pk:
        raise ig.UserNotFound("no user")
    return str(pk)
