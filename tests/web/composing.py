"""What a person does in the composer, beside what is done on every page."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

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


def drop(browser: Browser, name: str, selector: str, kind: str, path: str, media: str) -> None:
    """Drop a file on the page, or paste it, as a browser tells a page of it."""
    from base64 import b64encode
    from pathlib import Path

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
