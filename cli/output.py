"""What commands print: JSON for scripts, tables for people, colours only for terminals.

Into a pipe goes plain text: a table is aligned columns, one line a row, never cut and never
folded. Progress is shown on a terminal's standard error and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ground.plain_text import json_text, plain

if TYPE_CHECKING:
    from rich.console import Console

F = TypeVar("F", bound=Callable[..., Any])
_UNFOLDED = 100_000  # columns; more than any table has


def json_option(function: F) -> F:
    """Add `--json` as the parameter `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print the result as JSON, for scripts."
    )(function)


def print_json(value: object) -> None:
    """Print one JSON document."""
    click.echo(json_text(value, indent=2))


def say(*lines: str, err: bool = False) -> None:
    """Print lines for a person; whatever text from elsewhere is in them, each stays one line."""
    for line in lines or ("",):
        click.echo(plain(line), err=err)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Print a table that fits the terminal, or aligned lines; missing values show as `-`."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=_UNFOLDED, color_system=None)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(Text(plain(column)), overflow="fold", no_wrap=not console.is_terminal)
    for row in rows:
        table.add_row(*(Text(plain(value or "-")) for value in row))
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip(), color=True)  # rich has decided about colours


def note(text: str) -> None:
    """Say something beside the result: on standard error, and only to a person."""
    console = _errors()
    if console.is_terminal:
        console.print(plain(text), style="dim", highlight=False, markup=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show that something of unknown length is being done, until the block ends."""
    console = _errors()
    if not console.is_terminal:
        yield
        return
    with console.status(_as_it_is(what)):
        yield


def _as_it_is(text: str) -> str:
    """Return a text in which rich finds no markup of its own."""
    from rich.markup import escape

    return escape(plain(text))


def _errors() -> Console:
    from rich.console import Console

    return Console(stderr=True)
