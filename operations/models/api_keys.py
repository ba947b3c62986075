"""Keys for the API."""

from __future__ import annotations

from pydantic import (
    Field,
)

from operations.models.base import (
    Moment,
    Schema,
    Uuid,
)


class ApiKey(Schema):
    id: Uuid
    name: str
    prefix: str
    scopes: str
    created_at: Moment
    last_used_at: Moment | None
    revoked_at: Moment | None


class ApiKeyRequest(Schema):
    name: str = Field(min_length=1, max_length=64)


class NewApiKey(Schema):
    key: ApiKey
    full_key: str


class ApiKeyList(Schema):
    keys: list[ApiKey]


class RevokedApiKey(Schema):
    success: bool = True
    already_revoked: bool


class LoginCode(Schema):
    """What a login link ends with; whoever has it first is signed in."""

    code: str = Field(repr=False)
