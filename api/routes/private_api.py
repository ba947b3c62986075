"""Private API credentials and the session's phase (contract §4.8)."""

from __future__ import annotations

from datetime import datetime

from api import schemas
from api.contract import Operations
from api.dispatch import Call
from instagram.login import PendingCode
from repost import guard
from storage import accounts, credentials, secrets, troubles
from storage.secrets import AccountSecret
from storage.store import Database

operations = Operations("Settings")
_PATH = "/settings/private-api-credentials"


@operations.add(
    "POST",
    _PATH,
    body=schemas.LoginRequest,
    returns=schemas.LoginResult,
    errors=("LOGIN_FAILED", "LOGIN_RATE_LIMITED", "TWO_FACTOR_REQUIRED", "NOT_FOUND"),
    codes={"code": "INVALID_CODE"},
)
async def save_credentials(call: Call) -> schemas.LoginResult:
    """Log in with username and password, once; keep them when Instagram accepts them.

    With `challengeRequired: true` Instagram has sent a code and nothing is kept until it is
    given to the challenge endpoint. `code` (additive) carries a two-factor code.
    """
    body = call.body
    result = await call.context.logins.log_in(
        body.account_id, body.ig_username.strip().lstrip("@"), body.ig_password, body.code
    )
    if isinstance(result, PendingCode):
        return schemas.LoginResult(
            success=True,
            message=f"Instagram has sent a code to {result.contact_point or 'you'}",
            challenge_required=True,
            contact_point=result.contact_point,
            challenge_type=result.kind,
        )
    call.context.engine.wake(body.account_id)
    return schemas.LoginResult(success=True, message="Login succeeded", challenge_required=False)


@operations.add(
    "POST",
    f"{_PATH}/challenge",
    body=schemas.ChallengeRequest,
    returns=schemas.ChallengeResult,
    errors=(
        "INVALID_CODE",
        "NO_ACTIVE_SESSION",
        "MISSING_ACCOUNT_ID",
        "LOGIN_FAILED",
        "LOGIN_RATE_LIMITED",
        "NOT_FOUND",
    ),
    codes={"accountId": "MISSING_ACCOUNT_ID", "code": "INVALID_CODE"},
)
async def resolve_challenge(call: Call) -> schemas.ChallengeResult:
    """Give the code that Instagram sent; finishes the login it belongs to."""
    await call.context.logins.submit_code(call.body.account_id, call.body.code)
    call.context.engine.wake(call.body.account_id)
    return schemas.ChallengeResult(success=True, resolved=True, message="Challenge cleared")


@operations.add(
    "GET", f"{_PATH}/<accountId>", returns=schemas.CredentialsProbe, errors=("NOT_FOUND",)
)
async def probe_credentials(call: Call) -> schemas.CredentialsProbe:
    """Say whether an account has credentials; secrets are never returned."""
    return await call.context.store.read(_probe, call.path["accountId"])


@operations.add("DELETE", f"{_PATH}/<accountId>", returns=schemas.Success, errors=("NOT_FOUND",))
async def forget_credentials(call: Call) -> schemas.Success:
    """Delete an account's credentials and session, and switch its story reposts off."""
    account_id = call.path["accountId"]
    await call.context.store.read(accounts.get, account_id)
    await call.context.logins.forget(account_id)
    return schemas.Success()


@operations.add(
    "GET",
    "/settings/session-phase/<accountId>",
    returns=schemas.SessionPhase,
    errors=("NOT_FOUND",),
)
async def get_session_phase(call: Call) -> schemas.SessionPhase:
    """Return how far the account's session has warmed up: 1 read only, 2 messages, 3 all."""
    context = call.context
    return await context.store.read(_phase, call.path["accountId"], context.now(), context.pace)


def _probe(db: Database, account_id: str) -> schemas.CredentialsProbe:
    accounts.get(db, account_id)
    login = credentials.find(db, account_id)
    challenge = credentials.challenge_of(db, account_id)
    return schemas.CredentialsProbe(
        configured=login is not None,
        ig_username=login.ig_username if login else None,
        last_login_at=login.last_login_at if login else None,
        challenge_state=challenge.kind if challenge else None,
        has_session=login is not None and secrets.exists(db, account_id, AccountSecret.SESSION),
    )


def _phase(db: Database, account_id: str, now: datetime, pace: float) -> schemas.SessionPhase:
    accounts.get(db, account_id)
    login = credentials.find(db, account_id)
    trouble = troubles.active(db, account_id, now)
    return schemas.SessionPhase(
        has_credentials=login is not None,
        has_session=login is not None and secrets.exists(db, account_id, AccountSecret.SESSION),
        cloud_configured=False,
        phase=guard.session_phase(login.session_started_at if login else None, now, pace),
        desktop_online=True,
        last_warmup_at=login.last_login_at if login else None,
        last_warmup_error=trouble.reason if trouble else None,
        exists=login is not None,
    )
