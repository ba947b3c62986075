"""The shape of the house: imports point one way, and each library has its one door."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import get_args

import pytest

from instagram import errors
from media.errors import AnyMediaError, MediaError

ROOT = Path(__file__).parents[1]
_ENGINES = {"accounts", "cloud", "notices", "publish", "repost", "webhooks"}
_FLOOR = {"ground", "instagram", "media", "storage"}
LAYERS: dict[str, set[str]] = {
    "ground": set(),
    "storage": {"ground"},
    "media": {"ground"},
    "instagram": {"ground"},
    "accounts": _FLOOR,
    "publish": _FLOOR,
    "repost": _FLOOR,
    "webhooks": _FLOOR,
    "cloud": _FLOOR | {"publish"},
    "notices": _FLOOR | {"repost", "webhooks"},
    "operations": _FLOOR | _ENGINES,
    "moving": _FLOOR | _ENGINES | {"operations"},
    "serving": {"ground"},
    "api": _FLOOR | _ENGINES | {"operations", "serving"},
    "session_api": _FLOOR | _ENGINES | {"operations", "serving"},
    "local": _FLOOR | _ENGINES | {"operations"},
    "web": _FLOOR | _ENGINES | {"operations", "serving"},
    "agents": _FLOOR | _ENGINES | {"operations", "serving"},
    "install": set(),
    "sandbox": set(),
    "daemon": _FLOOR
    | _ENGINES
    | {"agents", "api", "install", "local", "moving"}
    | {"operations", "serving", "session_api", "web"},
    "cli": _FLOOR
    | _ENGINES
    | {"agents", "daemon", "install", "local", "moving", "operations", "sandbox"},
    "tools": {"api", "cli", "daemon", "install", "session_api"},
}
# `python -m daemon` is the command, as it always was.
EXCEPT = {("daemon/__main__.py", "cli")}
DOORS = {
    "aiograpi": {"instagram"},
    "asyncio": {"instagram"},
    "curl_cffi": {"instagram"},
    "trio_asyncio": {"instagram"},
    "sqlite3": {"storage"},
    "sqlite_utils": {"storage"},
    "cryptography": {"cloud", "daemon", "instagram", "storage", "sandbox"},
    "quart": {"api", "serving", "session_api", "web"},
    "quart_trio": {"api", "serving", "web"},
    "h11": {"api", "sandbox"},
    "PIL": {"media", "repost", "sandbox"},
    "av": {"media", "sandbox"},
    "click": {"cli", "sandbox"},
    "mcp": {"agents"},
    "mcp_types": {"agents"},
    "prometheus_client": {"daemon"},
    "apprise": {"notices"},
    "requests": {"notices"},
}
DAY = r"\d{4}-\d\d-\d\d[,*]"
SOURCES = [path for package in LAYERS for path in sorted((ROOT / package).rglob("*.py"))]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path) -> Iterator[str]:
    """Return the full names of the modules that a file imports, at any depth."""
    package = path.relative_to(ROOT).parts[0]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield package if node.level else str(node.module)


@pytest.mark.parametrize("package", LAYERS)
def test_imports_point_one_way(package: str) -> None:
    for path in (path for path in SOURCES if path.relative_to(ROOT).parts[0] == package):
        for name in imported(path):
            top = name.partition(".")[0]
            if top in LAYERS and top != package:
                allowed = top in LAYERS[package] or (str(path.relative_to(ROOT)), top) in EXCEPT
                assert allowed, f"{path} must not import {name}"
            if top in DOORS:
                assert package in DOORS[top], f"only {DOORS[top]} may import {top}: {path}"
            assert top != "tests", path


def test_the_layers_have_no_circles() -> None:
    list(TopologicalSorter(LAYERS).static_order())


def test_the_sandbox_is_only_for_the_demo() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] != "sandbox"
        and any(name.partition(".")[0] == "sandbox" for name in imported(path))
    }
    assert users == {"cli/demo.py", "cli/demo_cloud.py", "cli/kept.py"}


def test_sql_is_in_storage_only() -> None:
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] != "storage":
            assert ".conn." not in path.read_text(), path


def test_files_are_named_for_what_they_hold() -> None:
    for path in SOURCES:
        assert path.stem not in {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


def test_a_class_name_means_one_thing_below_the_faces() -> None:
    """Shapes of the wire are named by the contract, and the sandbox is another's house."""
    named: dict[str, list[str]] = {}
    for path in SOURCES:
        place = path.relative_to(ROOT)
        below = place.parts[0] in _FLOOR | _ENGINES | {"moving", "operations"}
        if below and "models" not in place.parts:
            for node in parsed(path).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    named.setdefault(node.name, []).append(str(place))
    assert not {name: places for name, places in named.items() if len(places) > 1}


