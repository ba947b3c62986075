"""Private API credentials, an account's own client options, and its phase (contract §4.8)."""

from __future__ import annotations

from dataclasses import asdict

from accounts.client_options import ShownOptions
from accounts.logins import Result
from ground.refusal import ErrorCode, Refusal
from instagram.private.outcome import PendingLogin
from instagram.private.session_file import session_of_cookie, session_of_settings
from operations import models
from operations.operation import Ask, act, read
from operations.resources import Resource
from operations.scopes import Scope
from publish.fitness import is_configured
from repost import guard
from storage import accounts, credentials, secrets, troubles
from storage.secrets import AccountSecret
from storage.store import Database
from storage.troubles import TroubleKind

_REFUSALS = (
    ErrorCode.LOGIN_FAILED,
    ErrorCode.LOGIN_RATE_LIMITED,
    ErrorCode.TWO_FACTOR_REQUIRED,
    ErrorCode.NOT_FOUND,
)


@act(models.LoginResult, scope=Scope.LOGINS_WRITE, takes=models.LoginRequest, refuses=_REFUSALS)
async def save_credentials(ask: Ask[models.LoginRequest]) -> models.LoginResult:
    """Log in with username and password, once; keep them when Instagram accepts them.

    With `challengeRequired: true` Instagram has sent a code and nothing is kept until it is
    given to the challenge endpoint. Additive: `code` carries a two-factor code (after
    `TWO_FACTOR_REQUIRED` the same request with it does not submit the password again);
    `totpSeed` is kept with the password; `proxy`, `locale` and `timezone` are set before.
    """
    asked, house = ask.given, ask.house
    options = asked.given()
    seed = options.pop("totp_seed", "")
    if options:
        await house.options.change(asked.account_id, options)
    username = asked.ig_username.strip().lstrip("@")
    result = await house.logins.log_in(
        asked.account_id, username, asked.ig_password, asked.code, seed
    )
    return login_result(result)


@act(
    models.ChallengeResult,
    scope=Scope.LOGINS_WRITE,
    takes=models.ChallengeRequest,
    refuses=[
        ErrorCode.INVALID_CODE,
        ErrorCode.NO_ACTIVE_SESSION,
        ErrorCode.MISSING_ACCOUNT_ID,
        *_REFUSALS,
    ],
)
async def resolve_challenge(ask: Ask[models.ChallengeRequest]) -> models.ChallengeResult:
    """Give the code that Instagram sent, or a two-factor code; finishes the login it belongs to.

    With `resolved: false` (additive) Instagram wants one more code: give it here as well.
    """
    return challenge_result(
        await ask.house.logins.submit_code(ask.given.account_id, ask.given.code)
    )


@act(
    models.LoginResult,
    scope=Scope.LOGINS_WRITE,
    takes=models.ContinueRequest,
    refuses=[ErrorCode.NO_ACTIVE_SESSION, ErrorCode.CREDENTIALS_NOT_CONFIGURED, *_REFUSALS],
)
async def continue_login(ask: Ask[models.ContinueRequest]) -> models.LoginResult:
    """Go on after you confirmed something in the Instagram app, or have a code sent again.

    An account with a session submits no password: the session is tried, and works again or not.
    Only a login that was stopped before there was one is made again, with its password.
    `method` (email or sms) chooses where a code is sent, if Instagram offers the choice.
    """
    return login_result(await ask.house.logins.go_on(ask.given.account_id, ask.given.method or ""))


@act(
    models.LoginResult,
    scope=Scope.LOGINS_WRITE,
    takes=models.ImportRequest,
    refuses=[ErrorCode.LOGIN_FAILED, ErrorCode.LOGIN_RATE_LIMITED, ErrorCode.NOT_FOUND],
)
async def import_session(ask: Ask[models.ImportRequest]) -> models.LoginResult:
    """Take over a session made elsewhere, once Instagram has shown that it is the account's.

    A session is a secret: it can be brought in here, and taken out on the command line only.
    """
    asked = ask.given
    if (asked.sessionid is None) == (asked.settings is None):
        raise Refusal(ErrorCode.VALIDATION_ERROR, "Send either sessionid or settings")
    try:
        if asked.settings is not None:
            session = session_of_settings(asked.settings)
        else:
            session = session_of_cookie(asked.sessionid or "")
    except ValueError as error:
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"The session cannot be used: {error}") from None
    return login_result(await ask.house.logins.import_session(asked.account_id, session))


