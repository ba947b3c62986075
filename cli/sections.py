"""The commands by subject; a command's module is imported when the command is wanted.

Importing all of them takes a second, which every Tab of a shell's completion would take too.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

# Each module of this package has its commands in `COMMANDS`; a test holds them to this table.
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "The daemon": {
        "run": "process",
        "demo": "process",
        "service": "service",
        "doctor": "doctor",
        "check-config": "process",
        "completion": "completion",
    },
    "Your data": {
        "backup": "backup",
        "restore": "backup",
        "rotate-key": "backup",
        "export": "moving",
        "import": "moving",
    },
    "Accounts and keys": {
        "account": "accounts",
        "key": "keys",
        "login-link": "keys",
    },
    "Story reposts": {
        "enable": "reposts",
        "disable": "reposts",
        "scan": "reposts",
        "history": "reposts",
        "status": "status",
        "pending": "approvals",
        "approve": "approvals",
        "skip": "approvals",
        "pause": "pausing",
        "resume": "pausing",
        "preview": "preview",
    },
    "Posts": {
        "publish": "posts",
        "posts": "posts",
        "queue": "posts",
        "retry": "posts",
        "cancel": "posts",
    },
}
_MODULES = {name: module for commands in SECTIONS.values() for name, module in commands.items()}


class Sections(click.Group):
    """The top of the command line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"cli.{_MODULES[cmd_name]}")
        commands: tuple[click.Command, ...] = module.COMMANDS
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width - 6 - max(map(len, _MODULES))
        for title, names in SECTIONS.items():
            found = ((name, self.get_command(ctx, name)) for name in names)
            with formatter.section(title):
                formatter.write_dl(
                    [(name, each.get_short_help_str(width)) for name, each in found if each]
                )
