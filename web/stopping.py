"""Stop everything, and go on: a button on every page that needs no script."""

from __future__ import annotations

from quart_trio import QuartTrio

from operations import story_repost
from web.pages import Pages, Shown, back_to, sent


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.post("/stop")
    async def stop() -> Shown:
        visit = await pages.visit()
        await visit.perform(story_repost.stop_everything)
        return back_to((await sent()).get("back"))

    @app.post("/go-on")
    async def go_on() -> Shown:
        visit = await pages.visit()
        await visit.perform(story_repost.go_on)
        return back_to((await sent()).get("back"))
