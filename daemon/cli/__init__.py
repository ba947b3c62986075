"""The `reprise` command."""

from __future__ import annotations

import sys

import click

from daemon.cli import (
    accounts,
    approvals,
    backup,
    keys,
    moving,
    pausing,
    preview,
    process,
    reposts,
    service,
)
from daemon.cli.failure import Failed
from daemon.settings import SettingsError
from storage.errors import StorageError, Unusable


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reprise", prog_name="reprise")
def cli() -> None:
    """Reposts the stories that mention your Instagram account, and publishes on schedule.

    \b
    Try it without an account:   reprise demo
    First steps with your own:   reprise account add --username you
                                 reprise account login --username you
                                 reprise run
    """


for module in (
    process, accounts, keys, reposts, approvals, pausing, preview, service, backup, moving,
):  # fmt: skip
    for command in module.COMMANDS:
        cli.add_command(command)


def main() -> None:
    """Run the command; ends with 0, 1 (failed) or 2 (wrong use), and never with a traceback
    for what a person can mend."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(1)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except (SettingsError, Unusable) as error:
        _say(error)
        sys.exit(2)
    except (Failed, StorageError) as error:
        _say(error)
        sys.exit(1)


def _say(error: Exception) -> None:
    click.echo(f"reprise: {error}", err=True)
