"""Account: where it stands, what each rail says, and by which rules it reposts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any

from quart import redirect
from quart_trio import QuartTrio

from ground.refusal import Refusal
from operations import accounts, logins, models, story_repost
from operations.operation import Operation
from storage.repost_configs import RepostConfig
from web.differing import differences
from web.pages import Pages, Shown, link, sent
from web.trying import tried
from web.visit import Visit, given
from web.welcome import zones

# What each rail is called.
RAILS = {
    "stopped": "Stop",
    "instagram": "Instagram",
    "switch": "Switch",
    "paused": "Pause",
    "login": "Login",
    "sleep": "Sleep",
    "cap": "Daily limit",
    "spacing": "Distance",
}
_SWITCHES = ("approval_required", "dry_run", "auto_tag_original_poster", "auto_repost_enabled")
_FIELDS = (
    "timezone", "sleep_window_start", "sleep_window_end", "daily_repost_limit", "template",
    "poll_interval_hours", "minimum_followers", "publish_route",
)  # fmt: skip
_LISTS = ("allowed_authors", "denied_authors", "always_authors", "required_words", "excluded_words")

_DEFAULTS = {
    field.name: field.default for field in fields(RepostConfig) if field.default is not MISSING
}


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/account")
    async def account_page() -> Shown:
        return await _shown(pages, await pages.visit())

    @app.post("/account")
    async def save_account() -> Shown:
        visit, said = await pages.visit(), _said(await sent())
        made = await tried(_saved(visit, said))
        if isinstance(made, Refusal):
            return await _shown(pages, visit, made, said)
        return redirect(link(visit, "/account", saved=1), 303)

    @app.post("/account/forget")
    async def forget_login() -> Shown:
        visit = await pages.visit()
        if visit.account is not None:
            await visit.perform(logins.forget_credentials, None, visit.account.id)
        return redirect(link(visit, "/account"), 303)

    @app.post("/account/disconnect")
    async def disconnect_account() -> Shown:
        visit, form = await pages.visit(), await sent()
        if visit.account is None or form.get("name", "").lstrip("@") != visit.username:
            return redirect(link(visit, "/account"), 303)
        await visit.perform(accounts.disconnect_account, None, visit.account.id)
        return redirect("/", 303)

    _add_switches(app, pages)


def _add_switches(app: QuartTrio, pages: Pages) -> None:
    async def done(operation: Operation, model: type[Any]) -> Shown:
        visit = await pages.visit()
        made = await tried(_asked(visit, operation, model))
        if isinstance(made, Refusal):
            return await _shown(pages, visit, made)
        return redirect(link(visit, "/account"), 303)

    @app.post("/account/enable")
    async def switch_on() -> Shown:
        return await done(story_repost.enable, models.AccountRef)

    @app.post("/account/disable")
    async def switch_off() -> Shown:
        return await done(story_repost.disable, models.AccountRef)

    @app.post("/account/pause")
    async def pause_account() -> Shown:
        return await done(story_repost.pause_reposts, models.PauseRequest)

    @app.post("/account/resume")
    async def resume_account() -> Shown:
        return await done(story_repost.resume_reposts, models.OptionalAccountRef)


async def _shown(
    pages: Pages,
    visit: Visit,
    problem: Refusal | None = None,
    said: Mapping[str, Any] = MappingProxyType({}),
) -> Shown:
    """Return the page; with what a form said that was refused still in its fields."""
    config = visit.status.config
    if visit.account is None:
        return redirect("/welcome", 303)
    account_id = visit.account.id
    found = models.Rails(rails=[], warm_up=[])
    if visit.status.configured:
        query = given(models.RequiredAccountQuery, account_id=account_id)
        found = await visit.perform(story_repost.get_rails, query)
    return pages.show(
        "account.html",
        visit,
        "/account",
        probe=await visit.perform(logins.probe_credentials, None, account_id),
        rails=found.rails,
        stair=found.warm_up,
        default=_DEFAULTS,
        RAILS=RAILS,
        problem=problem,
        both=differences(said, config, problem),
        rules={**(config.model_dump() if config else {}), **said},
        zones=zones(),
    )


async def _asked(visit: Visit, operation: Operation, model: type[Any]) -> Any:
    return await visit.perform(operation, given(model, account_id=visit.account_id))


def _said(form: Any) -> dict[str, Any]:
    """Return the settings that a form says, numbers as numbers."""
    said: dict[str, Any] = {name: _plain(form[name]) for name in _FIELDS if form.get(name)}
    said |= {name: form.get(name) == "on" for name in _SWITCHES}
    said |= {name: _lines(form[name]) for name in _LISTS if name in form}
    return said | {"version": form.get("version") or None}


def _plain(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else text


async def _saved(visit: Visit, said: Mapping[str, Any]) -> Any:
    asked = given(models.StoryRepostSettings, account_id=visit.account_id, **said)
    return await visit.perform(story_repost.save_config, asked)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace(",", "\n").splitlines() if line.strip()]
