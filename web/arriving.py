"""I come from VoidGram: its data is sent, looked at, and then taken in or given up."""

from __future__ import annotations

from typing import Any

from quart import Response, redirect, request
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import arriving, models
from serving.multipart import Form, announced, receive_form
from web.pages import Pages, Shown, link, sent
from web.trying import tried
from web.visit import Visit, given

MOST_FILES = 1000
MOST_BYTES = 2 << 30
# What the lists of a document are to people.
LISTS = {
    "accounts": "accounts",
    "mediaFiles": "pictures and videos",
    "posts": "posts",
    "storyRepostConfigs": "repost settings",
    "reposts": "mentions",
    "deliveries": "ways of posts",
    "events": "changes",
}
_HERE = "/welcome/voidgram"


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    async def shown(visit: Visit, problem: Refusal | None = None, **more: Any) -> Response:
        waits: models.ImportWaiting = await visit.perform(arriving.get_import)
        values = {"found": waits.waiting, "done": False, "taken": waits.taken, **more}
        values |= {"until": waits.taken_back_until, "back": visit.args.get("back") == "1"}
        return pages.show(
            "arriving.html", visit, "/welcome", stay=_HERE, problem=problem, LISTS=LISTS, **values
        )

    @app.get("/welcome/voidgram")
    async def voidgram_page() -> Response:
        return await shown(await pages.visit())

    @app.post("/welcome/voidgram")
    async def look_at_it() -> Shown:
        visit = await pages.visit()
        await visit.perform(arriving.get_import)  # who may not hears so before anything is sent
        made = await tried(_received(visit))
        if isinstance(made, Refusal):
            return await shown(visit, made)
        return redirect(link(visit, _HERE), 303)

    @app.post("/welcome/voidgram/take")
    async def take_it() -> Shown:
        visit, form = await pages.visit(), await sent()
        made = await tried(_taken(visit, form))
        if isinstance(made, Refusal):
            return await shown(visit, made)
        return await shown(visit, found=made, done=True)

    @app.post("/welcome/voidgram/back")
    async def take_it_back() -> Shown:
        visit, form = await pages.visit(), await sent()
        asked = given(models.ImportTicket, ticket=form.get("ticket", ""))
        made = await tried(visit.perform(arriving.take_import_back, asked))
        if isinstance(made, Refusal):
            return await shown(visit, made)
        return redirect(link(visit, _HERE, back=1), 303)

    @app.post("/welcome/voidgram/discard")
    async def leave_it() -> Shown:
        visit = await pages.visit()
        await visit.perform(arriving.discard_import)
        return redirect(link(visit, _HERE), 303)


async def _received(visit: Visit) -> Any:
    folder = visit.house.folder
    folder.check_room(announced(request, MOST_BYTES))
    form: Form = await receive_form(
        request,
        folder.scratch,
        MOST_BYTES,
        wanted=("file", "media"),
        most=MOST_FILES,
        may_be_empty=True,
    )
    try:
        documents = [each for each in form.files if each.field == "file"]
        if len(documents) != 1:
            raise Refusal(ErrorCode.UPLOAD_ERROR, "Choose the one file with VoidGram's data")
        media = [(each.name, each.path) for each in form.files if each.field == "media"]
        files = arriving.Loose(path=documents[0].path, name=documents[0].name, media=media)
        return await visit.perform(arriving.plan_import, files)
    finally:
        await form.discard()


async def _taken(visit: Visit, form: Any) -> Any:
    if form.get("stopped") != "on":
        raise Refusal(
            ErrorCode.VALIDATION_ERROR,
            "Nothing was taken in: stop VoidGram first and say so below, "
            "because what is planned in both goes out twice",
        )
    asked = given(models.ImportTicket, ticket=form.get("ticket", ""))
    return await visit.perform(arriving.take_import, asked)