@read(
    models.SavedSession,
    scope=Scope.LOGINS_WRITE,
    on=Resource.ACCOUNT,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.CREDENTIALS_NOT_CONFIGURED],
    machine_only=True,
)
def export_session(db: Database, ask: Ask[None]) -> models.SavedSession:
    """Return an account's session as settings of aiograpi: whoever has them is logged in as it."""
    saved = credentials.saved_login(db, ask.house.vault, ask.id)
    if saved is None:
        username = accounts.get(db, ask.id).username
        raise Refusal(
            ErrorCode.CREDENTIALS_NOT_CONFIGURED,
            f"@{username} has no session; `reprise account login` first",
        )
    return models.SavedSession(username=saved.username, settings=dict(saved.session))


@act(
    models.ClientOptions,
    scope=Scope.ACCOUNTS_READ,
    on=Resource.ACCOUNT,
    refuses=[ErrorCode.NOT_FOUND],
)
async def get_client_options(ask: Ask[None]) -> models.ClientOptions:
    """Return an account's own proxy (host and port only), locale and timezone."""
    return options_shown(await ask.house.options.shown(ask.id))


@act(
    models.ClientOptions,
    scope=Scope.ACCOUNTS_WRITE,
    on=Resource.ACCOUNT,
    takes=models.ClientOptionFields,
    refuses=[ErrorCode.NOT_FOUND],
)
async def set_client_options(ask: Ask[models.ClientOptionFields]) -> models.ClientOptions:
    """Set some of an account's proxy, locale, timezone and TOTP seed; `""` or null clears one.

    What is left out stays as it is. `timezone` is a name or an offset in seconds. The account's
    own proxy wins over REPRISE_PROXY for its Private API traffic and downloads.
    """
    return options_shown(await ask.house.options.change(ask.id, ask.given.given()))


@read(
    models.CredentialsProbe,
    scope=Scope.ACCOUNTS_READ,
    on=Resource.ACCOUNT,
    refuses=[ErrorCode.NOT_FOUND],
)
def probe_credentials(db: Database, ask: Ask[None]) -> models.CredentialsProbe:
    """Say whether an account has credentials; secrets are never returned.

    `challengeState` says what is waited for: email, sms or two_factor (a code), app or consent
    (confirm it in the app, then continue), or required (Instagram stopped a running session).
    """
    login = credentials.find(db, ask.id)
    challenge = credentials.challenge_of(db, ask.id, ask.now)
    is_stopped = troubles.active(db, ask.id, ask.now, (TroubleKind.CHALLENGE,)) is not None
    return models.CredentialsProbe(
        configured=login is not None,
        ig_username=login.ig_username if login else None,
        last_login_at=login.last_login_at if login else None,
        challenge_state=challenge.kind if challenge else "required" if is_stopped else None,
        has_session=login is not None and secrets.exists(db, ask.id, AccountSecret.SESSION),
    )


@act(models.Success, scope=Scope.LOGINS_WRITE, on=Resource.ACCOUNT, refuses=[ErrorCode.NOT_FOUND])
async def forget_credentials(ask: Ask[None]) -> models.Success:
    """Delete an account's credentials and session, and switch its story reposts off."""
    await ask.house.logins.forget(ask.id)
    return models.Success()


@read(
    models.SessionPhase,
    scope=Scope.ACCOUNTS_READ,
    on=Resource.ACCOUNT,
    refuses=[ErrorCode.NOT_FOUND],
)
def get_session_phase(db: Database, ask: Ask[None]) -> models.SessionPhase:
    """Return how far the account's session has warmed up: 1 read only, 2 messages, 3 all."""
    login = credentials.find(db, ask.id)
    trouble = troubles.active(db, ask.id, ask.now)
    started_at = login.session_started_at if login else None
    return models.SessionPhase(
        has_credentials=login is not None,
        has_session=login is not None and secrets.exists(db, ask.id, AccountSecret.SESSION),
        cloud_configured=is_configured(db),
        phase=guard.session_phase(started_at, ask.now, ask.house.clock.pace),
        desktop_online=True,
        last_warmup_at=login.last_login_at if login else None,
        last_warmup_error=trouble.reason if trouble else None,
        exists=login is not None,
    )


def login_result(result: Result) -> models.LoginResult:
    """Return what a person is told of a login that did not fail."""
    if not isinstance(result, PendingLogin):
        return models.LoginResult(success=True, message="Login succeeded", challenge_required=False)
    return models.LoginResult(
        success=True,
        message=result.reason,
        challenge_required=True,
        contact_point=result.contact_point,
        challenge_type=result.kind,
    )


def challenge_result(result: Result) -> models.ChallengeResult:
    """Return what a person is told of a code that was accepted."""
    told = login_result(result)
    return models.ChallengeResult(
        success=True,
        resolved=not told.challenge_required,
        message=told.message if told.challenge_required else "Challenge cleared",
        contact_point=told.contact_point,
        challenge_type=told.challenge_type,
    )


def options_shown(shown: ShownOptions) -> models.ClientOptions:
    """Return an account's options as they are shown."""
    return models.ClientOptions(**{**asdict(shown), "warnings": list(shown.warnings)})
