"""Other people's accounts, as far as publishing needs them."""

from __future__ import annotations

from aiograpi import exceptions as ig

from instagram.client import PrivateClient


async def user_pk(client: PrivateClient, username: str) -> str:
    """Return the numeric id behind a username; raises aiograpi's not-found errors."""
    answer = await client.private_request(f"users/{username}/usernameinfo/")
    user = answer.get("user")
    if not isinstance(user, dict) or not user.get("pk"):
        # Somebody who does not exist is a 404; this is an answer that says nothing.
        raise ig.ClientUnknownError("no user in the answer")
    return str(user["pk"])
