"""Sessions, against which every private call is checked, and the tickets on the way to one."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass

from sandbox.private.form import json_object, whole_number
from sandbox.world.person import Person

_SCHEME = "Bearer IGT:2:"


@dataclass(eq=False, slots=True)
class Session:
    """One logged-in device. `rotates` replaces it by a new one at its next use."""

    id: str
    person: Person
    valid: bool = True
    rotates: bool = False

    @property
    def bearer(self) -> str:
        """The value that the Authorization header has to carry."""
        content = {"ds_user_id": str(self.person.pk), "sessionid": self.id}
        return _SCHEME + base64.b64encode(json.dumps(content).encode()).decode()


class Sessions:
    """All sessions ever opened, the ended ones included."""

    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}

    def open(self, person: Person) -> Session:
        token = secrets.token_urlsafe(20)
        session = Session(f"{person.pk}%3A{token}%3A{len(self._by_id) % 30}", person)
        self._by_id[session.id] = session
        return session

    def find(self, authorization: str) -> Session | None:
        """The session an Authorization header names, valid or not; None for any other header."""
        content = _decode(authorization)
        session = self._by_id.get(str(content.get("sessionid")))
        if session is None or content.get("ds_user_id") != str(session.person.pk):
            return None
        return session

    def viewer(self, session_id: str) -> Person | None:
        """Whose valid session that is, as a cookie of the website names it; None if nobody's."""
        session = self._by_id.get(session_id)
        return session.person if session is not None and session.valid else None

    def of(self, person: Person) -> list[Session]:
        """The valid sessions of a person."""
        return [
            session
            for session in self._by_id.values()
            if session.person is person and session.valid
        ]

    def expire(self, person: Person) -> None:
        """End every session: the next call with one of them answers 403 `login_required`."""
        for session in self.of(person):
            session.valid = False

    def rotate(self, person: Person) -> None:
        """Replace each session when it is used next; the old one is good for that call only."""
        for session in self.of(person):
            session.rotates = True


class Tickets:
    """Tokens that one step of a login hands out and that a later step has to bring back."""

    def __init__(self) -> None:
        self._issued: dict[tuple[str, str], Person | None] = {}

    def issue(self, purpose: str, person: Person | None = None) -> str:
        token = secrets.token_urlsafe(24)
        self._issued[purpose, token] = person
        return token

    def knows(self, purpose: str, token: object) -> bool:
        return (purpose, str(token)) in self._issued

    def holder(self, purpose: str, token: object) -> Person | None:
        """The person for whom the token was issued, None if it was not issued at all."""
        return self._issued.get((purpose, str(token)))


def claimed_pk(authorization: str) -> int | None:
    """Whose session the header claims to be, whether or not there is such a session."""
    return whole_number(_decode(authorization).get("ds_user_id"))


def _decode(authorization: str) -> dict[str, object]:
    if not authorization.startswith(_SCHEME):
        return {}
    try:
        return json_object(base64.b64decode(authorization.removeprefix(_SCHEME)).decode()) or {}
    except ValueError:
        return {}
