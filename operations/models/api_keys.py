"""Keys for the API, and links that sign browsers in."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
)

from operations.models.base import (
    AccountId,
    Instant,
    Moment,
    Schema,
    Uuid,
)
from operations.scopes import Scope, scopes_of, text_of


def _is_scopes(value: str) -> str:
    return text_of(scopes_of(value))


_WORD = f"({'|'.join(Scope)})"
# Comma-separated, empty for everything; the validator says it in better words than a pattern.
ScopeList = Annotated[
    str,
    Field(max_length=1000, json_schema_extra={"pattern": f"^({_WORD}(,{_WORD})*)?$"}),
    AfterValidator(_is_scopes),
]
AccountLimit = Annotated[list[AccountId] | None, Field(min_length=1, max_length=100)]


class ApiKey(Schema):
    """`scopes` is comma-separated, empty for everything; `accountIds` null for all accounts."""

    id: Uuid
    name: str
    prefix: str
    scopes: str
    account_ids: list[Uuid] | None
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None


class ApiKeyRequest(Schema):
    """Additive: what the key is limited to, as scopes, some accounts, and until when."""

    name: str = Field(min_length=1, max_length=64)
    scopes: ScopeList = ""
    account_ids: AccountLimit = None
    expires_at: Instant | None = None


class NewApiKey(Schema):
    key: ApiKey
    full_key: str = Field(repr=False)


class ApiKeyList(Schema):
    keys: list[ApiKey]


class RevokedApiKey(Schema):
    success: bool = True
    already_revoked: bool


class LoginCodeRequest(Schema):
    """What the session of a login link is limited to, as a key would be."""

    scopes: ScopeList = ""
    account_ids: AccountLimit = None


class LoginCode(Schema):
    """What a login link ends with; whoever has it first is signed in."""

    code: str = Field(repr=False)
