"""Try it: a sandbox opened beside the real thing, entered in a tab of its own, and ended."""

from __future__ import annotations

from quart import Response, redirect, request
from quart_trio import QuartTrio

from ground.refusal import Refusal
from operations import models, trial
from operations.operation import Operation
from web.pages import Pages, Shown, link
from web.trying import tried
from web.visit import Visit

_HERE = ("127.0.0.1", "localhost", "[::1]")


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    async def shown(visit: Visit, problem: Refusal | None = None) -> Response:
        return pages.show(
            "trial.html",
            visit,
            "/welcome",
            stay="/welcome/sandbox",
            found=await _found(visit),
            is_here=_is_here(),
            problem=problem,
        )

    async def done(operation: Operation) -> Shown:
        visit = await pages.visit()
        made = await tried(visit.perform(operation))
        if isinstance(made, Refusal):
            return await shown(visit, made)
        return redirect(link(visit, "/welcome/sandbox"), 303)

    @app.get("/welcome/sandbox")
    async def sandbox_page() -> Response:
        return await shown(await pages.visit())

    @app.get("/welcome/sandbox/part")
    async def sandbox_part() -> Response:
        visit = await pages.visit()
        found = await _found(visit)
        return pages.part("_trial.html", visit, found=found, is_here=_is_here())

    @app.post("/welcome/sandbox/begin")
    async def begin_sandbox() -> Shown:
        return await done(trial.begin_sandbox)

    @app.post("/welcome/sandbox/end")
    async def end_sandbox() -> Shown:
        return await done(trial.end_sandbox)

    # By a link and not a form: where a form may lead, the policy says, and that is no other port.
    @app.get("/welcome/sandbox/enter")
    async def enter_sandbox() -> Shown:
        visit = await pages.visit()
        made = await tried(visit.perform(trial.enter_sandbox))
        if isinstance(made, Refusal):
            return await shown(visit, made)
        answer = redirect(made.url, 303)
        answer.headers["Cache-Control"] = "no-store"
        return answer


async def _found(visit: Visit) -> models.TriedSandbox:
    found: models.TriedSandbox = await visit.perform(trial.get_sandbox)
    return found


def _is_here() -> bool:
    """Say whether this browser is on the machine itself, where alone the sandbox listens."""
    return request.host.rpartition(":")[0] in _HERE
