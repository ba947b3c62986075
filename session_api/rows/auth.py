"""Logins, settings and challenges: what a session comes from."""

from __future__ import annotations

import json
from typing import Any

from accounts.sessions import Waiting, path_of
from ground.refusal import ErrorCode, Refusal
from instagram import errors
from instagram.private.options import check_locale, check_proxy, check_timezone
from instagram.private.outcome import PendingLogin
from instagram.private.session_file import session_of_cookie, session_of_settings
from operations.actor import Actor
from operations.house import House
from session_api.errors import Challenged
from session_api.given import Malformed
from session_api.question import Question
from session_api.row import Group, Rail
from storage import account_sessions, accounts, credentials
from storage.store import Database

auth = Group("Auth")
_OPTIONS = {"proxy": check_proxy, "locale": check_locale, "timezone": check_timezone}


async def _log_in(question: Question) -> str:
    given = question.given
    name = given["username"].strip().lstrip("@")
    known = await question.around.house.store.read(accounts.by_username, name)
    _check_may_bring(question, known.id if known is not None else "")
    done = await question.around.sessions.log_in(
        question.who.user_id,
        name,
        given["password"],
        (given["verification_code"] or "").replace(" ", ""),
        _options(question),
    )
    if isinstance(done, Waiting):
        raise _challenged(done)
    return done


async def _log_in_by_sessionid(question: Question) -> str:
    try:
        session = session_of_cookie(question.given["sessionid"])
    except ValueError as error:
        raise _malformed("sessionid", str(error)) from None
    _check_may_bring(question, "")
    return await question.around.sessions.adopt(question.who.user_id, session, _options(question))


async def _log_in_again(question: Question) -> bool:
    """Log the account in with the password that is kept; one submission a day."""
    house, account_id = question.around.house, question.used.account_id
    saved = await house.store.read(credentials.saved_login, house.vault, account_id)
    if saved is None or saved.password is None:
        raise Refusal(
            ErrorCode.INVALID_STATUS,
            "No password of this account is kept (its session was imported): POST /auth/login",
        )
    await house.store.write(_claim_login, house, account_id)
    result = await house.logins.log_in(account_id, saved.username, saved.password)
    if isinstance(result, PendingLogin):
        raise _challenged(Waiting(account_id, result))
    return True


def _claim_login(db: Database, house: House, account_id: str) -> None:
    """Take the day's submission, by session and by itself; raises `Refusal`."""
    house.sessions.claim_submission(db, account_id, has_code=False)
    now = house.clock.now()
    if not credentials.claim_automatic_login(db, account_id, now):
        raise Refusal(
            ErrorCode.LOGIN_RATE_LIMITED,
            "The password was submitted within the last day, or Instagram has refused it",
            until=now + credentials.AUTOMATIC_LOGIN_EVERY,
        )


async def _settings(question: Question) -> Any:
    house = question.around.house
    saved = await house.store.read(credentials.saved_login, house.vault, question.used.account_id)
    if saved is None:
        raise errors.NotLoggedIn("This account has no Private API login")
    return dict(saved.session)


async def _change_settings(question: Question) -> str:
    around, settings, options = question.around, question.given["settings"], _options(question)
    if question.session is None and not settings:
        raise _malformed("settings", "Send a session id, settings, or both")
    if not settings and not options:
        raise Malformed("Nothing to change: send settings, proxy, locale or timezone")
    if settings:
        try:
            session = session_of_settings(_object("settings", settings))
        except ValueError as error:
            raise _malformed("settings", str(error)) from None
        if question.session is None:
            _check_may_bring(question, "")
            return await around.sessions.adopt(question.who.user_id, session, options)
        if options:
            await around.house.options.change(question.session.account_id, options)
        await around.house.logins.import_session(question.session.account_id, session)
    elif question.session is not None:
        await around.house.options.change(question.session.account_id, options)
    assert question.session is not None
    return around.sessions.id_of(question.session)


async def _resolve(question: Question) -> bool:
    """Have a code sent, or give it; nothing else is asked of Instagram on the way."""
    sessions, logins = question.around.sessions, question.around.house.logins
    path = _path_in(question.given["last_json"])
    code = (question.given["security_code"] or "").strip()
    if question.session is not None:
        account_id = question.session.account_id
        is_waiting = await logins.waiting(account_id) is not None
    else:
        waiting = await sessions.waiting_at(question.who.user_id, path)
        if waiting is None or not question.who.may_see(waiting.account_id):
            raise Refusal(
                ErrorCode.NO_ACTIVE_SESSION, "No login here waits for this challenge: log in again"
            )
        account_id, is_waiting = waiting.account_id, True
    if not code or not is_waiting:
        result = await logins.go_on(account_id, "email")
        if not isinstance(result, PendingLogin):
            return True
        raise _challenged(Waiting(account_id, result), "Challenge code required")
    result = await logins.submit_code(account_id, code)
    if isinstance(result, PendingLogin):
        raise _challenged(Waiting(account_id, result))
    return True


def _check_may_bring(question: Question, account_id: str) -> None:
    """Raise `Refusal` where a key that is limited to some accounts would bring in another."""
    actor = question.who
    if actor.accounts is not None and account_id not in actor.accounts:
        raise Refusal(ErrorCode.INSUFFICIENT_SCOPE, "This key is for other accounts")


