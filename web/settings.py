"""Settings: who gets in, who is told, copies of the data, and whether the machine is well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from quart import Response, redirect, request
from quart_trio import QuartTrio

from ground.refusal import Refusal
from operations import account_sessions, api_keys, machine, models, notify, webhooks
from operations.operation import Operation
from operations.scopes import PRESETS, Scope, text_of
from web.inviting import invitation
from web.pages import Pages, Shown, link, sent
from web.trying import tried
from web.visit import Visit, given

# What a browser that is invited may do.
ROLES = {"everything": "everything that you may", "approver": "decide about mentions only",
         "read-only": "look at everything, change nothing"}  # fmt: skip
# What is done to one of a list: the operation, what of it is sent, and what is said then.
_ON_ONE: dict[str, tuple[Operation, str]] = {
    "keys/revoke": (api_keys.revoke_api_key, "The key is revoked."),
    "webhooks/delete": (webhooks.delete_webhook, "The webhook is removed."),
    "webhooks/test": (webhooks.send_webhook_test, "A test is sent."),
    "webhooks/enable": (webhooks.enable_webhook, "It is told again."),
    "sessions/end": (account_sessions.end_account_session, "That session is over."),
    "notices/delete": (notify.delete_recipient, "Nobody is told there any more."),
    "notices/test": (notify.send_test_notice, "A test notice is sent."),
    "notices/enable": (notify.enable_recipient, "It is told again."),
}

# Nothing else is taken from an address: whoever makes a link puts no words of theirs here.
_TOLD = (
    "That browser is signed out.",
    "People are told there from now on.",
    "No quiet hours.",
    "What can wait is told after the quiet hours.",
    "A copy was made and checked.",
    "What failed since yesterday is sent again.",
    *(told for _, told in _ON_ONE.values()),
)


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""
    screen = _Screen(pages)
    _add_who_gets_in(app, pages, screen)
    _add_who_is_told(app, pages, screen)

    @app.get("/settings")
    async def settings_page() -> Shown:
        return await screen.show(await pages.visit())

    @app.get("/settings/machine")
    async def machine_part() -> Response:
        visit = await pages.visit()
        found = await visit.perform(machine.examine_machine)
        return pages.part("_findings.html", visit, found=found)

    @app.post("/settings/copies")
    async def copy_now() -> Shown:
        visit = await pages.visit()
        return await screen.again(visit, visit.perform(machine.make_copy), _TOLD[4])

    def on_one(what: str) -> None:
        operation, told = _ON_ONE[what]

        async def act() -> Shown:
            visit, form = await pages.visit(), await sent()
            work = visit.perform(operation, None, form.get("id", ""))
            return await screen.again(visit, work, told)

        app.post(f"/settings/{what}", endpoint=f"settings_{what.replace('/', '_')}")(act)

    for what in _ON_ONE:
        on_one(what)


@dataclass(frozen=True, slots=True)
class _Screen:
    """The page, as it is and after something was done or refused."""

    pages: Pages

    async def show(self, visit: Visit, **told: Any) -> Response:
        known = dict[str, Any].fromkeys(("made", "secret", "problem", "invited"))
        return self.pages.show(
            "settings.html", visit, "/settings", **await _found(visit), **{**known, **told}
        )

    async def done(self, visit: Visit, name: str, work: Any) -> Shown:
        """Answer with what was made, under that name, or with why it was refused."""
        made = await tried(work)
        if isinstance(made, Refusal):
            return await self.show(visit, problem=made)
        answer = await self.show(visit, **{name: made})
        answer.headers["Cache-Control"] = "no-store"  # it is shown this once
        return answer

    async def again(self, visit: Visit, work: Any, told: str) -> Shown:
        made = await tried(work)
        if isinstance(made, Refusal):
            return await self.show(visit, problem=made)
        return redirect(link(visit, "/settings", done=told), 303)


def _add_who_gets_in(app: QuartTrio, pages: Pages, screen: _Screen) -> None:
    @app.post("/settings/keys")
    async def make_key() -> Shown:
        visit, form = await pages.visit(), await sent()
        return await screen.done(visit, "made", _key(visit, form))

    @app.post("/settings/browsers/invite")
    async def invite() -> Shown:
        visit, form = await pages.visit(), await sent()
        role = form.get("role", "")
        may = "" if role == "everything" else text_of(PRESETS.get(role, PRESETS["read-only"]))
        return await screen.done(visit, "invited", invitation(visit, may, request.host_url))

    @app.post("/settings/browsers/end")
    async def end_browser() -> Shown:
        visit, form = await pages.visit(), await sent()
        work = _with(visit, machine.sign_browser_out, models.BrowserName, session=form.get("id"))
        return await screen.again(visit, work, _TOLD[0])


def _add_who_is_told(app: QuartTrio, pages: Pages, screen: _Screen) -> None:
    @app.post("/settings/webhooks/rotate")
    async def new_secret() -> Shown:
        visit, form = await pages.visit(), await sent()
        work = visit.perform(webhooks.rotate_webhook_secret, None, form.get("id", ""))
        return await screen.done(visit, "secret", work)

    @app.post("/settings/webhooks/recover")
    async def send_again() -> Shown:
        visit, form = await pages.visit(), await sent()
        since = given(models.RecoverRequest, since=visit.now - timedelta(days=1))
        work = visit.perform(webhooks.recover_webhook, since, form.get("id", ""))
        return await screen.again(visit, work, _TOLD[5])

    @app.post("/settings/webhooks")
    async def make_webhook() -> Shown:
        visit, form = await pages.visit(), await sent()
        url = form.get("url", "").strip()
        work = _with(visit, webhooks.create_webhook, models.WebhookRequest, url=url)
        return await screen.done(visit, "secret", work)

    @app.post("/settings/notices")
    async def make_recipient() -> Shown:
        visit, form = await pages.visit(), await sent()
        said = {"url": form.get("url", "").strip(), "name": form.get("name", "").strip() or None}
        work = _with(visit, notify.create_recipient, models.NotifyRequest, **said)
        return await screen.again(visit, work, _TOLD[1])

    @app.post("/settings/quiet")
    async def set_quiet() -> Shown:
        visit, form = await pages.visit(), await sent()
        if form.get("end"):
            return await screen.again(visit, visit.perform(notify.end_quiet_hours), _TOLD[2])
        said = {name: form.get(name) for name in ("begins", "ends")}
        work = _with(
            visit, notify.set_quiet_hours, models.QuietHoursRequest, timezone=visit.zone.key, **said
        )
        return await screen.again(visit, work, _TOLD[3])


async def _found(visit: Visit) -> dict[str, Any]:
    """Return what there is to show, as far as the visitor may see it."""
    keys: models.ApiKeyList = await visit.perform(api_keys.list_api_keys)
    browsers: models.SignedInBrowsers = await visit.perform(machine.list_browsers)
    found: dict[str, Any] = {
        "keys": keys.keys,
        "browsers": browsers.browsers,
        "presets": PRESETS,
        "told_words": _TOLD,
        "roles": ROLES,
        "sessions": [],
        "hooks": [],
        "recipients": [],
        "log": {},
        "quiet": None,
        "room": None,
        "copies": [],
    }
    if visit.may(Scope.ACCOUNTS_READ):
        found["sessions"] = (await visit.perform(account_sessions.list_account_sessions)).sessions
    if visit.may(Scope.WEBHOOKS_READ):
        found["hooks"] = (await visit.perform(webhooks.list_webhooks)).webhooks
        found["recipients"] = (await visit.perform(notify.list_recipients)).recipients
        few = models.WebhookDeliveryQuery(limit=5)
        for each in found["recipients"]:
            told = await visit.perform(notify.list_notices_told, few, each.id)
            found["log"][each.id] = told.deliveries
        found["quiet"] = await visit.perform(notify.get_quiet_hours)
    if visit.may(Scope.SYSTEM_READ):
        room = await tried(visit.perform(machine.get_room))
        if not isinstance(room, Refusal):  # it is the owner's
            found["room"] = room
            found["copies"] = (await visit.perform(machine.list_copies)).copies
    return found


async def _key(visit: Visit, form: Any) -> Any:
    """Make a key; one that names an account is limited to it, one with days ends by itself."""
    days = form.get("days", "")
    ends = visit.now + timedelta(days=int(days)) if days in ("7", "30", "90", "365") else None
    preset = PRESETS.get(form.get("preset", ""), PRESETS["read-only"])
    only = form.get("only", "")
    return await _with(
        visit,
        api_keys.create_api_key,
        models.ApiKeyRequest,
        name=form.get("name", "").strip(),
        scopes=text_of(preset),
        account_ids=[only] if only else None,
        expires_at=ends,
    )


async def _with(visit: Visit, operation: Operation, model: type[Any], **said: Any) -> Any:
    return await visit.perform(operation, given(model, **said))
