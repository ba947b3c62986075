"""What a claim costs with a thousand and with a million pending: `python -m bench.claims [--json]`.

Both stores take turns. The processor's part is the statement; the rest is the commit, which
waits for the disk.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import _jobs
from ground.clock import utc_now
from storage import jobs
from storage.store import Database, open_directly, transaction

PENDING = (1_000, 1_000_000)
ACCOUNTS = 20
CLAIMS = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure()
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


def measure() -> list[dict[str, Any]]:
    """Claim one job after the other from both stores in turns."""
    statements: dict[int, list[float]] = {pending: [] for pending in PENDING}
    whole: dict[int, list[float]] = {pending: [] for pending in PENDING}
    with TemporaryDirectory() as folder, ExitStack() as stack:
        stores = {}
        for pending in PENDING:
            database = Path(folder) / f"{pending}.db"
            account_ids = _jobs.fill(database, pending=pending, lanes=ACCOUNTS, now=utc_now())
            stores[pending] = stack.enter_context(open_directly(database)), account_ids
        for number in range(CLAIMS):
            for pending, (db, account_ids) in stores.items():
                with transaction(db):
                    account = account_ids[number % ACCOUNTS]
                    _jobs.add(db, [utc_now()], [account], utc_now())
                statement, commit = claim(db)
                statements[pending].append(statement)
                whole[pending].append(statement + commit)
    return [
        {
            "pending": pending,
            "claims": CLAIMS,
            **percentiles("statement", statements[pending]),
            **percentiles("whole", whole[pending]),
        }
        for pending in PENDING
    ]


def claim(db: Database) -> tuple[float, float]:
    """Claim the one due job and take it away; returns the seconds of statement and commit."""
    started = time.perf_counter()
    with transaction(db):
        (job,) = jobs.claim_due(db, utc_now())
        claimed = time.perf_counter()
    committed = time.perf_counter()
    with transaction(db):
        db.conn.execute("DELETE FROM jobs WHERE id = ?", (job.id,))
    return claimed - started, committed - claimed


def percentiles(name: str, seconds: Sequence[float]) -> dict[str, float]:
    hundredths = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"{name}_p50_ms": hundredths[49] * 1000, f"{name}_p99_ms": hundredths[98] * 1000}


def as_text(figures: list[dict[str, Any]]) -> str:
    lines = [f"{'pending':>10}{'statement p50 ms':>18}{'p99':>8}{'with commit p50':>17}{'p99':>8}"]
    lines += [
        "{pending:>10,}{statement_p50_ms:18.3f}{statement_p99_ms:8.3f}"
        "{whole_p50_ms:17.2f}{whole_p99_ms:8.2f}".format_map(one)
        for one in figures
    ]
    few, many = (one["statement_p50_ms"] for one in figures)
    lines.append(
        f"{'met' if many < 2 * few else 'MISSED'}: {many / few:.2f} times as much with a million"
        " (at most twice)"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
