"""The frame around the pages, over HTTP: who may, from where, and what is sent how."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

import web
from operations.scopes import PRESETS, text_of
from tests.api.test_scopes import sign_in
from tests.support.limits import DEADLOCK_S
from tests.support.posting import NOBODY, draft
from tests.support.served import Served
from web.assets import NOT_COMPOSED, assets
from web.joining import joined
from web.rendering import POLICY

WEB = Path(web.__file__).parent
A_PAGE = {"Accept": "text/html,application/xhtml+xml"}
WRITES = ("/stop", "/go-on", "/mentions/approve", "/mentions/skip", "/mentions/reconsider",
          "/mentions/scan", "/sign-out", "/calendar/move", "/history/retry", "/account",
          "/mentions/author", "/mentions/card", "/history/release", "/media/delete",
          "/account/disable", "/account/disconnect", "/account/forget", "/settings/keys",
          "/settings/keys/revoke",
          "/settings/webhooks", "/welcome/account", "/welcome/login", "/welcome/rules")  # fmt: skip


async def test_pages_are_for_who_is_signed_in_and_say_how_to_get_in(served: Served) -> None:
    for path in ("/", "/mentions", f"/mentions/{NOBODY}", "/login?code=stale"):
        answer = await served.call("GET", path, key=None, headers=A_PAGE)
        assert answer.status == 401, path
        assert "reprise login-link" in answer.body
        assert answer.headers["Content-Security-Policy"] == POLICY
    # A browser holds the cookie back when another site leads here: it asks again, as ours.
    cross = {**A_PAGE, "Sec-Fetch-Site": "cross-site"}
    led = await served.call("GET", "/mentions", key=None, headers=cross)
    assert '<meta http-equiv="refresh" content="0; url=/mentions">' in led.body
    assert "refresh" not in (await served.call("GET", "/", key=None, headers=A_PAGE)).body
    fragment = await served.call("GET", "/", key=None, headers={**A_PAGE, "HX-Request": "true"})
    assert (fragment.status, fragment.body["code"]) == (401, "AUTH_REQUIRED")
    program = await served.call("GET", "/nothing", key=None)
    assert (program.status, program.body["code"]) == (404, "NOT_FOUND")


async def test_a_page_tells_what_is_refused(served: Served) -> None:
    await served.sign_in()
    for path in ("/nothing", f"/mentions/{NOBODY}", "/mentions?account=nobody"):
        answer = await served.call("GET", path, key=None, headers=A_PAGE)
        assert (answer.status, "<h1>There is nothing here</h1>" in answer.body) == (404, True), path
    odd = await served.call("GET", "/mentions?state=%3Cimg%3E", key=None, headers=A_PAGE)
    assert odd.status == 400
    assert "<img>" not in odd.body


async def test_nobody_elses_page_does_anything(served: Served) -> None:
    await served.sign_in()
    for path in WRITES:
        for headers in (
            {"Origin": "http://127.0.0.1:1"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
        ):  # fmt: skip
            answer = await served.call("POST", path, key=None, headers=headers)
            assert (answer.status, answer.body["code"]) == (403, "FORBIDDEN_ORIGIN"), path


async def test_after_a_button_one_is_led_to_our_pages_alone(served: Served) -> None:
    await served.sign_in()
    for back, led in (
        ("/mentions?state=out", "/mentions?state=out"), ("//evil.example", "/"),
        ("https://evil.example", "/"), ("/\\evil.example", "/"), ("/a\nb", "/"), ("", "/"),
    ):  # fmt: skip
        answer = await served.client.post("/stop", data={"back": back})
        assert (answer.status_code, answer.headers["Location"]) == (303, led)
    for post, led in (("7", "/history/7"), ("\0", "/history"), ("a\r\nb", "/history")):
        answer = await served.client.post("/history/delete", data={"id": post})  # nobody is sure
        assert (answer.status_code, answer.headers["Location"]) == (303, led)
    assert (await served.call("GET", "/api/v1/stop")).body["since"] is not None
    await served.client.post("/go-on")
    assert (await served.call("GET", "/api/v1/stop")).body["since"] is None


async def test_a_form_that_was_open_writes_nothing_over_what_was_saved_meanwhile(
    served: Served,
) -> None:
    """Of the rules and of the cards: both versions are shown, and what was filled in is kept."""
    studio = served.studio
    await studio.configure()
    await served.sign_in()

    async def page(path: str) -> dict[str, str]:
        body = (await served.call("GET", path, key=None, headers=A_PAGE)).body
        found = re.search(r'name="version" value="([^"]+)"', body)
        assert found is not None, path
        return {"version": found[1]}

    async def config() -> Any:
        status = await served.call("GET", "/api/v1/story-repost/status")
        return status.body["config"]

    async def post(path: str, **said: str) -> httpx.Response:
        return await served.client.post(path, data=said, headers=A_PAGE)

    mine = {"excluded_words": "spam\n<b>eve</b>", "daily_repost_limit": "7"}
    rules, cards = await page("/account"), await page("/cards")
    await studio.configure(daily_repost_limit=5, template="blur")
    stale = await post("/account", **mine | rules)
    assert (await config())["dailyRepostLimit"] == 5
    told = re.findall(r'role="alert">(.*?)</div>', stale.text, re.DOTALL)
    assert "It was changed elsewhere" in told[0], told
    assert "<td>7</td><td>5</td>" in stale.text
    assert "<td>spam, &lt;b&gt;eve&lt;/b&gt;</td><td>nothing</td>" in stale.text
    assert 'name="daily_repost_limit" min="1" max="48" value="7"' in stale.text
    stale = await post("/cards", template="frame", text="<i>mine</i>", **cards)
    assert ((await config())["template"], "<td>frame</td><td>blur</td>" in stale.text) == (
        "blur", True,
    )  # fmt: skip
    assert "<i>mine" not in stale.text
    # Pressed once more it holds: the form has what is saved now as what was seen.
    again = re.search(r'name="version" value="([^"]+)"', stale.text)
    assert again is not None
    made = await post("/cards", template="frame", text="<i>mine</i>", version=again[1])
    assert (made.status_code, (await config())["template"]) == (303, "frame")
    # What is refused for itself stays in its field too.
    wrong = await post("/account", **(await page("/account")) | {"daily_repost_limit": "77"})
    assert 'max="48" value="77"' in wrong.text


async def test_who_approves_sees_mentions_and_nothing_else(served: Served) -> None:
    studio = served.studio
    await studio.configure(approval_required=True)
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    await sign_in(served, scopes=text_of(PRESETS["approver"]))
    today = await served.call("GET", "/", key=None, headers=A_PAGE)
    assert (today.status, today.headers["Location"]) == (303, "/mentions")
    page = await served.call("GET", "/mentions", key=None, headers=A_PAGE)
    assert "@anna" in page.body
    assert "Approve" in page.body
    assert "Stop everything" not in page.body
    assert 'href="/"' in page.body.split("brand")[1]
    assert (await served.call("POST", "/stop", key=None)).status == 403


async def test_signing_out_ends_the_session(served: Served) -> None:
    await served.sign_in()
    answer = await served.call("POST", "/sign-out", key=None)
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert (await served.call("GET", "/", key=None, headers=A_PAGE)).status == 401


async def test_assets_are_packed_named_by_content_and_kept(served: Served) -> None:
    for name, asset in assets().found.items():
        response = await served.client.get(f"{assets().path}/{name}")
        assert response.content == asset.data
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert ("Content-Encoding" in response.headers) == (asset.packed is not None)
        if asset.packed is not None:
            assert gzip.decompress(asset.packed) == asset.data
    for path in ("/static/other/app.css", f"{assets().path}/vendor/manifest.json",
                 f"{assets().path}/../face.py"):  # fmt: skip
        assert (await served.client.get(path)).status_code == 404, path


def test_what_others_wrote_is_what_was_taken_with_its_licence() -> None:
    vendor = WEB / "static" / "vendor"
    known = json.loads((vendor / "manifest.json").read_text())
    files = {each.name for each in vendor.iterdir()} - {"manifest.json"}
    assert {each for each in files if not each.endswith("-LICENSE.txt")} == set(known)
    for name, said in known.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == said["sha256"], name
        assert f"{name.partition('.')[0]}-LICENSE.txt" in files


def test_templates_hold_what_the_policy_holds() -> None:
    """No style, script or handler in the markup, nothing that needs eval, nobody else's address."""
    for file in (WEB / "templates").iterdir():
        text = file.read_text()
        assert not re.search(
            r"\sstyle=|<style|\son\w+=|hx-on|hx-trigger='|js:|javascript:", text
        ), file
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), file
        assert not re.search(r"(?:src|href|action)=\"https?:", text), file
        assert "|safe" not in text, file
        assert not re.search(r"hx-trigger=\"[^\"]*\[", text), file


