"""`reprise run`, `demo` and `check-config`: the daemon itself."""

from __future__ import annotations

import faulthandler
import os
import sys
import webbrowser
from pathlib import Path

import click

from cli.failure import Failed, only_error
from cli.output import json_option, print_json, say
from daemon.logs import configure
from daemon.settings import SECRETS, TABLE, Settings, load_settings
from storage.errors import StorageError


@click.command()
@click.option("--no-open", is_flag=True, help="Open no browser at the first start.")
@json_option
def run(no_open: bool, as_json: bool) -> None:
    """Run the daemon in the foreground until Ctrl-C or SIGTERM.

    In a terminal it prints a link to its page that signs a browser in, once; while there is no
    account yet, a desktop's browser is opened there.

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

    def greet(link: str, is_first: bool) -> None:
        say(f"Its page, by a link that works once: {link}")
        if is_first and not no_open and has_desktop():
            webbrowser.open(link)

    async def main() -> None:
        # Where nobody looks, as in a journal, a link that signs somebody in is no good.
        is_seen = sys.stdout.isatty() and not as_json
        await run_daemon(settings, on_ready=on_ready, greet=greet if is_seen else None)

    try:
        trio.run(main)
    except* StorageError as group:
        raise only_error(group) from None
    except* ServiceCrashed as group:
        raise Failed(f"{only_error(group)}; the log says why") from None


def has_desktop() -> bool:
    """Whether a browser with windows can be expected here, and not one in this terminal."""
    if sys.platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@click.command()
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-output"),
    show_default=True,
    help="Where cards, received stories and the log are saved.",
)
@click.option("--keep", is_flag=True, help="Move weeks of life in, and leave all running.")
@click.option("--page", is_flag=True, help="As --keep, at once: without the show before it.")
@click.option("--no-open", is_flag=True, help="Open no browser with --keep or --page.")
@click.option("--cloud", is_flag=True, help="Show a post that goes out while the daemon is off.")
@json_option
def demo(output: Path, keep: bool, page: bool, no_open: bool, cloud: bool, as_json: bool) -> None:
    """Show the main job against a simulated Instagram.

    \b
    Example:  reprise demo --output /tmp/demo

    Five people mention an account, four stories are reposted. The exit code is 0 only when
    exactly those four went out, none of them twice.

    With --keep weeks of life move in around the account, and its page opens: mentions that wait,
    posts ahead and behind, and buttons that make something happen. Ctrl-C ends it. With --page and
    --json it is a program's: it says where all is, and ends when its standard input does.

    With --cloud a Worker is brought to a simulated Cloudflare, and a scheduled post goes out while
    the daemon is stopped.
    """
    import trio

    if cloud:
        from cli.demo_cloud import run_cloud_demo

        try:
            done = trio.run(run_cloud_demo, output, as_json)
        except BaseExceptionGroup as group:
            raise only_error(group) from None
    elif page:
        from cli.demo import run_page

        trio.run(run_page, output, as_json, not no_open)
        return
    else:
        from cli.demo import run_demo

        done = trio.run(run_demo, output, keep, as_json, not no_open)
    if not done:
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
