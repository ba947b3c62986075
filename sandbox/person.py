"""A person of the simulated world, and how logging in as that person goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class LoginBehaviour(Enum):
    """What the login does. The first group looks at the password first, the second does not."""

    OK = "ok"
    TWO_FACTOR = "two_factor"
    PROFILE_CODE = "profile_code"
    CHALLENGE = "challenge"
    CHECKPOINT = "checkpoint"
    CONSENT = "consent"
    SUSPENDED = "suspended"
    FALLBACK_LEGACY = "fallback_legacy"

    BAD_PASSWORD_DIALOG = "bad_password_dialog"  # noqa: S105
    FALLBACK_BAD_PASSWORD = "fallback_bad_password"  # noqa: S105
    UNKNOWN_USER = "unknown_user"
    RATE_LIMITED = "rate_limited"


@dataclass(slots=True)
class Challenge:
    """The proof of identity an account may be asked for. `pending`: asked for at every call."""

    path: str
    pending: bool = False
    code_sent: bool = False


@dataclass(eq=False, slots=True)
class Person:
    """Somebody with an account. What is not derived may be changed at any time."""

    pk: int
    username: str
    password: str | None
    full_name: str
    private: bool
    totp_seed: str | None
    login: LoginBehaviour
    # The code that comes by mail or text message: challenge and profile code.
    security_code: str = "123456"
    backup_codes: set[str] = field(default_factory=set)
    # How many times the configuring of each uploaded video is put off with a 202.
    transcode_polls: int = 0
    challenge: Challenge = field(init=False)

    def __post_init__(self) -> None:
        self.challenge = Challenge(f"/challenge/{self.pk}/n{self.pk % 9973:04d}ce/")
