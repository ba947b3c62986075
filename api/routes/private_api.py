"""Private API credentials and the session's phase (contract §4.8)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from accounts.client_options import ShownOptions
from accounts.logins import Result
from api.contract import Operations
from api.dispatch import Call
from api.errors import ApiError
from instagram.private.outcome import PendingLogin
from instagram.private.session_file import session_of_cookie, session_of_settings
from operations import models as schemas
from repost import guard
from storage import accounts, credentials, secrets, troubles
from storage.secrets import AccountSecret
from storage.store import Database
from storage.troubles import TroubleKind

operations = Operations("Settings")
_PATH = "/settings/private-api-credentials"
_OPTIONS = "/settings/private-api-options/<accountId>"
_REFUSALS = ("LOGIN_FAILED", "LOGIN_RATE_LIMITED", "TWO_FACTOR_REQUIRED", "NOT_FOUND")


@operations.add(
    "POST",
    _PATH,
    body=schemas.LoginRequest,
    returns=schemas.LoginResult,
    errors=_REFUSALS,
    codes={"code": "INVALID_CODE"},
)
async def save_credentials(call: Call) -> schemas.LoginResult:
    """Log in with username and password, once; keep them when Instagram accepts them.

    With `challengeRequired: true` Instagram has sent a code and nothing is kept until it is
    given to the challenge endpoint. Additive: `code` carries a two-factor code (after
    `TWO_FACTOR_REQUIRED` the same request with it does not submit the password again);
    `totpSeed` is kept with the password; `proxy`, `locale` and `timezone` are set before.
    """
    body, logins = call.body, call.context.logins
    options = body.given()
    seed = options.pop("totp_seed", "")
    if options:
        await call.context.options.change(body.account_id, options)
    username = body.ig_username.strip().lstrip("@")
    result = await logins.log_in(body.account_id, username, body.ig_password, body.code, seed)
    _wake(call, result)
    return login_result(result)


@operations.add(
    "POST",
    f"{_PATH}/challenge",
    body=schemas.ChallengeRequest,
    returns=schemas.ChallengeResult,
    errors=("INVALID_CODE", "NO_ACTIVE_SESSION", "MISSING_ACCOUNT_ID", *_REFUSALS),
    codes={"accountId": "MISSING_ACCOUNT_ID", "code": "INVALID_CODE"},
)
async def resolve_challenge(call: Call) -> schemas.ChallengeResult:
    """Give the code that Instagram sent, or a two-factor code; finishes the login it belongs to.

    With `resolved: false` (additive) Instagram wants one more code: give it here as well.
    """
    result = await call.context.logins.submit_code(call.body.account_id, call.body.code)
    _wake(call, result)
    return challenge_result(result)


@operations.add(
    "POST",
    f"{_PATH}/continue",
    body=schemas.ContinueRequest,
    returns=schemas.LoginResult,
    errors=("NO_ACTIVE_SESSION", "CREDENTIALS_NOT_CONFIGURED", *_REFUSALS),
)
async def continue_login(call: Call) -> schemas.LoginResult:
    """Go on after you confirmed something in the Instagram app, or have a code sent again.

    An account with a session submits no password: the session is tried, and works again or not.
    Only a login that was stopped before there was one is made again, with its password.
    `method` (email or sms) chooses where a code is sent, if Instagram offers the choice.
    """
    result = await call.context.logins.go_on(call.body.account_id, call.body.method or "")
    _wake(call, result)
    return login_result(result)


@operations.add(
    "POST",
    f"{_PATH}/session",
    body=schemas.ImportRequest,
    returns=schemas.LoginResult,
    errors=("LOGIN_FAILED", "LOGIN_RATE_LIMITED", "NOT_FOUND"),
)
async def import_session(call: Call) -> schemas.LoginResult:
    """Take over a session made elsewhere, once Instagram has shown that it is the account's.

    A session is a secret: it can be brought in here, and taken out on the command line only.
    """
    body = call.body
    if (body.sessionid is None) == (body.settings is None):
        raise ApiError("VALIDATION_ERROR", "Send either sessionid or settings")
    try:
        if body.settings is not None:
            session = session_of_settings(body.settings)
        else:
            session = session_of_cookie(body.sessionid)
    except ValueError as error:
        raise ApiError("VALIDATION_ERROR", f"The session cannot be used: {error}") from None
    result = await call.context.logins.import_session(body.account_id, session)
    _wake(call, result)
    return login_result(result)


@operations.add("GET", _OPTIONS, returns=schemas.ClientOptions, errors=("NOT_FOUND",))
async def get_client_options(call: Call) -> schemas.ClientOptions:
    """Return an account's own proxy (host and port only), locale and timezone."""
    return options_shown(await call.context.options.shown(call.path["accountId"]))


@operations.add(
    "PUT",
    _OPTIONS,
    body=schemas.ClientOptionFields,
    returns=schemas.ClientOptions,
    errors=("NOT_FOUND",),
)
async def set_client_options(call: Call) -> schemas.ClientOptions:
    """Set some of an account's proxy, locale, timezone and TOTP seed; `""` or null clears one.

    What is left out stays as it is. `timezone` is a name or an offset in seconds. The account's
    own proxy wins over REPRISE_PROXY for its Private API traffic and downloads.
    """
    options = call.context.options
    return options_shown(await options.change(call.path["accountId"], call.body.given()))


@operations.add(
    "GET", f"{_PATH}/<accountId>", returns=schemas.CredentialsProbe, errors=("NOT_FOUND",)
)
async def probe_credentials(call: Call) -> schemas.CredentialsProbe:
    """Say whether an account has credentials; secrets are never returned.

    `challengeState` says what is waited for: email, sms or two_factor (a code), app or consent
    (confirm it in the app, then continue), or required (Instagram stopped a running session).
    """
    context = call.context
    return await context.store.read(_probe, call.path["accountId"], context.now())


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


def _wake(call: Call, result: Result) -> None:
    if not isinstance(result, PendingLogin):
        call.context.engine.wake(result.account_id)


def login_result(result: Result) -> schemas.LoginResult:
    """Return what a person is told of a login that did not fail."""
    if not isinstance(result, PendingLogin):
        return schemas.LoginResult(
            success=True, message="Login succeeded", challenge_required=False
        )
    return schemas.LoginResult(
        success=True,
        message=result.reason,
        challenge_required=True,
        contact_point=result.contact_point,
        challenge_type=result.kind,
    )


def challenge_result(result: Result) -> schemas.ChallengeResult:
    """Return what a person is told of a code that was accepted."""
    told = login_result(result)
    return schemas.ChallengeResult(
        success=True,
        resolved=not told.challenge_required,
        message=told.message if told.challenge_required else "Challenge cleared",
        contact_point=told.contact_point,
        challenge_type=told.challenge_type,
    )


def options_shown(shown: ShownOptions) -> schemas.ClientOptions:
    """Return an account's options as they are shown."""
    return schemas.ClientOptions(**{**asdict(shown), "warnings": list(shown.warnings)})


def _probe(db: Database, account_id: str, now: datetime) -> schemas.CredentialsProbe:
    accounts.get(db, account_id)
    login = credentials.find(db, account_id)
    challenge = credentials.challenge_of(db, account_id, now)
    is_stopped = troubles.active(db, account_id, now, (TroubleKind.CHALLENGE,)) is not None
    return schemas.CredentialsProbe(
        configured=login is not None,
        ig_username=login.ig_username if login else None,
        last_login_at=login.last_login_at if login else None,
        challenge_state=challenge.kind if challenge else "required" if is_stopped else None,
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
