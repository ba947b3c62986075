"""Accounts that are used over `/session`."""

from __future__ import annotations

from operations.models.base import Moment, Schema, Uuid


class AccountSession(Schema):
    """One account in use; `isOwn`: it was connected for that, and is logged out with it."""

    account_id: Uuid
    username: str
    is_own: bool
    created_at: Moment
    used_at: Moment


class AccountSessions(Schema):
    sessions: list[AccountSession]
