"""A token of the official API by a login at Instagram, with its real steps against the sandbox."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from daemon import authority
from sandbox import Sandbox
from storage import accounts, secrets
from storage.secrets import AccountSecret
from storage.store import Database
from tests.support.browsing import open_browser
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio
from tests.web.test_pages import Home

APP, SECRET = "1029384756", "s3cret-of-the-app"
NOWHERE = "https://localhost/reprise"
HTML = {"Accept": "text/html"}


async def post(served: Served, path: str, **form: str) -> Any:
    return await served.client.post(path, data=form, headers=HTML)


async def begun(served: Served, **more: str) -> str:
    """Begin a login on the page; returns where it leads."""
    form = {"app": APP, "app_secret": SECRET, "redirect": NOWHERE, **more}
    page = (await post(served, "/welcome/token/begin", **form)).text
    assert SECRET not in page
    (link,) = re.findall(r'href="([^"]+/oauth/authorize[^"]+)"', page)
    assert "www.instagram.com" not in link, "a sandbox leads to its own"
    return unescape(link)


@asynccontextmanager
async def at_instagram(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on the internet."""
    sandbox = served.studio.sandbox
    context = ssl.create_default_context(cafile=str(sandbox.ca_file))
    there = httpx.AsyncHTTPTransport(proxy=sandbox.proxy_url, verify=context)
    async with httpx.AsyncClient(
        mounts={"https://": there}, timeout=DEADLOCK_S, trust_env=False
    ) as client:
        yield client


async def allowed(served: Served, link: str, username: str) -> str:
    """Say yes there; returns the address to which the browser is sent."""
    async with at_instagram(served) as browser:
        page = await browser.get(link)
        assert page.status_code == 200, page.text
        assert f"Allow as {username}" in page.text
        sent = await browser.get(f"{link}&allow={username}")
    assert sent.status_code == 302
    return sent.headers["Location"]


def app(served: Served, *redirects: str) -> None:
    served.studio.sandbox.world.graph.set_login_app(APP, SECRET, *(redirects or (NOWHERE,)))


def token_of(db: Database, vault: Any, account_id: str) -> str | None:
    return secrets.get(db, vault, account_id, AccountSecret.ACCESS_TOKEN)


