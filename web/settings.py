"""Settings: keys for programs, who is told by webhook, and what this is."""

from __future__ import annotations

from typing import Any

from quart import redirect
from quart_trio import QuartTrio

from ground.refusal import Refusal
from operations import api_keys, models, webhooks
from operations.scopes import PRESETS, Scope, text_of
from web.pages import Pages, Shown, link, sent
from web.trying import tried
from web.visit import Visit, given


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    async def shown(visit: Visit, **told: Any) -> Shown:
        hooks = []
        if visit.may(Scope.WEBHOOKS_READ):
            hooks = (await visit.perform(webhooks.list_webhooks)).webhooks
        found: models.ApiKeyList = await visit.perform(api_keys.list_api_keys)
        known: dict[str, Any] = {"made": None, "secret": None, "problem": None, **told}
        return pages.show(
            "settings.html",
            visit,
            "/settings",
            keys=found.keys,
            hooks=hooks,
            PRESETS=PRESETS,
            **known,
        )

    @app.get("/settings")
    async def settings_page() -> Shown:
        return await shown(await pages.visit())

    @app.post("/settings/keys")
    async def make_key() -> Shown:
        visit, form = await pages.visit(), await sent()
        may = PRESETS.get(form.get("preset", ""), PRESETS["read-only"])
        made = await tried(_made(visit, form.get("name", "").strip(), text_of(may)))
        if isinstance(made, Refusal):
            return await shown(visit, problem=made)
        return await shown(visit, made=made)

    @app.post("/settings/keys/revoke")
    async def revoke_key() -> Shown:
        visit, form = await pages.visit(), await sent()
        await visit.perform(api_keys.revoke_api_key, None, form.get("id", ""))
        return redirect(link(visit, "/settings"), 303)

    @app.post("/settings/webhooks")
    async def make_webhook() -> Shown:
        visit, form = await pages.visit(), await sent()
        made = await tried(_hooked(visit, form.get("url", "").strip()))
        if isinstance(made, Refusal):
            return await shown(visit, problem=made)
        return await shown(visit, secret=made.secret)

    @app.post("/settings/webhooks/delete")
    async def remove_webhook() -> Shown:
        visit, form = await pages.visit(), await sent()
        await visit.perform(webhooks.delete_webhook, None, form.get("id", ""))
        return redirect(link(visit, "/settings"), 303)

    @app.post("/settings/webhooks/test")
    async def try_webhook() -> Shown:
        visit, form = await pages.visit(), await sent()
        await visit.perform(webhooks.send_webhook_test, None, form.get("id", ""))
        return redirect(link(visit, "/settings"), 303)


async def _made(visit: Visit, name: str, scopes: str) -> Any:
    asked = given(models.ApiKeyRequest, name=name, scopes=scopes)
    return await visit.perform(api_keys.create_api_key, asked)


async def _hooked(visit: Visit, url: str) -> Any:
    return await visit.perform(webhooks.create_webhook, given(models.WebhookRequest, url=url))
