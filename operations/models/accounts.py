"""Connected accounts, and who asks."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    Field,
)

from operations.models.base import (
    Moment,
    Schema,
    Uuid,
)


class ConnectRequest(Schema):
    """With a token the account publishes through the official API; again to replace it."""

    username: str = Field(min_length=1, max_length=30, pattern=r"^\.*[A-Za-z0-9_][A-Za-z0-9._]*$")
    ig_user_id: str = Field(default="", pattern=r"^\d{0,32}$")
    login_method: Literal["instagram", "facebook"] = "instagram"
    access_token: str | None = Field(
        default=None, min_length=1, max_length=4096, pattern=r"^[!-~]+$", repr=False
    )


class InstagramAccount(Schema):
    id: Uuid
    ig_user_id: str
    username: str
    name: str | None
    profile_picture_url: str | None
    account_type: str | None
    facebook_page_id: str | None
    facebook_page_name: str | None
    token_expires_at: Moment | None
    login_method: Literal["instagram", "facebook"]
    followers_count: int | None
    media_count: int | None
    last_synced_at: Moment | None
    created_at: Moment


class AuthCheck(Schema, json_schema_serialization_defaults_required=False):
    authenticated: bool
    username: str | None = Field(default=None, exclude_if=lambda name: name is None)


class Owner(Schema):
    id: Uuid


class AuthMe(Schema):
    user: Owner
    accounts: list[InstagramAccount]


class TokenApp(Schema):
    """An app of Instagram Login at Meta. `app` is its id, null where none was given yet."""

    app: str | None


class TokenLoginRequest(Schema):
    """The app may be left out once it was given. `redirectUrl` is one that the app allows."""

    app: str | None = Field(default=None, pattern=r"^\d{1,32}$")
    app_secret: str | None = Field(
        default=None, min_length=1, max_length=200, pattern=r"^[!-~]+$", repr=False
    )
    redirect_url: str = Field(max_length=500, pattern=r"^https://[A-Za-z0-9.\[\]:-]+(/[!-~]*)?$")


class TokenLogin(Schema):
    """Where to log in, and until when the answer is waited for."""

    url: str
    until: Moment


class TokenLoginAnswer(Schema):
    code: str = Field(min_length=1, max_length=2000, pattern=r"^[!-~]+$", repr=False)
    state: str = Field(min_length=1, max_length=200, pattern=r"^[!-~]+$", repr=False)
