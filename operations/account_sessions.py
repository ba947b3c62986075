"""Who uses which account over `/session`, and ending that."""

from __future__ import annotations

from ground.refusal import ErrorCode
from operations import models
from operations.operation import Ask, act, read
from operations.resources import Resource
from operations.scopes import Scope
from storage import account_sessions, accounts
from storage.errors import NotFound
from storage.store import Database


@read(models.AccountSessions, scope=Scope.ACCOUNTS_READ)
def list_account_sessions(db: Database, ask: Ask[None]) -> models.AccountSessions:
    """List the sessions of the session API, the oldest first; their ids are not shown again."""
    return models.AccountSessions(
        sessions=[
            models.AccountSession(
                account_id=each.account_id,
                username=accounts.username_of(db, each.account_id),
                is_own=each.is_own,
                created_at=each.created_at,
                used_at=each.used_at,
            )
            for each in account_sessions.of_user(db, ask.user_id)
            if ask.actor.may_see(each.account_id)
        ]
    )


@act(models.Success, scope=Scope.LOGINS_WRITE, on=Resource.ACCOUNT, refuses=[ErrorCode.NOT_FOUND])
async def end_account_session(ask: Ask[None]) -> models.Success:
    """End an account's session of the session API: the id that was given is worth nothing now.

    An account that was connected by that session alone is logged out here too.
    """
    found = await ask.house.store.read(account_sessions.of_account, ask.id)
    if found is None:
        raise NotFound("session", ask.id)
    await ask.house.sessions.end(found)
    return models.Success()
