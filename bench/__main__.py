"""`python -m bench [NAME …]`: run all measurements, or the named ones."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
)


def main() -> None:
    """Run the chosen measurements one after the other."""
    chosen = sys.argv[1:] or NAMES
    unknown = set(chosen) - set(NAMES)
    if unknown:
        sys.exit(f"No such measurement: {', '.join(sorted(unknown))}. There are {', '.join(NAMES)}")
    sys.argv = sys.argv[:1]
    for name in chosen:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
