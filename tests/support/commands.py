"""Every command of the command line, and a way to run one in the test's own process."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
import pytest

from cli import cli, main


def all_commands() -> Iterator[tuple[list[str], click.Command]]:
    """Yield every command that does something, with the words that name it."""
    top = click.Context(cli, info_name="reprise")
    for name in cli.list_commands(top):
        command = cli.get_command(top, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from (([name, sub], found) for sub, found in command.commands.items())
        else:
            yield [name], command


def run_here(*words: str) -> int:
    """Run `reprise WORDS` as the installed command does and return the exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["reprise", *words])
        with pytest.raises(SystemExit) as end:
            main()
    assert isinstance(end.value.code, int)
    return end.value.code
