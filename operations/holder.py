"""Who holds a key: what every face that takes keys asks."""

from __future__ import annotations

from ground.refusal import ErrorCode, Refusal
from operations.actor import Actor
from operations.house import House
from operations.scopes import stored_scopes
from storage import api_keys
from storage.api_keys import KEY_PREFIX
from storage.owners import Accounts

_LENGTH = len(KEY_PREFIX) + 43


async def holder_of(house: House, key: str, via: str) -> Actor:
    """Return who asks with a key, through that face; raises `Refusal` (`AUTH_INVALID_KEY`)."""
    if len(key) != _LENGTH or not key.startswith(KEY_PREFIX) or not key.isascii():
        raise Refusal(ErrorCode.AUTH_INVALID_KEY, "The key does not have the form of a key")
    found = await house.store.glance(api_keys.by_hash, api_keys.hash_of(key))
    if found is None:
        raise Refusal(ErrorCode.AUTH_INVALID_KEY, "The key is unknown or revoked")
    if found.expires_at is not None and found.expires_at <= house.clock.now():
        raise Refusal(ErrorCode.AUTH_INVALID_KEY, "The key has expired; create a new one")
    return Actor(
        found.user_id,
        via,
        key_id=found.id,
        scopes=stored_scopes(found.scopes),
        accounts=limits_of(found.account_ids),
    )


def limits_of(account_ids: Accounts) -> frozenset[str] | None:
    """Return the accounts that a key or session is limited to, None for all."""
    return None if account_ids is None else frozenset(account_ids)
