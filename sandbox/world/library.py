"""The media of the simulated world: stories, posts, uploads, and publishing them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.wire.message import JsonObject
from sandbox.world.chats import Chats
from sandbox.world.draft import Draft, Part, Upload, entry_for
from sandbox.world.ledger import Ledger
from sandbox.world.people import People
from sandbox.world.person import Person
from sandbox.world.post import Post, graph_id
from sandbox.world.probe import Probe, make_poster, probe
from sandbox.world.published import Product, Published
from sandbox.world.shot import Shot
from sandbox.world.story import Story
from sandbox.world.thread import MentionShape

_FIRST_MEDIA = 3_700_000_000_000_000_000


class Library:
    """All media. What goes live is entered in the ledger, and told to those it mentions."""

    def __init__(
        self,
        directory: Path,
        ledger: Ledger,
        people: People,
        chats: Chats,
        next_number: Callable[[], int],
        now: Callable[[], float],
    ) -> None:
        self._people = people
        self._chats = chats
        self._next_number = next_number
        self._now = now
        self.stories: dict[int, Story] = {}
        self.posts: dict[int, Post] = {}
        self.shots: dict[int, Shot] = {}
        self.sounds: dict[int, Path] = {}
        self.uploads: dict[tuple[int, str], Upload] = {}
        self._ledger = ledger
        self._posters = directory / "posters"
        self._received = directory / "received"
        self._posters.mkdir(parents=True, exist_ok=True)
        self._received.mkdir(exist_ok=True)

    # Stories

    def add_story(
        self,
        owner: Person,
        file: Path,
        *,
        mentions: Sequence[Person] = (),
        taken_at: float | None = None,
        caption: str = "",
        stickers: Sequence[JsonObject] = (),
    ) -> Story:
        """Put a photo or a video into the owner's reel; the file stays where it is.

        Raises:
            sandbox.probe.BadMedia: the file is neither.
        """
        pk = self._new_pk()
        facts = probe(file)
        story = Story(
            pk=pk,
            file=file,
            poster=self._poster(pk, Part(file=file, probe=facts)),
            probe=facts,
            owner=owner,
            taken_at=self._now() if taken_at is None else taken_at,
            mentions=tuple(mentions),
            caption=caption,
            stickers=list(stickers),
        )
        self._keep_story(story)
        return story

    def reel(self, owner: Person) -> list[Story]:
        """The owner's stories that can be seen now, oldest first."""
        now = self._now()
        live = (story for story in list(self.stories.values()) if not story.is_gone(now))
        return sorted(
            (story for story in live if story.owner is owner), key=lambda story: story.taken_at
        )

    def delete_story(self, story: Story) -> None:
        """Take a story down; its mention messages lose their link."""
        story.deleted = True
        self._mark_deleted(story.pk)

    # Posts

    def add_post(
        self,
        owner: Person,
        *files: Path,
        product: Product | None = None,
        caption: str = "",
        taken_at: float | None = None,
    ) -> Post:
        """Put a post into the owner's grid; the files stay where they are.

        Several files make a carousel, one makes what `product` says: a feed post or a Reel.

        Raises:
            ValueError: there is no file.
            sandbox.probe.BadMedia: a file is neither a photo nor a video.
        """
        if not files:
            raise ValueError("a post needs a file")
        draft = Draft(
            owner=owner,
            route="private",
            product="carousel" if len(files) > 1 else product or "feed",
            parts=[Part(file=file, probe=probe(file)) for file in files],
            caption=caption,
        )
        post = self._new_post(draft)
        post.taken_at = self._now() if taken_at is None else taken_at
        return post

    def grid(self, owner: Person) -> list[Post]:
        """The owner's posts that can be seen now, newest first."""
        return [post for post in self.newest_posts() if post.owner is owner]

    def newest_posts(self) -> list[Post]:
        """Everybody's posts that can be seen now, newest first."""
        live = (post for post in self.posts.values() if not post.deleted and not post.archived)
        return sorted(live, key=lambda post: post.age_key, reverse=True)

    def delete_post(self, post: Post) -> None:
        """Take a post down, its files included."""
        post.deleted = True
        for shot in post.shots:
            shot.deleted = True
        self._mark_deleted(post.pk)

    def find_media(self, pk: int) -> Story | Post | None:
        """The story or the post with that id, deleted or not."""
        return self.stories.get(pk) or self.posts.get(pk)

    def find_graph_media(self, number: str) -> Story | Post | None:
        """The story or the post that the Graph API calls by that id, deleted or not."""
        every: list[Story | Post] = [*self.stories.values(), *self.posts.values()]
        return next((media for media in every if graph_id(media.pk) == number), None)

    # Publishing

    def new_upload_path(self, suffix: str) -> Path:
        """A path for received bytes that no other upload has, now or in an earlier run."""
        return self._received / f"{self._next_number():06d}-{secrets.token_hex(4)}{suffix}"

    def publish(self, draft: Draft) -> Story | Post:
        """Make a draft live, tell those it mentions, and enter it in the ledger.

        A second call with the same draft makes a second post: the worst case, on purpose.
        Nothing is awaited in here, so the post and its entry come about together.
        """
        media = self._new_story(draft) if draft.product == "story" else self._new_post(draft)
        self._ledger.post(entry_for(draft, media))
        return media

    def published(self, person: Person) -> list[Published]:
        """What went live by that account, on either route, the deleted posts flagged."""
        return [post for post in self._ledger.published if post.account == person.username]

    def _new_story(self, draft: Draft) -> Story:
        pk = self._new_pk()
        (part,) = draft.parts
        people = tuple(self._people.named(mention.username) for mention in draft.mentions)
        story = Story(
            pk=pk,
            file=part.file,
            poster=self._poster(pk, part),
            probe=part.probe,
            owner=draft.owner,
            taken_at=self._now(),
            mentions=people,
            placed=draft.mentions,
            stickers=draft.stickers,
            upload_id=draft.upload_id,
            caption=draft.caption,
        )
        self._keep_story(story)
        for person in people:
            if person is not draft.owner:
                self._chats.mention(story, person)
                own = self._chats.thread_between(draft.owner, person)
                self._chats.tell(own, story, MentionShape.XMA)
        return story

    def _new_post(self, draft: Draft) -> Post:
        pk = self._new_pk()
        pks = [pk] if draft.product != "carousel" else [self._new_pk() for _ in draft.parts]
        post = Post(
            pk=pk,
            owner=draft.owner,
            product=draft.product,
            shots=tuple(map(self._new_shot, pks, draft.parts)),
            taken_at=self._now(),
            caption=draft.caption,
            collaborators=draft.collaborators,
            location_id=draft.location_id,
            upload_id=draft.upload_id,
        )
        self.posts[pk] = post
        return post

    def keep_file(self, file: Path, facts: Probe) -> Shot:
        """Let the content network deliver a file that belongs to no post."""
        return self._new_shot(self._new_pk(), Part(file=file, probe=facts))

    def keep_sound(self, file: Path) -> int:
        """Let the content network deliver a sound; the answer is its id."""
        pk = self._new_pk()
        self.sounds[pk] = file
        return pk

    def _new_shot(self, pk: int, part: Part) -> Shot:
        poster = self._poster(pk, part)
        shot = Shot(pk=pk, file=part.file, poster=poster, probe=part.probe, tags=part.tags)
        self.shots[pk] = shot
        return shot

    def _keep_story(self, story: Story) -> None:
        self.stories[story.pk] = self.shots[story.pk] = story

    def _poster(self, pk: int, part: Part) -> Path:
        if part.cover is not None or part.probe.kind == "photo":
            return part.cover or part.file
        poster = self._posters / f"{pk}.jpg"
        make_poster(part.file, poster)  # one frame: quick enough for the event loop
        return poster

    def _mark_deleted(self, pk: int) -> None:
        for published in self._ledger.published:
            if published.pk == pk and published.deleted_at is None:
                published.deleted_at = self._now()
        self._ledger.changed()

    def _new_pk(self) -> int:
        return _FIRST_MEDIA + 1_000_003 * self._next_number()
