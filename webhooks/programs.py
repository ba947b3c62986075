"""How other programs are told: messages signed with their secrets, over one pool of connections."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from types import TracebackType

from ground.clock import Clock
from storage import secrets
from storage.events import Event
from storage.store import Database, Store
from storage.vault import Vault
from storage.webhooks import Webhook, WebhookDelivery
from storage.wrong_clock import SLACK
from webhooks.sending import Messenger, Told
from webhooks.signing import signed
from webhooks.targets import Targets

CURRENT, PREVIOUS = "current", "previous"
OVERLAP = timedelta(hours=24)

Render = Callable[[Database, Webhook, Event], tuple[str, str] | None]
Wanted = Callable[[str], Collection[str]]


class Programs:
    """The `Manner` of webhooks."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Clock,
        targets: Targets,
        *,
        render: Render,
        wanted: Wanted,
    ) -> None:
        """`render` and `wanted` as `Manner` has them: what is told is not decided here."""
        self._store = store
        self._vault = vault
        self._clock = clock
        self._targets = targets
        self._render = render
        self.wanted = wanted

    def render(self, db: Database, receiver: Webhook, event: Event) -> tuple[str, str] | None:
        return self._render(db, receiver, event)

    async def tell(
        self, receiver: Webhook, first: WebhookDelivery
    ) -> tuple[Sequence[WebhookDelivery], Told]:
        now = self._clock.now()
        keys = await self._store.glance(secrets.of_webhook, self._vault, receiver.id)
        body = first.body.encode()
        headers = signed(first.id, body, int(now.timestamp()), _valid(keys, receiver, now))
        return [first], await self._messenger.send(receiver.url, body, headers)

    async def __aenter__(self) -> Programs:
        self._messenger = await Messenger(self._targets).__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        await self._messenger.__aexit__(kind, error, trace)


def _valid(keys: dict[str, str], webhook: Webhook, now: datetime) -> list[str]:
    """Return the secrets to sign with: the present one, and its predecessor for a while."""
    found = [keys[CURRENT]] if CURRENT in keys else []
    until = webhook.old_secret_until
    # Until later than that it is by a clock that was ahead.
    if PREVIOUS in keys and until and now < until <= now + OVERLAP + SLACK:
        found.append(keys[PREVIOUS])
    return found
