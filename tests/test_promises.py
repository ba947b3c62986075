"""The table of what proves what names tests that exist."""

from __future__ import annotations

import ast
import re

from tests.support.process import ROOT

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
        assert not named or not all(_is_soak(file, name) for file, name in named), row


def _is_soak(file: str, name: str) -> bool:
    """Whether all of a test is in the soak, and not some of its parameters alone."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    marks = [
        ast.unparse(mark)
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
        for mark in node.decorator_list
    ]
    return "pytest.mark.soak" in marks
