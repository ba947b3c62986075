"""Who asks: a person, by what they asked with, and what that may do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from operations.scopes import InsufficientScope, Scope, Scopes


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a user, through which face, with what a key or session of theirs may do.

    `key_id` and `session_id` name what they asked with, where there is one. `scopes` and
    `accounts` are what that is limited to; None is everything. `holds_machine` says that whoever
    asks can read the data directory anyway.
    """

    user_id: str
    via: str
    key_id: str | None = None
    session_id: str | None = None
    scopes: Scopes = None
    accounts: frozenset[str] | None = None
    holds_machine: bool = False

    @property
    def caller(self) -> str:
        """What they asked with, as a name that nobody else has."""
        if self.key_id is not None:
            return f"key:{self.key_id}"
        if self.session_id is not None:
            return f"session:{self.session_id}"
        return f"{self.via}:{self.user_id}"

    def require(self, scope: Scope) -> None:
        """Raise `InsufficientScope` unless the actor has the scope."""
        if self.scopes is not None and scope not in self.scopes:
            raise InsufficientScope(f"This needs the scope {scope}", scope)

    def require_one(self, scopes: Sequence[Scope]) -> None:
        """Raise `InsufficientScope` unless the actor has one of the scopes."""
        if self.scopes is not None and self.scopes.isdisjoint(scopes):
            raise InsufficientScope(f"This needs one of {', '.join(scopes)}", scopes[0])

    def require_grant(self, scopes: Scopes, accounts: Collection[str] | None) -> None:
        """Raise `InsufficientScope` where somebody would be given more than the actor has."""
        excess = set(Scope) if scopes is None else scopes
        if self.scopes is not None and (missing := sorted(excess - self.scopes)):
            raise InsufficientScope(
                f"Nobody can grant what they have not: {', '.join(missing)}", Scope(missing[0])
            )
        if self.accounts is not None and not (
            accounts is not None and self.accounts.issuperset(accounts)
        ):
            raise InsufficientScope(
                "Nobody can grant more accounts than they have: name some in accountIds",
                Scope.KEYS_WRITE,
            )

    def accounts_of(self, chosen: str | None) -> tuple[str, ...] | None:
        """Return the accounts that a list is of: the chosen one, those that the actor is limited
        to, or None for all of the user's. `chosen` has been looked up already."""
        if chosen is not None:
            return (chosen,)
        return None if self.accounts is None else tuple(sorted(self.accounts))

    def may_see(self, account_id: str) -> bool:
        """Say whether an account of the user's is within the actor's limits."""
        return self.accounts is None or account_id in self.accounts
