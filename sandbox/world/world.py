"""The simulated world: people, media, chats, accounts of the Graph API, and what else is settable.

Plain synchronous methods that a test calls directly and that request handlers call.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

from sandbox.world.activity import Activity
from sandbox.world.acts import Acts
from sandbox.world.chats import Chats
from sandbox.world.collections import Collections
from sandbox.world.comments import Comment, Comments
from sandbox.world.graph_side import GraphSide
from sandbox.world.guides import Guides
from sandbox.world.hashtags import Hashtags
from sandbox.world.highlights import Highlights
from sandbox.world.ledger import Ledger
from sandbox.world.library import Library
from sandbox.world.music import Music
from sandbox.world.notes import Notes
from sandbox.world.people import People
from sandbox.world.person import Person
from sandbox.world.places import Places
from sandbox.world.post import Post
from sandbox.world.session import Sessions, Tickets
from sandbox.world.story import Story
from sandbox.world.ties import Ties

NEWEST_APP_VERSION = "428.0.0.47.67"


class World:
    """Everything that exists, by its parts. `now` is the sandbox's clock, in seconds since 1970."""

    def __init__(self, directory: Path, ledger: Ledger, now: Callable[[], float]) -> None:
        self.now = now
        # What `releases` says is the newest version of the app.
        self.newest_app_version = NEWEST_APP_VERSION
        numbers = count(1).__next__
        self.sessions = Sessions()
        self.tickets = Tickets()
        self.people = People()
        self.ties = Ties(numbers)
        self.places = Places(numbers)
        self.chats = Chats(self.ties, numbers, now)
        self.library = Library(directory, ledger, self.people, self.chats, numbers, now)
        self.activity = Activity(numbers, now)
        self.likes: Acts[Post | Story | Comment] = Acts(numbers)
        self.views: Acts[Post | Story] = Acts(numbers)
        self.comments = Comments(self.activity, numbers, now)
        self.collections = Collections(numbers)
        self.highlights = Highlights(numbers, now)
        self.hashtags = Hashtags(self.library)
        self.music = Music(self.library, numbers)
        self.notes = Notes(self.ties, numbers, now)
        self.guides = Guides(numbers)
        # What each looked for and when: somebody, a tag with its #, or a text.
        self.searches: dict[Person, list[tuple[float, Person | str]]] = {}
        self.graph = GraphSide(numbers, now)
        # The verbs that tests use most, said on the world itself.
        self.add_person, self.person = self.people.add, self.people.named
        self.person_by_pk, self.find_person = self.people.by_pk, self.people.find
        self.follow, self.follows, self.may_see = (
            self.ties.follow,
            self.ties.follows,
            self.ties.may_see,
        )
        self.add_place = self.places.add
        self.add_thread, self.thread_between = self.chats.add_thread, self.chats.thread_between
        self.add_item, self.mention = self.chats.add_item, self.chats.mention
        self.add_story, self.delete_story = self.library.add_story, self.library.delete_story
        self.add_post, self.delete_post = self.library.add_post, self.library.delete_post
        self.reel, self.grid = self.library.reel, self.library.grid
        self.new_upload_path, self.publish = self.library.new_upload_path, self.library.publish
        self.published = self.library.published
        self.expire_sessions = self.sessions.expire
        self.rotate_session_on_next_call = self.sessions.rotate
        self.connect_graph, self.graph_account = self.graph.connect, self.graph.account
        self.facebook_app, self.map_public_url = self.graph.set_app, self.graph.map_public_url

    def challenge(self, person: Person) -> None:
        """Answer every private call of that account with `challenge_required` until it is met."""
        person.challenge.pending = True
