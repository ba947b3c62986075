"""A visit to Swagger UI in a real browser, as a step of `tests.support.browsing`."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page


def visit(browser: Browser, url: str) -> dict[str, Any]:
    """Visit the page; returns what was shown, asked for, and complained of."""
    page = browser.new_page()
    requested, complaints = _watch(page)
    page.goto(url)
    page.wait_for_selector(".opblock")
    shown = page.locator(".opblock").count()
    answer = _try_health(page)
    page.wait_for_load_state("networkidle")
    return {"shown": shown, "answer": answer, "requested": requested, "complaints": complaints}


def _watch(page: Page) -> tuple[list[str], list[str]]:
    requested: list[str] = []
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def fail(request: Any) -> None:
        complaints.append(f"failed: {request.url}")

    page.on("request", lambda request: requested.append(request.url))
    page.on("requestfailed", fail)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", hear)
    return requested, complaints


def _try_health(page: Page) -> str:
    """Call `GET /health` with the page's own buttons; returns the answer as it is shown."""
    health = page.locator("#operations-Health-getHealth")
    health.locator(".opblock-summary").click()
    health.get_by_role("button", name="Try it out").click()
    health.get_by_role("button", name="Execute").click()
    answer = health.locator(".live-responses-table .response")
    answer.wait_for()
    return answer.inner_text()
