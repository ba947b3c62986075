"""One request on its way: who asks, by which session, and what with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accounts.sessions import SessionDesk
from operations.actor import Actor
from operations.house import House
from serving.multipart import Form
from session_api.row import Row
from storage.account_sessions import AccountSession

if TYPE_CHECKING:
    from instagram.private.api import PrivateApi
    from instagram.private.gateway import PrivateGateway
    from operations.by_address import AddressFetcher
    from publish.preparation import Preparation
    from session_api.door import Ends
    from session_api.rails import Limits


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

    def sent(self, name: str) -> str | None:
        """Return a field as it was sent, an empty one too; None where it was not."""
        return next((value for known, value in self.form.fields if known == name), None)
