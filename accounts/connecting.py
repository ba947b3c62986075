"""Connecting an account, and reconnecting it with a new token."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from storage import accounts, secrets
from storage.accounts import Account
from storage.errors import AlreadyExists
from storage.secrets import AccountSecret
from storage.store import Database
from storage.vault import Vault

if TYPE_CHECKING:
    from instagram.graph.http import LoginMethod


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
) -> Account:
    """Connect an account, or give a connected one a new token.

    Raises `AlreadyExists` for a connected one without a token, and for another person's.
    """
    account = accounts.by_username(db, username)
    if account is not None and account.user_id != user_id:
        raise AlreadyExists(f"The account @{username} is connected already")
    if account is None or access is None:
        method = access.login_method if access else "instagram"
        account = accounts.add(
            db,
            user_id=user_id,
            username=username,
            ig_user_id=ig_user_id,
            login_method=method,
            now=now,
        )
    if access is None:
        return account
    secrets.put(db, vault, account.id, AccountSecret.ACCESS_TOKEN, access.token)
    accounts.change(
        db,
        account.id,
        ig_user_id=ig_user_id or account.ig_user_id,
        login_method=access.login_method,
        # Unknown until the token is renewed for the first time.
        token_expires_at=None,
        last_synced_at=None,
    )
    return accounts.get(db, account.id)
