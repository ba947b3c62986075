"""What a person does in the composer, beside what is done on every page."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from playwright.sync_api import Browser, Route, expect

from tests.web.steps import *  # noqa: F403 - the steps of every page are steps here too
from tests.web.steps import _open


def choose(browser: Browser, name: str, *paths: str) -> None:
    """Choose files for the post."""
    _open[name][1].locator("#files").set_input_files(list(paths))


def has_value(browser: Browser, name: str, selector: str, value: str) -> None:
    """Wait until a field has that value."""
    expect(_open[name][1].locator(selector)).to_have_value(value, timeout=60000)


def has_attribute(browser: Browser, name: str, selector: str, which: str, value: str) -> None:
    """Wait until something has that attribute."""
    found = _open[name][1].locator(selector).first
    expect(found).to_have_attribute(which, value, timeout=60000)


def arrives(browser: Browser, name: str, pattern: str) -> str:
    """Wait until the profile is at an address that has that in it; returns the address."""
    page = _open[name][1]
    page.wait_for_url(f"**{pattern}*", timeout=60000)
    return page.url


def types(browser: Browser, name: str, text: str) -> None:
    """Type a text, key by key, where the focus is."""
    _open[name][1].keyboard.type(text)


def reload(browser: Browser, name: str) -> None:
    """Load the page anew."""
    _open[name][1].reload(wait_until="load")


def texts(browser: Browser, name: str, selector: str) -> list[str]:
    """Return the texts of all that is selected."""
    return _open[name][1].locator(selector).all_inner_texts()


def labels(browser: Browser, name: str, selector: str) -> list[str]:
    """Return what all that is selected is called for screen readers."""
    found = _open[name][1].locator(selector).all()
    return [each.get_attribute("aria-label") or "" for each in found]


def bring(browser: Browser, name: str, selector: str, kind: str, path: str, media: str) -> None:
    """Drop a file on the page, or paste it, as a browser tells a page of it."""
    data = b64encode(Path(path).read_bytes()).decode()
    _open[name][1].evaluate(
        """([selector, kind, data, media]) => {
          const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
          const moved = new DataTransfer();
          moved.items.add(new File([bytes], `${kind}ed.jpg`, { type: media }));
          const told = { bubbles: true, cancelable: true };
          const event = kind === "paste"
            ? new ClipboardEvent(kind, { ...told, clipboardData: moved })
            : new DragEvent(kind, { ...told, dataTransfer: moved });
          document.querySelector(selector).dispatchEvent(event);
        }""",
        [selector, kind, data, media],
    )


def offline(browser: Browser, name: str, is_so: bool) -> None:
    """Take the network from the browser, or give it back."""
    _open[name][0].set_offline(is_so)


def lose(browser: Browser, name: str, pattern: str, how: str) -> None:
    """Let what is asked of such an address hang, or be done while its answer is lost, once."""
    page = _open[name][1]

    def done_and_lost(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(pattern, done_and_lost if how == "lost" else lambda _: None, times=1)


def opt(browser: Browser, name: str, selector: str, value: str) -> None:
    """Choose in a list."""
    _open[name][1].locator(selector).select_option(value)


def looks(browser: Browser, name: str, selector: str, which: str, value: str) -> None:
    """Wait until something looks so."""
    expect(_open[name][1].locator(selector).first).to_have_css(which, value, timeout=60000)


def lift_and_drag(browser: Browser, name: str, what: str, where: str) -> None:
    """Drag a file of the post with a finger, which holds it first."""
    context, page, _ = _open[name]
    page.locator(what).scroll_into_view_if_needed()
    start, end = page.locator(what).bounding_box(), page.locator(where).bounding_box()
    assert start is not None
    assert end is not None
    session = context.new_cdp_session(page)
    x, y, far = start["x"] + 20, start["y"] + 40, end["x"] + end["width"] / 2

    def touch(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", x, y)
    expect(page.locator("#slides .lifted")).to_be_visible(timeout=60000)
    for part in range(1, 7):
        touch("touchMove", x + (far - x) * part / 6, y)
    touch("touchEnd")


def opens_a_tab(browser: Browser, name: str, new: str) -> None:
    """Press Enter on what has the focus, and know the tab that opens by a name."""
    context, page, complaints = _open[name]
    with context.expect_page() as opened:
        page.keyboard.press("Enter")
    opened.value.wait_for_load_state()
    _open[new] = (context, opened.value, complaints)


def is_sent_to(browser: Browser, name: str, start: str) -> str:
    """Press Enter on what has the focus; returns the address that the profile is sent to then,
    which may be one that it does not find."""
    page = _open[name][1]
    with page.expect_request(lambda asked: asked.url.startswith(start)) as sent:
        page.keyboard.press("Enter")
    return sent.value.url
