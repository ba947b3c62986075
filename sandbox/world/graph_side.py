"""What the Graph API knows: connected accounts, containers, its app, public addresses."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from sandbox.world.graph_account import (
    SCOPES,
    TOKEN_LIFETIME_S,
    GraphAccount,
    LoginMethod,
    new_token,
)
from sandbox.world.graph_container import Container
from sandbox.world.login_app import LoginApp
from sandbox.world.person import Person

FETCH_TIMEOUT_S = 20.0
_FIRST_IG_USER = 17_841_400_000_000_000
_FIRST_PAGE = 102_000_000_000_000


class GraphSide:
    """The official API's side of the world."""

    def __init__(self, next_number: Callable[[], int], now: Callable[[], float]) -> None:
        self._next_number = next_number
        self._now = now
        self.accounts: list[GraphAccount] = []
        self.containers: dict[str, Container] = {}
        # How long the Graph API tries to fetch a photo or a video, in real time.
        self.fetch_timeout_s = FETCH_TIMEOUT_S
        self.public_urls: dict[str, str] = {}
        self._app: tuple[str, str] | None = None
        # The app of Instagram Login, and whether its tokens come wrapped in a list.
        self.login_app: LoginApp | None = None
        self.wraps_tokens = False

    def connect(
        self,
        person: Person,
        *,
        login_method: LoginMethod = "instagram",
        ig_user_id: str | None = None,
        expires_in: float | None = TOKEN_LIFETIME_S,
        scopes: set[str] | None = None,
        page: bool = True,
    ) -> GraphAccount:
        """Let somebody's account be used through the Graph API; the answer carries the token.

        `page` is whether a Facebook Page belongs to it, which only Facebook Login shows.
        `expires_in` None makes a token that never expires. Somebody who is connected again, or
        in the other way, has the same id, and the limits and containers from before.
        """
        issued_at = self._now()
        account = GraphAccount(
            person=person,
            ig_user_id=ig_user_id or str(_FIRST_IG_USER + person.pk),
            login_method=login_method,
            scopes=SCOPES[login_method].all() if scopes is None else set(scopes),
            token=new_token(login_method),
            issued_at=issued_at,
            expires_at=None if expires_in is None else issued_at + expires_in,
            now=self._now,
        )
        if login_method == "facebook" and page:
            account.page_id = str(_FIRST_PAGE + person.pk)
            account.page_name = person.full_name or person.username
            account.page_token = new_token(login_method)
        before = self.find(account.ig_user_id)
        if before is not None:
            account.published_at, account.containers_at = before.published_at, before.containers_at
        self.accounts.append(account)
        return account

    def account(self, ig_user_id: str) -> GraphAccount:
        """The account with that id, the newest if it was connected twice; KeyError if none."""
        account = self.find(ig_user_id)
        if account is None:
            raise KeyError(ig_user_id)
        return account

    def find(self, ig_user_id: str) -> GraphAccount | None:
        """The account with that id, the newest if it was connected twice; None if none."""
        return next(
            (found for found in reversed(self.accounts) if found.ig_user_id == ig_user_id),
            None,
        )

    def account_with(self, token: str) -> GraphAccount | None:
        """The account for which a token was issued, valid or not."""
        return next((account for account in self.accounts if account.owns(token)), None)

    def new_container_id(self) -> str:
        """An id like those of the Graph API; all of them begin with 17889."""
        return f"17889{104_729 * self._next_number():012d}"

    def new_page_object_id(self) -> str:
        """An id for a photo or a video on a Page; all of them begin with 122."""
        return f"122{7919 * self._next_number():012d}"

    def set_app(self, app_id: str, secret: str) -> None:
        """Set the credentials with which Facebook tokens may be exchanged."""
        self._app = app_id, secret

    def set_login_app(self, app_id: str, secret: str, *redirects: str) -> None:
        """Set the app with which people log in at Instagram, and where it may send them."""
        self.login_app = LoginApp(app_id, secret, set(redirects), self._now)

    def open_login_app(self, app_id: str) -> None:
        """Let people log in for an app that nobody has set up, whatever its secret may be."""
        if self.login_app is None or self.login_app.id != app_id:
            self.login_app = LoginApp(app_id, None, None, self._now)

    def knows_app(self, app_id: str) -> bool:
        """Whether there is an app with that id."""
        return self._app is not None and app_id == self._app[0]

    def is_app(self, app_id: str, secret: str) -> bool:
        """Whether these are the app's credentials."""
        if self._app is None or app_id != self._app[0]:
            return False
        return hmac.compare_digest(secret.encode(), self._app[1].encode())

    def map_public_url(self, base: str, to: str) -> None:
        """Fetch addresses that begin with `base` from `to` instead: both are plain text."""
        self.public_urls[base] = to

    def fetched_from(self, url: str) -> str:
        """The address from which a public one is really fetched."""
        for base, to in self.public_urls.items():
            if url.startswith(base):
                return to + url.removeprefix(base)
        return url
