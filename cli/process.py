"""`reprise run`, `demo` and `check-config`: the daemon itself."""

from __future__ import annotations

import faulthandler
import sys
from pathlib import Path

import click

from cli.failure import Failed, only_error
from cli.output import json_option, print_json, say
from daemon.logs import configure
from daemon.settings import SECRETS, TABLE, Settings, load_settings
from storage.errors import StorageError


@click.command()
@json_option
def run(as_json: bool) -> None:
    """Run the daemon in the foreground until Ctrl-C or SIGTERM.

    \b
    Examples:  reprise run
               REPRISE_PORT=3002 REPRISE_DATA_DIR=~/reprise reprise run

    Settings come from the environment, then from config.toml; `reprise check-config` lists them.
    """
    import trio

    from daemon.main import run_daemon
    from daemon.supervisor import ServiceCrashed

    faulthandler.enable()  # a watchdog's SIGABRT then says where it was stuck
    settings = load_settings()
    configure(settings)

    def on_ready(url: str) -> None:
        if as_json:
            print_json({"url": url, "dataDir": str(settings.data_dir)})
        else:
            say(f"Reprise listens on {url}")
        sys.stdout.flush()

    async def main() -> None:
        await run_daemon(settings, on_ready=on_ready)

    try:
        trio.run(main)
    except* StorageError as group:
        raise only_error(group) from None
    except* ServiceCrashed as group:
        raise Failed(f"{only_error(group)}; the log says why") from None


@click.command()
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-output"),
    show_default=True,
    help="Where cards, received stories and the log are saved.",
)
@click.option("--keep", is_flag=True, help="Leave everything running until Ctrl-C.")
@json_option
def demo(output: Path, keep: bool, as_json: bool) -> None:
    """Show the main job against a simulated Instagram.

    \b
    Example:  reprise demo --output /tmp/demo

    Five people mention an account, four stories are reposted. The exit code is 0 only when
    exactly those four went out, none of them twice.
    """
    import trio

    from cli.demo import run_demo

    if not trio.run(run_demo, output, keep, as_json):
        raise Failed(f"The demo did not end as expected; see {output / 'daemon.log'}")


@click.command("check-config")
@json_option
def check_config(as_json: bool) -> None:
    """Read the settings as the daemon would, and show them.

    \b
    Example:  reprise check-config
    """
    settings = load_settings()
    shown = {setting.variable: _shown(settings, setting.name) for setting in TABLE}
    if as_json:
        print_json(shown)
    else:
        for setting in TABLE:
            say(f"{setting.variable}={shown[setting.variable] or ''}  # {setting.help}")


def _shown(settings: Settings, name: str) -> str | None:
    value = getattr(settings, name)
    if name in SECRETS and value is not None:
        return "(set)"
    return None if value is None else str(value)


COMMANDS = (run, demo, check_config)
