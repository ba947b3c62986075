"""The simulated world: people, who follows whom, stories, chats, sessions and uploads.

Plain synchronous methods that a test calls directly and that request handlers call.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sandbox.ledger import Ledger, Published
from sandbox.person import LoginBehaviour, Person
from sandbox.probe import Probe, make_poster, probe
from sandbox.session import Sessions, Tickets
from sandbox.story import Story
from sandbox.thread import Box, Item, MentionOf, MentionShape, Thread, raw_time

_FIRST_PERSON = 4_100_000_017
_FIRST_STORY = 3_700_000_000_000_000_000
_FIRST_THREAD = 340282366841710300949128000000000000000
_FIRST_THREAD_V2 = 17_000_000_000_000_000
_FIRST_ITEM = 32550000000000000000000000000000000


@dataclass(eq=False, slots=True)
class Upload:
    """Bytes that were received and may be configured into a story."""

    owner: Person
    upload_id: str
    file: Path
    probe: Probe
    polls_left: int | None = None  # None until it is first configured


class World:
    """Everything that exists. `now` is the sandbox's clock, in seconds since 1970."""

    def __init__(self, directory: Path, ledger: Ledger, now: Callable[[], float]) -> None:
        self.now = now
        self.newest_app_version = "428.0.0.47.67"  # what the client library's newest source says
        self.sessions = Sessions()
        self.tickets = Tickets()
        self.people: list[Person] = []
        self.stories: dict[int, Story] = {}
        self.threads: list[Thread] = []
        self.uploads: dict[tuple[int, str], Upload] = {}
        self._ledger = ledger
        self._posters = directory / "posters"
        self._received = directory / "received"
        self._posters.mkdir(parents=True, exist_ok=True)
        self._received.mkdir(exist_ok=True)
        self._follows: set[tuple[int, int]] = set()
        self._numbers = count(1)

    # People

    def add_person(
        self,
        username: str,
        *,
        password: str | None = None,
        full_name: str = "",
        private: bool = False,
        totp_seed: str | None = None,
        login: LoginBehaviour = LoginBehaviour.OK,
    ) -> Person:
        """Add somebody; only those with a password can log in.

        Raises:
            ValueError: the username is taken.
        """
        if any(person.username == username for person in self.people):
            raise ValueError(f"there is already a person called {username}")
        person = Person(
            pk=_FIRST_PERSON + 7919 * len(self.people),
            username=username,
            password=password,
            full_name=full_name,
            private=private,
            totp_seed=totp_seed,
            login=login,
        )
        self.people.append(person)
        return person

    def person(self, username: str) -> Person:
        """The person with that username; KeyError if there is none."""
        return _found(self.find_person(username=username), username)

    def person_by_pk(self, pk: int) -> Person:
        """The person with that id; KeyError if there is none."""
        return _found(self.find_person(pk=pk), pk)

    def find_person(self, *, username: str | None = None, pk: int | None = None) -> Person | None:
        """The person with that username or that id, None if there is none."""
        return next(
            (person for person in self.people if username == person.username or pk == person.pk),
            None,
        )

    def follow(self, follower: Person, followed: Person) -> None:
        self._follows.add((follower.pk, followed.pk))

    def follows(self, follower: Person, followed: Person) -> bool:
        return (follower.pk, followed.pk) in self._follows

    def may_see(self, viewer: Person, owner: Person) -> bool:
        """Whether the owner's stories are open to the viewer."""
        return viewer is owner or not owner.private or self.follows(viewer, owner)

    def count_follows(self, person: Person) -> tuple[int, int]:
        """How many follow the person, and how many the person follows."""
        followers = sum(followed == person.pk for _, followed in self._follows)
        return followers, sum(follower == person.pk for follower, _ in self._follows)

    # Sessions

    def expire_sessions(self, person: Person) -> None:
        """End every session: the next call with one of them answers 403 `login_required`."""
        for session in self.sessions.of(person):
            session.valid = False

    def rotate_session_on_next_call(self, person: Person) -> None:
        """Replace each session when it is used next; the old one is good for that call only."""
        for session in self.sessions.of(person):
            session.rotates = True

    def challenge(self, person: Person) -> None:
        """Answer every private call of that account with `challenge_required` until it is met."""
        person.challenge.pending = True

    # Stories

    def add_story(
        self,
        owner: Person,
        file: Path,
        *,
        mentions: Sequence[Person] = (),
        taken_at: float | None = None,
    ) -> Story:
        """Put a photo or a video into the owner's reel; the file stays where it is.

        Raises:
            sandbox.probe.BadMedia: the file is neither.
        """
        facts = probe(file)
        return self._add_story(owner, file, facts, tuple(mentions), taken_at)

    def _add_story(
        self,
        owner: Person,
        file: Path,
        facts: Probe,
        mentions: tuple[Person, ...],
        taken_at: float | None = None,
    ) -> Story:
        pk = _FIRST_STORY + 1_000_003 * next(self._numbers)
        poster = file
        if facts.kind == "video":
            poster = self._posters / f"{pk}.jpg"
            make_poster(file, poster)  # one frame: quick enough for the event loop
        taken_at = self.now() if taken_at is None else taken_at
        story = Story(pk, owner, file, poster, facts, taken_at, mentions)
        self.stories[pk] = story
        return story

    def reel(self, owner: Person) -> list[Story]:
        """The owner's stories that can be seen now, oldest first."""
        now = self.now()
        live = (story for story in list(self.stories.values()) if not story.is_gone(now))
        return sorted(
            (story for story in live if story.owner is owner), key=lambda story: story.taken_at
        )

    def delete_story(self, story: Story) -> None:
        """Take a story down; its mention messages lose their link."""
        story.deleted = True
        for published in self._ledger.published:
            if published.pk == story.pk and published.deleted_at is None:
                published.deleted_at = self.now()
        self._ledger.changed()

    # Chats

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
        number = next(self._numbers)
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
            thread.last_activity_at = self.now() if last_activity_at is None else last_activity_at
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
            id=self._item_id(), at=raw_time(item, self.now()), author=thread.other, raw=item
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
        return self._add_mention(self.thread_between(to, story.owner, box), story, shape, at)

    def _add_mention(
        self, thread: Thread, story: Story, shape: MentionShape, at: float | None = None
    ) -> Item:
        at = self.now() if at is None else at
        item = Item(self._item_id(), at, story.owner, mention=MentionOf(story, shape))
        thread.add(item)
        return item

    def _item_id(self) -> str:
        return str(_FIRST_ITEM + next(self._numbers))

    # Uploads and posts

    def new_upload_path(self, suffix: str) -> Path:
        """A path for received bytes that no other upload has, now or in an earlier run."""
        return self._received / f"{next(self._numbers):06d}-{secrets.token_hex(4)}{suffix}"

    def publish(self, upload: Upload, mentions: tuple[Person, ...], caption: str) -> Story:
        """Make a new story of an upload and tell those it mentions, as Instagram does.

        A second call with the same upload makes a second story: the worst case, on purpose.
        """
        story = self._add_story(upload.owner, upload.file, upload.probe, mentions)
        story.upload_id, story.caption = upload.upload_id, caption
        for person in mentions:
            if person is not upload.owner:
                self.mention(story, person)
                own = self.thread_between(upload.owner, person)
                self._add_mention(own, story, MentionShape.XMA)
        return story

    def published(self, person: Person) -> list[Published]:
        """The stories that went live by that account, the deleted ones flagged."""
        return [post for post in self._ledger.published if post.account == person.username]


def _found(person: Person | None, wanted: object) -> Person:
    if person is None:
        raise KeyError(wanted)
    return person
