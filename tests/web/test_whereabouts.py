"""What is where: every command and operation is on the page, or docs/page.md says why it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

import web
from api.app import operations
from cli import cli
from operations.catalogue import OPERATIONS

WEB = Path(web.__file__).parent
DOC = (WEB.parent / "docs/page.md").read_text()
BASE = "/api/v1"


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every command that does something, by its words."""
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from commands(found, (*path, name))


def rows(begin: str, end: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the rows of the tables between two headings: their cells, and what is in ticks."""
    part = DOC.partition(begin)[2].partition(end)[0]
    for line in part.splitlines():
        if line.startswith("| ") and not line.startswith("|-"):
            cells = [each.strip() for each in line.strip("|").split("|")]
            yield cells, re.findall(r"`(?:reprise )?([a-z][a-z_-]*(?: [a-z][a-z-]*)*)[^`]*`", line)


def done_by_scripts() -> set[str]:
    """Return the names of the operations that the page's scripts ask the API for."""
    text = "".join(
        file.read_text() for file in (WEB / "static").rglob("*.js") if "vendor" not in file.parts
    )
    asked = set()
    for method, path in re.findall(r'"(GET|POST|PUT|DELETE)", [`"](/[^`"?]*)', text):
        plain = re.sub(r"\$\{[^}]*\}", "<id>", path.removeprefix(BASE))
        asked.add((method, plain))
    routes = {(each.method, each.path): each for each in operations()}
    by_route = {
        pair: name
        for pair, route in routes.items()
        for name, known in OPERATIONS.items()
        if route.act is known
    }
    return {by_route[pair] for pair in asked if pair in by_route}


def done_by_pages() -> set[str]:
    """Return the names of the operations that the pages perform."""
    found = set()
    for file in WEB.glob("*.py"):
        text = file.read_text()
        for names in re.findall(r"from operations import ([\w, ]+)$", text, re.MULTILINE):
            for module in names.split(", "):
                found |= set(re.findall(rf"(?<![\w.]){module}\.(\w+)", text))
        for names in re.findall(r"from operations\.\w+ import ([\w, ]+)$", text, re.MULTILINE):
            found |= set(names.split(", "))
    return found & OPERATIONS.keys()


def test_every_command_has_its_place_on_the_page_or_a_reason() -> None:
    here = [*rows("## What is where", "### What stays"), *rows("### What stays", "The other way")]
    named = {word for _, words in here for word in words}
    every = set(commands(cli))
    assert every - named == set()
    missing = {each for each in named if " " in each and each not in every}
    assert missing == set(), "commands that there are not"
    for cells, _ in here:
        assert all(cells[1:]), cells


def test_every_operation_is_on_the_page_or_has_a_reason() -> None:
    on_page = done_by_pages() | done_by_scripts()
    away = {word for _, words in rows("The other way round", "## From") for word in words}
    assert OPERATIONS.keys() - on_page - away == set()
    assert away & on_page == set(), "said to be away, and on the page"
    assert away - OPERATIONS.keys() == set()