def test_decisions_lead_to_code_that_is_there() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text()
    found = re.findall(r"\*D(\d+), \d{4}-\d\d-\d\d(?:, `([^`]+)`)?\*", text)
    numbers = [number for number, _ in found]
    assert len(numbers) > 150
    assert len(set(numbers)) == len(numbers)
    assert not [path for _, path in found if path and not (ROOT / path).exists()]
    for decision in re.split(r"^- ", text, flags=re.MULTILINE)[1:]:
        marks = re.findall(r"\*D\d+, ", decision), re.findall(DAY, decision)
        assert list(map(len, marks)) == [1, 1], decision


def test_the_composition_fits_on_a_page() -> None:
    functions = {
        node.name: (node.end_lineno or 0) - node.lineno
        for node in ast.walk(parsed(ROOT / "daemon" / "main.py"))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert functions["compose"] <= 45  # with its signature
    assert max(functions.values()) <= 45


def test_every_module_says_why_it_exists() -> None:
    for path in SOURCES:
        if path.read_text().strip():
            assert ast.get_docstring(parsed(path)), path


def test_nothing_is_left_unfinished() -> None:
    for path in SOURCES:
        text = path.read_text()
        for word in ("TODO", "FIXME", "XXX", "NotImplemented"):
            assert word not in text, f"{word} in {path}"


def test_one_clock_goes_through_every_constructor() -> None:
    """Nobody keeps a wall clock or a pace of their own beside `ground.clock.Clock`."""
    kept: list[str] = []
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] in ("ground", "sandbox", "tools"):
            continue
        for built in ast.walk(parsed(path)):
            if not isinstance(built, ast.ClassDef):
                continue
            kept += [
                f"{path.relative_to(ROOT)} {built.name}.{name}"
                for name, annotation in _given_to(built)
                if annotation == "Callable[[], datetime]"
                or name in ("now", "monotonic")
                or (name == "pace" and built.name != "Settings")
            ]
    # Moments of one request, and no clocks.
    assert sorted(kept) == ["operations/operation.py Ask.now", "web/visit.py Visit.now"]


def _given_to(built: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for part in built.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            yield part.target.id, ast.unparse(part.annotation)
        elif isinstance(part, ast.FunctionDef) and part.name == "__init__":
            for given in (*part.args.args, *part.args.kwonlyargs):
                yield given.arg, ast.unparse(given.annotation) if given.annotation else ""


# What comes from outside has no closed set of kinds.
_OPEN = {("api/dispatch.py", "error"), ("ground/shortage.py", "error")} | {
    ("repost/overlay.py", "first['type']")
}


def test_every_match_names_all_there_is() -> None:
    """A new state or a new kind of error is a finding of mypy's, never a silent default."""
    for path in (path for path in SOURCES if "match " in path.read_text()):
        name = str(path.relative_to(ROOT))
        functions = [
            each
            for each in ast.walk(parsed(path))
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
            and not name.startswith("sandbox/")
        ]
        closed = {each.name for each in functions if "assert_never(" in ast.unparse(each)}
        for function in functions:
            for match in ast.walk(function):
                if isinstance(match, ast.Match) and function.name not in closed:
                    subject = (name, ast.unparse(match.subject))
                    assert subject in _OPEN or closed & _called(match.cases[-1]), subject


def _called(case: ast.match_case) -> set[str]:
    calls = [
        call.func for line in case.body for call in ast.walk(line) if isinstance(call, ast.Call)
    ]
    return {function.id for function in calls if isinstance(function, ast.Name)}


def test_every_error_of_instagram_is_told_apart() -> None:
    def below(kind: type[Exception]) -> set[type[Exception]]:
        return {kind}.union(*(below(each) for each in kind.__subclasses__()))

    named = set(get_args(errors.AnyError))
    assert below(errors.InstagramError) - named == {errors.InstagramError, errors.AccountTrouble}
    assert below(MediaError) - set(get_args(AnyMediaError)) == {MediaError}
