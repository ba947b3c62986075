"""How late due jobs are begun: `python -m bench.lateness [--json] [--rounds N]`.

Reprise's scheduler beside APScheduler 3 on its SQLite job store, a loop that looks every five
seconds, and bare sleeping, which is as late as the machine itself is. Each is a process of its
own with as many jobs pending; they take turns at being due, so that a busy machine troubles all
alike. When a job begins, Reprise has committed its claim; APScheduler does so afterwards.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from subprocess import PIPE, Popen
from typing import Any

PENDING = (10, 10_000, 100_000)
WHO = ("reprise", "apscheduler", "poller", "sleep")
ACCOUNTS = 20
JOBS, TURN_S = 100, 0.025
RARE_JOBS, RARE_TURN_S, RARE_PENDING = 8, 1.3, 10_000  # never in step with the poller
BURST = 1_000
LEAD_S = 1.5
Figures = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    figures: Figures = []
    for pending in PENDING:
        figures += spread(pending, options.rounds)
    figures += bursts(options.rounds)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


class Contestant:
    """One of `bench._contestants` in its process."""

    def __init__(self, process: Popen[str]) -> None:
        self._process = process
        self.hear()

    def begin(self, due_ms: Sequence[int]) -> None:
        assert self._process.stdin is not None
        print(json.dumps(due_ms), file=self._process.stdin, flush=True)

    def hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return line or sys.exit("A contestant ended; `make bench` installs what they need")

    def late(self) -> list[float]:
        late: list[float] = json.loads(self.hear())
        return late


@contextmanager
def contestant(who: str, pending: int, accounts: int) -> Iterator[Contestant]:
    command = [sys.executable, "-m", "bench._contestants", who, str(pending), str(accounts)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        yield Contestant(process)
        assert process.stdin is not None
        process.stdin.close()


def spread(pending: int, rounds: int) -> Figures:
    """Let jobs be due one after the other: many, and once a few with seconds between them."""
    figures: Figures = []
    with ExitStack() as stack:
        all_of_them = {who: stack.enter_context(contestant(who, pending, ACCOUNTS)) for who in WHO}
        cases = [("often", JOBS, TURN_S, rounds)]
        if pending == RARE_PENDING:
            cases.append(("rarely", RARE_JOBS, RARE_TURN_S, 1))
        for case, number, turn_s, times in cases:
            late: dict[str, list[float]] = {who: [] for who in WHO}
            for _ in range(times):
                turns = moments(number * len(WHO), turn_s)
                for index, who in enumerate(WHO):
                    all_of_them[who].begin(turns[index :: len(WHO)])
                for who in WHO:
                    late[who] += all_of_them[who].late()
            figures += [figure(case, pending, who, late[who]) for who in WHO]
    return figures


def bursts(rounds: int) -> Figures:
    """Let a thousand jobs be due at one instant."""
    runs = (("reprise", ACCOUNTS), ("reprise", BURST), ("apscheduler", 1))
    late: dict[tuple[str, int], list[float]] = {run: [] for run in runs}
    for _ in range(max(1, rounds // 2)):
        for who, accounts in runs:
            with contestant(who, 0, accounts) as one:
                one.begin([round(1000 * (time.time() + LEAD_S))] * BURST)
                late[who, accounts] += one.late()
    return [
        figure("at once", BURST, who if who == "apscheduler" else f"{who}, {accounts} accounts", of)
        for (who, accounts), of in late.items()
    ]


def moments(number: int, turn_s: float) -> list[int]:
    """Return moments in milliseconds, one in the first half of each turn."""
    first = time.time() + LEAD_S
    return [
        round(1000 * (first + turn_s * (index + random.random() / 2))) for index in range(number)
    ]


def figure(case: str, pending: int, who: str, late: Sequence[float]) -> dict[str, Any]:
    hundredths = statistics.quantiles(late, n=100, method="inclusive")
    return {
        "due": case,
        "pending": pending,
        "who": who,
        "jobs": len(late),
        "mean_ms": statistics.mean(late) * 1000,
        "p50_ms": hundredths[49] * 1000,
        "p90_ms": hundredths[89] * 1000,
        "p99_ms": hundredths[98] * 1000,
    }


def as_text(figures: Figures) -> str:
    head = f"{'due':8}{'pending':>8}  {'who':23}{'jobs':>5}"
    head += "".join(f"{name:>10}" for name in ("mean ms", "p50 ms", "p90 ms", "p99 ms"))
    row = (
        "{due:8}{pending:>8}  {who:23}{jobs:>5}"
        "{mean_ms:10.2f}{p50_ms:10.2f}{p90_ms:10.2f}{p99_ms:10.2f}"
    )
    return "\n".join([head, *(row.format_map(one) for one in figures), *goals(figures)])


def goals(figures: Figures) -> list[str]:
    """Return what is asked for, and whether it was reached."""
    p99 = {(one["due"], one["pending"], one["who"]): one["p99_ms"] for one in figures}
    lines = []
    for due, pending in [*(("often", pending) for pending in PENDING), ("rarely", RARE_PENDING)]:
        ours, theirs, bare = (p99[due, pending, who] for who in ("reprise", "apscheduler", "sleep"))
        lines.append(
            f"{'met' if ours <= theirs and ours < 5 else 'MISSED'}: {due}, {pending:,} pending:"
            f" p99 {ours:.1f} ms; at most APScheduler's {theirs:.1f} and under 5"
            f" (the machine: {bare:.1f})"
        )
    ours = p99["at once", BURST, f"reprise, {ACCOUNTS} accounts"]
    theirs = p99["at once", BURST, "apscheduler"]
    lines.append(
        f"{'met' if ours < theirs / 2 else 'MISSED'}: {BURST:,} at once over {ACCOUNTS} accounts:"
        f" p99 {ours:.0f} ms; less than half of APScheduler's {theirs:.0f}"
    )
    return lines


if __name__ == "__main__":
    main()