def test_what_a_first_page_weighs() -> None:
    """What each page loads at once, as it is sent: the rest of 60 KiB is for its text."""
    found = assets().found
    sent = {name: len(asset.packed or asset.data) for name, asset in found.items()}
    every = ("app.css", "app.js", "icons.svg", "vendor/figtree.woff2", "vendor/htmx.min.js")
    first = sum(sent[name] for name in every)
    assert first <= 47 * 1024
    further = [name for name in sent if name.endswith(".js") and name not in every]
    composed = first - sent["app.css"] + sent["compose.css"]
    for name in further:
        loaded = composed if name == "compose/start.js" else first
        assert loaded + sent[name] <= 55 * 1024, (name, loaded, sent[name])
    assert "compose/state.js" not in found  # it is in what the composer loads


def test_scripts_that_run_at_once_go_as_one() -> None:
    for name, asset in assets().found.items():
        if asset.content_type.startswith("text/javascript") and not name.startswith("vendor/"):
            asked = re.findall(r'^import .* from "(.*)";', asset.data.decode(), re.MULTILINE)
            assert {each.rpartition("/")[2] for each in asked} <= {"app.js", "start.js"}, name
    sources = {
        "a.js": 'import { b } from "./in/b.js";\nexport const a = b;\n',
        "in/b.js": "// for us\n/** @param x\n * more */\nexport function b() {\n  let x = 1;\n}\n",
        "in/c.js": 'import { b as other } from "./b.js";\nother();\n',
    }
    made = joined(sources, ["a.js"])
    assert made == {
        "a.js": "const m_in_b = (() => {\nfunction b() {\nlet x = 1;\n}\nreturn { b };\n})();\n"
        "const m_a = (() => {\nconst { b } = m_in_b;\nconst a = b;\nreturn { a };\n})();\n"
        "export { m_in_b, m_a };\n",
        "in/c.js": 'import { m_in_b } from "../a.js";\nconst { b: other } = m_in_b;\nother();\n'
        "export {  };\n",
    }
    for odd in ('import x from "./c.js";', "export default 1;", 'export * from "./c.js";',
                "const x = `one", 'import { a } from "../a.js";'):  # fmt: skip
        with pytest.raises(ValueError, match=r"form|template|circle"):
            joined({**sources, "in/b.js": f"{odd}\n"}, ["a.js"])


