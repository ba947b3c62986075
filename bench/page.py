"""The page: what it weighs, when its first key works, and what it takes with ten thousand of all.

Run: `python -m bench.page [--json] [--rounds N]`. Needs Chromium. Bytes and requests are without
pictures and as they are sent; the server's time is what one client waits for, the median.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import trio

from tests.support.served import Served
from tests.web.household import move_in
from tests.web.shots import fill, house

PATHS = (
    "/", "/mentions", "/calendar", "/calendar?view=week", "/calendar?view=list", "/history",
    "/history?text=number+9", "/account", "/settings", "/compose", "/media", "/cards", "/insights",
)  # fmt: skip
SLOWER = 6
WEB = Path(__file__).parents[1] / "web"
_KINDS = {"Python": "*.py", "templates": "*.html", "scripts": "*.js", "styles": "*.css"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    figures = trio.run(measure, options.rounds)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


async def measure(rounds: int) -> dict[str, Any]:
    """Measure each page lived in, and then full."""
    async with house() as (served, browser):
        await move_in(served)
        await served.sign_in()
        found = []
        for state in ("demo", "full"):
            if state == "full":
                await fill(served)
            for path in PATHS:
                url = served.url + path
                weighs = await browser.take("go", "a", url)
                keys = [await browser.take("first_key", "a", url, SLOWER) for _ in range(rounds)]
                found.append(
                    {
                        "state": state,
                        "path": path,
                        "bytes": weighs["bytes"],
                        "requests": weighs["requests"],
                        "elements": weighs["elements"],
                        "server_ms": await _served(served, path, rounds),
                        "first_key_ms": round(statistics.median(keys)),
                    }
                )
    return {"pages": found, "lines": lines()}


async def _served(served: Served, path: str, rounds: int) -> float:
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        answer = await served.client.get(path, headers={"Accept": "text/html"})
        took.append(time.perf_counter() - started)
        assert answer.status_code == 200, answer.text
    return round(statistics.median(took) * 1000, 1)


def lines() -> dict[str, int]:
    """Count the lines of the page that are ours."""
    return {
        kind: sum(
            len(file.read_text().splitlines())
            for file in WEB.rglob(pattern)
            if "vendor" not in file.parts
        )
        for kind, pattern in _KINDS.items()
    }


def as_text(figures: dict[str, Any]) -> str:
    head = f"{'':5}{'page':26}{'bytes':>8}{'asks':>6}{'elements':>10}{'server ms':>11}"
    rows = [f"{head}{f'key at {SLOWER}x':>11}"]
    rows += [
        f"{each['state']:5}{each['path']:26}{each['bytes']:>8,}{each['requests']:>6}"
        f"{each['elements']:>10,}{each['server_ms']:>11}{each['first_key_ms']:>11,}"
        for each in figures["pages"]
    ]
    counted = ", ".join(f"{number:,} of {kind}" for kind, number in figures["lines"].items())
    return "\n".join([*rows, f"Lines: {counted}"])


if __name__ == "__main__":
    main()
