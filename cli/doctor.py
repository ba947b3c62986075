"""`reprise doctor`: what is well, what is not, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.output import json_option, print_json, working
from daemon.settings import Settings, SettingsError, load_settings
from ground.clock import utc_now
from ground.plain_text import plain

if TYPE_CHECKING:
    from daemon.doctor.finding import Finding

_STYLES = {"OK": "green", "warning": "yellow", "problem": "bold red"}


@click.command()
@click.option("--offline", is_flag=True, help="Ask nobody but this machine.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, offline: bool, as_json: bool) -> None:
    """Check everything Reprise needs, and say what mends it.

    \b
    Examples:  reprise doctor
               reprise doctor --offline --json | jq '.findings[] | select(.state != "OK")'

    Nothing is changed, no password is sent, and the Private API is asked nothing: of Meta, only
    the official API is, one request for each account that has a token. The exit code is 1 when
    there is a problem; warnings leave it at 0.
    """
    import trio

    from daemon.doctor import examination
    from daemon.doctor.finding import problem

    async def look(settings: Settings) -> dict[str, list[Finding]]:
        async with examination.visit(settings, utc_now) as site:
            return await examination.examine(site, offline=offline)

    try:
        settings = load_settings()
    except SettingsError as error:
        found = {"settings": [problem(str(error), "correct it in the environment or config.toml")]}
    else:
        with working("Looking"):
            found = trio.run(look, settings)
    well = examination.is_well(found)
    if as_json:
        print_json(examination.as_json(found))
    else:
        _print(found)
    ctx.exit(0 if well else 1)


def _print(found: dict[str, list[Finding]]) -> None:
    from rich.console import Console
    from rich.text import Text

    from daemon.doctor import examination

    console = Console(highlight=False, soft_wrap=True)
    width = max(map(len, found)) + 2
    count = {"problem": 0, "warning": 0}
    for line in examination.as_json(found)["findings"]:
        state = str(line["state"])
        if state in count:
            count[state] += 1
        text = Text.assemble(
            (f"{state:<9}", _STYLES[state]), f"{line['check']:<{width}}", plain(line["text"] or "")
        )
        console.print(text)
        if line["mend"]:
            console.print(Text(f"{'':{9 + width}}to mend it: {plain(line['mend'])}", "bold"))
    console.print()
    console.print(", ".join(_counted(number, name) for name, number in count.items()))


def _counted(number: int, name: str) -> str:
    return f"{number or 'no'} {name}{'' if number == 1 else 's'}"


COMMANDS = (doctor,)
