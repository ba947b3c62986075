"""What the sandbox saw and what went live: every request and every post, for tests to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import trio

from sandbox.wire.message import JsonObject, Request
from sandbox.world.published import PagePost, Published

API = "/api/v1/"
# The two places that take a password, and where the username stands beside it.
CAA_LOGIN = f"{API}bloks/async_action/com.bloks.www.bloks.caa.login.async.send_login_request/"
LEGACY_LOGIN = f"{API}accounts/login/"
# Fields and query parameters that are never kept: those with one of these in their name.
_SECRETS = ("password", "access_token", "exchange_token", "client_secret")
_NUMBER = re.compile(r"/\d{5,}(?:_\d+)?(?=/|$)")
_VERSION = re.compile(r"/v\d+\.\d+(?=/)")


@dataclass(eq=False, slots=True)
class Entry:
    """One request. `status` stays None while, and if, it is never answered."""

    at: float
    host: str
    method: str
    path: str
    query: dict[str, str]
    form: JsonObject
    account: str | None
    device: str | None
    connection: int
    http: str
    bytes_in: int
    status: int | None = None
    fault: str | None = None

    @property
    def endpoint(self) -> str:
        """Method and path without what differs from call to call: version and ids.

        For example `POST /<id>/media_publish`.
        """
        return f"{self.method} {_NUMBER.sub('/<id>', _unversioned(self.path))}"


@dataclass(slots=True)
class Ledger:
    """The record of a sandbox. Times come from its clock; lists are in order of arrival.

    With a `limit`, only so many of the newest requests are kept; posts are always.
    """

    clock: Callable[[], float]
    limit: int | None = None
    requests: list[Entry] = field(default_factory=list)
    unknown: list[Entry] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    page_posts: list[PagePost] = field(default_factory=list)
    _forgotten: int = 0
    _waiting: trio.lowlevel.ParkingLot = field(default_factory=trio.lowlevel.ParkingLot)

    def open(self, request: Request, *, form: JsonObject, account: str | None) -> Entry:
        """Enter a request that has arrived in full."""
        entry = Entry(
            at=self.clock(),
            host=request.host,
            method=request.method,
            path=request.path,
            query=without_secrets(request.query),
            form=without_secrets(form),
            account=account,
            device=request.headers.get("x-ig-android-id"),
            connection=request.connection,
            http=request.http,
            bytes_in=request.body.size,
        )
        self.requests.append(entry)
        if self.limit is not None and len(self.requests) > self.limit:
            self.requests.pop(0)
            self._forgotten += 1
        self.changed()
        return entry

    def refuse(self, entry: Entry) -> None:
        """Mark a request as one that nobody should have sent."""
        self.unknown.append(entry)
        if self.limit is not None:
            del self.unknown[: -self.limit]
        self.changed()

    def refuse_tunnel(self, request: Request, host: str) -> None:
        """Enter a tunnel to a host that the sandbox does not play."""
        entry = self.open(replace(request, host=host, path=""), form={}, account=None)
        entry.status = 403
        self.refuse(entry)

    def post(self, published: Published) -> None:
        """Enter a post that went live."""
        self.published.append(published)
        self.changed()

    def post_on_page(self, post: PagePost) -> None:
        """Enter a post that went live on a Facebook Page."""
        self.page_posts.append(post)
        self.changed()

    def changed(self) -> None:
        """Wake whoever waits for an entry, an answer or a post."""
        self._waiting.unpark_all()

    def mark(self) -> int:
        """A point in time for `since`: what arrives from now on comes after it."""
        return self._forgotten + len(self.requests)

    def since(self, mark: int) -> list[Entry]:
        """The entries that came after a mark."""
        return self.requests[max(0, mark - self._forgotten) :]

    def find(
        self,
        path_prefix: str = "",
        *,
        containing: str = "",
        host: str | None = None,
        method: str | None = None,
        account: str | None = None,
        since: int = 0,
    ) -> list[Entry]:
        """The entries that match all that is given.

        The prefix may leave out `/api/v1/`, and the version with which a Graph path begins.
        """
        prefixes = (path_prefix, API + path_prefix)
        return [
            entry
            for entry in self.since(since)
            if (entry.path.startswith(prefixes) or _unversioned(entry.path).startswith(path_prefix))
            and containing in entry.path
            and host in (None, entry.host)
            and method in (None, entry.method)
            and account in (None, entry.account)
        ]

    def count(
        self,
        path_prefix: str = "",
        *,
        containing: str = "",
        host: str | None = None,
        method: str | None = None,
        account: str | None = None,
        since: int = 0,
    ) -> int:
        """How many entries `find` returns."""
        found = self.find(
            path_prefix,
            containing=containing,
            host=host,
            method=method,
            account=account,
            since=since,
        )
        return len(found)

    def logins(self, username: str, *, since: int = 0) -> int:
        """How many times a password was submitted for that username, accepted or not."""
        return sum(
            entry.path in (CAA_LOGIN, LEGACY_LOGIN) and entry.account == username
            for entry in self.since(since)
        )

    def devices(self, username: str) -> set[str]:
        """The device ids with which the account was used."""
        return {
            entry.device for entry in self.requests if entry.account == username and entry.device
        }

    async def wait_for(
        self, wanted: Callable[[Entry], bool] | str, timeout: float = 100.0, *, since: int = 0
    ) -> Entry:
        """The first entry that fits; returns at once if it is there already.

        A string fits a path that contains it, answered or not. A function is asked again
        whenever an entry changes, so it can also look at `status`.

        Raises:
            trio.TooSlowError: none came within `timeout` seconds of real time.
        """

        def fits(entry: Entry) -> bool:
            return wanted in entry.path if isinstance(wanted, str) else wanted(entry)

        def first() -> Entry | None:
            return next((entry for entry in self.since(since) if fits(entry)), None)

        await self.wait_until(lambda: first() is not None, timeout)
        found = first()
        assert found is not None
        return found

    async def wait_until(self, condition: Callable[[], bool], timeout: float = 100.0) -> None:
        """Return once `condition` holds; it is asked again at every change of the ledger.

        Raises:
            trio.TooSlowError: it did not hold within `timeout` seconds of real time.
        """
        with trio.fail_after(timeout):
            while not condition():
                await self._waiting.park()


def without_secrets(value: Mapping[str, Any]) -> JsonObject:
    """The same fields without those that are named after a password or a token."""

    def clean(part: object) -> object:
        if isinstance(part, dict):
            return without_secrets(part)
        if isinstance(part, list):
            return [clean(element) for element in part]
        return part

    return {
        name: clean(part)
        for name, part in value.items()
        if not any(secret in name for secret in _SECRETS)
    }


def _unversioned(path: str) -> str:
    """A path of the Graph API without the version in front."""
    version = _VERSION.match(path)
    return path[version.end() :] if version else path