def _challenged(waiting: Waiting, reason: str = "") -> Challenged:
    pending = waiting.pending
    last_json = {
        "message": "challenge_required",
        "challenge": {"api_path": path_of(waiting.account_id, pending)},
        "step_name": pending.kind,
        "status": "fail",
    }
    text = f"{reason}: {pending.reason}" if reason else pending.reason
    return Challenged(text, last_json, takes_code=pending.waits_for_code)


def _path_in(text: str) -> str:
    challenge = _object("last_json", text).get("challenge")
    path = challenge.get("api_path") if isinstance(challenge, dict) else None
    if not isinstance(path, str):
        raise _malformed("last_json", "It has no challenge.api_path")
    path = f"/{path.strip('/')}/"
    if not path.startswith("/challenge/"):
        raise _malformed("last_json", "challenge.api_path leads to no challenge")
    return path


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _malformed(name, "It is no JSON") from None
    if not isinstance(found, dict):
        raise _malformed(name, "It is no JSON object")
    return found


def _options(question: Question) -> dict[str, str]:
    """Return the options that were sent; an empty one clears."""
    chosen = {}
    for name, check in _OPTIONS.items():
        sent = question.sent(name)
        if sent is None or (not sent.strip() and name != "proxy"):
            continue
        try:
            chosen[name] = check(sent.strip()) if sent.strip() else ""
        except ValueError as error:
            raise _malformed(name, f"It has to be {error}") from None
    return chosen


def _malformed(name: str, message: str) -> Malformed:
    return Malformed([{"type": "value_error", "loc": ["body", name], "msg": message}])


_CLIENT = "proxy, locale, timezone"
auth.row(
    "POST", "/auth/login", f"username*:user, password*, verification_code, {_CLIENT}", None, "str",
    Rail.ACCOUNT, "Log in with a password, once; the same again with a code where one is wanted",
    handler=_log_in, is_open=True,
    sends="0 to 16: none while its login works; else the app's own way in, the password once",
)  # fmt: skip
auth.row(
    "POST", "/auth/login/by/sessionid", f"sessionid*, {_CLIENT}", None, "str",
    Rail.ACCOUNT, "Take over a browser's session, which Instagram may end when the app uses it",
    handler=_log_in_by_sessionid, is_open=True,
    sends="1: whose it is",
)  # fmt: skip
auth.row(
    "PATCH", "/auth/relogin", "", None, "bool", Rail.ACCOUNT,
    "Log in again with the password that is kept, once a day at most", handler=_log_in_again,
    sends="7 to 16: the app's own way in, the password once",
)  # fmt: skip
auth.row(
    "GET", "/auth/settings", "", None, "Dict", Rail.LOCAL,
    "The settings of aiograpi: whoever has them is logged in", handler=_settings,
    needs=Rail.ACCOUNT,
)  # fmt: skip
auth.row(
    "PATCH", "/auth/settings", f"settings, {_CLIENT}", None, "str", Rail.ACCOUNT,
    "Import settings, or change proxy, locale and timezone", handler=_change_settings,
    sends="0 to 1: whose imported settings are",
    is_open=True, hears_session=True,
)  # fmt: skip
auth.row(
    "GET", "/auth/totp/seed", "", "totp_generate_seed()", "str", Rail.ACCOUNT,
    "A new seed for a two-factor app, which `POST /auth/totp` then switches on", act="factor",
)  # fmt: skip
auth.row(
    "POST", "/auth/totp", "verification_code*", "totp_enable(verification_code)", "[str]",
    Rail.ACCOUNT, "Switch the two-factor app on", older=["/auth/totp/enable"],
    act="factor",
)  # fmt: skip
auth.row(
    "DELETE", "/auth/totp", "confirm", "totp_disable()", "bool", Rail.ACCOUNT,
    "Switch the two-factor app off; `confirm` is the account's name", act="factor", confirms=True,
)  # fmt: skip
auth.row(
    "POST", "/auth/challenge/resolve", "last_json*, security_code", None, "bool", Rail.ACCOUNT,
    "Have a challenge's code sent, or give it", handler=_resolve, is_open=True, hears_session=True,
    sends="1 to 20: its step; with the right code, the way in after it",
)  # fmt: skip


async def _sessions(question: Question) -> Any:
    return await question.around.house.store.read(_shown, question.who)


def _shown(db: Database, actor: Actor) -> list[dict[str, Any]]:
    return [
        {
            "username": accounts.get(db, each.account_id).username,
            "account_id": each.account_id,
            "created_at": each.created_at.isoformat(),
            "used_at": each.used_at.isoformat(),
        }
        for each in account_sessions.of_user(db, actor.user_id)
        if actor.may_see(each.account_id)
    ]


async def _end(question: Question) -> bool:
    await question.around.sessions.end(question.used)
    return True


auth.row(
    "GET", "/auth/sessions", "", None, "[Dict]", Rail.LOCAL, "Every session of this person",
    handler=_sessions, is_open=True,
)  # fmt: skip
auth.row(
    "DELETE", "/auth/session", "", None, "bool", Rail.LOCAL,
    "End this session; an account that was connected for it is logged out here",
    handler=_end, needs=Rail.ACCOUNT,
)  # fmt: skip
