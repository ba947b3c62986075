"""The face as the composition takes it: its routes, and the pages that tell of a refusal."""

from __future__ import annotations

from quart import Response, request
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations.house import House
from web import (
    account,
    arriving,
    calendar,
    cards,
    compose,
    happening,
    history,
    insights,
    library,
    live,
    mentions,
    past,
    rendering,
    settings,
    signing,
    stopping,
    today,
    token_login,
    trial,
    welcome,
)
from web.assets import assets
from web.pages import Pages
from web.simulation import Simulation
from web.visit import Door


class WebFace:
    """The pages; the answers of the addresses in `streams` go on until somebody leaves."""

    def __init__(self, house: House, *, simulation: Simulation | None) -> None:
        self.streams = frozenset({live.PATH})
        self._house = house
        self._simulation = simulation
        rendering.environment()  # read now, so that the first page waits for nothing

    def mount(self, app: QuartTrio, door: Door) -> None:
        """Add the pages to the app that serves the address."""
        pages = Pages(self._house, door, self._simulation)
        _add_assets(app)
        for screen in (
            today,
            mentions,
            calendar,
            cards,
            compose,
            library,
            history,
            past,
            insights,
            account,
            settings,
            welcome,
            token_login,
            trial,
            arriving,
            stopping,
            signing,
        ):
            screen.add(app, pages)

        if self._simulation is not None:
            happening.add(app, pages, self._simulation)

        @app.get(live.PATH)
        async def live_changes() -> Response:
            return live.stream(door, await pages.visit())

    def refused(self, code: str, message: str, status: int) -> Response:
        """Return a page that says why something is not shown; to strangers, how to get in."""
        if status == 401:
            # What programs are to send helps nobody who looks at a page.
            said = "" if code == ErrorCode.AUTH_REQUIRED else message
            return signing.signed_out(said, sandbox=self._simulation)
        return rendering.page(
            "refused.html",
            status,
            code=code,
            message=message,
            path=request.full_path,
            sandbox=self._simulation,
        )


def _add_assets(app: QuartTrio) -> None:
    @app.get("/static/<version>/<path:name>")
    async def static_file(version: str, name: str) -> Response:
        asset = assets().found.get(name)
        if asset is None or assets().path != f"/static/{version}":
            raise Refusal(ErrorCode.NOT_FOUND, "There is nothing at this path")
        is_packed = asset.packed is not None and "gzip" in request.headers.get(
            "Accept-Encoding", ""
        )
        data = asset.packed if is_packed and asset.packed is not None else asset.data
        response = Response(data, content_type=asset.content_type)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Vary"] = "Accept-Encoding"
        if is_packed:
            response.headers["Content-Encoding"] = "gzip"
        return response
