"""A person of the simulated world, and how logging in as that person goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


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
    # What is asked for, and where a code may be sent.
    step: str = "select_verify_method"
    ways: tuple[str, ...] = ("email", "phone_number")
    # Whether the right code also logs in, or the password has to come again.
    logs_in: bool = False


@dataclass(slots=True)
class Profile:
    """What the profile page and its settings say. All of it may be changed at any time."""

    biography: str = ""
    external_url: str = ""
    email: str = ""
    phone_number: str = ""
    gender: int = 3
    birthday: str | None = None
    is_business: bool = False
    is_verified: bool = False
    is_online: bool = False
    country: str = "Germany"
    joined: str = "May 2019"
    former_usernames: int = 0
    picture: Path | None = None  # a drawn one unless set


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
    # How many follow the person; None counts those of the simulated world.
    followers: int | None = None
    backup_codes: set[str] = field(default_factory=set)
    # With what else than the username one may log in: an address, a number.
    other_names: set[str] = field(default_factory=set)
    # Two-factor codes come by SMS instead of an authenticator.
    sms_two_factor: bool = False
    # The app's login sends everybody back to the old one, which then judges.
    old_door: bool = False
    # What the logins after a met challenge do; OK when there is nothing more.
    then: list[LoginBehaviour] = field(default_factory=list)
    # Where codes were sent: email or sms, one entry each time.
    codes_sent: list[str] = field(default_factory=list)
    # How many times the configuring of each uploaded video is put off with a 202.
    transcode_polls: int = 0
    profile: Profile = field(default_factory=Profile)
    # What the person is told of, by kind of content.
    notification_settings: dict[str, str] = field(default_factory=dict)
    # The seed of an authenticator that was asked for, until a code proves it.
    offered_totp_seed: str | None = None
    challenge: Challenge = field(init=False)

    def met_challenge(self) -> None:
        """Go on to what the next login does."""
        self.challenge.pending = False
        self.challenge.code_sent = False
        if self.login is LoginBehaviour.CHALLENGE:
            self.login = self.then.pop(0) if self.then else LoginBehaviour.OK

    def __post_init__(self) -> None:
        self.challenge = Challenge(f"/challenge/{self.pk}/n{self.pk % 9973:04d}ce/")
