"""A container: media on its way to becoming a post, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import trio

from sandbox.graph.failures import GraphError
from sandbox.wire.message import JsonObject
from sandbox.world.draft import Part
from sandbox.world.graph_account import DAY_S, GraphAccount
from sandbox.world.person import Person
from sandbox.world.published import Product, UserTag


class Stage(Enum):
    """How far a container has come. Each name is a `status_code` of the API."""

    IN_PROGRESS = "In Progress: Media is still being processed."
    FINISHED = "Finished: Media has been uploaded and it is ready to be published."
    ERROR = "Error: Media upload has failed with error code"
    EXPIRED = "Expired: The media was not published within 24 hours."
    PUBLISHED = "Published: Media has been successfully published."


@dataclass(eq=False, slots=True, kw_only=True)
class Transfer:
    """A resumable upload: the file into which bytes are put as they come."""

    file: Path
    size: int | None = None  # known from the first piece on
    received: int = 0
    lock: trio.Lock = field(default_factory=trio.Lock)  # one piece after the other


@dataclass(eq=False, slots=True, kw_only=True)
class Container:
    """One container. `parameters` is what it was made of, without the token."""

    id: str
    account: GraphAccount
    product: Product
    is_child: bool
    wants: str  # "photo", "video" or "carousel"
    parameters: JsonObject
    created_at: float
    caption: str = ""
    tags: tuple[UserTag, ...] = ()
    collaborators: tuple[Person, ...] = ()
    location_id: str | None = None
    children: tuple[Container, ...] = ()
    transfer: Transfer | None = None
    part: Part | None = None
    error: GraphError | None = None
    is_published: bool = False
    publish_attempts: int = 0
    ready_at: float = field(init=False)  # not before this time of the sandbox's clock
    polls_left: int = field(init=False)

    def __post_init__(self) -> None:
        self.ready_at = self.created_at + self.account.processing_s
        self.polls_left = self.account.polls_in_progress

    @property
    def parts(self) -> list[Part]:
        """What it will show, in order; all of it is there once it has FINISHED."""
        shown = self.children or (self,)
        return [container.part for container in shown if container.part is not None]

    def belongs_to(self, account: GraphAccount) -> bool:
        """Whether it was made by the same account, if over another connection of it."""
        return self.account.ig_user_id == account.ig_user_id

    def stage(self, now: float) -> Stage:
        """How far it has come."""
        if self.is_published:
            return Stage.PUBLISHED
        if now - self.created_at >= DAY_S:
            return Stage.EXPIRED
        if self.polls_left or not self._is_processed(now):
            return Stage.IN_PROGRESS
        return Stage.FINISHED if self.error is None else Stage.ERROR

    def count_poll(self, now: float) -> None:
        """Somebody looked. Only looks at what is really done use up `polls_left`."""
        if self.polls_left and self._is_processed(now):
            self.polls_left -= 1

    def status(self, now: float) -> str:
        """The same in words, with the subcode of an error."""
        stage = self.stage(now)
        subcode = f" {self.error.subcode}" if self.error else ""
        return stage.value + (subcode if stage is Stage.ERROR else "")

    def _is_processed(self, now: float) -> bool:
        is_done = bool(self.children) or self.part is not None or self.error is not None
        return is_done and now >= self.ready_at
