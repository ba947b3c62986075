"""API keys (contract §4.9): who may use the API without a browser."""

from __future__ import annotations

from dataclasses import asdict

from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.operation import Ask, read, write
from operations.resources import Resource
from operations.scopes import Scope, scopes_of
from storage import api_keys
from storage.store import Database


@write(models.NewApiKey, scope=Scope.KEYS_WRITE, takes=models.ApiKeyRequest)
def create_api_key(db: Database, ask: Ask[models.ApiKeyRequest]) -> models.NewApiKey:
    """Create a key; `fullKey` is shown this once.

    Additive: `scopes` (comma-separated, empty for everything), `accountIds` and `expiresAt` limit
    what it may do; whoever makes it can grant no more than they have.
    """
    asked = ask.given
    ask.actor.require_grant(scopes_of(asked.scopes), asked.account_ids)
    if asked.expires_at is not None and asked.expires_at <= ask.now:
        raise Refusal(ErrorCode.VALIDATION_ERROR, "expiresAt: it is in the past")
    key, full = api_keys.create(
        db,
        user_id=ask.user_id,
        name=asked.name,
        now=ask.now,
        scopes=asked.scopes,
        account_ids=asked.account_ids,
        expires_at=asked.expires_at,
    )
    return models.NewApiKey(key=_shown(key), full_key=full)


@read(models.ApiKeyList, scope=Scope.KEYS_READ)
def list_api_keys(db: Database, ask: Ask[None]) -> models.ApiKeyList:
    """List keys, newest first, revoked ones too."""
    return models.ApiKeyList(keys=[_shown(key) for key in api_keys.of_user(db, ask.user_id)])


@write(
    models.RevokedApiKey,
    scope=Scope.KEYS_WRITE,
    on=Resource.API_KEY,
    refuses=[ErrorCode.NOT_FOUND],
)
def revoke_api_key(db: Database, ask: Ask[None]) -> models.RevokedApiKey:
    """Revoke a key; its next request is refused."""
    return models.RevokedApiKey(already_revoked=not api_keys.revoke(db, ask.id, ask.now))


def _shown(key: api_keys.ApiKey) -> models.ApiKey:
    return models.ApiKey.model_validate(asdict(key))
