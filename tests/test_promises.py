"""What proves what names tests that exist, and each room and promise has one in `make test`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.process import ROOT
from tests.support.tools import missing

_ELSEWHERE = re.compile(r"pytest\.mark\.(soak|acceptance)")
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_named_test_is_there() -> None:
    rows = [
        line
        for line in (ROOT / "docs" / "testing.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and "::" in line
    ]
    assert len(rows) > 20
    assert all(_NAMED.search(row) for row in rows), "a sentence without its test"
    for row in rows:
        for file, name in _NAMED.findall(row):
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            there = {
                node.name
                for node in tree.body
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            }
            assert name in there, f"{file} has no {name}"


def test_every_sentence_has_a_test_that_runs_by_default() -> None:
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    for row in text.splitlines():
        named = _NAMED.findall(row)
        by_default = [name for file, name in named if name in _by_default(ROOT / file)]
        assert not named or by_default, row


def test_every_room_has_a_test_that_runs_by_default() -> None:
    rooms = {file.parent for file in (ROOT / "tests").glob("*/test_*.py")}
    assert len(rooms) > 15
    # They have no room of their own: whole systems, and what others generate.
    for room in rooms - {ROOT / "tests" / "systemd", ROOT / "tests" / "clients"}:
        assert any(_by_default(file) for file in room.glob("test_*.py")), room


def test_ci_runs_all_but_the_soak() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    chosen = dict(re.findall(r"^(\w+): .*\n\t.* -m '([\w ]+)' \$\(ARGS\)$", makefile, re.MULTILINE))
    assert chosen["test"] == "not soak and not acceptance"
    assert chosen["acceptance"] == "acceptance and not soak"
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"tested test", "tested acceptance"} <= set(ci)


def test_nothing_is_skipped_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test misses fails it there; only what another system lacks (`skipif`) is no fault."""
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception):
        missing("needs something")
    skips = re.compile(r"pytest\.(skip|importorskip|xfail)\(|mark\.(skip|xfail)\b")
    files = sorted((ROOT / "tests").rglob("*.py"))
    found = [file.name for file in files if skips.search(file.read_text(encoding="utf-8"))]
    assert found == ["tools.py"]


def _by_default(file: Path) -> set[str]:
    """Return the tests of a file of which `make test` runs all, or some of their parameters."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    of_the_file = " ".join(
        ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    )
    if _ELSEWHERE.search(of_the_file):
        return set()
    return {
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if node.name.startswith("test_")
        if not any(_ELSEWHERE.fullmatch(ast.unparse(mark)) for mark in node.decorator_list)
    }
