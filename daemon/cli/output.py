"""What commands print: JSON for scripts, tables for people, colours only for terminals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """Add `--json` as the parameter `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print the result as JSON, for scripts."
    )(function)


def print_json(value: object) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Print a table that fits the terminal; missing values show as `-`."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(value or "-" for value in row))
    Console().print(table)
