"""What storage can refuse; callers never see `sqlite3` or `cryptography` errors."""

from __future__ import annotations

from ground import shortage
from ground.refusal import ErrorCode, Refusal


class StorageError(Exception):
    """Something the store could not do; the message is fit for a person to read."""


class Unfit(StorageError):
    """A row does not fit to the others: a rule of the database forbids it."""


class Unreadable(StorageError, Refusal):
    """A row holds what is no value of its column: what it tells of cannot be used."""

    def __init__(self, table: str, identifier: str) -> None:
        super().__init__(
            ErrorCode.INTERNAL_ERROR,
            f"The row {identifier} of {table} cannot be read: an earlier copy may have it whole",
        )


class NotFound(StorageError, Refusal):
    """No row of that kind has that id; `message` says so where there is more to say."""

    def __init__(self, kind: str, identifier: str, message: str | None = None) -> None:
        super().__init__(ErrorCode.NOT_FOUND, message or f"No {kind} with id {identifier}")
        self.kind = kind
        self.identifier = identifier


class AlreadyExists(StorageError, Refusal):
    """A row with that identity is there already."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.INVALID_STATUS, message)


class Unavailable(StorageError, Refusal):
    """The database cannot be used right now: locked, disk full, read-only or closed."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.SERVICE_UNAVAILABLE, message)


class Locked(Unavailable):
    """Somebody else writes to the database, and for long."""


class Broken(Unavailable):
    """The database turned out to be damaged while it was in use."""


class Unusable(StorageError):
    """The data directory, the database or its key does not let the daemon start."""


class Misplaced(Unusable):
    """A sealed secret does not belong where it lies: only that one cannot be used."""


class Damaged(StorageError):
    """The database file is broken; a copy or a backup has to take its place."""


def is_passing(error: BaseException) -> bool:
    """Say whether an error only says that the database, or this machine, cannot for now.

    What meets it is done again later, and it counts against no post, no mention and no login.
    """
    return isinstance(error, Unavailable) or shortage.is_shortage(error)
