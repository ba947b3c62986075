"""API keys (contract §4.9): a key may see the keys, never make or revoke one."""

from __future__ import annotations

from dataclasses import asdict

from api.contract import Auth, Operations
from api.dispatch import Call
from operations import models as schemas
from storage import api_keys

operations = Operations("Settings")
_PATH = "/settings/api-keys"


@operations.add(
    "POST",
    _PATH,
    auth=Auth.COOKIE,
    body=schemas.ApiKeyRequest,
    returns=schemas.NewApiKey,
    status=201,
)
async def create_api_key(call: Call) -> schemas.NewApiKey:
    """Create a key; `fullKey` is shown this once."""
    key, full = await call.context.store.write(
        api_keys.create, user_id=call.user_id, name=call.body.name, now=call.context.now()
    )
    return schemas.NewApiKey(key=_shown(key), full_key=full)


@operations.add("GET", _PATH, returns=schemas.ApiKeyList)
async def list_api_keys(call: Call) -> schemas.ApiKeyList:
    """List keys, newest first, revoked ones too."""
    found = await call.context.store.read(api_keys.of_user, call.user_id)
    return schemas.ApiKeyList(keys=[_shown(key) for key in found])


@operations.add(
    "DELETE",
    f"{_PATH}/<id>",
    auth=Auth.COOKIE,
    returns=schemas.RevokedApiKey,
    errors=("NOT_FOUND",),
)
async def revoke_api_key(call: Call) -> schemas.RevokedApiKey:
    """Revoke a key; its next request is refused."""
    was_alive = await call.context.store.write(api_keys.revoke, call.path["id"], call.context.now())
    return schemas.RevokedApiKey(already_revoked=not was_alive)


def _shown(key: api_keys.ApiKey) -> schemas.ApiKey:
    return schemas.ApiKey.model_validate(asdict(key))
