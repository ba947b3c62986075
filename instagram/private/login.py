"""Logging in: one submission of the password, and whatever Instagram asks for after it.

These functions run in the Instagram loop, on a client of their own, and raise aiograpi's errors
or ours; `instagram.private.door` calls and translates them.
"""

from __future__ import annotations

import time
from dataclasses import replace

from aiograpi import exceptions as ig
from aiograpi.mixins.bloks import CAA_API_DOMAIN

from instagram import errors
from instagram.fields import is_login_name
from instagram.private import challenge, two_factor
from instagram.private.client import CodeNeeded, PrivateClient
from instagram.private.outcome import LoggedIn, LoginSecrets, PendingLogin
from instagram.private.translation import RAISED, translate

Outcome = LoggedIn | PendingLogin


async def log_in(
    client: PrivateClient, username: str, secrets: LoginSecrets, code: str = ""
) -> Outcome:
    """Submit the password once, and the code (or one from the seed) if it is asked for.

    Returns the session, or what Instagram waits for. A client that is not `attended` has no
    code sent to anybody: it raises instead.
    """
    try:
        await client.login(username, secrets.password)
    except RAISED as raised:
        return await _after(client, raised, secrets, code)
    return await _logged_in(client)


async def submit_code(
    client: PrivateClient, pending: PendingLogin, secrets: LoginSecrets, code: str
) -> Outcome:
    """Give Instagram the code of a pending login; the client is built from its session.

    Raises `WrongCode` and `LoginLapsed`; returns what Instagram wants next, if it wants more.
    """
    client.username = pending.username
    flow = pending.state["flow"]
    had_session = client.has_session
    if flow == "profile":
        await _submit_profile_code(client, pending, code)
    elif flow == "challenge":
        await challenge.submit(client, pending, code)
        if not client.has_session:
            # The challenge came before the login was judged; a person has just asked for it.
            return await log_in(client, pending.username, secrets)
        if had_session and not pending.state["new"]:
            return await resume(client)
    else:
        await two_factor.submit(client, pending, code)
    return await _enter(client, secrets)


async def go_on(
    client: PrivateClient, pending: PendingLogin, secrets: LoginSecrets, way: str
) -> Outcome:
    """Go on with a login after a person confirmed it in the app, or have its code sent again.

    The password is submitted only where the login was stopped before there was a session.
    """
    client.username = pending.username
    flow = pending.state["flow"]
    if flow == "profile":
        reason = "Instagram waits for the code it has mailed; for another one, log in again"
        return replace(pending, reason=reason)
    if flow in ("two_factor", "legacy_two_factor"):
        try:
            return await two_factor.send_again(client, pending, way)
        except ig.ClientNotFoundError as gone:
            raise errors.LoginLapsed(two_factor.LAPSED) from gone
    if flow == "challenge":
        asked = {"api_path": f"/{pending.state['path']}"}
        try:
            again = await challenge.ask_for_code(
                client, asked, way=way, is_new=bool(pending.state["new"])
            )
        except ig.ClientNotFoundError:
            again = None  # it was met in the app meanwhile
        if again is not None:
            return again
    if client.has_session:
        return await resume(client, way)
    return await log_in(client, pending.username, secrets)


async def resume(client: PrivateClient, way: str = "") -> Outcome:
    """See whether the client's session works; never submits a password.

    Has a code sent where Instagram asks for one.
    """
    try:
        account = await client.account_info()
    except ig.ChallengeRequired as required:
        asked = getattr(required, "challenge", None)
        pending = await challenge.ask_for_code(client, asked, way=way, is_new=False)
        if pending is None:
            raise
        return pending
    client.username = account.username
    return LoggedIn(account.username, str(account.pk), client.portable_session(), is_new=False)


async def restore(client: PrivateClient) -> Outcome:
    """Take over a session made elsewhere, if it works; whose it is, is told."""
    account = await client.account_info()
    client.username = account.username
    return LoggedIn(account.username, str(account.pk), client.portable_session())


async def _enter(client: PrivateClient, secrets: LoginSecrets) -> Outcome:
    """Do what the app does right after a login."""
    try:
        await client.login_flow()
    except RAISED as raised:
        return await _after(client, raised, secrets)
    client.last_login = time.time()
    return await _logged_in(client)


async def _after(
    client: PrivateClient, raised: Exception, secrets: LoginSecrets, code: str = ""
) -> Outcome:
    if client.has_session and not (client.attended and isinstance(raised, ig.ChallengeRequired)):
        return await _logged_in(client)  # only a request after the login failed
    if isinstance(raised, ig.TwoFactorRequired):
        return await _second_factor(client, raised, secrets, code)
    if not client.attended:
        raise raised
    if isinstance(raised, CodeNeeded):
        state = {"flow": "profile", "context": raised.context, "aac": client.caa_aac}
        return _pending(client, "email", "Instagram has sent you a code", state)
    if isinstance(raised, ig.ChallengeRequired):
        pending = await challenge.ask_for_code(client, getattr(raised, "challenge", None))
        if pending is not None:
            return pending
        if client.has_session:
            return await _logged_in(client)
    error = translate(raised)
    if isinstance(error, errors.ChallengeRequired):
        return _pending(client, error.kind, error.reason, {"flow": "confirm"})
    raise raised


async def _second_factor(
    client: PrivateClient, required: ig.TwoFactorRequired, secrets: LoginSecrets, code: str
) -> Outcome:
    given = code or (secrets.totp_seed and two_factor.totp_code(secrets.totp_seed, time.time()))
    if not client.attended and not given:
        raise required
    pending = await two_factor.begin(client, required)
    if not given:
        return pending
    try:
        await two_factor.submit(client, pending, given)
    except errors.WrongCode as wrong:
        reason = wrong.reason
        if not code:
            reason = (
                "Instagram did not accept the code made from the stored TOTP seed; check this "
                "machine's clock and the seed, or send a code"
            )
        return replace(pending, reason=reason, code_refused=True)
    return await _enter(client, secrets)


async def _submit_profile_code(client: PrivateClient, pending: PendingLogin, code: str) -> None:
    client.caa_aac = pending.state["aac"]
    try:
        answer = await client.bloks_ap_two_step_verification_submit_code(
            pending.state["context"], code, domain=CAA_API_DOMAIN
        )
    except ig.ClientNotFoundError as gone:
        raise errors.LoginLapsed(two_factor.LAPSED) from gone
    except (ig.UnknownError, ig.ClientBadRequestError, ig.ClientStatusFail) as refused:
        raise errors.WrongCode(two_factor.WRONG) from refused
    if not client.bloks_apply_login_response(answer):
        raise errors.WrongCode(two_factor.WRONG)


async def _logged_in(client: PrivateClient) -> LoggedIn:
    username = client.logged_in_as or client.username
    if not client.logged_in_as and not is_login_name(username):
        username = (await client.account_info()).username  # whose that is, only Instagram knows
    return LoggedIn(username, str(client.user_id), client.portable_session())


def _pending(client: PrivateClient, kind: str, reason: str, state: dict[str, str]) -> PendingLogin:
    return PendingLogin(
        username=client.username,
        kind=kind,
        reason=reason,
        state=state,
        session=client.portable_session(),
    )
