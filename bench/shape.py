"""The shape of the house in figures: `python -m bench.shape [DIRECTORY]`.

Who imports whom, lines per package, and how long functions are. The directions themselves are
proved by tests/test_architecture.py.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

_NOT_OURS = {"tests", "bench", "docs"}


def main() -> None:
    """Print the shape of this tree, or of the one that is named."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]
    files = {path: ast.parse(path.read_text()) for path in _sources(root)}
    packages = {path.relative_to(root).parts[0] for path in files}
    arrows = _arrows(root, files, packages)
    print("who imports whom (a number is how many modules do)")
    for package in _order(arrows, packages):
        told = ", ".join(f"{to} {count}" for to, count in sorted(arrows[package].items()))
        print(f"  {package:10} → {told or 'nothing of ours'}")
    print(f"circles: {_circle(arrows) or 'none'}")
    lines = Counter[str]()
    for path in files:
        lines[path.relative_to(root).parts[0]] += len(path.read_text().splitlines())
    print("lines: " + ", ".join(f"{name} {count}" for name, count in sorted(lines.items())))
    lengths = sorted(_lengths(files.values()))
    tenths = statistics.quantiles(lengths, n=10)
    print(
        f"functions: {len(lengths)}, p50 {statistics.median(lengths):.0f}, p90 {tenths[8]:.0f},"
        f" max {lengths[-1]} lines"
    )


def _sources(root: Path) -> Iterator[Path]:
    for init in sorted(root.glob("*/__init__.py")):
        if init.parent.name not in _NOT_OURS:
            yield from sorted(init.parent.rglob("*.py"))


def _arrows(
    root: Path, files: dict[Path, ast.Module], packages: set[str]
) -> dict[str, Counter[str]]:
    arrows = {package: Counter[str]() for package in packages}
    for path, module in files.items():
        own = path.relative_to(root).parts[0]
        for package in _imported(module) & packages - {own}:
            arrows[own][package] += 1
    return arrows


def _imported(module: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def _order(arrows: dict[str, Counter[str]], packages: set[str]) -> list[str]:
    """Return the floors from below, by name where there is a circle."""
    return sorted(packages) if _circle(arrows) else list(_sorter(arrows).static_order())


def _circle(arrows: dict[str, Counter[str]]) -> str:
    try:
        _sorter(arrows).prepare()
    except CycleError as error:
        return " → ".join(error.args[1])
    return ""


def _sorter(arrows: dict[str, Counter[str]]) -> TopologicalSorter[str]:
    # `python -m daemon` is the command, as it always was: one arrow up, from a page of its own.
    command = ("daemon", "cli")
    return TopologicalSorter(
        {
            own: [to for to, count in others.items() if (own, to) != command or count > 1]
            for own, others in arrows.items()
        }
    )


def _lengths(modules: Iterable[ast.Module]) -> Iterator[int]:
    for module in modules:
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1


if __name__ == "__main__":
    main()
