"""What goes wrong besides the kills: answers lost or untrue, blocks, and a clock that is set."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import trio

from sandbox.wire.faults import (
    Fault,
    Kind,
    Reset,
    Status,
    feedback_required,
    graph_error,
    please_wait,
    throttled,
)
from tests.support.clock import TestClock
from tests.support.tools import program

PAGE = "<html><body>Sorry, something went wrong.</body></html>"
# By the name that the table counts them under.
Troubles = Mapping[str, tuple[Kind, ...]]
_LOST: Troubles = {
    "lost answer": (
        Reset(after_effect=True),
        Status(500, text=PAGE, after_effect=True),
        Status(502, text=PAGE, after_effect=True),
    ),
    "lost request": (Reset(), Status(503, text=PAGE)),
}
# A story is gone after a day, and nobody may ask sooner than a block allows: what holds for so
# long meets posts that stay.
_GRAPH: Troubles = {
    **_LOST,
    "untrue refusal": (
        graph_error("publishing_limit", after_effect=True),
        graph_error("unknown", after_effect=True),
        graph_error("spam_block", after_effect=True),
    ),
    "block": (graph_error("spam_block"), graph_error("rate_limited", retry_minutes=30)),
}
_PRIVATE: Troubles = {
    **_LOST,
    "untrue refusal": (
        replace(feedback_required(), after_effect=True),
        replace(please_wait(), after_effect=True),
    ),
    "block": (feedback_required(), please_wait()),
}
_STORY: Mapping[bool, Troubles] = {
    True: {**_LOST, "block": (graph_error("rate_limited", retry_minutes=30),)},
    False: {**_LOST, "block": (throttled(1800),)},
}
_PAGE: Troubles = {
    "lost copy": (Reset(after_effect=True), Status(500, text=PAGE, after_effect=True), Reset()),
    "untrue refusal of a copy": (graph_error("page_image", after_effect=True),),
}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A fault, and what the table calls it."""

    name: str
    fault: Fault


@dataclass(kw_only=True)
class Wall:
    """The wall clock of the daemon and of the sandbox; no time passes.

    Both are set on together. Only the daemon's is ever set back: nobody does that to Instagram's,
    which has the daemon behind until it is set on.
    """

    clock: TestClock
    file: Path
    shifted: timedelta = timedelta()
    behind: timedelta = timedelta()

    def set_on(self, by: timedelta) -> None:
        """Set the daemon's clock on by so much, or back; Instagram's follows it on."""
        self.shifted += by
        ahead = by - self.behind
        self.behind = max(timedelta(), -ahead)
        if ahead > timedelta():
            self.clock.set_on(ahead)
        # Whole at any moment: the daemon reads it whenever it asks for the time.
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{self.shifted.total_seconds():+.0f}")
        fresh.rename(self.file)

    async def environment(self) -> dict[str, str]:
        """Return what lets a process have this clock; the monotonic ones stay as they are."""
        told = await trio.run_process(
            [program("faketime"), "-f", "+0", "printenv", "LD_PRELOAD"], capture_stdout=True
        )
        self.set_on(timedelta())
        return {
            "LD_PRELOAD": told.stdout.decode().strip(),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def of_publishing(
    dice: random.Random, username: str, *, graph: bool, is_story: bool
) -> Trouble | None:
    """Return what the publishing request of a post meets; now and then nothing."""
    if dice.random() < 0.25:
        return None
    where: dict[str, Any] = (
        {"path_end": "/media_publish"} if graph else {"path": "/media/configure", "method": "POST"}
    )
    troubles = _STORY[graph] if is_story else _GRAPH if graph else _PRIVATE
    return _one_of(dice, troubles, username, where)


def of_the_copy(dice: random.Random, username: str, edge: str) -> Trouble:
    """Return what the copy on the Page meets."""
    return _one_of(dice, _PAGE, username, {"path_end": edge})


def _one_of(
    dice: random.Random, troubles: Troubles, username: str, where: dict[str, Any]
) -> Trouble:
    name = dice.choice(sorted(troubles))
    kind = dice.choice(troubles[name])
    return Trouble(name=name, fault=Fault(**where, account=username, kind=kind))
