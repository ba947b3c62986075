"""How a login ends, and where it waits: plain values that survive a restart as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LoginSecrets:
    """What a login is made with; a password only where one may be submitted."""

    password: str = field(default="", repr=False)
    totp_seed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session that works; `session` is a secret. `is_new`: it did not exist here before."""

    username: str
    private_pk: str
    session: Mapping[str, Any] = field(repr=False)
    is_new: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """A login that waits for a person; `state` and `session` are secrets and plain JSON.

    `kind` is email, sms or two_factor (a code is wanted), or app or consent (something must be
    confirmed in the app). `reason` is fit for a person to read. `code_refused`: a code was
    given and was not accepted.
    """

    username: str
    kind: str
    reason: str
    contact_point: str | None = None
    state: Mapping[str, str] = field(repr=False)
    session: Mapping[str, Any] = field(repr=False)
    code_refused: bool = False

    @property
    def waits_for_code(self) -> bool:
        return self.kind in ("email", "sms", "two_factor")
