"""The command line as a document: one tree of commands, told in Markdown and as a man page."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import click

from cli import cli
from cli.sections import SECTIONS

_HEAD = """# Commands

`reprise COMMAND --help` says the same on the spot. Each command but `mcp` takes `--json`. The exit
code is 0 when the command did what it was asked, 1 when it could not, and 2 when it was called
wrongly or cannot start; what is wrong is one line on standard error. Colours and progress are shown
on a terminal only, and `NO_COLOR` switches colours off there too. `reprise completion` lets your
shell complete commands, options and usernames.

Commands find the daemon by its data directory (`REPRISE_DATA_DIR`). Those that read work without
it; those that need it say so.
"""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a command's help, in one line unless its lines are `fixed`."""

    text: str
    is_fixed: bool = False
    is_example: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its usage, what it does, its options."""

    usage: str
    paragraphs: tuple[Paragraph, ...]
    options: tuple[tuple[str, str], ...]

    @property
    def example(self) -> str:
        """The lines that show how the command is used."""
        return next((each.text for each in self.paragraphs if each.is_example), "")


def entries() -> Iterator[tuple[str, list[Entry]]]:
    """Yield each section's title with its commands, subcommands in their place."""
    top = click.Context(cli, info_name="reprise")
    for title, names in SECTIONS.items():
        found: list[Entry] = []
        for name in names:
            command = cli.get_command(top, name)
            assert command is not None
            found += _entries(command, top, name)
        yield title, found


def markdown() -> Iterator[str]:
    """Yield the lines of `docs/commands.md`."""
    yield _HEAD
    for title, found in entries():
        yield f"## {title}\n"
        for entry in found:
            yield f"### `{entry.usage}`\n"
            for each in entry.paragraphs:
                yield f"```sh\n{each.text}\n```\n" if each.is_fixed else f"{each.text}\n"
            for option, meaning in entry.options:
                yield f"- `{option}`: {meaning}"
            yield ""


def man_page() -> str:
    """Return `reprise.1` in the `man` macros."""
    about, *_ = _paragraphs(cli)
    lines = [
        r".\" Written by `make docs`; do not edit.",
        '.TH REPRISE 1 "" Reprise "User Commands"',
        ".SH NAME",
        r"reprise \- reposts the stories that mention your Instagram account",
        ".SH SYNOPSIS",
        r".B reprise",
        r"\fICOMMAND\fR [\fIOPTION\fR]...",
        ".SH DESCRIPTION",
        _roff(about.text),
    ]
    for title, found in entries():
        lines.append(f".SH {title.upper()}")
        for entry in found:
            lines += _man_entry(entry)
    return "\n".join([*lines, *_TAIL]) + "\n"


_TAIL = (
    ".SH EXIT STATUS",
    "0 when the command did what it was asked, 1 when it could not, 2 when it was called wrongly.",
    ".SH ENVIRONMENT",
    r"Settings are variables that begin with REPRISE_;",
    r".B reprise check\-config",
    "shows them all. NO_COLOR switches colours off.",
    ".SH FILES",
    ".TP",
    r"~/.config/reprise/config.toml",
    "Settings, if you like them better in a file.",
    ".TP",
    r"~/.local/share/reprise",
    "Database, media and key.",
)


def _man_entry(entry: Entry) -> list[str]:
    lines = [f".SS {_roff(entry.usage)}"]
    for number, each in enumerate(entry.paragraphs):
        lines += [".PP"] if number else []
        told = [_roff(line) for line in each.text.splitlines()]
        lines += [".nf", ".RS 4", *told, ".RE", ".fi"] if each.is_fixed else told
    for option, meaning in entry.options:
        lines += [".TP", rf"\fB{_roff(option)}\fR", _roff(meaning)]
    return lines


def _roff(text: str) -> str:
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("…", "...")
    escaped = "".join(sign if sign.isascii() else rf"\[u{ord(sign):04X}]" for sign in escaped)
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _entries(command: click.Command, parent: click.Context, name: str) -> Iterator[Entry]:
    context = click.Context(command, info_name=name, parent=parent)
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from _entries(found, context, each)
        return
    records = (each.get_help_record(context) for each in command.params)
    yield Entry(
        usage=" ".join([context.command_path, *command.collect_usage_pieces(context)]),
        paragraphs=tuple(_paragraphs(command)),
        # An argument has no words of its own: the help speaks of it.
        options=tuple(
            (name, " ".join(text.split())) for name, text in filter(None, records) if text
        ),
    )


def _paragraphs(command: click.Command) -> Iterator[Paragraph]:
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        if not part.startswith("\b\n"):  # with which click is told not to wrap
            yield Paragraph(" ".join(part.split()))
            continue
        text = inspect.cleandoc(part.removeprefix("\b\n"))
        is_example = text.startswith("Example")
        if is_example:
            lines = text.partition(":")[2].splitlines()
            text = "\n".join(line.strip() for line in lines)
        yield Paragraph(text, is_fixed=True, is_example=is_example)
