"""An account as the Graph API knows it: its tokens, its Facebook Page, and what it has used up."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sandbox.graph.failures import GRAPH_ERRORS
from sandbox.world.person import Person

LoginMethod = Literal["instagram", "facebook"]

DAY_S = 24 * 3600.0
TOKEN_LIFETIME_S = 60 * DAY_S
MAX_CONTAINERS = 400
_TOKEN_PREFIXES: dict[LoginMethod, str] = {"instagram": "IGAA", "facebook": "EAAG"}


@dataclass(frozen=True, slots=True)
class Scopes:
    """The permissions of one login method."""

    read: str
    publish: str
    more: tuple[str, ...] = ()

    def all(self) -> set[str]:
        return {self.read, self.publish, *self.more}


PAGE_POSTS = "pages_manage_posts"
# Either of these shows somebody's Pages.
PAGE_LISTS = {"pages_show_list", "pages_read_engagement"}
SCOPES: dict[LoginMethod, Scopes] = {
    "instagram": Scopes("instagram_business_basic", "instagram_business_content_publish"),
    "facebook": Scopes(
        "instagram_basic",
        "instagram_content_publish",
        (*sorted(PAGE_LISTS), PAGE_POSTS),
    ),
}


@dataclass(eq=False, slots=True, kw_only=True)
class GraphAccount:
    """One connected account. Everything but its identity may be changed at any time.

    `token` is the newest long-lived token. Those that it replaced stay valid until they would
    have expired anyway. `revoked` makes all of them worthless, `restricted` stands for an account
    that is inactive or has to pass a checkpoint first.
    """

    person: Person
    ig_user_id: str
    login_method: LoginMethod
    scopes: set[str]
    token: str
    issued_at: float
    expires_at: float | None
    now: Callable[[], float]
    page_id: str | None = None
    page_name: str | None = None
    page_token: str | None = None
    # How many Pages of others whoever logged in looks after too; they are listed before this one.
    other_pages: int = 0
    revoked: bool = False
    restricted: bool = False
    account_type: str = "BUSINESS"
    quota_total: int = 100
    most_containers: int = MAX_CONTAINERS
    # How full the usage headers say that the app's rate limit is.
    usage_percent: int = 1
    # How long the processing of a new container takes by the sandbox's clock, and how many times
    # its status is still IN_PROGRESS after that.
    processing_s: float = 0.0
    polls_in_progress: int = 0
    # Names of errors with which the processing of the next containers ends, one each.
    processing_errors: list[str] = field(default_factory=list)
    # How long it takes until a new post is found in the lists of posts and stories.
    listing_lag_s: float = 0.0
    published_at: list[float] = field(default_factory=list)
    containers_at: list[float] = field(default_factory=list)
    _replaced: dict[str, float | None] = field(default_factory=dict)

    @property
    def app_scoped_id(self) -> str:
        """The id that this account's user has in the app only: not the one to publish with."""
        return str(int(self.ig_user_id) // 2 + 7)

    def fail_processing(self, error: str, times: int = 1) -> None:
        """Let the processing of the next containers end with this error.

        Raises:
            ValueError: there is no error of that name.
        """
        if error not in GRAPH_ERRORS:
            raise ValueError(f"error has to be one of {', '.join(GRAPH_ERRORS)}")
        self.processing_errors += [error] * times

    def replace_token(self) -> None:
        """Issue a new long-lived token."""
        self._replaced[self.token] = self.expires_at
        self.token = new_token(self.login_method)
        self.issued_at = self.now()
        self.expires_at = self.issued_at + TOKEN_LIFETIME_S

    def owns(self, token: str) -> bool:
        """Whether the token is, or ever was, this account's."""
        return token in (self.token, self.page_token) or token in self._replaced

    def has_expired(self, token: str) -> bool:
        """Whether a token of this account is past its time; the Page's never is."""
        expiry = self.expires_at if token == self.token else self._replaced.get(token)
        return expiry is not None and self.now() >= expiry

    def publishing_used(self) -> int:
        """How many posts were published through the API in the last 24 hours."""
        return self._recent(self.published_at)

    def containers_used(self) -> int:
        """How many containers were made in the last 24 hours."""
        return self._recent(self.containers_at)

    def _recent(self, times: list[float]) -> int:
        return sum(self.now() - at < DAY_S for at in times)


def new_token(login_method: LoginMethod) -> str:
    return _TOKEN_PREFIXES[login_method] + secrets.token_hex(40)
