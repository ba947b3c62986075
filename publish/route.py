"""What every route to Instagram can do; `delivery.py` decides when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from publish.preparation import Fitted
from publish.recognition import Liveness
from publish.record import DeliveryRecord
from storage.deliveries import Delivery
from storage.posts import Post


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A post with its files in the form in which they are sent, in order."""

    post: Post
    files: Sequence[Fitted]

    @property
    def account_id(self) -> str:
        return self.post.instagram_account_id


@dataclass(frozen=True, slots=True)
class Published:
    """A post that is live; an id or address that could not be learned is None."""

    media_id: str | None
    permalink: str | None


class Route(Protocol):
    """A way to Instagram. Every method raises `InstagramError`s."""

    # A delivery in doubt that could not be asked about for so long is given up to a person.
    answers_for: timedelta
    # For how long what goes out is shown; after that its absence proves nothing. None: it stays.
    shown_for: timedelta | None

    @property
    def not_ready_waits_s(self) -> Sequence[float]:
        """How long to wait, one after the other, where Instagram is still processing a video."""
        ...

    async def resolve_people(self, post: Post) -> dict[str, Any]:
        """Return columns of the post to complete before it goes out, if any."""
        ...

    async def make_ready(self, outgoing: Outgoing, record: DeliveryRecord) -> None:
        """Do everything but the one request that makes the post live; goes on where it was."""
        ...

    def their_time(self) -> datetime | None:
        """Return Instagram's own time at its last answer, None where it does not tell."""
        ...

    async def own_media(self, outgoing: Outgoing) -> list[str] | None:
        """Return the ids of what is there already, None where only the id would be lost by that."""
        ...

    async def publish(self, outgoing: Outgoing, delivery: Delivery) -> Published:
        """Make it live with one request.

        Only asking can tell whether it is when what is raised is `maybe_applied`.
        """
        ...

    async def look_for(
        self,
        outgoing: Outgoing,
        delivery: Delivery,
        known: Collection[str],
        *,
        insists: bool = False,
    ) -> Published | Liveness:
        """Ask whether a post that may be live is; `known` are the media ids of other posts.

        `insists`: although the account is held since, because of what the answer said.
        """
        ...

    async def permalink(self, outgoing: Outgoing, media_id: str) -> str | None:
        """Return the address of a live post, None where there is none."""
        ...