async def test_a_stream_tells_whether_something_changed_since_its_page_was_drawn(
    served: Served,
) -> None:
    """Between the drawing of a page and the opening of its stream, too, nothing is missed."""
    await served.sign_in()

    async def drawn() -> str:
        page = (await served.call("GET", "/", key=None, headers=A_PAGE)).body
        return str(re.findall(r'data-heard="(\d+)"', page)[0])

    async def told() -> str:
        async with served.client.stream("GET", "/live") as response:
            with trio.fail_after(DEADLOCK_S):
                async for line in response.aiter_lines():
                    if line.startswith("data: "):
                        return line.removeprefix("data: ")
        raise AssertionError("the stream said nothing")

    await drawn()
    assert await told() == await drawn()
    before = await drawn()
    await draft(served)
    assert await told() != before
    assert await told() == await drawn()


def test_the_composers_stylesheet_lacks_nothing_that_it_has() -> None:
    """What is left out names something that no composer has: a class or an id of its own."""
    sheet = (WEB / "static/app.css").read_text()
    sources = [WEB / "templates" / name for name in ("compose.html", "base.html", "bare.html")]
    sources += [WEB / "static" / name for name in ("app.js", "toasts.js", "keys.js", "live.js")]
    sources += sorted((WEB / "static/compose").glob("*.js"))
    text = "".join(file.read_text() for file in sources)
    said = re.findall(r'(?:class|id)="([^"]*)"', text)
    said += re.findall(r"class(?:Name|List\.\w+)\s*[=(]([^;]*)", text)
    named = {word for each in said for word in re.findall(r"[\w-]+", each)}
    for part in re.split(r"(?m)^(?=/\* )", sheet)[1:]:
        name, _, rules = part.removeprefix("/* ").partition(" */")
        if name not in NOT_COMPOSED:
            continue
        for rule in re.findall(r"([^{}@]+)\{", rules):
            for selector in re.sub(r":[\w-]+\([^()]*\)", "", rule).split(","):
                marks = set(re.findall(r"[.#]([a-zA-Z][\w-]*)", selector))
                assert not marks or not marks <= named, (name, selector)
