"""Connecting an account, and reconnecting it with a new token."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from accounts import identity
from storage import accounts, allowances, holds, secrets
from storage.accounts import Account
from storage.errors import AlreadyExists
from storage.secrets import AccountSecret
from storage.store import Database
from storage.vault import Vault
from storage.wrong_clock import is_recent

if TYPE_CHECKING:
    from instagram.graph.http import LoginMethod
    from instagram.graph.objects import Profile


# Who connects an account again and again asks Meta no more often.
_JUST_TOLD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphAccess:
    """A token of the official API, and how it was obtained."""

    token: str = field(repr=False)
    login_method: LoginMethod = "instagram"


def connect(
    db: Database,
    vault: Vault,
    *,
    user_id: str,
    username: str,
    ig_user_id: str,
    access: GraphAccess | None,
    now: datetime,
    told: Profile | None = None,
) -> Account:
    """Connect an account, or give a connected one a new token; it may have a new name.

    `told` is what Meta says of the token; without it nothing goes out before Meta was asked.
    Raises `AlreadyExists` for a connected one without a token and for another person's, and
    `WrongToken`.
    """
    if access is None:
        _check_unknown(db, user_id, ig_user_id)
        return accounts.add(db, user_id=user_id, username=username, ig_user_id=ig_user_id, now=now)
    account = identity.of_token(db, user_id, username, told, ig_user_id)
    if account is None:
        account = accounts.add(db, user_id=user_id, username=username, now=now)
    elif account.user_id != user_id:
        raise AlreadyExists(f"The account @{username} is connected already")
    accounts.rename(db, account.id, username, now)
    secrets.put(db, vault, account.id, AccountSecret.ACCESS_TOKEN, access.token)
    accounts.change(
        db,
        account.id,
        ig_user_id=(told.ig_user_id if told else "") or ig_user_id or account.ig_user_id,
        login_method=access.login_method,
        token_unproven=told is None,
        # Unknown until the token is renewed for the first time.
        token_expires_at=None,
        last_synced_at=None,
        # Of the login before; the next look tells them anew.
        facebook_page_id=None,
        facebook_page_name=None,
    )
    # What waited for a login may have another way out now.
    holds.release(db, account.id, now)
    return accounts.get(db, account.id)


def is_known(
    db: Database, vault: Vault, user_id: str, username: str, access: GraphAccess, now: datetime
) -> Account | None:
    """Return the account that has this very token, where Meta has told so a moment ago.

    What Meta refused it then may be granted now: that is asked about.
    """
    account = accounts.by_username(db, username)
    if account is None or account.user_id != user_id or account.token_unproven:
        return None
    has_it = access.token == secrets.usable(db, vault, account.id, AccountSecret.ACCESS_TOKEN)
    told_at = account.last_synced_at
    if not has_it or account.login_method != access.login_method or told_at is None:
        return None
    if allowances.known(db, account.id).refusal is not None:
        return None
    return account if is_recent(told_at, now, _JUST_TOLD) else None


def _check_unknown(db: Database, user_id: str, ig_user_id: str) -> None:
    known = accounts.by_number(db, {ig_user_id})
    if known is not None:
        other = accounts.called(known, user_id)
        raise AlreadyExists(f"This account is connected already, as {other}")
