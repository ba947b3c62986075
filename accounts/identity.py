"""One Instagram account is one account here, whatever it is called or whoever's token is pasted.

Everything that brings a token or a login asks here before it is kept. An account is known by its
numbers at Instagram; its name only until there is one, because names change and are given away.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from instagram import errors
from instagram.fields import is_login_name
from storage import accounts, credentials
from storage.accounts import Account
from storage.store import Database

if TYPE_CHECKING:
    from instagram.graph.objects import Profile
    from instagram.private.outcome import LoggedIn


def of_token(
    db: Database, user_id: str, username: str, told: Profile | None, ig_user_id: str
) -> Account | None:
    """Return the account here that a token for `username` is of, or None where it is a new one.

    `told` is what Meta says of the token; None when it could not be asked, and then the number
    that came with it is believed until it can be. Raises `WrongToken`.
    """
    if told is not None and not _is_same(told.username, username):
        raise errors.WrongToken(
            f"This token is @{told.username}'s, not @{username}'s; nothing was kept"
        )
    numbers = told.numbers if told else frozenset({ig_user_id}) - {""}
    by_number = accounts.by_number(db, numbers)
    by_name = accounts.by_username(db, username)
    if by_number is not None and by_name is not None and by_number.id != by_name.id:
        raise errors.WrongToken(
            f"@{username} is the Instagram account that is connected as "
            f"{accounts.called(by_number, user_id)}: disconnect one of them"
        )
    if by_number is None and by_name is not None and told is not None:
        _check_number(db, by_name, told)
    return by_number or by_name


def prove_token(db: Database, account_id: str, told: Profile, now: datetime) -> None:
    """Take over whose an account's token is, and what the account is called now.

    Raises `WrongToken` when it is somebody else's, and `Unreachable` when that is not told.
    """
    account = accounts.get(db, account_id)
    if (other := accounts.by_number(db, told.numbers, but=account_id)) is not None:
        theirs = accounts.called(other, account.user_id)
        raise errors.WrongToken(f"The token of @{account.username} is that of {theirs}")
    _check_number(db, account, told)
    # Until it was proven, its number may have come from the same token: only the name counts.
    is_known = not account.token_unproven and told.numbers & _graph_numbers(db, account)
    if not is_known and not told.username:
        raise errors.Unreachable("Meta does not tell whose the token is")
    if not is_known and not _is_same(told.username, account.username):
        raise errors.WrongToken(
            f"The token of @{account.username} is that of @{told.username}. If that is its new "
            "name, connect it again under it"
        )
    accounts.change(
        db,
        account_id,
        token_unproven=False,
        ig_user_id=told.ig_user_id or account.ig_user_id,
    )
    if told.username:
        accounts.rename(db, account_id, told.username, now)


def check_login(db: Database, account_id: str, done: LoggedIn) -> None:
    """Raise `LoginFailed` for a login that is not the account's, or is another account's here."""
    account = accounts.get(db, account_id)
    if (other := accounts.by_number(db, {done.private_pk}, but=account_id)) is not None:
        raise errors.LoginFailed(
            f"This login is that of {accounts.called(other, account.user_id)}, which is connected "
            "already; nothing was kept"
        )
    known = credentials.find(db, account_id)
    if known is not None and known.private_pk == done.private_pk:
        return  # whatever it is called now
    if not _is_same(done.username, account.username):
        raise errors.LoginFailed(
            f"This login belongs to @{done.username}, not to @{account.username}; nothing was kept"
        )
    if known is not None:
        raise errors.LoginFailed(
            f"@{account.username} is another Instagram account than before; nothing was kept. "
            "Delete its credentials first if that is meant"
        )


def check_name(db: Database, account_id: str, username: str) -> None:
    """Raise `LoginFailed` for a name to log in with that can only be somebody else's.

    An address or a number is no name, and one that is known by its number may have a new name:
    whose those are, the login tells.
    """
    account = accounts.get(db, account_id)
    other = accounts.by_username(db, username)
    if other is not None and other.id != account_id:
        raise errors.LoginFailed(
            f"@{other.username} is an account of its own here; nothing was sent"
        )
    is_known = credentials.find(db, account_id) is not None
    if is_login_name(username) and not is_known and not _is_same(username, account.username):
        raise errors.LoginFailed(
            f"@{username} is not @{account.username}; nothing was sent. Connect it as an account "
            "of its own"
        )


def _check_number(db: Database, account: Account, told: Profile) -> None:
    own = _graph_numbers(db, account)
    if own and told.numbers and not own & told.numbers:
        raise errors.WrongToken(
            f"The token is of another Instagram account than @{account.username} was until now: "
            "disconnect that first if it is meant"
        )


def _graph_numbers(db: Database, account: Account) -> frozenset[str]:
    """Return what the official API knows an account by; the Private API has another number."""
    login = credentials.find(db, account.id)
    return frozenset({account.ig_user_id}) - {"", login.private_pk if login else ""}


def _is_same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
