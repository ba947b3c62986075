"""The people of the simulated world: everybody who has an account, and the lists of them."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.world.person import LoginBehaviour, Person

_FIRST_PERSON = 4_100_000_017


class People:
    """Everybody there is, in the order in which they came."""

    def __init__(self) -> None:
        self._everybody: list[Person] = []

    def __iter__(self) -> Iterator[Person]:
        return iter(self._everybody)

    def add(
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
        if any(person.username == username for person in self):
            raise ValueError(f"there is already a person called {username}")
        person = Person(
            pk=_FIRST_PERSON + 7919 * len(self._everybody),
            username=username,
            password=password,
            full_name=full_name,
            private=private,
            totp_seed=totp_seed,
            login=login,
        )
        self._everybody.append(person)
        return person

    def named(self, username: str) -> Person:
        """The person with that username; KeyError if there is none."""
        return _found(self.find(username=username), username)

    def by_pk(self, pk: int) -> Person:
        """The person with that id; KeyError if there is none."""
        return _found(self.find(pk=pk), pk)

    def find(self, *, username: str | None = None, pk: int | None = None) -> Person | None:
        """The person with that username or that id, None if there is none."""
        return next(
            (person for person in self if username == person.username or pk == person.pk), None
        )

    def find_login(self, name: str) -> Person | None:
        """The person who logs in by that name, which may be an address or a number."""
        return next((each for each in self if name in (each.username, *each.other_names)), None)

    def search(self, text: str) -> list[Person]:
        """Those in whose username or name the text stands, the exact username first."""
        wanted = text.strip().lstrip("@").casefold()
        found = [
            person
            for person in self
            if wanted in person.username.casefold() or wanted in person.full_name.casefold()
        ]
        return sorted(found, key=lambda person: person.username.casefold() != wanted)


def _found(person: Person | None, wanted: object) -> Person:
    if person is None:
        raise KeyError(wanted)
    return person
