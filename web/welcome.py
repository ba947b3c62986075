"""The way from nothing to the first repost: who, how, the login in all its states, and the rules.

Every step is a page of its own and stands in the address; what a login waits for is the server's
to know, so that a reload or another browser goes on where it was.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from quart import Response, redirect
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import accounts, logins, models, story_repost
from web.pages import Pages, Shown, link, sent
from web.trying import tried
from web.visit import Visit, given

# What is asked for, by what the login waits for.
CODES = {
    "email": "Instagram has sent a code by e-mail",
    "sms": "Instagram has sent a code by text message",
    "two_factor": "Instagram wants the code of your second factor",
}


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/welcome")
    async def welcome() -> Response:
        return pages.show("welcome.html", await pages.visit(), "/welcome")

    @app.get("/welcome/account")
    async def welcome_account() -> Response:
        return pages.show("connect.html", await pages.visit(), "/welcome", problem=None, typed="")

    @app.post("/welcome/account")
    async def connect_account() -> Shown:
        visit, form = await pages.visit(), await sent()
        name = form.get("username", "").strip().lstrip("@")
        token = form.get("token", "").strip()
        said: dict[str, Any] = {"username": name}
        if token:
            said |= {"access_token": token, "login_method": form.get("method", "instagram")}
            said["ig_user_id"] = form.get("ig_user_id", "").strip()
        made = await tried(_connected(visit, said))
        if isinstance(made, Refusal):
            return pages.show(
                "connect.html",
                visit,
                "/welcome",
                stay="/welcome/account",
                problem=made.message,
                typed=name,
            )
        on = "/welcome/next" if token and form.get("only") else "/welcome/login"
        return redirect(f"{on}?account={made.id}", 303)

    _add_login(app, pages)
    _add_rules(app, pages)


def _add_login(app: QuartTrio, pages: Pages) -> None:
    async def shown(visit: Visit, problem: Refusal | None = None, told: str = "") -> Shown:
        if visit.account is None:
            return redirect("/welcome", 303)
        probe = await visit.perform(logins.probe_credentials, None, visit.account.id)
        return pages.show(
            "login.html",
            visit,
            "/welcome",
            stay="/welcome/login",
            probe=probe,
            problem=problem,
            told=told,
            CODES=CODES,
        )

    async def after(visit: Visit, made: Any) -> Shown:
        """Go on where a login has ended; otherwise say what it waits for, or why it was refused."""
        if isinstance(made, Refusal):
            # The code is asked for by the page that is shown, which is not news to be told as bad.
            asks = made.code is ErrorCode.TWO_FACTOR_REQUIRED
            return await shown(visit, None if asks else made)
        waits = made.challenge_required if isinstance(made, models.LoginResult) else False
        if waits or (isinstance(made, models.ChallengeResult) and not made.resolved):
            return await shown(visit, told=made.message)
        return redirect(link(visit, "/welcome/rules"), 303)

    @app.get("/welcome/login")
    async def login_page() -> Shown:
        return await shown(await pages.visit())

    @app.post("/welcome/login")
    async def log_in() -> Shown:
        visit, form = await pages.visit(), await sent()
        said = {
            "account_id": visit.account_id,
            "ig_username": form.get("username", "").strip() or visit.username,
            "ig_password": form.get("password", ""),
        }
        for name in ("totp_seed", "proxy"):
            if form.get(name, "").strip():
                said[name] = form[name].strip()
        return await after(visit, await tried(_performed(visit, "log in", said)))

    @app.post("/welcome/code")
    async def give_code() -> Shown:
        visit, form = await pages.visit(), await sent()
        code = "".join(form.get("code", "").split())
        said = {"account_id": visit.account_id, "code": code}
        return await after(visit, await tried(_performed(visit, "code", said)))

    @app.post("/welcome/continue")
    async def continue_login() -> Shown:
        visit, form = await pages.visit(), await sent()
        said = {"account_id": visit.account_id, "method": form.get("method") or None}
        return await after(visit, await tried(_performed(visit, "continue", said)))


def _add_rules(app: QuartTrio, pages: Pages) -> None:
    @app.get("/welcome/rules")
    async def rules_page() -> Shown:
        visit = await pages.visit()
        return pages.show("rules.html", visit, "/welcome", problem=None, zones=zones())

    @app.post("/welcome/rules")
    async def save_rules() -> Shown:
        visit, form = await pages.visit(), await sent()
        made = await tried(_ruled(visit, form))
        if isinstance(made, Refusal):
            problem = made.message
            return pages.show(
                "rules.html",
                visit,
                "/welcome",
                stay="/welcome/rules",
                problem=problem,
                zones=zones(),
            )
        return redirect(link(visit, "/welcome/next"), 303)

    @app.get("/welcome/next")
    async def next_page() -> Response:
        return pages.show("next.html", await pages.visit(), "/welcome")


async def _connected(visit: Visit, said: dict[str, Any]) -> Any:
    asked = given(models.ConnectRequest, **said)
    return await visit.perform(accounts.connect_account, asked)


async def _performed(visit: Visit, what: str, said: dict[str, Any]) -> Any:
    if what == "log in":
        return await visit.perform(logins.save_credentials, given(models.LoginRequest, **said))
    if what == "code":
        asked = given(models.ChallengeRequest, **said)
        return await visit.perform(logins.resolve_challenge, asked)
    return await visit.perform(logins.continue_login, given(models.ContinueRequest, **said))


async def _ruled(visit: Visit, form: Any) -> Any:
    said = {
        "account_id": visit.account_id,
        "approval_required": form.get("approval") == "on",
        "timezone": form.get("timezone", "UTC"),
        "sleep_window_start": form.get("asleep") or None,
        "sleep_window_end": form.get("awake") or None,
        "daily_repost_limit": form.get("limit") or None,
    }
    await visit.perform(story_repost.save_config, given(models.StoryRepostSettings, **said))
    ref = given(models.AccountRef, account_id=visit.account_id)
    return await visit.perform(story_repost.enable, ref)


def zones() -> list[str]:
    """Return the names of every time zone."""
    return sorted(available_timezones())
