"""Signed out: how to get in, in words; and leaving."""

from __future__ import annotations

from quart import Response, request
from quart_trio import QuartTrio

from web.pages import Pages
from web.rendering import page
from web.simulation import Simulation


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.post("/sign-out")
    async def sign_out() -> Response:
        actor = await pages.door.caller(request)
        gone = await pages.door.sign_out(request, actor)
        response = signed_out("You are signed out.", 200, pages.simulation)
        response.headers["Set-Cookie"] = gone
        response.headers["Clear-Site-Data"] = '"cache"'
        return response


def signed_out(message: str, status: int = 401, sandbox: Simulation | None = None) -> Response:
    """Return the page for who is not signed in.

    A browser keeps the cookie back when a link leads here from elsewhere: then the page asks once
    more by itself, as ours.
    """
    is_from_elsewhere = request.headers.get("Sec-Fetch-Site") == "cross-site"
    host = request.host
    other = None
    if host.startswith("localhost"):  # to browsers another site, with other cookies
        other = f"http://127.0.0.1{host.removeprefix('localhost')}/"
    elif host.startswith("127.0.0.1"):
        other = f"http://localhost{host.removeprefix('127.0.0.1')}/"
    again = request.full_path.removesuffix("?") if is_from_elsewhere else None
    if again is not None and again.startswith("/login"):
        again = None
    return page(
        "signed_out.html", status, message=message, again=again, other=other, sandbox=sandbox
    )
