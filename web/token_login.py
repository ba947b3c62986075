"""A token of the official API by logging in at Instagram, and back by itself or by hand."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from quart import Response, redirect, request
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import models, token_login
from web.pages import Pages, Shown, sent
from web.simulation import Simulation
from web.trying import tried
from web.visit import Visit, given

_HERE, _BACK = "/welcome/token", "/welcome/token/back"
# Where Meta takes no address of ours: a browser finds nothing there, and its address is pasted.
_NOWHERE = "https://localhost/reprise"


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    async def shown(visit: Visit, problem: Refusal | None = None, **more: Any) -> Response:
        kept: models.TokenApp = await visit.perform(token_login.get_token_app)
        values = {"begun": None, "code": "", "state": "", **more}
        return pages.show(
            "token.html",
            visit,
            "/welcome",
            stay=_HERE,
            kept=kept.app,
            back=_address(),
            comes_back=request.scheme == "https",
            problem=problem,
            **values,
        )

    @app.get("/welcome/token")
    async def token_page() -> Response:
        return await shown(await pages.visit())

    @app.post("/welcome/token/begin")
    async def begin_token() -> Response:
        visit, form = await pages.visit(), await sent()
        made = await tried(_begun(visit, form, pages.simulation))
        if isinstance(made, Refusal):
            return await shown(visit, made)
        return await shown(visit, begun=made)

    # Instagram sends the browser here. It asks for a click: a look at an address changes nothing.
    @app.get("/welcome/token/back")
    async def back_with_token() -> Response:
        visit = await pages.visit()
        code, state = visit.args.get("code", ""), visit.args.get("state", "")
        if not code:
            return await shown(visit, _denied(visit.args.get("error_description", "")))
        return await shown(visit, code=code, state=state)

    @app.post("/welcome/token/finish")
    async def finish_token() -> Shown:
        visit, form = await pages.visit(), await sent()
        made = await tried(_finished(visit, form))
        if isinstance(made, Refusal):
            return await shown(visit, made)
        return redirect(f"/welcome/next?account={made.id}", 303)


def _address() -> str:
    """Return where Instagram is to send the browser: here, if it can be told to."""
    return f"https://{request.host}{_BACK}" if request.scheme == "https" else _NOWHERE


async def _begun(visit: Visit, form: Any, simulation: Simulation | None) -> Any:
    said = {name: form[name].strip() for name in ("app", "app_secret") if form.get(name)}
    asked = given(models.TokenLoginRequest, redirect_url=form.get("redirect") or _address(), **said)
    begun: models.TokenLogin = await visit.perform(token_login.begin_token_login, asked)
    if simulation is None:
        return begun
    return begun.model_copy(update={"url": await simulation.login_page(begun.url)})


async def _finished(visit: Visit, form: Any) -> Any:
    code, state = form.get("code", ""), form.get("state", "")
    if address := form.get("address", "").strip():
        try:
            query = parse_qs(urlsplit(address).query)
        except ValueError:
            query = {}
        if "error" in query:
            raise _denied(query.get("error_description", [""])[0])
        code, state = (query.get(name, [""])[0] for name in ("code", "state"))
        if not code or not state:
            raise Refusal(
                ErrorCode.VALIDATION_ERROR,
                "That address holds no answer of Instagram's: copy all of it, with what is behind "
                "the question mark",
            )
    asked = given(models.TokenLoginAnswer, code=code, state=state)
    return await visit.perform(token_login.finish_token_login, asked)


def _denied(said: str) -> Refusal:
    why = f": {said[:200]}" if said else ""
    return Refusal(ErrorCode.INVALID_CODE, f"Instagram gave no token{why}")
