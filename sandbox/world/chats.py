"""The chats of the simulated world, and the messages in which mentions are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.world.person import Person
from sandbox.world.story import Story
from sandbox.world.thread import (
    Attachment,
    Box,
    Content,
    Item,
    MentionOf,
    MentionShape,
    Thread,
    raw_time,
)
from sandbox.world.ties import Ties

_FIRST_THREAD = 340282366841710300949128000000000000000
_FIRST_THREAD_V2 = 17_000_000_000_000_000
_FIRST_ATTACHMENT = 1_180_000_000_000_000
_FIRST_ITEM = 32550000000000000000000000000000000


class Chats:
    """All chats, as each of those in them sees them."""

    def __init__(
        self, ties: Ties, next_number: Callable[[], int], now: Callable[[], float]
    ) -> None:
        self._ties = ties
        self._next_number = next_number
        self._now = now
        self.threads: list[Thread] = []
        # What came in to be sent, by who sent it in and its id.
        self.attachments: dict[tuple[Person, int], Attachment] = {}

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
        thread = Thread(*self._ids(viewer, other), viewer, [other], box, last_activity_at=0)
        for raw in items:
            self.add_item(thread, raw)
        if last_activity_at is not None or not items:
            thread.last_activity_at = self._now() if last_activity_at is None else last_activity_at
        self.threads.append(thread)
        return thread

    def thread_between(self, viewer: Person, other: Person, box: Box = "inbox") -> Thread:
        """The chat with that person in that box, made if there is none yet."""
        for thread in self.threads:
            if (thread.viewer, thread.others, thread.box) == (viewer, [other], box):
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

    # What people send each other

    def views(self, thread: Thread) -> list[Thread]:
        """The chat as each of those in it sees it."""
        if thread.is_group:
            return [each for each in self.threads if each.id == thread.id]
        other = self.with_people(thread.other, [thread.viewer])
        return [thread, other] if other else [thread]

    def of(self, viewer: Person) -> list[Thread]:
        """The chats that the viewer can find."""
        return [each for each in self.threads if each.viewer is viewer and not each.hidden]

    def with_people(self, viewer: Person, people: Sequence[Person]) -> Thread | None:
        """The viewer's chat with exactly these, wherever it is; None if there is none."""
        for thread in self.threads:
            if thread.viewer is viewer and set(thread.others) == set(people):
                return thread
        return None

    def open_group(self, creator: Person, people: Sequence[Person], title: str) -> Thread:
        """Begin a chat of several people; those who do not follow the creator are asked."""
        number = self._next_number()
        everybody = [creator, *people]
        for viewer in everybody:
            others = [person for person in everybody if person is not viewer]
            box = self._box(viewer, creator)
            thread = Thread(
                str(_FIRST_THREAD + number),
                str(_FIRST_THREAD_V2 + number),
                viewer,
                others,
                box,
                last_activity_at=self._now(),
                is_group=True,
                title=title,
                admins=[creator],
            )
            self.threads.append(thread)
        return self.threads[-len(everybody)]

    def add_people(self, thread: Thread, people: Sequence[Person]) -> None:
        """Let more people into a group."""
        for person in people:
            views = self.views(thread)
            others = [view.viewer for view in views]
            for view in views:
                view.others.append(person)
            own = Thread(
                thread.id,
                thread.v2_id,
                person,
                others,
                self._box(person, thread.viewer),
                last_activity_at=self._now(),
                is_group=True,
                title=thread.title,
                admins=list(thread.admins),
            )
            self.threads.append(own)

    def send(self, thread: Thread, content: Content) -> Item:
        """Write into a chat; whoever does not follow the author finds a request.

        The same author's message with the same `context` is not sent twice.
        """
        author = thread.viewer
        for known in thread.items:
            own = known.content if known.author is author else None
            if own is not None and content.context and own.context == content.context:
                return known
        item = Item(self._item_id(), self._now(), author, content=content)
        if not thread.is_group and self.with_people(thread.other, [author]) is None:
            self.add_thread(
                thread.other, author, box=self._box(thread.other, author), last_activity_at=0
            )
        for view in self.views(thread):
            view.add(item)
            view.hidden = False
            view.unread = view.viewer is not author
        return item

    def unsend(self, thread: Thread, item: Item) -> None:
        """Take a message back, for everybody."""
        for view in self.views(thread):
            if item in view.items:
                view.items.remove(item)

    def see(self, thread: Thread, item: Item) -> None:
        """Let the viewer have seen a chat up to a message, which the others are shown."""
        thread.unread = False
        for view in self.views(thread):
            view.seen[thread.viewer] = item, self._now()

    def _box(self, viewer: Person, author: Person) -> Box:
        """Where the viewer finds the first message of somebody."""
        knows = viewer is author or self._ties.follows(viewer, author)
        return "inbox" if knows else "pending"

    def _ids(self, viewer: Person, other: Person) -> tuple[str, str]:
        """The ids of the other's view of the same chat, if they are free, or new ones."""
        own = {thread.id for thread in self.threads if thread.viewer is viewer}
        for thread in self.threads:
            is_counterpart = (thread.viewer, thread.others) == (other, [viewer])
            if is_counterpart and not thread.is_group and thread.id not in own:
                return thread.id, thread.v2_id
        number = self._next_number()
        return str(_FIRST_THREAD + number), str(_FIRST_THREAD_V2 + number)

    def new_attachment(self, owner: Person, attachment: Attachment) -> int:
        """Keep what came in to be sent; the answer is its id."""
        number = _FIRST_ATTACHMENT + self._next_number()
        self.attachments[owner, number] = attachment
        return number

    def _item_id(self) -> str:
        return str(_FIRST_ITEM + self._next_number())
