"""Private API logins and what they wait for."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
)

from accounts.client_options import CHECKS
from operations.models.base import (
    AccountId,
    Moment,
    Schema,
)


class ClientOptionFields(Schema):
    """How the account's client reaches Instagram and what it says of itself; "" clears."""

    proxy: str | None = Field(default=None, max_length=512, repr=False)
    locale: str | None = Field(default=None, max_length=16)
    timezone: str | None = Field(default=None, max_length=64)
    totp_seed: str | None = Field(default=None, max_length=256, repr=False)

    @field_validator("proxy", "locale", "timezone", "totp_seed")
    @classmethod
    def _is_usable(cls, value: str | None, info: ValidationInfo) -> str | None:
        return CHECKS[info.field_name or ""](value) if value else value

    def given(self) -> dict[str, str]:
        """Return the options that were sent, by name."""
        fields = ClientOptionFields.model_fields
        found = {name: getattr(self, name) for name in fields if name in self.model_fields_set}
        return {name: value or "" for name, value in found.items()}


class LoginRequest(ClientOptionFields):
    account_id: AccountId
    ig_username: str = Field(min_length=1, max_length=64)
    ig_password: str = Field(min_length=1, max_length=512, repr=False)
    code: str = Field(default="", pattern=r"^(\d{6}|\d{8})?$", repr=False)


class LoginResult(Schema):
    success: bool
    message: str
    challenge_required: bool
    contact_point: str | None = None
    challenge_type: str | None = None
    version_warning: str | None = None


class ChallengeRequest(Schema):
    account_id: AccountId
    code: str = Field(pattern=r"^(\d{6}|\d{8})$", repr=False)


class ChallengeResult(Schema):
    """`resolved: false` when Instagram wants one more code; the other fields say which."""

    success: bool
    resolved: bool
    message: str
    contact_point: str | None = None
    challenge_type: str | None = None


class ContinueRequest(Schema):
    account_id: AccountId
    method: Literal["email", "sms"] | None = None


class ImportRequest(Schema):
    """One of both: a browser's cookie, or the object that aiograpi's `get_settings()` returns."""

    account_id: AccountId
    sessionid: str | None = Field(default=None, max_length=2048, repr=False)
    settings: dict[str, Any] | None = Field(default=None, repr=False)


class ClientOptions(Schema):
    """Of a proxy only host and port are ever shown."""

    proxy: str | None
    locale: str | None
    timezone: str | None
    has_totp_seed: bool
    warnings: list[str]


class CredentialsProbe(Schema):
    configured: bool
    ig_username: str | None
    last_login_at: Moment | None
    challenge_state: str | None
    has_session: bool


class SessionPhase(Schema):
    has_credentials: bool
    has_session: bool
    cloud_configured: bool
    phase: int
    desktop_online: bool
    last_warmup_at: Moment | None
    last_warmup_error: str | None
    exists: bool


class SavedSession(Schema):
    """A session as aiograpi saves it: a secret."""

    username: str
    settings: dict[str, Any] = Field(repr=False)
