"""What a person does on the pages, one step each; see `tests.support.browsing`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

# What passes is not put into words for nobody.
_RUN = """axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
 "best-practice"], resultTypes: ["violations"]})
 .then(r => JSON.stringify(r.violations.map(
  v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 160)).join(" | "))))"""
# What the page is made of, pictures (a preview is one) and the stream aside, as it was sent; also
# out of the cache.
_WEIGHT = """(() => {
 const all = [...performance.getEntriesByType("navigation"),
  ...performance.getEntriesByType("resource").filter(
   each => each.initiatorType !== "img" && !/\\/(live|preview)$/.test(each.name))];
 return {requests: all.length, bytes: all.reduce((sum, each) => sum + each.encodedBodySize, 0)};
})()"""
# How Chromium says that it did not fade from one page into another: where styles come late, or
# where somebody goes on meanwhile.
_NO_FADE = ("Transition was aborted", "Transition was skipped")
_open: dict[str, tuple[BrowserContext, Page, list[str]]] = {}


def sign_in(
    browser: Browser,
    url: str,
    name: str = "a",
    width: int = 1440,
    height: int = 900,
    scheme: str = "light",
    timezone: str = "America/Los_Angeles",
) -> str:
    """Open a browser profile of that name, and follow a login link; returns where that led."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        timezone_id=timezone,
        has_touch=width < 1000,
        ignore_https_errors=True,
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: _hear(said, complaints))
    page.on("pageerror", lambda error: _fail(error, complaints))
    page.on("request", lambda asked: _mind(asked.url, complaints))
    _open[name] = (context, page, complaints)
    page.goto(url)
    expect(page.locator("main")).to_be_visible()
    return page.url


def _fail(error: Error, complaints: list[str]) -> None:
    if not error.message.startswith(_NO_FADE):
        complaints.append(str(error))


def _hear(said: ConsoleMessage, complaints: list[str]) -> None:
    if said.type in ("error", "warning"):
        complaints.append(said.text)


def _mind(url: str, complaints: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1", "https://127.0.0.1", "data:")):
        complaints.append(f"asked elsewhere: {url}")


def dress(browser: Browser, name: str, width: int, height: int, scheme: str) -> None:
    """Give the profile's window another size and colours."""
    page = _open[name][1]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]


def go(browser: Browser, name: str, url: str) -> dict[str, Any]:
    """Go to an address; returns what is wrong with the page as such."""
    page = _open[name][1]
    page.goto(url, wait_until="load")
    expect(page.locator("main")).to_be_visible()
    return measure(browser, name)


def measure(browser: Browser, name: str) -> dict[str, Any]:
    """Return how large the page is, and how far it reaches out of its window."""
    page = _open[name][1]
    sideways = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    weight = page.evaluate(_WEIGHT)
    return {
        "title": page.title(), "sideways": sideways, "elements": page.locator("*").count(), **weight
    }  # fmt: skip


def first_key(browser: Browser, name: str, url: str, slower: float) -> float:
    """Return after how many milliseconds of the page's life a key does something, on a processor
    that is so many times slower."""
    context, page, _ = _open[name]
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(url, wait_until="commit")
    while not page.evaluate("document.getElementById('keys')?.open ?? false"):
        page.keyboard.press("?")
    took: float = page.evaluate("performance.now()")
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    page.keyboard.press("Escape")
    return took


def shoot(browser: Browser, name: str, path: str, whole: bool = False) -> None:
    """Make a picture of the page as it stands."""
    page = _open[name][1]
    if whole:  # what is loaded once it is seen, and what is drawn after that
        lazy = page.locator("img[loading=lazy]")
        lazy.evaluate_all(
            "all => Promise.all(all.map((image) => {"
            " image.loading = 'eager'; return image.decode().catch(() => 0); }))"
        )
        expect(page.locator("[aria-busy]")).to_have_count(0, timeout=60000)
    page.wait_for_timeout(250)
    page.screenshot(path=path, full_page=whole)


def complaints(browser: Browser, name: str) -> list[str]:
    """Return what the console said, and who was asked elsewhere."""
    found = list(_open[name][2])
    _open[name][2].clear()
    return found


def axe(browser: Browser, name: str, script: str) -> list[str]:
    """Return what axe finds; it goes in past the policy, which is not loosened."""
    context, page, _ = _open[name]
    session = context.new_cdp_session(page)
    known = session.send("Runtime.evaluate", {"expression": "typeof axe"})
    if known["result"]["value"] == "undefined":
        session.send("Runtime.evaluate", {"expression": Path(script).read_text()})
    answer = session.send("Runtime.evaluate", {"expression": _RUN, "awaitPromise": True})
    found: list[str] = json.loads(answer["result"]["value"])
    return found


def press(browser: Browser, name: str, *keys: str) -> None:
    """Press keys, one after the other."""
    page = _open[name][1]
    for key in keys:
        page.keyboard.press(key)


def click(browser: Browser, name: str, selector: str) -> None:
    """Click the first of what is selected."""
    _open[name][1].locator(selector).first.click()


def drag(browser: Browser, name: str, what: str, where: str) -> None:
    """Drag something there with the mouse, in steps as a hand does."""
    page = _open[name][1]
    start, end = page.locator(what).first.bounding_box(), page.locator(where).first.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 12, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=8)
    page.mouse.up()