async def test_somebody_logs_in_and_pastes_the_address(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    studio, core = served.studio, served.studio.core
    await served.sign_in()
    app(served)
    studio.sandbox.world.add_person("second.one")
    assert NOWHERE in (await served.client.get("/welcome/token", headers=HTML)).text
    address = await allowed(served, await begun(served), "second.one")
    done = await post(served, "/welcome/token/finish", address=address)
    assert done.status_code == 303, done.text
    account = await core.store.read(accounts.by_username, "second.one")
    assert account is not None
    assert done.headers["Location"] == f"/welcome/next?account={account.id}"
    token = await core.store.read(token_of, core.vault, account.id)
    newest = studio.sandbox.world.graph.accounts[-1]
    assert (token, newest.person.username) == (newest.token, "second.one")
    # Of sixty days, and proven.
    assert account.token_expires_at is not None
    assert account.token_expires_at - studio.clock.now() > timedelta(days=59)
    assert not account.token_unproven
    # Once: the same address, and the state with another code, are good for nothing.
    for path in (address, address.replace("code=", "code=x")):
        again = await post(served, "/welcome/token/finish", address=path)
        assert "notice bad" in again.text
        assert "begin it anew" in again.text
    # The app is kept; sealed it is, and neither secret, code nor token is told anywhere.
    page = (await served.client.get("/welcome/token", headers=HTML)).text
    assert f'value="{APP}"' in page
    code = parse_qs(urlsplit(address).query)["code"][0]
    database = b"".join(
        each.read_bytes() for each in core.settings.data_dir.glob("reprise.db*") if each.is_file()
    )
    assert token is not None
    for secret in (SECRET, code, token):
        assert secret not in page
        assert secret not in caplog.text
        assert secret.encode() not in database
    # A renewal without the secret being given again; wrapped, as another of Meta's pages has it.
    studio.sandbox.world.graph.wraps_tokens = True
    address = await allowed(served, await begun(served, app_secret=""), "second.one")
    assert (await post(served, "/welcome/token/finish", address=address)).status_code == 303
    renewed = await core.store.read(token_of, core.vault, account.id)
    assert renewed not in (None, token)


async def test_what_is_no_answer_is_refused_in_words_and_costs_no_login(served: Served) -> None:
    studio, core = served.studio, served.studio.core
    await served.sign_in()
    app(served)
    name = studio.person.username
    before = await core.store.read(accounts.of_user, core.owner.id)

    async def refused(words: str, **form: str) -> None:
        answer = await post(served, "/welcome/token/finish", **form)
        assert answer.status_code == 200
        assert "notice bad" in answer.text, form
        assert words in answer.text, (form, re.findall('role="alert">.*', answer.text))
        assert SECRET not in answer.text

    address = await allowed(served, await begun(served), name)
    query = parse_qs(urlsplit(address).query)
    code, state = query["code"][0], query["state"][0]
    await refused("holds no answer", address="https://localhost/reprise")
    await refused("holds no answer", address="https://[")
    await refused("holds no answer", address="<b>x</b>")
    await refused(
        "gave no token: &lt;i&gt;no", address="https://x/?error=a&error_description=<i>no"
    )
    await refused("begin it anew", code=code, state="another")
    # Another browser of the same person: the state is the first one's.
    cookies = dict(served.client.cookies)
    served.client.cookies.clear()
    await served.sign_in()
    await refused("begin it anew", code=code, state=state)
    served.client.cookies.clear()
    served.client.cookies.update(cookies)
    # Instagram does not take it: the state is spent, and a new one is needed.
    await refused("authorization code has been used", code="AQwrong", state=state)
    await refused("begin it anew", code=code, state=state)
    # A state is not waited for beyond its time, nor after another was begun.
    address = await allowed(served, await begun(served), name)
    studio.clock.advance(timedelta(minutes=16))
    await refused("begin it anew", address=address)
    address = await allowed(served, await begun(served), name)
    await begun(served)
    await refused("begin it anew", address=address)
    # A wrong secret; a wrong address; a word that is none; and no secret at all for another app.
    address = await allowed(served, await begun(served, app_secret="wrong"), name)
    await refused("Error validating client secret", address=address)
    for form in ({"redirect": "http://localhost/x"}, {"app": "12", "app_secret": ""}):
        page = await post(
            served, "/welcome/token/begin", **{"app": APP, "app_secret": SECRET, **form}
        )
        assert "notice bad" in page.text, form
    async with at_instagram(served) as browser:
        link = await begun(served, redirect="https://elsewhere.example/")
        assert (await browser.get(link)).status_code == 400
        denied = (await browser.get(f"{await begun(served)}&deny=1")).headers["Location"]
    await refused("gave no token", address=denied)
    assert await core.store.read(accounts.of_user, core.owner.id) == before


async def test_where_it_leads_back_it_asks_for_one_click(served: Served) -> None:
    await served.sign_in()
    back = "https://reprise.example/welcome/token/back"
    app(served, back)
    address = await allowed(
        served, await begun(served, redirect=back), served.studio.person.username
    )
    asked = urlsplit(address)
    before = await served.studio.core.store.read(accounts.every)
    page = await served.client.get(f"{asked.path}?{asked.query}", headers=HTML)
    assert "Instagram has sent you back" in page.text
    assert await served.studio.core.store.read(accounts.every) == before
    fields = dict(re.findall(r'name="(code|state)" value="([^"]+)"', page.text))
    done = await post(served, "/welcome/token/finish", **fields)
    assert done.status_code == 303
    odd = await served.client.get(
        f"{asked.path}?error=x&error_description=<script>x</script>", headers=HTML
    )
    assert "<script>x" not in odd.text


@pytest.mark.acceptance
@pytest.mark.thirdparty
async def test_in_a_browser_by_keys_by_the_address_pasted_and_by_being_sent_back(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    """At the sandbox's login page, from a page that has TLS: Meta sends nobody back to another."""
    pair = authority.init(tmp_path / "data", ["127.0.0.1"], clock.now())
    files: Any = {"tls_certificate": pair.certificate_file, "tls_key": pair.key_file}
    async with (
        open_studio(sandbox, clock, tmp_path, logged_in=False, **files) as studio,
        serve_studio(studio) as served,
        open_browser("tests.web.composing") as browser,
    ):
        home = Home(served, browser)
        for name in ("second.one", "third.one"):
            sandbox.world.add_person(name)
        await browser.take("sign_in", await home.login_link(), "a")

        async def token_for(name: str) -> None:
            account = await studio.core.store.read(accounts.by_username, name)
            assert account is not None
            token = await studio.core.store.read(token_of, studio.core.vault, account.id)
            newest = sandbox.world.graph.accounts[-1]
            assert (token, newest.person.username) == (newest.token, name)

        async def at_the_simulated_instagram(name: str, tab: str) -> None:
            await home.take("tab_to", "a[target=_blank]")
            await home.take("opens_a_tab", tab)
            await browser.take("sees", tab, "h1", "Instagram, simulated")
            await browser.take("tab_to", tab, f"a[href*='allow={name}']")

        await home.go("/welcome/token")
        await home.take("sees", ".notice", "any number and any secret")
        for field, text in (("app", APP), ("app_secret", SECRET), ("redirect", NOWHERE)):
            await home.take("tab_to", f"input[name={field}]")
            await home.take("press", "Control+A")
            await home.take("types", text)
        await home.take("press", "Enter")
        await at_the_simulated_instagram("second.one", "i")
        address = await browser.take("is_sent_to", "i", NOWHERE)
        await home.take("tab_to", "input[name=address]")
        await home.take("types", address)
        await home.take("press", "Enter")
        await home.take("arrives", "/welcome/next")
        await token_for("second.one")
        # Its own address stands there when the page has TLS, and the app is known by now.
        await home.go("/welcome/token")
        await home.take("has_value", "input[name=redirect]", f"{served.url}/welcome/token/back")
        await home.take("tab_to", "input[name=redirect]")
        await home.take("press", "Enter")
        await at_the_simulated_instagram("third.one", "j")
        await browser.take("press", "j", "Enter")
        await browser.take("sees", "j", "main", "Instagram has sent you back")
        await browser.take("tab_to", "j", "form[action^='/welcome/token/finish'] button")
        await browser.take("press", "j", "Enter")
        await browser.take("arrives", "j", "/welcome/next")
        await token_for("third.one")
        assert await home.take("complaints") == []
