"""A day of a careless client: what it asks of an account by session, and what of that goes out.

Run: `python -m bench careless`. 500 likes, 2,000 reads and 50 uploads come spread over a day of the
daemon's clock; nothing waits, so the spacing of posts and acts is not seen here, the caps are.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from sandbox import open_sandbox
from tests.session_api.desk import Desk, open_desk
from tests.support.clock import TestClock

LIKES, READS, UPLOADS, HOURS = 500, 2_000, 50, 24
_AS_SET: dict[str, Any] = {"session_reads_per_hour": 100, "session_acts_per_day": 200}


@dataclass
class Ledger:
    """What came of each kind of call, by the rail that refused it or as `went out`; `sent` counts
    the requests to Instagram by path."""

    came: dict[str, Counter[str]] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    why: dict[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        told = []
        for kind, came in self.came.items():
            told += [f"{kind:8} {count:5}  {what}" for what, count in came.most_common()]
        told += ["", *(f"{rail}: {reason}" for rail, reason in self.why.items()), ""]
        return told + [f"{count:5}  {path}" for path, count in self.sent.most_common(12)]


async def live(desk: Desk, clock: TestClock, *, share: float = 1.0, hours: int = HOURS) -> Ledger:
    """Live through the day; `share` is how much of it is asked."""
    ledger, likes = Ledger(), iter(range(10**6))
    before = len(desk.sandbox.ledger.requests)

    async def note(
        kind: str, method: str, path: str, given: dict[str, Any], files: Any = None
    ) -> None:
        answer = await desk.ask(method, path, given, files=files)
        if answer.status_code == 200:
            what = "went out"
        else:
            body = answer.json()
            what = f"{answer.status_code} {body.get('rail') or body.get('exc_type')}"
            ledger.why.setdefault(str(body.get("rail")), str(body["detail"]))
        ledger.came.setdefault(kind, Counter())[what] += 1

    targets = [desk.world.add_post(desk.anna, desk.square, caption=f"Post {n}") for n in range(60)]
    photo = desk.square.read_bytes()
    for hour in range(hours):
        for _ in range(_of(READS, share, hour)):
            await note("read", "GET", "/user", {"username": "anna"})
        for _ in range(_of(LIKES, share, hour)):
            media_id = targets[next(likes) % len(targets)].media_id
            await note("like", "POST", "/media/like", {"media_id": media_id})
        for number in range(_of(UPLOADS, share, hour)):
            caption = f"Hour {hour}, number {number}"
            await note(
                "upload", "POST", "/photo/upload", {"caption": caption}, files={"file": photo}
            )
        clock.advance(timedelta(hours=1))
    ledger.sent.update(
        f"{entry.method} {_plain(entry.path)}" for entry in desk.sandbox.ledger.requests[before:]
    )
    return ledger


def _of(total: int, share: float, hour: int) -> int:
    """Return how many of a day's total come in one hour, so that they add up."""
    whole = total * share
    return round(whole * (hour + 1) / HOURS) - round(whole * hour / HOURS)


def _plain(path: str) -> str:
    return "/".join("<id>" if part[:1].isdigit() else part for part in path.split("/"))


async def measure() -> None:
    clock = TestClock()
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with (
            open_sandbox(folder / "sandbox", clock=clock.seconds) as sandbox,
            open_desk(sandbox, clock, folder, **_AS_SET) as desk,
        ):
            ledger = await live(desk, clock)
    print("\n".join(ledger.lines()))


def main() -> None:
    logging.disable(logging.WARNING)
    trio.run(measure)


if __name__ == "__main__":
    main()
