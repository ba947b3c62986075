"""Is this browser signed in, and signing it out (contract §4.2): its session is this face's own."""

from __future__ import annotations

from api.contract import Auth, Call, Operations
from api.session_cookie import ended
from operations import models
from serving.answer import Answer
from storage import accounts, browser_sessions

operations = Operations("Auth")


@operations.add("GET", "/auth/check", auth=Auth.OPTIONAL, returns=models.AuthCheck)
async def check_auth(call: Call) -> models.AuthCheck:
    """Say whether this request is signed in; `username` is that of the first account."""
    if call.caller is None:
        return models.AuthCheck(authenticated=False)
    every = await call.context.store.read(accounts.of_user, call.user_id)
    found = next((each for each in every if call.caller.may_see(each.id)), None)
    return models.AuthCheck(authenticated=True, username=found.username if found else None)


@operations.add("POST", "/auth/logout", auth=Auth.OPTIONAL, returns=models.Success)
async def log_out(call: Call) -> Answer:
    """End the browser session on the server and clear its cookie; for keys, do nothing."""
    answer = Answer(models.Success().model_dump_json(by_alias=True).encode())
    caller = call.caller
    if caller is not None and caller.session_id is not None:
        await call.context.store.write(
            browser_sessions.end, caller.session_id, call.context.house.clock.now()
        )
    if caller is None or caller.key_id is None:
        answer.headers["Set-Cookie"] = ended(call.context.cookies, call.request.cookies)
    return answer