def hold_and_drag(browser: Browser, name: str, what: str, where: str) -> None:
    """Hold something with a finger until it is lifted, and carry it there."""
    context, page, _ = _open[name]
    page.locator(what).first.scroll_into_view_if_needed()
    start, end = page.locator(what).first.bounding_box(), page.locator(where).first.bounding_box()
    assert start is not None
    assert end is not None
    session = context.new_cdp_session(page)

    def touch(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = start["x"] + 12, start["y"] + 12
    touch("touchStart", x, y)
    expect(page.locator(".lift")).to_be_visible()
    goal = (end["x"] + end["width"] / 2, end["y"] + end["height"] / 2)
    for part in range(1, 9):
        touch("touchMove", x + (goal[0] - x) * part / 8, y + (goal[1] - y) * part / 8)
    touch("touchEnd")


def has_a_clock(browser: Browser, name: str) -> None:
    """Give the profile's pages a clock that can be set on."""
    _open[name][1].clock.install()


def time_passes(browser: Browser, name: str, seconds: int) -> None:
    """Let time pass for the page alone."""
    _open[name][1].clock.fast_forward(seconds * 1000)


def two_fingers(browser: Browser, name: str, what: str, other: str) -> None:
    """Hold something with a finger, and something else with another; let go of both."""
    context, page, _ = _open[name]
    session = context.new_cdp_session(page)
    points: list[dict[str, float]] = []
    for number, selector in enumerate((what, other)):
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        points.append({"x": box["x"] + 12, "y": box["y"] + 12, "id": number})
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
    expect(page.locator(".lift")).to_have_count(1)
    page.wait_for_timeout(400)
    expect(page.locator(".lift")).to_have_count(1)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def carries_to_the_edge(browser: Browser, name: str, what: str) -> None:
    """Hold something with a finger and carry it to the lower edge: the page goes on below it."""
    context, page, _ = _open[name]
    page.evaluate("scrollTo(0, 0)")
    box = page.locator(what).first.bounding_box()
    assert box is not None
    session = context.new_cdp_session(page)
    start, size = {"x": box["x"] + 12, "y": box["y"] + 12}, page.viewport_size
    assert size is not None
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [start]})
    expect(page.locator(".lift")).to_be_visible()
    edge = {"x": start["x"], "y": size["height"] - 10}
    session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [edge]})
    page.wait_for_function("() => scrollY > 40")
    session.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    expect(page.locator(".lift")).to_have_count(0)


def focus(browser: Browser, name: str, selector: str) -> None:
    """Give something the focus."""
    _open[name][1].locator(selector).first.focus()


def tab_to(browser: Browser, name: str, selector: str) -> None:
    """Go there as somebody without a mouse does: by Tab, until it has the focus."""
    page = _open[name][1]
    found = page.locator(selector).first
    expect(found).to_be_visible(timeout=60000)
    for _ in range(60):
        if found.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def has_focus(browser: Browser, name: str, selector: str) -> None:
    """Wait until something has the focus."""
    expect(_open[name][1].locator(selector).first).to_be_focused(timeout=60000)


def fill(browser: Browser, name: str, selector: str, text: str) -> None:
    """Fill a field in."""
    _open[name][1].locator(selector).first.fill(text)


def sees(browser: Browser, name: str, selector: str, text: str | None = None) -> str:
    """Wait until something is visible, with that text if there is one; returns its text."""
    found = _open[name][1].locator(selector).first
    expect(found).to_be_visible(timeout=60000)
    if text is not None:
        expect(found).to_contain_text(text, timeout=60000)
    return found.inner_text()


def draws_anew_meanwhile(browser: Browser, name: str, selector: str) -> None:
    """Put something else of the same look there while the next write is under way."""
    _open[name][1].evaluate(
        """(selector) => document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
          const fetch = ctx.fetch;
          ctx.fetch = async (...asked) => {
            const answer = await fetch(...asked);
            const old = document.querySelector(selector);
            old.replaceWith(old.cloneNode(true));
            return answer;
          };
        }, { once: true })""",
        selector,
    )


def counts(browser: Browser, name: str, selector: str, number: int) -> None:
    """Wait until there are so many."""
    expect(_open[name][1].locator(selector)).to_have_count(number, timeout=60000)


def hidden(browser: Browser, name: str, selector: str) -> None:
    """Wait until something is not visible."""
    expect(_open[name][1].locator(selector).first).to_be_hidden(timeout=60000)


def focused(browser: Browser, name: str) -> str:
    """Return what has the focus, as HTML."""
    html: str = _open[name][1].evaluate("document.activeElement.outerHTML.slice(0, 200)")
    return html


def at(browser: Browser, name: str) -> str:
    """Return where the profile is."""
    return _open[name][1].url


def inner(browser: Browser, name: str, selector: str) -> str:
    """Return the markup of something."""
    return _open[name][1].locator(selector).first.inner_html()


def all_of(browser: Browser, name: str, selector: str, what: str) -> list[Any]:
    """Return what a function says of each."""
    found: list[Any] = _open[name][1].locator(selector).evaluate_all(f"all => all.map({what})")
    return found


def attribute(browser: Browser, name: str, selector: str, which: str) -> str | None:
    """Return an attribute of something."""
    return _open[name][1].locator(selector).first.get_attribute(which)


def another_tab(browser: Browser, name: str, new: str, url: str) -> None:
    """Open a further tab of a profile."""
    context = _open[name][0]
    page = context.new_page()
    _open[new] = (context, page, _open[name][2])
    page.goto(url)


def is_offline(browser: Browser, name: str, it_is: bool) -> None:
    """Take a profile's network away, or give it back."""
    _open[name][0].set_offline(it_is)


def changes(browser: Browser, name: str, selector: str, which: str, was: str) -> None:
    """Wait until an attribute of something is another than it was."""
    expect(_open[name][1].locator(selector).first).not_to_have_attribute(which, was, timeout=60000)
