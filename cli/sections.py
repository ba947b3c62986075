"""The commands by subject; a command's module is imported when that command is wanted.

So neither the help nor a Tab of a shell's completion waits for what only some commands need.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem


class Entry(NamedTuple):
    """Where a command is found, and what its help begins with."""

    module: str
    summary: str
    is_listed: bool = True  # in the help; who needs the others has read of them


# Each module of this package has its commands in `COMMANDS`; a test holds them to this table.
SECTIONS: Mapping[str, Mapping[str, Entry]] = {
    "The daemon": {
        "run": Entry("process", "Run the daemon in the foreground until Ctrl-C or SIGTERM."),
        "demo": Entry("process", "Show the main job against a simulated Instagram."),
        "service": Entry(
            "service",
            "Run Reprise as a service: it starts by itself and is watched over.",
        ),
        "events": Entry(
            "events", "Show what happened to accounts, posts and mentions, oldest first."
        ),
        "doctor": Entry("doctor", "Check everything Reprise needs, and say what mends it."),
        "check-config": Entry("process", "Read the settings as the daemon would, and show them."),
        "completion": Entry("completion", "Print the script for completion by a shell."),
    },
    "Your data": {
        "backup": Entry(
            "backup",
            "Save database, media and sealed secrets into one FILE; the daemon may go on running.",
        ),
        "restore": Entry(
            "backup",
            "Bring back what `reprise backup` saved, or a daily copy of the database.",
        ),
        "rotate-key": Entry("backup", "Seal every password, session and token with a new key."),
        "export": Entry(
            "moving",
            "Write accounts, posts, schedules, settings and history to FILE as JSON,"
            " or print them.",
        ),
        "import": Entry(
            "moving",
            "Take in what `reprise export` wrote, or VoidGram's export or SQLite file.",
        ),
    },
    "Accounts and keys": {
        "account": Entry("accounts", "Connect Instagram accounts and log them in."),
        "session": Entry("sessions", "See and end the sessions of the session API."),
        "key": Entry("keys", "Create, list and revoke API keys."),
        "login-link": Entry("keys", "Print a link that signs a browser in, once."),
        "user": Entry(
            "people",
            "Give other people accounts, posts and keys of their own on this machine.",
            is_listed=False,
        ),
        "mcp": Entry("mcp", "Serve the tools for agents over standard input and output."),
        "tls": Entry("tls", "Encrypt the API, so that other machines may use it."),
        "cloud": Entry("cloud", "Send posts while this machine is off, by a Worker of yours."),
        "notify": Entry("notify", "Tell people what needs them: on a phone, by mail, in a chat."),
        "webhook": Entry("webhooks", "Tell other programs what happens, as it happens."),
    },
    "Story reposts": {
        "enable": Entry("reposts", "Switch story reposts on for an account."),
        "disable": Entry("reposts", "Switch story reposts off for an account."),
        "scan": Entry("reposts", "Have the running daemon look for new mentions now."),
        "history": Entry("reposts", "Show the mentions found and what became of them."),
        "status": Entry(
            "status",
            "Show what each account does now, what holds it, until when, and what comes next.",
        ),
        "pending": Entry(
            "approvals",
            "Show the mentions that wait for your approval; the daemon need not run.",
        ),
        "approve": Entry(
            "approvals",
            "Let mentions go out, by the ids that `reprise pending` shows.",
        ),
        "skip": Entry(
            "approvals",
            "Never repost mentions, by the ids that `reprise pending` and `history --json` show.",
        ),
        "undo": Entry(
            "approvals",
            "Take an approval or a skip back, until the repost has begun to go out.",
        ),
        "card": Entry(
            "approvals", "Give the card of one mention another template, until it goes out."
        ),
        "author": Entry(
            "authors",
            "Repost the mentions of one person never, always without asking, or as you decide.",
        ),
        "pause": Entry(
            "pausing",
            "Let no repost out; mentions are still found and kept, because stories expire.",
        ),
        "resume": Entry("pausing", "End a pause; what waits goes out under the usual limits."),
        "stop": Entry(
            "pausing",
            "Let nothing out of any account, posts and reposts alike, until `reprise go-on`.",
        ),
        "go-on": Entry(
            "pausing",
            "Let everything go on after `reprise stop`; what came due goes out at the usual"
            " distances.",
        ),
        "preview": Entry("preview", "Render the card of a photo or a video without posting it."),
    },
    "Posts": {
        "publish": Entry("posts", "Publish FILE now or later."),
        "posts": Entry("posts", "List posts, newest first."),
        "queue": Entry("posts", "List scheduled posts that wait, the next one first."),
        "retry": Entry("posts", "Queue a failed post again."),
        "cancel": Entry("posts", "Take a post out of the queue; its content stays."),
    },
}
_ENTRIES = {name: entry for commands in SECTIONS.values() for name, entry in commands.items()}


class Sections(click.Group):
    """The top of the command line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ENTRIES:
            return None
        module = import_module(f"cli.{_ENTRIES[cmd_name].module}")
        commands: tuple[click.Command, ...] = module.COMMANDS
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width - 6 - max(map(len, _ENTRIES))
        for title, entries in SECTIONS.items():
            # As short as click makes it where there is a command.
            short = {
                name: click.Command(name, help=entry.summary).get_short_help_str(width)
                for name, entry in entries.items()
                if entry.is_listed
            }
            with formatter.section(title):
                formatter.write_dl(list(short.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        named = [
            CompletionItem(name, help=entry.summary)
            for name, entry in _ENTRIES.items()
            if entry.is_listed and name.startswith(incomplete)
        ]
        return named + click.Command.shell_complete(self, ctx, incomplete)
