"""Connecting accounts (additive: the contract has no endpoint for it)."""

from __future__ import annotations

from api import render, schemas
from api.contract import Operations
from api.dispatch import Call
from storage import accounts

operations = Operations("Auth")


@operations.add(
    "POST",
    "/auth/accounts",
    body=schemas.ConnectRequest,
    returns=schemas.InstagramAccount,
    status=201,
)
async def connect_account(call: Call) -> schemas.InstagramAccount:
    """Connect an Instagram account; its logins are given separately."""
    added = await call.context.store.write(
        accounts.add,
        user_id=call.user_id,
        username=call.body.username,
        now=call.context.now(),
    )
    return render.account(added)
