"""One request on its way: who asks, by which session, and what with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from accounts.sessions import SessionDesk
from operations.actor import Actor
from operations.house import House
from serving.multipart import Form
from session_api.row import Rail, Row
from storage.account_sessions import AccountSession

if TYPE_CHECKING:
    from instagram.private.api import PrivateApi
    from instagram.private.gateway import PrivateGateway
    from operations.by_address import AddressFetcher
    from publish.preparation import Preparation
    from session_api.door import Ends
    from session_api.rails import Limits

T = TypeVar("T")
# What aiograpi wants as `number_owner`.
_WHOLE_IDS = (
    *("media_id", "media_ids", "skipped_media_ids", "added_media_ids", "removed_media_ids"),
    *("story_id", "story_ids", "cover_story_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What this face works with; given by the composition."""

    house: House
    gateway: PrivateGateway
    sessions: SessionDesk
    limits: Limits
    max_upload_bytes: int
    system: Mapping[str, Callable[[], Any]]
    ends: Ends
    fetcher: AddressFetcher
    preparation: Preparation


@dataclass(slots=True)
class Tally:
    """How many requests to Instagram a question has been so far."""

    requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A row that is asked: `given` are its values, `form` what came as it was sent."""

    around: Around
    row: Row
    actor: Actor | None
    given: Mapping[str, Any]
    form: Form = field(default_factory=Form)
    session: AccountSession | None = None
    # The Idempotency-Key that it came under.
    key: str | None = None
    tally: Tally = field(default_factory=Tally)
    # What is to be known of it beside its answer.
    warnings: list[str] = field(default_factory=list)

    @property
    def who(self) -> Actor:
        assert self.actor is not None
        return self.actor

    @property
    def used(self) -> AccountSession:
        assert self.session is not None
        return self.session

    @property
    def api(self) -> PrivateApi:
        return self.around.gateway.account(self.used.account_id)

    async def run(self, step: Callable[[Any], Awaitable[T]], *, writes: bool | None = None) -> T:
        """Have something done with the account's client, as its row says unless told otherwise.

        It is stopped at as many requests as the row may take: some answers lead to the next page
        for ever.
        """
        if writes is None:
            writes = self.row.rail not in (Rail.READ, Rail.LOCAL)

        async def counted(client: Any) -> T:
            before = client.asked
            try:
                return await step(client)
            finally:
                self.tally.requests += client.asked - before

        name, most = f"session.{self.row.name}", self.row.requests.stop - 1
        return await self.api.run(name, counted, writes=writes, most=most + self._bare_ids())

    def _bare_ids(self) -> int:
        """How many ids came as a number alone: whose each is, is asked first."""
        sent = (self.given.get(name) for name in _WHOLE_IDS)
        every = [each for value in sent for each in (value if isinstance(value, list) else [value])]
        return sum(bool(each) and "_" not in str(each) for each in every)

    def sent(self, name: str) -> str | None:
        """Return a field as it was sent, an empty one too; None where it was not."""
        return next((value for known, value in self.form.fields if known == name), None)
