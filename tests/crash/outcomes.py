"""What became of the posts whose daemon was killed, counted and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.world.published import PagePost, Published

_COLUMNS = ("posts", "kills", "published", "duplicates", "lost", "stuck", "wrong")


@dataclass
class Outcomes:
    """One row for each route, kind of post and kill point; `problems` says what was wrong."""

    rows: dict[tuple[str, str, str], Counter[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    # A kill meets every post on its way; these are counted once.
    sigkills: int = 0
    steps: int = 0

    def add(self, row: tuple[str, str, str], counted: Counter[str], problem: str) -> None:
        self.rows.setdefault(row, Counter()).update(counted)
        if problem:
            self.problems.append(f"{' / '.join(row)}: {problem}")

    def take(self, other: Outcomes) -> None:
        """Add what another has counted."""
        for row, counted in other.rows.items():
            self.add(row, counted, "")
        self.problems += other.problems
        self.sigkills += other.sigkills
        self.steps += other.steps

    @property
    def total(self) -> Counter[str]:
        return sum(self.rows.values(), Counter())

    def table(self) -> Iterator[str]:
        """The lines of the table, the sum at the end."""
        width = max((len(" / ".join(row)) for row in self.rows), default=0)
        yield " " * width + "".join(f"{column:>11}" for column in _COLUMNS)
        for row, counted in [*self.rows.items(), (("in all",), self.total)]:
            numbers = "".join(f"{counted[column]:>11}" for column in _COLUMNS)
            yield f"{' / '.join(row):<{width}}{numbers}"
        if self.sigkills:
            yield f"{self.sigkills} SIGKILLs in all, and {self.steps} steps of the clock"


def check(outcomes: Outcomes) -> None:
    total = outcomes.total
    assert outcomes.problems == [], "\n".join(outcomes.problems)
    assert total["published"] == total["posts"]
    assert total["duplicates"] == total["lost"] == total["stuck"] == 0


def judged(
    post: dict[str, Any] | None,
    live: list[Published],
    copies: list[PagePost],
    *,
    crosses: bool,
    kills: int,
) -> tuple[Counter[str], str]:
    """Count one post's outcome; the text says what is wrong with it, if anything is."""
    counted = Counter(posts=1, kills=kills)
    counted["duplicates"] = max(0, len(live) - 1) + max(0, len(copies) - 1)
    counted["published"] = min(1, len(live))
    problem = ""
    if post is None:
        counted["stuck"] += 1
        problem = "it never came to an end"
    elif not live:
        counted["lost"] += 1
        problem = f"{post['status']}: {post['errorCode']} {post['errorMessage']}"
    elif problem := _untrue(post, live[0], copies, crosses=crosses):
        counted["wrong"] += 1
    return counted, problem or ("it is there twice" if counted["duplicates"] else "")


def _untrue(post: dict[str, Any], live: Published, copies: list[PagePost], *, crosses: bool) -> str:
    """What the record of a live post says that is not so, or leaves out."""
    if post["status"] != "PUBLISHED":
        return f"live, but {post['status']}: {post['errorCode']} {post['errorMessage']}"
    if post["igMediaId"] not in (live.graph_id, str(live.pk)):
        return f"igMediaId is {post['igMediaId']}"
    if not post["igPermalink"]:
        return "no igPermalink"
    if (
        crosses
        and post["facebookPostId"] is None
        and "Facebook Page" not in (post["errorMessage"] or "")
    ):
        return "nothing is said about the Page"
    if post["facebookPostId"] and not copies:
        return "a facebookPostId of nothing"
    if not crosses and post["errorMessage"]:
        return f"a message on a live post: {post['errorMessage']}"
    return ""
