"""Cards: the four templates as live pictures, the user's own line, and what saving changes."""

from __future__ import annotations

import json
from typing import Any

import trio
from quart import redirect
from quart_trio import QuartTrio

from ground.refusal import Refusal
from operations import card_preview, models, story_repost
from web.differing import differences
from web.pages import Pages, Shown, link, sent
from web.trying import tried
from web.visit import Visit, given

TEMPLATES = {
    "classic": "a rounded frame on a dark blur",
    "blur": "melting into its own bright blur",
    "frame": "a print on paper",
    "full-bleed": "the story fills the screen",
}
SAMPLES = {
    "last": "your last story",
    "tall": "a tall picture",
    "wide": "a wide picture",
    "dark": "a dark picture",
    "bright": "a bright picture",
    "video": "a video",
}
PLACES = (
    "top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom",
    "bottom-right",
)  # fmt: skip
FONTS = ("sans", "serif", "mono", "script")
_SIZES = {"small": 36, "medium": 48, "large": 72}
_LONG_NAME = "the.longest.name_that.there.is"
_RIGHT_TO_LEFT = "תודה @{username}"
_BLANK = {
    "text": "", "position": "bottom", "size": 48, "color": "#ffffff", "font": "sans",
    "shadow": True,
}  # fmt: skip


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    async def shown(
        visit: Visit, line: dict[str, Any], problem: Refusal | None = None, template: str = ""
    ) -> Shown:
        config = visit.status.config
        said = {"template": template, "signature_overlay": _as_stored(line)} if problem else {}
        return pages.show(
            "cards.html",
            visit,
            "/cards",
            line=line,
            chosen=template or (config.template.value if config else "classic"),
            both=differences(said, config, problem),
            version=config.version if config else "",
            TEMPLATES=TEMPLATES,
            SAMPLES=SAMPLES,
            PLACES=PLACES,
            FONTS=FONTS,
            anew=_unsent(visit.status.waiting),
            problem=problem,
            saved=visit.args.get("saved") == "1",
        )

    @app.get("/cards")
    async def cards_page() -> Shown:
        visit = await pages.visit()
        if visit.account is None:
            return redirect("/welcome", 303)
        config = visit.status.config
        return await shown(visit, _line_of(config.signature_overlay if config else None))

    @app.post("/cards")
    async def save_cards() -> Shown:
        visit, form = await pages.visit(), await sent()
        made = await tried(_saved(visit, form))
        if isinstance(made, Refusal):
            return await shown(visit, _line_sent(form), made, form.get("template", ""))
        return redirect(link(visit, "/cards", saved=1), 303)

    @app.post("/cards/looks")
    async def draw_cards() -> dict[str, Any]:
        """Return the four pictures, or what is wrong with the line."""
        visit, form = await pages.visit(), await sent()
        looks: dict[str, models.Look | Refusal] = {}

        async def draw(template: str) -> None:
            looks[template] = await tried(_look(visit, form, template))

        async with trio.open_nursery() as nursery:
            for template in TEMPLATES:
                nursery.start_soon(draw, template)
        refused = [each for each in looks.values() if isinstance(each, Refusal)]
        if refused:
            return {"problem": refused[0].message}
        drawn = {name: each for name, each in looks.items() if isinstance(each, models.Look)}
        sample = next(iter(drawn.values())).sample
        images = {name: each.image for name, each in drawn.items()}
        return {"images": images, "sample": SAMPLES[sample]}


def _unsent(waiting: models.WaitingReposts) -> int:
    """Return how many mentions will look anew: every one that is not being sent."""
    return waiting.detected + waiting.downloaded + waiting.waiting_approval + waiting.queued


async def _look(visit: Visit, form: Any, template: str) -> Any:
    said: dict[str, Any] = {
        "account_id": visit.account_id,
        "template": template,
        "sample": form.get("sample", "last"),
        "signature_overlay": _overlay(form),
    }
    if form.get("rtl") == "on":
        said["signature_overlay"] = _overlay({**form.to_dict(), "text": _RIGHT_TO_LEFT})
    if form.get("long") == "on":
        said["username"] = _LONG_NAME
    return await visit.perform(card_preview.preview_look, given(models.LookRequest, **said))


async def _saved(visit: Visit, form: Any) -> Any:
    asked = given(
        models.StoryRepostSettings,
        account_id=visit.account_id,
        template=form.get("template") or None,
        signature_overlay=_overlay(form),
        version=form.get("version") or None,
    )
    return await visit.perform(story_repost.save_config, asked)


def _overlay(form: Any) -> str | None:
    """Return the line that was filled in as the contract has it; None where there is none."""
    return _as_stored(_line_sent(form))


def _as_stored(line: dict[str, Any]) -> str | None:
    return json.dumps(line) if line["text"].strip() else None


def _line_sent(form: Any) -> dict[str, Any]:
    size = form.get("size", "")
    return {
        "text": form.get("text", ""),
        "position": form.get("position") or "bottom",
        "size": int(size) if size.isdecimal() and len(size) < 5 else size or 48,
        "color": form.get("color") or "#ffffff",
        "font": form.get("font") or "sans",
        "shadow": form.get("shadow") == "on",
    }


def _line_of(overlay: str | None) -> dict[str, Any]:
    """Return a stored line as the form shows it."""
    line = {**_BLANK, **(json.loads(overlay) if overlay else {})}
    return {**line, "size": _SIZES.get(line["size"], line["size"])}
