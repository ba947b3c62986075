"""The people of the simulated world: accounts, who follows whom, sessions, and places."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from sandbox.world.person import LoginBehaviour, Person
from sandbox.world.post import Place
from sandbox.world.session import Sessions, Tickets

_FIRST_PERSON = 4_100_000_017
_FIRST_PLACE = 213_385_402_000_000


class Population:
    """Everybody there is. `now` is the sandbox's clock, in seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.sessions = Sessions()
        self.tickets = Tickets()
        self.people: list[Person] = []
        self.places: list[Place] = []
        self._follows: set[tuple[int, int]] = set()
        self._numbers = count(1)

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

    def find_login(self, name: str) -> Person | None:
        """The person who logs in by that name, which may be an address or a number."""
        return next(
            (each for each in self.people if name in (each.username, *each.other_names)), None
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

    def add_place(self, name: str, lat: float, lng: float, *, address: str = "") -> Place:
        """Add a location that can be found near these coordinates and tagged."""
        place = Place(_FIRST_PLACE + next(self._numbers), name, address, lat, lng)
        self.places.append(place)
        return place

    def find_place(self, pk: object) -> Place | None:
        """The place with that id, None if there is none."""
        return next((place for place in self.places if str(place.pk) == str(pk)), None)

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


def _found(person: Person | None, wanted: object) -> Person:
    if person is None:
        raise KeyError(wanted)
    return person
