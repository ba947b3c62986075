"""The chats of the simulated world, and the messages in which mentions are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.world.person import Person
from sandbox.world.story import Story
from sandbox.world.thread import Box, Item, MentionOf, MentionShape, Thread, raw_time

_FIRST_THREAD = 340282366841710300949128000000000000000
_FIRST_THREAD_V2 = 17_000_000_000_000_000
_FIRST_ITEM = 32550000000000000000000000000000000


class Chats:
    """All chats, as each of those in them sees them."""

    def __init__(self, next_number: Callable[[], int], now: Callable[[], float]) -> None:
        self._next_number = next_number
        self._now = now
        self.threads: list[Thread] = []

    def add_thread(
        self,
        viewer: Person,
        other: Person,
        *,
        box: Box = "inbox",
        last_activity_at: float | None = None,
        items: Sequence[object] = (),
    ) -> Thread:
        """Add a chat to the viewer's inbox, filled with raw messages that are sent as they are."""
        number = self._next_number()
        thread = Thread(
            id=str(_FIRST_THREAD + number),
            v2_id=str(_FIRST_THREAD_V2 + number),
            viewer=viewer,
            other=other,
            box=box,
            last_activity_at=0,
        )
        for raw in items:
            self.add_item(thread, raw)
        if last_activity_at is not None or not items:
            thread.last_activity_at = self._now() if last_activity_at is None else last_activity_at
        self.threads.append(thread)
        return thread

    def thread_between(self, viewer: Person, other: Person, box: Box = "inbox") -> Thread:
        """The chat with that person in that box, made if there is none yet."""
        for thread in self.threads:
            if (thread.viewer, thread.other, thread.box) == (viewer, other, box):
                return thread
        return self.add_thread(viewer, other, box=box, last_activity_at=0)

    def add_item(self, thread: Thread, item: object) -> Item:
        """Add a message that is sent exactly as it is: any JSON, odd ones included."""
        added = Item(
            id=self._item_id(), at=raw_time(item, self._now()), author=thread.other, raw=item
        )
        thread.add(added)
        return added

    def mention(
        self,
        story: Story,
        to: Person,
        *,
        shape: MentionShape = MentionShape.XMA,
        box: Box = "inbox",
        at: float | None = None,
    ) -> Item:
        """Send the message that Instagram sends to `to` when that name is in a story."""
        if to not in story.mentions:
            story.mentions = (*story.mentions, to)
        return self.tell(self.thread_between(to, story.owner, box), story, shape, at)

    def tell(
        self, thread: Thread, story: Story, shape: MentionShape, at: float | None = None
    ) -> Item:
        """Put the message about a mention into one of the two views of a chat."""
        at = self._now() if at is None else at
        item = Item(self._item_id(), at, story.owner, mention=MentionOf(story, shape))
        thread.add(item)
        return item

    def _item_id(self) -> str:
        return str(_FIRST_ITEM + self._next_number())
